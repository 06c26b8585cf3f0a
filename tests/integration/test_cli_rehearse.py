"""Rehearsing, checking an upgrade and erasing from the command line, on both databases."""

import asyncio
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text, update
from sqlalchemy.engine import create_engine, make_url

from app.active_ants import order_lines
from app.domain.pauses import Pausable
from app.simulator import Address, OrderedLine
from app.store.decisions_answer import hold_order, release_order
from app.store.inbox import Inbox
from app.store.migrate import sync_url
from app.store.models import Attempt, Base, Event, Order, Shipment, WarehouseOrder
from app.store.models_pauses import PauseRow
from app.store.models_returns import CarrierReport, Return
from app.store.models_shadow import ShadowOrder
from app.store.pauses import pause
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.rehearsed import GOOD, Scene, play_scene
from tests.flow.world import build_world, hand_driven
from tests.integration.test_cli import Run, filled, run  # noqa: F401 - fixtures
from tests.store_rows import change_order, make_event

EVER = ("--days", "3650")
CANARY = "Zwaluwe-Canary"
PERSON = Address(f"Noor {CANARY}", f"Winkel {CANARY}", "Canarystraat 14", "1012 JS", "Urk", "NL")


def _play(database_url: str) -> Scene:
    async def play() -> Scene:
        store = Store(database_url, FakeClock())
        try:
            async with build_world(store, store.clock, warehouse=hand_driven()) as world:
                return await play_scene(world)
        finally:
            await store.close()

    return asyncio.run(play())


def test_rehearse_and_check(
    run: Run,  # noqa: F811
    filled: Any,  # noqa: F811
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Alike: 0. Otherwise: 1, the first difference named. Nothing recorded, or no order: 2."""
    assert run("upgrade", "check", *EVER)[0] == 2
    scene = _play(database_url)
    plain = str(scene.orders["plain"].reference)

    status, out, err = run("rehearse", plain)
    assert (status, err) == (0, "")
    assert "steps decided the same" in out
    status, out, err = run("upgrade", "check", *EVER)
    assert (status, err) == (0, "")
    assert "7 orders of the last 3650 days" in out
    assert "0 orders otherwise" in out
    assert run("upgrade", "check", "--days", "1")[0] == 2
    assert run("rehearse", "nonsense")[0] == 2

    was = order_lines.item_name
    monkeypatch.setattr(order_lines, "item_name", lambda line: was(line) + "!")
    status, out, _ = run("rehearse", plain)
    assert status == 1
    assert "first difference: place order at 2026-" in out
    assert "what: create order: payload.orderItems[0]." in out
    status, out, _ = run("upgrade", "check", *EVER)
    assert status == 1
    assert f"{plain}: place order: create order: payload.orderItems[0]." in out
    assert "Damstraat" not in out

    status, out, _ = run("orders", "show", plain, "--calls")
    assert status == 0
    assert "active_ants, create order: POST /v2/order/add, answered 200" in out
    assert "Damstraat" in out


def test_check_needs_no_migration(
    run: Run,  # noqa: F811
    filled: Any,  # noqa: F811
    database_url: str,
) -> None:
    """A database with older tables is read as it is; one that never recorded is said to be so."""
    _live(database_url)
    engine = create_engine(sync_url(database_url))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE operator_sessions"))
        connection.execute(text("DROP INDEX ix_orders_confirmed_at"))
        connection.execute(text("ALTER TABLE orders DROP COLUMN deadline_told"))
        tables = set(inspect(connection).get_table_names())
    assert run("upgrade", "check", *EVER)[0] == 0
    with engine.begin() as connection:
        assert set(inspect(connection).get_table_names()) == tables
        connection.execute(text("DROP INDEX ix_attempts_recorded"))
        connection.execute(text("ALTER TABLE attempts DROP COLUMN recorded"))
    status, _, err = run("upgrade", "check", *EVER)
    assert (status, "antbridge migrate" in err) == (2, True)
    engine.dispose()


def test_no_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """A command that only reads makes no database where there is none."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere.db")
    status, _, err = run("upgrade", "check")
    assert (status, "there is no database at nowhere.db" in err) == (2, True)
    assert not Path("nowhere.db").exists()


def _live(database_url: str) -> tuple[int, list[bytes]]:
    """Have a person buy, and be named wherever anybody can be; return order and packed records."""

    async def live() -> tuple[int, list[bytes]]:
        store = Store(database_url, FakeClock())
        try:
            async with build_world(store, store.clock, warehouse=hand_driven()) as world:
                other = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
                await world.tell(other)
                await world.work()
                order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], PERSON)
                body = f'{{"data": {{"shippingOverview": "{CANARY}"}}}}'.encode()
                await world.inbox.store_event(
                    make_event("told", order.id, raw_body=body, headers={"x": CANARY})
                )
                held = await world.held(order)
                await hold_order(store, held, by="Ann", reason=f"{CANARY} rang")
                await release_order(store, await world.held(order), by="Ann", reason="")
                await world.work()
                await world.ship(other)
                await world.ship(order)
                order_id = (await world.held(order)).order_id
                await _name_everywhere(store, order_id)
                async with store.read() as connection:
                    packed = await connection.execute(
                        select(Attempt.recorded).where(
                            Attempt.order_id == order_id, Attempt.recorded.is_not(None)
                        )
                    )
                    return order_id, [bytes(one) for one in packed.scalars()]
        finally:
            await store.close()

    return asyncio.run(live())


async def _name_everywhere(store: Store, order_id: int) -> None:
    await Inbox(store).store_event(make_event("other", None, raw_body=f'["{CANARY}"]'.encode()))
    await change_order(
        store,
        order_id,
        new_address={"street": CANARY},
        corrections={"street": {"street": CANARY}},
        decision={
            "kind": "accept",
            "reject_reason": CANARY,
            "waived": [{"reason": "x", "field": "y", "needed": None, "detail": CANARY}],
        },
        tracking_sent={"link": f"https://carrier.example/{CANARY}", "number": "1Z"},
    )
    async with store.write() as connection:
        await connection.execute(
            update(Attempt).where(Attempt.order_id == order_id).values(detail=CANARY)
        )
        shipment = select(Shipment.id).where(Shipment.order_id == order_id).scalar_subquery()
        number = select(WarehouseOrder.external_order_number).where(
            WarehouseOrder.order_id == order_id
        )
        await connection.execute(
            text("UPDATE parcels SET tracking_link = :link WHERE shipment_id = :id"),
            {
                "link": f"https://carrier.example/{CANARY}",
                "id": (await connection.execute(select(shipment))).scalar_one(),
            },
        )
        await connection.execute(
            Return.__table__.insert().values(  # type: ignore[attr-defined]
                order_id=order_id,
                warehouse_shipment_id="S",
                state="closed",
                opened_by="person",
                opened_at=store.now(),
                closed_at=store.now(),
                remark=CANARY,
                problem=CANARY,
                label_file_name=CANARY,
                label_data=CANARY.encode(),
            )
        )
        await connection.execute(
            CarrierReport.__table__.insert().values(  # type: ignore[attr-defined]
                warehouse_shipment_id="S",
                package_number="1Z",
                external_order_number=(await connection.execute(number)).scalar_one(),
                status_text=f"left with {CANARY}",
                exception_text=CANARY,
                read_at=store.now(),
            )
        )
        await connection.execute(
            ShadowOrder.__table__.insert().values(  # type: ignore[attr-defined]
                order_id=order_id,
                first_seen_at=store.now(),
                payload={"firstname": CANARY},
                observed={"shown": {"link": f"https://carrier.example/{CANARY}"}},
            )
        )
        await connection.execute(
            PauseRow.__table__.insert().values(  # type: ignore[attr-defined]
                what="placing",
                paused_at=store.now(),
                paused_by="Ann",
                reason=f"ask {CANARY}",
                resume_reason=f"{CANARY} called",
                resumed_at=store.now(),
                resumed_by="Ann",
            )
        )


def _whole(database_url: str) -> Iterator[bytes]:
    """Yield every byte of the database that can be had."""
    if database_url.startswith("sqlite"):
        path = Path(str(make_url(database_url).database))
        for one in path.parent.glob(f"{path.name}*"):
            yield one.read_bytes()
        return
    engine = create_engine(sync_url(database_url))
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(text(f'SELECT * FROM "{table.name}"')):
                for value in row:
                    yield value if isinstance(value, bytes) else str(value).encode()
    engine.dispose()


def test_erase(run: Run, filled: Any, database_url: str) -> None:  # noqa: F811
    """Shown first, then gone from every byte; ids, numbers, states and keys stay."""
    order_id, packed = _live(database_url)
    assert any(CANARY.encode() in zlib.decompress(one) for one in packed)
    assert any(CANARY.encode() in one for one in _whole(database_url))

    async def state(store: Store) -> list[Any]:
        async with store.read() as connection:
            proof = select(
                Order.id,
                Order.state,
                Order.outcome,
                Order.marketplace_reference,
                Order.closed_at,
                WarehouseOrder.external_order_number,
                WarehouseOrder.warehouse_order_id,
                WarehouseOrder.lines,
            ).join(WarehouseOrder, WarehouseOrder.order_id == Order.id)
            events = select(Event.source, Event.event_id, Event.event_type, Event.processed_at)
            steps = select(Attempt.step, Attempt.outcome, Attempt.happened_at).where(
                Attempt.step != "erase"
            )
            steps, events = steps.order_by(Attempt.id), events.order_by(Event.id)
            proof = proof.order_by(Order.id)
            return [(await connection.execute(one)).all() for one in (proof, events, steps)]

    async def looks(store: Store) -> dict[int, datetime | None]:
        async with store.read() as connection:
            rows = await connection.execute(select(Order.id, Order.delivery_look_at))
            return {row.id: row.delivery_look_at for row in rows}

    others = filled(looks)
    assert others.pop(order_id) is not None
    before = filled(state)
    status, out, err = run("erase", "--retailer", f"winkel  {CANARY.upper()}")
    assert (status, err) == (0, "")
    assert "1 warehouse orders" in out
    assert "Nothing was erased" in out
    assert filled(state) == before
    assert any(CANARY.encode() in one for one in _whole(database_url))

    status, out, err = run("erase", "--retailer", CANARY, "--yes")
    assert (status, err) == (0, "")
    assert "events of no order of ours: 1" in out
    assert "1 reasons of pauses" in out
    for part in _whole(database_url):
        assert CANARY.casefold().encode() not in part.lower()
        assert b"Canarystraat" not in part
        assert not [one for one in packed if one[20:60] in part]
    assert any(b"Damstraat" in part for part in _whole(database_url)), "the other's stay"
    assert filled(looks) == {order_id: None, **others}, "it is not looked at again"
    assert filled(state) == before

    assert run("erase", "--retailer", CANARY)[1].startswith("No order and no event that is kept")
    assert "Erased the personal data of 0 orders" in run("erase", "--retailer", CANARY, "--yes")[1]
    reference = before[0][0].marketplace_reference
    status, out, _ = run("rehearse", next(row for row in before[0] if row.id == order_id)[3])
    assert status == 2
    status, out, _ = run("erase", "--order", reference, "--yes")
    assert status == 0
    assert not any(b"Damstraat" in part for part in _whole(database_url))


def test_erase_is_refused(run: Run, filled: Any, database_url: str) -> None:  # noqa: F811
    """An order that is not finished is named with the cure, and nothing at all is erased."""
    order_id, _ = _live(database_url)
    reasons: list[tuple[dict[str, Any], str]] = [
        ({"state": "placed"}, "it is placed; let it end, or end it with `antbridge orders close`"),
        ({"attention_reason": "no_shipment"}, "it asks for a person; `antbridge why`"),
        ({"next_attempt_at": datetime(2026, 3, 2, tzinfo=UTC)}, "try again in a few minutes"),
    ]
    for columns, cure in reasons:
        filled(lambda store, columns=columns: change_order(store, order_id, **columns))
        status, _, err = run("erase", "--retailer", CANARY, "--yes")
        assert status == 1
        assert "is not finished" in err
        assert cure in err
        assert "nothing was erased" in err
        plain = {"state": "closed", "attention_reason": None, "next_attempt_at": None}
        filled(lambda store, plain=plain: change_order(store, order_id, **plain))

    async def open_return(store: Store) -> None:
        async with store.write() as connection:
            await connection.execute(update(Return).values(closed_at=None))

    filled(open_return)
    assert "antbridge returns close" in run("erase", "--retailer", CANARY, "--yes")[2]
    assert any(CANARY.encode() in part for part in _whole(database_url))

    assert run("erase")[0] == 2
    assert run("erase", "--retailer", "x")[0] == 2
    assert run("erase", "--retailer", "Smit", "--order", "1")[0] == 2
    assert run("erase", "--order", "nonsense", "--yes")[0] == 2


@pytest.mark.parametrize(
    ("reason", "is_erased"),
    [("ANN ÖST rang: fine", True), ("we cannöst ship; pl-ann-östing", False)],
)
def test_notes_are_searched_by_whole_words(
    run: Run,  # noqa: F811
    filled: Any,  # noqa: F811
    reason: str,
    is_erased: bool,
) -> None:
    """In any case of letters, also where no order and no event names the person."""
    filled(lambda store: pause(store, Pausable.PLACING, by="ann", reason=reason))
    assert run("erase", "--retailer", "ann öst", "--yes")[0] == 0

    async def kept(store: Store) -> Any:
        async with store.read() as connection:
            return (await connection.execute(select(PauseRow.reason))).scalar_one()

    assert filled(kept) == ("(erased)" if is_erased else reason)
