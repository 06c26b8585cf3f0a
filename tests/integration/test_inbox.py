"""The inbox: committed before anybody is answered, each event once for ever, shared commits."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

import app.store.inbox as inbox_module
from app.store.inbox import Disposition, Inbox, InboxFull
from app.store.inbox_statements import STORE_ON_POSTGRES
from app.store.models import Event, Order
from app.store.session import Store
from app.store.sqlite_driver import Execute, T, Work
from tests.explaining import plan_nodes
from tests.fake_clock import FakeClock
from tests.integration.conftest import until_somebody_waits
from tests.store_rows import (
    ORDER_ID,
    add_order,
    change_order,
    count_rows,
    make_event,
    order_id_of,
    order_row,
    rows_of,
)

GATE_SECONDS = 30.0


class CommitGate:
    """Holds the store's next commits back, after everything was written and before it counts."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reached = asyncio.Event()
        self.opened = threading.Event()
        self.failure: Exception | None = None
        self._loop = asyncio.get_running_loop()
        self._write, self._write_in_one_trip = store.write, store.write_in_one_trip
        # A statement that commits by itself has no moment before its commit: it gets a transaction.
        monkeypatch.setattr(store, "write_at_once", self._held_write)
        monkeypatch.setattr(store, "write_in_one_trip", self._held_trip)

    @asynccontextmanager
    async def _held_write(self) -> AsyncIterator[AsyncConnection]:
        async with self._write() as connection:
            yield connection
            await asyncio.to_thread(self._hold)

    async def _held_trip(self, work: Work[T]) -> T:
        def held_work(execute: Execute) -> T:
            result = work(execute)
            self._hold()
            return result

        return await self._write_in_one_trip(held_work)

    def _hold(self) -> None:
        self._loop.call_soon_threadsafe(self.reached.set)
        assert self.opened.wait(GATE_SECONDS), "nobody opened the gate"
        if self.failure is not None:
            raise self.failure


async def test_the_sender_is_answered_after_the_commit(
    store: Store, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the transaction is open there is no answer, and nobody else sees the event."""
    gate = CommitGate(store, monkeypatch)
    delivery = asyncio.create_task(Inbox(store).store_event(make_event("one")))

    await gate.reached.wait()
    assert not delivery.done()
    assert await count_rows(other_store, Event) == 0
    gate.opened.set()

    assert await delivery is Disposition.STORED
    assert await count_rows(other_store, Event) == 1


async def test_a_failing_commit_is_told_and_leaves_nothing(
    store: Store, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery whose commit fails gets the failure; neither event nor order is stored."""
    woken: list[bool] = []
    gate = CommitGate(store, monkeypatch)
    gate.failure = OSError("disk full")
    gate.opened.set()

    with pytest.raises(OSError, match="disk full"):
        await Inbox(store, on_wake=lambda: woken.append(True)).store_event(make_event("one"))

    assert (await count_rows(other_store, Event), await count_rows(other_store, Order)) == (0, 0)
    assert not woken


async def test_an_event_is_stored_with_its_order(store: Store, clock: FakeClock) -> None:
    """The first event about an order creates it as received and due now, found by webhook."""
    body = b"\x00\xff not even text"

    await Inbox(store).store_event(make_event("one", raw_body=body, occurred_at=clock.now()))

    (event,) = await rows_of(store, Event)
    (order,) = await rows_of(store, Order)
    assert (event.source, event.event_id, event.event_type) == (
        "ankorstore",
        "one",
        "order.brand_created",
    )
    assert (event.raw_body, event.headers) == (body, {"content-type": "application/json"})
    assert (event.order_id, event.disposition, event.wake_seq) == (order.id, "stored", 1)
    assert (event.received_at, event.occurred_at, event.processed_at) == (
        clock.now(),
        clock.now(),
        None,
    )
    assert (order.marketplace_order_id, order.state, order.found_by) == (
        ORDER_ID,
        "received",
        "webhook",
    )
    assert (order.next_attempt_at, order.wake_seq, order.created_at) == (
        clock.now(),
        1,
        clock.now(),
    )


async def test_an_event_is_a_duplicate_for_ever(store: Store, clock: FakeClock) -> None:
    """Years later the same id is a duplicate and wakes nobody; from another source it is new."""
    woken: list[bool] = []
    inbox = Inbox(store, on_wake=lambda: woken.append(True))
    assert await inbox.store_event(make_event("one")) is Disposition.STORED
    order_id = (await rows_of(store, Order))[0].id
    await change_order(store, order_id, next_attempt_at=None, wake_seq=1)
    clock.advance(10 * 365 * 86_400)

    again = await inbox.store_event(make_event("one", raw_body=b"another body"))
    elsewhere = await inbox.store_event(make_event("one", source="elsewhere", order_id=None))

    assert (again, elsewhere) == (Disposition.DUPLICATE, Disposition.IGNORED)
    order = await order_row(store, order_id)
    assert (order.wake_seq, order.next_attempt_at) == (1, None)
    assert [row.raw_body for row in await rows_of(store, Event)] == [b'{"some": "body"}'] * 2
    assert woken == [True]


async def test_a_duplicate_naming_another_order_creates_none(store: Store) -> None:
    """A repeated event id is a duplicate whatever its body says; it adds no order."""
    inbox = Inbox(store)
    await inbox.store_event(make_event("one"))

    again = await inbox.store_event(make_event("one", order_id_of(2)))

    assert again is Disposition.DUPLICATE
    assert await count_rows(store, Order) == 1


async def test_the_same_event_twice_in_one_batch(store: Store) -> None:
    """Two deliveries of an event in one commit: one is stored, the other is the duplicate."""
    inbox = Inbox(store)

    answers = await asyncio.gather(*(inbox.store_event(make_event("one")) for _ in range(3)))

    assert answers == [Disposition.STORED, Disposition.DUPLICATE, Disposition.DUPLICATE]
    assert (await count_rows(store, Event), store.commit_count) == (1, 1)
    assert (await rows_of(store, Order))[0].wake_seq == 1


async def test_an_order_is_woken_once_per_batch(store: Store) -> None:
    """Several events about an order in one commit wake it once; the next batch once more."""
    inbox = Inbox(store)

    await asyncio.gather(*(inbox.store_event(make_event(f"a{n}")) for n in range(4)))
    assert (await rows_of(store, Order))[0].wake_seq == 1
    await asyncio.gather(*(inbox.store_event(make_event(f"b{n}")) for n in range(4)))

    assert (await rows_of(store, Order))[0].wake_seq == 2
    assert [event.wake_seq for event in await rows_of(store, Event)] == [1] * 4 + [2] * 4


async def test_a_wake_respects_a_backoff(store: Store, clock: FakeClock) -> None:
    """An event pulls the next attempt to now and leaves the end of a backoff alone."""
    later = clock.now().replace(year=2030)
    order_id = await add_order(
        store, marketplace_order_id=ORDER_ID, next_attempt_at=later, not_before_at=later
    )

    await Inbox(store).store_event(make_event("one"))

    order = await order_row(store, order_id)
    assert (order.next_attempt_at, order.not_before_at) == (clock.now(), later)


async def test_ignored_events_are_kept_and_done(store: Store, clock: FakeClock) -> None:
    """What is about no order of ours is stored as ignored, processed at once, and wakes nobody."""
    woken: list[bool] = []
    inbox = Inbox(store, on_wake=lambda: woken.append(True))

    answer = await inbox.store_event(make_event("one", None, event_type="external_order.created"))

    (event,) = await rows_of(store, Event)
    assert answer is Disposition.IGNORED
    assert (event.disposition, event.order_id, event.wake_seq) == ("ignored", None, 0)
    assert event.processed_at == clock.now()
    assert (await count_rows(store, Order), woken) == (0, [])


async def test_many_deliveries_share_a_commit(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What queues while one commit is under way goes into the next one, all of it."""
    gate = CommitGate(store, monkeypatch)
    woken: list[bool] = []
    inbox = Inbox(store, on_wake=lambda: woken.append(True))
    first = asyncio.create_task(inbox.store_event(make_event("first")))
    await gate.reached.wait()

    others = [
        asyncio.create_task(inbox.store_event(make_event(f"e{n}", order_id_of(n))))
        for n in range(60)
    ]
    await asyncio.sleep(0)
    gate.opened.set()

    assert set(await asyncio.gather(first, *others)) == {Disposition.STORED}
    assert (store.commit_count, len(woken)) == (2, 2)
    assert (await count_rows(store, Event), await count_rows(store, Order)) == (61, 61)


async def test_a_commit_takes_a_limited_batch(store: Store) -> None:
    """A flood is written in batches, so that no transaction grows without bound."""
    inbox = Inbox(store)
    events = [
        make_event(f"e{n}", order_id_of(n % 7)) for n in range(2 * inbox_module.MAX_BATCH + 1)
    ]

    answers = await asyncio.gather(*(inbox.store_event(event) for event in events))

    assert (set(answers), store.commit_count) == ({Disposition.STORED}, 3)
    assert [order.wake_seq for order in await rows_of(store, Order)] == [2, 3, *[2] * 5]


async def test_one_bad_event_stops_no_other(store: Store) -> None:
    """When a batch cannot be committed each event gets its own commit; only the bad one fails."""
    inbox = Inbox(store)
    events = [make_event(f"e{n}", order_id_of(n)) for n in range(5)]
    events[2] = make_event("e2", order_id_of(2), headers={"no": object()})

    answers = await asyncio.gather(
        *(inbox.store_event(event) for event in events), return_exceptions=True
    )

    assert [answer for n, answer in enumerate(answers) if n != 2] == [Disposition.STORED] * 4
    assert isinstance(answers[2], Exception)
    assert [row.event_id for row in await rows_of(store, Event)] == ["e0", "e1", "e3", "e4"]
    assert await count_rows(store, Order) == 4
    assert store.commit_count == 4


async def test_a_full_queue_refuses(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the queue full a delivery is refused at once; those queued are stored, it is not."""
    monkeypatch.setattr(inbox_module, "MAX_QUEUE", 2)
    gate = CommitGate(store, monkeypatch)
    inbox = Inbox(store)
    first = asyncio.create_task(inbox.store_event(make_event("first")))
    await gate.reached.wait()
    queued = [asyncio.create_task(inbox.store_event(make_event(f"e{n}"))) for n in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(InboxFull):
        await inbox.store_event(make_event("too many"))

    gate.opened.set()
    assert await asyncio.gather(first, *queued) == [Disposition.STORED] * 3
    assert {row.event_id for row in await rows_of(store, Event)} == {"first", "e0", "e1"}


async def test_a_sender_that_gave_up_harms_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A delivery cancelled while it waits is still stored, and the others are answered."""
    gate = CommitGate(store, monkeypatch)
    inbox = Inbox(store)
    gone = asyncio.create_task(inbox.store_event(make_event("gone")))
    other = asyncio.create_task(inbox.store_event(make_event("other")))
    await gate.reached.wait()

    gone.cancel()
    gate.opened.set()

    assert await other is Disposition.STORED
    assert await count_rows(store, Event) == 2


async def test_closing_waits_for_what_is_queued(store: Store) -> None:
    """Closing the inbox leaves no delivery without its commit."""
    inbox = Inbox(store)
    tasks = [asyncio.create_task(inbox.store_event(make_event(f"e{n}"))) for n in range(3)]
    await asyncio.sleep(0)

    await inbox.close()

    assert await count_rows(store, Event) == 3
    assert await asyncio.gather(*tasks) == [Disposition.STORED] * 3


async def test_the_same_deliveries_at_two_receivers(store: Store, other_store: Store) -> None:
    """
    Two processes taking the same events store each once and wake each order.

    PostgreSQL lets both look at the same moment: the one that comes too late may wake once more.
    """
    inboxes = (Inbox(store), Inbox(other_store))
    events = [make_event(f"e{n}", order_id_of(n)) for n in range(40)]

    answers = await asyncio.gather(
        *(inbox.store_event(event) for event in events for inbox in inboxes)
    )

    assert answers.count(Disposition.STORED) == 40
    assert answers.count(Disposition.DUPLICATE) == 40
    assert await count_rows(store, Event) == 40
    wakes = [order.wake_seq for order in await rows_of(store, Order)]
    assert len(wakes) == 40
    assert set(wakes) <= ({1, 2} if store.is_postgres else {1})


async def test_two_receivers_never_wait_for_each_other(store: Store, other_store: Store) -> None:
    """
    Two processes storing events about the same orders, in opposite order, commit every batch
    at the first try.
    """
    inboxes = (Inbox(store), Inbox(other_store))
    rounds = 8

    for round_number in range(rounds):
        batches: list[Any] = []
        for number, inbox in enumerate(inboxes):
            orders = range(12) if number else reversed(range(12))
            batches += [
                inbox.store_event(make_event(f"{round_number}-{number}-{n}", order_id_of(n)))
                for n in orders
            ]
        assert set(await asyncio.gather(*batches)) == {Disposition.STORED}

    assert (store.commit_count, other_store.commit_count) == (rounds, rounds)
    assert await count_rows(store, Event) == rounds * 24
    assert {order.wake_seq for order in await rows_of(store, Order)} == {2 * rounds}


async def test_two_receivers_never_wait_for_each_others_events(
    store: Store, other_store: Store
) -> None:
    """The same events of no order, sent to both in opposite order, are stored at the first try."""
    inboxes = (Inbox(store), Inbox(other_store))
    rounds, size = 6, 150

    for round_number in range(rounds):
        batches: list[Any] = []
        for number, inbox in enumerate(inboxes):
            numbers = range(size) if number else reversed(range(size))
            batches += [inbox.store_event(make_event(f"{round_number}-{n}", None)) for n in numbers]
        answers = await asyncio.gather(*batches)
        assert answers.count(Disposition.IGNORED) == size

    assert (store.commit_count, other_store.commit_count) == (rounds, rounds)
    assert await count_rows(store, Event) == rounds * size


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_receiver_does_not_wait_for_rows_that_refer_to_its_orders(
    store: Store, other_store: Store
) -> None:
    """An open transaction that added rows about an order does not hold up the order's events."""
    order_id = await add_order(store, marketplace_order_id=ORDER_ID)
    async with other_store.write() as connection:
        await connection.execute(
            select(Order.id).where(Order.id == order_id).with_for_update(read=True, key_share=True)
        )

        async with asyncio.timeout(20):
            assert await Inbox(store).store_event(make_event("one")) is Disposition.STORED


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_receiver_waits_its_turn_for_an_order(store: Store, other_store: Store) -> None:
    """The event of an order that is being written is stored right after, woken once more."""
    order_id = await add_order(store, marketplace_order_id=ORDER_ID)
    async with other_store.write() as connection:
        await connection.execute(update(Order).values(wake_seq=5))
        delivery = asyncio.create_task(Inbox(store).store_event(make_event("one")))
        await until_somebody_waits(other_store)
        assert not delivery.done()

    assert await delivery is Disposition.STORED
    assert (await order_row(store, order_id)).wake_seq == 6
    assert [event.wake_seq for event in await rows_of(store, Event)] == [6]


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_an_order_another_receiver_makes_at_the_same_moment(
    store: Store, other_store: Store
) -> None:
    """An order that came to be after the batch was looked at is found, and woken, all the same."""
    events = (make_event("one"), make_event("two", order_id_of(2)), make_event("three", None))
    inbox = Inbox(store)
    async with other_store.write() as connection:
        made = {"marketplace_order_id": ORDER_ID, "created_at": store.now(), "found_by": "webhook"}
        await connection.execute(
            insert(Order).values(source="ankorstore", state="received", **made)
        )
        deliveries = [asyncio.create_task(inbox.store_event(event)) for event in events]
        await until_somebody_waits(other_store)

    assert await asyncio.gather(*deliveries) == ["stored", "stored", "ignored"]
    orders = {row.marketplace_order_id: row for row in await rows_of(store, Order)}
    assert (orders[ORDER_ID].wake_seq, orders[order_id_of(2)].wake_seq) == (1, 1)
    assert orders[ORDER_ID].next_attempt_at == store.now()
    stored = {row.event_id: (row.order_id, row.wake_seq) for row in await rows_of(store, Event)}
    assert stored == {
        "one": (orders[ORDER_ID].id, 1),
        "two": (orders[order_id_of(2)].id, 1),
        "three": (None, 0),
    }


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_plan_made_for_empty_tables_fits_big_ones(store: Store) -> None:
    """A connection plans the statement once, maybe before the first order: it looks up by keys."""
    dialect = postgresql.dialect(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
    compiled = STORE_ON_POSTGRES.compile(dialect=dialect)
    given = {"batch": "'[]'", "bodies": "''", "now": "now()", "wake_at": "now()"}
    arguments = ", ".join(given[name] for name in compiled.positiontup or ())
    async with store.read() as connection:
        await connection.exec_driver_sql("SET plan_cache_mode = force_generic_plan")
        await connection.exec_driver_sql(f"PREPARE storing AS {compiled}")
        explain = f"EXPLAIN (FORMAT JSON) EXECUTE storing ({arguments})"
        ((plan,),) = (await connection.exec_driver_sql(explain)).all()

    looks = [
        node
        for node in plan_nodes(plan[0]["Plan"])
        if "Relation Name" in node and node["Node Type"] != "ModifyTable"
    ]
    assert {node["Relation Name"] for node in looks} == {"events"}
    assert [node for node in looks if "Index Cond" not in node] == []
