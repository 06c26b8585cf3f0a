"""Pruning: what is old goes for good, an unfinished order keeps everything, keys stay for ever."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.engine import make_url

import app.flow.retention as retention_module
import app.store.retention as store_retention
from app.flow.retention import RetentionRules, prune
from app.store.inbox import Disposition, Inbox
from app.store.models import Attempt, Event, Order, Tally, WarehouseOrder, WorkerBeat
from app.store.queries import load_figures
from app.store.session import Store
from app.store.tallies import SETTLED_SECONDS, advance_tallies
from tests.fake_clock import FakeClock
from tests.store_rows import (
    add_order,
    attempts_of,
    change_order,
    make_event,
    order_id_of,
    order_row,
    rows_of,
)

DAY_SECONDS = 86_400.0
RULES = RetentionRules(event_days=10, attempt_days=20)
MARK = "Ina-Smit-Damstraat-14"
"""Stands for a name and an address: whatever of it is left after pruning is a leak."""
NOTHING = "0 events and 0 payloads emptied, 0 attempts deleted"


async def _add(store: Store, number: int, **columns: Any) -> int:
    """Add an order with an event, an attempt and a placing that name a person."""
    event = make_event(
        f"event-{number}",
        order_id_of(number),
        raw_body=(f'{{"billingName": "{MARK}"}}' * 40).encode(),
        headers={"x-name": MARK},
    )
    await Inbox(store).store_event(event)
    async with store.write() as connection:
        found = select(Order.id).where(Order.marketplace_order_id == order_id_of(number))
        order_id = int((await connection.execute(found)).scalar_one())
        await connection.execute(
            insert(Attempt).values(
                order_id=order_id,
                happened_at=store.now(),
                step="place order",
                outcome="failed",
                attempt_number=1,
                duration_ms=1,
                message="refused",
                detail=f"the address of {MARK} is wrong",
            )
        )
        await connection.execute(
            insert(WarehouseOrder).values(
                order_id=order_id,
                external_order_number=f"AK{number}",
                intent_at=store.now(),
                sent_before_at=store.now(),
                answer="created",
                payload={"name": MARK},
                lines=[{"marketplace_line_id": "1", "sku": "A", "sent_quantity": 1}],
            )
        )
        await connection.execute(text("UPDATE events SET processed_at = received_at"))
    await change_order(store, order_id, next_attempt_at=None, **{"retailer_text": MARK, **columns})
    return order_id


async def _close(store: Store, *order_ids: int, **columns: Any) -> None:
    for order_id in order_ids:
        ending = {"state": "closed", "outcome": "completed", "closed_at": store.now(), **columns}
        await change_order(store, order_id, **ending)


async def _kept(store: Store, order_id: int) -> tuple[bool, bool, bool]:
    """Tell whether an order still has its event's body, its payload, its history."""
    (event,) = [row for row in await rows_of(store, Event) if row.order_id == order_id]
    (placing,) = [row for row in await rows_of(store, WarehouseOrder) if row.order_id == order_id]
    assert (event.raw_body == b"", event.headers == {}) in [(True, True), (False, False)]
    assert (event.pruned_at is None) is (event.raw_body != b"")
    assert (placing.pruned_at is None) is (placing.payload != {})
    assert placing.lines[0]["sku"] == "A"
    names = (await order_row(store, order_id)).retailer_text
    assert names == (MARK if placing.payload else None)
    return event.raw_body != b"", placing.payload != {}, bool(await attempts_of(store, order_id))


async def test_each_kind_goes_after_its_days(store: Store, clock: FakeClock) -> None:
    """Counted from the close; before that moment nothing of it goes."""
    order_id = await _add(store, 1)
    clock.advance(30 * DAY_SECONDS)
    await _close(store, order_id)
    for days, kept in (
        (10, (True, True, True)),
        (0.01, (False, False, True)),
        (9.98, (False, False, True)),
        (0.02, (False, False, False)),
    ):
        clock.advance(days * DAY_SECONDS)
        await prune(store, RULES)
        assert await _kept(store, order_id) == kept


@pytest.mark.parametrize("is_closed", [True, False], ids=["closed", "open"])
async def test_corrections_go_with_the_payload(
    store: Store, clock: FakeClock, is_closed: bool
) -> None:
    """What was corrected names people too; of an order that is open it stays."""
    order_id = await _add(store, 1, corrections={"phone": MARK})
    if is_closed:
        await _close(store, order_id)
    clock.advance(10.01 * DAY_SECONDS)

    await prune(store, RULES)
    await prune(store, RULES)

    kept = (await order_row(store, order_id)).corrections
    assert kept == (None if is_closed else {"phone": MARK})


async def test_zero_days_keep_for_ever(store: Store, clock: FakeClock) -> None:
    """0 prunes nothing of that kind, however old; the other kind goes."""
    order_id = await _add(store, 1)
    await _close(store, order_id)
    clock.advance(9999 * DAY_SECONDS)

    assert await prune(store, RetentionRules(0, 0)) == NOTHING
    assert await _kept(store, order_id) == (True, True, True)
    await prune(store, RetentionRules(0, 1))
    assert await _kept(store, order_id) == (True, True, False)
    await prune(store, RetentionRules(1, 0))
    assert await _kept(store, order_id) == (False, False, False)


UNFINISHED: dict[str, dict[str, Any]] = {
    "open": {"state": "placed", "closed_at": None},
    "open, closed once": {"state": "received"},
    "asks a person": {"attention_reason": "replaced_order_shipped"},
    "owes a follow-up": {"next_attempt_at": timedelta(days=1)},
    "closed lately": {"closed_at": timedelta(days=-9)},
}


@pytest.mark.parametrize("why", UNFINISHED)
async def test_unfinished_order_keeps_everything(store: Store, clock: FakeClock, why: str) -> None:
    """However old it is; a finished one beside it goes."""
    unfinished, finished = await _add(store, 1), await _add(store, 2)
    await _close(store, unfinished, finished)
    clock.advance(999 * DAY_SECONDS)
    changes = {
        name: clock.now() + value if isinstance(value, timedelta) else value
        for name, value in UNFINISHED[why].items()
    }
    await change_order(store, unfinished, **changes)
    for _ in range(2):
        await prune(store, RULES)

    assert await _kept(store, unfinished) == (True, True, True)
    assert await _kept(store, finished) == (False, False, False)


async def test_event_nobody_has_looked_at_yet_is_kept(store: Store, clock: FakeClock) -> None:
    """A late event of a closed order keeps its body until the order was looked at again."""
    order_id = await _add(store, 1)
    await _close(store, order_id)
    async with store.write() as connection:
        await connection.execute(text("UPDATE events SET processed_at = NULL"))
    clock.advance(99 * DAY_SECONDS)
    await prune(store, RULES)

    assert (await _kept(store, order_id))[0] is True


async def test_event_of_no_order_goes_too(store: Store, clock: FakeClock) -> None:
    """Ignored events have no order to wait for."""
    await Inbox(store).store_event(make_event("ignored", None, raw_body=MARK.encode()))
    clock.advance(9 * DAY_SECONDS)
    await prune(store, RULES)
    assert [row.raw_body for row in await rows_of(store, Event)] == [MARK.encode()]
    clock.advance(2 * DAY_SECONDS)
    await prune(store, RULES)

    assert [row.raw_body for row in await rows_of(store, Event)] == [b""]


async def test_redelivery_of_a_pruned_event_is_a_duplicate(store: Store, clock: FakeClock) -> None:
    """Its key stays for ever: nothing is stored again and nobody is woken."""
    order_id = await _add(store, 1)
    await _close(store, order_id)
    clock.advance(999 * DAY_SECONDS)
    await prune(store, RULES)
    before = await rows_of(store, Event), await rows_of(store, Order)

    again = await Inbox(store).store_event(make_event("event-1", order_id_of(1)))

    assert again is Disposition.DUPLICATE
    assert (await rows_of(store, Event), await rows_of(store, Order)) == before


async def test_work_is_done_in_bounded_batches(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction takes more than a batch, no run more than its number of them."""
    monkeypatch.setattr(store_retention, "BATCH_ROWS", 2)
    monkeypatch.setattr(retention_module, "BATCH_ROWS", 2)
    monkeypatch.setattr(retention_module, "MAX_BATCHES", 2)
    await _close(store, *[await _add(store, number) for number in range(7)])
    clock.advance(99 * DAY_SECONDS)
    sizes: list[int] = []
    real = store_retention.prune_events

    async def counted(*arguments: Any) -> int:
        sizes.append(await real(*arguments))
        return sizes[-1]

    monkeypatch.setattr(retention_module, "prune_events", counted)
    told = [await prune(store, RULES) for _ in range(3)]

    assert sizes == [2, 2, 2, 1, 0]
    assert told == [
        "4 events and 4 payloads emptied, 4 attempts deleted",
        "3 events and 3 payloads emptied, 3 attempts deleted",
        NOTHING,
    ]


async def test_workers_long_gone_are_forgotten(store: Store, clock: FakeClock) -> None:
    """Those killed without a goodbye as well."""
    for worker_id, days in (("gone", 8), ("quiet", 6)):
        async with store.write() as connection:
            beat_at = clock.now() - timedelta(days=days)
            await connection.execute(
                insert(WorkerBeat).values(
                    worker_id=worker_id, version="1", started_at=beat_at, beat_at=beat_at
                )
            )
    await prune(store, RetentionRules(0, 0))

    assert [row.worker_id for row in await rows_of(store, WorkerBeat)] == ["quiet"]


def _bytes_of(database_url: str) -> bytes:
    """Return whatever of a SQLite database stands on disk, or every value of a PostgreSQL one."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        path = Path(str(url.database))
        return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        ).fetchall()
        rows: Sequence[Any] = [
            row
            for (table,) in tables
            for row in connection.execute(
                f'SELECT to_jsonb(t)::text FROM "{table}" AS t'
            ).fetchall()
        ]
    return "\n".join(row[0] for row in rows).encode()


def _holds(database_url: str, mark: str) -> bool:
    """Tell whether *mark* is anywhere, as it is or as PostgreSQL shows bytes."""
    found = _bytes_of(database_url)
    return mark.encode() in found or mark.encode().hex().encode() in found


async def test_pruned_personal_data_is_really_gone(
    store: Store, clock: FakeClock, database_url: str
) -> None:
    """Not in a column, not in the file's free space, not in its write-ahead log."""
    order_ids = [await _add(store, number) for number in range(60)]
    keeper = await _add(store, 99, marketplace_reference="KEPT-REFERENCE")
    await _close(store, *order_ids, keeper)
    clock.advance(99 * DAY_SECONDS)
    assert _holds(database_url, MARK)
    await prune(store, RULES)

    assert not _holds(database_url, MARK)
    assert _holds(database_url, "KEPT-REFERENCE")


async def _count(store: Store, table: Any) -> int:
    async with store.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def test_counts_stay_exact_while_tallies_move(store: Store, clock: FakeClock) -> None:
    """Kept counts and what came since add up, whenever they are kept."""
    for round_number in range(4):
        for number in range(3):
            key = 10 * round_number + number
            await Inbox(store).store_event(make_event(f"event-{key}", order_id_of(key)))
        await add_order(store, 500 + round_number, found_by="reconcile", state="closed")
        for _ in range(2):
            await advance_tallies(store)
            figures = await load_figures(store)
            orders = 4 * (round_number + 1)
            assert figures.events_stored == await _count(store, Event)
            assert figures.found_by == {
                "webhook": orders - round_number - 1,
                "reconcile": round_number + 1,
            }
            assert sum(figures.orders.values()) == await _count(store, Order) == orders
            assert figures.orders["closed"] == round_number + 1
        clock.advance(SETTLED_SECONDS / 2)

    clock.advance(SETTLED_SECONDS)
    await advance_tallies(store)
    kept = {
        row.name: (row.up_to_id > 0, sum(row.counts.values()))
        for row in await rows_of(store, Tally)
    }
    assert kept == {"orders": (True, 16), "events": (True, 12)}


async def test_rows_that_commit_late_are_counted(store: Store, clock: FakeClock) -> None:
    """A row may commit after one with a higher id: young ids are never kept as counted."""
    first = await add_order(store, 1)
    clock.advance(SETTLED_SECONDS - 1)
    late_id = first + 1
    await add_order(store, 3, id=late_id + 1)
    await advance_tallies(store)
    await add_order(store, 2, id=late_id)
    clock.advance(SETTLED_SECONDS + 1)

    assert sum((await load_figures(store)).orders.values()) == 3
    await advance_tallies(store)
    assert sum((await load_figures(store)).orders.values()) == 3
