"""Claiming: due orders go to exactly one worker, under a lease that ends by itself."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.clock import SystemClock
from app.domain.record import OrderRecord
from app.store import claims
from app.store.claims import claim_orders, has_due_orders, release_order, renew_leases
from app.store.inbox import Inbox
from app.store.models import Order
from app.store.orders import finish_step, wake_orders
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.conftest import until_somebody_waits
from tests.store_rows import (
    LEASE_SECONDS,
    ORDER_ID,
    add_order,
    change_order,
    claim_one,
    finish_of,
    make_event,
    order_id_of,
    order_row,
    rows_of,
)

POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)


async def claim(store: Store, worker_id: str = "worker-a", limit: int = 50) -> list[OrderRecord]:
    return await claim_orders(store, limit=limit, worker_id=worker_id, lease_seconds=LEASE_SECONDS)


async def claim_all(store: Store, worker_id: str) -> list[int]:
    """Claim a few at a time until nothing is left; return the row ids."""
    claimed: list[int] = []
    while batch := await claim(store, worker_id, limit=3):
        claimed += [order.order_id for order in batch]
    return claimed


async def test_a_claim_takes_the_lease(store: Store, clock: FakeClock) -> None:
    """A claimed order is under lease of its worker with a new fencing token, and due to nobody."""
    order_id = await add_order(store)

    order = await claim_one(store, "worker-a")

    row = await order_row(store, order_id)
    assert (row.leased_by, row.lease_until) == (
        "worker-a",
        clock.now() + timedelta(seconds=LEASE_SECONDS),
    )
    assert (row.fencing_token, order.fencing_token) == (1, 1)
    assert not await has_due_orders(store)
    assert await claim(store, "worker-b") == []


async def test_two_workers_never_claim_the_same_order(store: Store, other_store: Store) -> None:
    """Two processes claiming at once share all due orders out, each order to one of them."""
    ids = [await add_order(store, number) for number in range(30)]

    mine, theirs = await asyncio.gather(claim_all(store, "a"), claim_all(other_store, "b"))

    assert sorted(mine + theirs) == ids
    assert {row.fencing_token for row in await rows_of(store, Order)} == {1}


async def test_two_workers_share_under_the_real_clock(
    real_time_store: Store, other_real_time_store: Store
) -> None:
    """With the clock of production, too, no order is claimed twice."""
    ids = [await add_order(real_time_store, number, due_seconds=-1) for number in range(30)]

    mine, theirs = await asyncio.gather(
        claim_all(real_time_store, "a"), claim_all(other_real_time_store, "b")
    )

    assert sorted(mine + theirs) == ids


@POSTGRES
async def test_a_claim_passes_over_rows_somebody_holds(store: Store, other_store: Store) -> None:
    """On PostgreSQL a claim does not wait for an order whose row is locked; it takes the next."""
    first, second = await add_order(store, 1), await add_order(store, 2)
    async with other_store.write() as connection:
        await connection.execute(select(Order.id).where(Order.id == first).with_for_update())

        async with asyncio.timeout(20):
            claimed = await claim(store)

    assert [order.order_id for order in claimed] == [second]


@pytest.mark.parametrize(
    ("next_seconds", "not_before_seconds", "is_due"),
    [
        (0, None, True),
        (-5, None, True),
        (1, None, False),
        (None, None, False),
        (None, -1, False),
        (-5, 1, False),
        (-5, 0, True),
        (1, -5, False),
    ],
)
async def test_due_means_both_times_have_passed(
    store: Store,
    clock: FakeClock,
    next_seconds: float | None,
    not_before_seconds: float | None,
    is_due: bool,
) -> None:
    """An order is due once its next attempt and the end of its backoff have both passed."""

    def at(seconds: float | None) -> datetime | None:
        return None if seconds is None else clock.now() + timedelta(seconds=seconds)

    await add_order(store, next_attempt_at=at(next_seconds), not_before_at=at(not_before_seconds))

    assert await has_due_orders(store) is is_due
    assert len(await claim(store)) == is_due


async def test_the_longest_due_order_goes_first(store: Store) -> None:
    """With fewer hands than due orders those due for longest are claimed, in that order."""
    ids = {due: await add_order(store, -due, due_seconds=due) for due in (-5, -50, -20, -40)}

    claimed = await claim(store, limit=3)

    assert [order.order_id for order in claimed] == [ids[-50], ids[-40], ids[-20]]


async def test_the_earliest_ship_by_date_goes_first(store: Store, clock: FakeClock) -> None:
    """
    What was placed goes before what is to be placed; of that, what nobody has read, then the
    earliest date, however long it is due.
    """

    async def add(number: int, due: float, ship_in: float | None, **columns: Any) -> int:
        ship_by = None if ship_in is None else clock.now() + timedelta(days=ship_in)
        read_at = None if ship_in is None else clock.now()
        columns = {"ship_by_at": ship_by, "read_at": read_at, **columns}
        return await add_order(store, number, due_seconds=due, **columns)

    late = await add(1, -900, 9)
    soon = await add(2, -1, 2, state="accepted")
    unread = await add(3, -2, None)
    middle = await add(4, -500, 5)
    placed = await add(5, -3, 30, state="placed")
    sent = await add(6, -10, 30, state="dispatched")
    await add(7, 60, 1)

    assert [order.order_id for order in await claim(store, limit=4)] == [sent, placed, unread, soon]
    assert [order.order_id for order in await claim(store)] == [middle, late]


async def test_while_the_warehouse_is_away_few_are_claimed_that_need_it(
    store: Store, clock: FakeClock
) -> None:
    """
    Those placed and those never read are claimed as ever; of the rest, with and without a ship-by
    date, as many as may probe.
    """
    read = {"read_at": clock.now(), "ship_by_at": clock.now() + timedelta(days=3)}
    to_place = [await add_order(store, number, **read) for number in (1, 2, 3)]
    undated = await add_order(store, 4, read_at=clock.now())
    unread = await add_order(store, 5)
    placed = await add_order(store, 6, state="placed", **read)

    async def claim_some(limit_to_place: int) -> list[int]:
        claimed = await claim_orders(
            store,
            limit=50,
            worker_id="w",
            lease_seconds=LEASE_SECONDS,
            limit_to_place=limit_to_place,
        )
        return [order.order_id for order in claimed]

    assert await claim_some(0) == [placed, unread]
    assert await claim_some(0) == []
    assert await claim_some(1) == [undated, to_place[0]]
    assert await claim_some(50) == to_place[1:]


async def test_a_claim_looks_along_its_indexes(store: Store) -> None:
    """Neither a closed order nor one that waits is looked at, however many there are."""
    rows = [
        {
            "marketplace_order_id": order_id_of(number),
            "state": ("closed", "placed", "received", "accepted")[number % 4],
            "found_by": "webhook",
            "created_at": store.now(),
            "ship_by_at": store.now() + timedelta(minutes=number % 977),
            "next_attempt_at": None if number % 3 else store.now() + timedelta(days=1),
        }
        for number in range(6000)
    ]
    async with store.write() as connection:
        await connection.execute(insert(Order), rows)
        await connection.execute(text("ANALYZE"))
        given = {
            "limit": 8,
            "limit_to_place": 8,
            "to_leased_by": "w",
            **store.moments(now=0, to_lease_until=60),
        }
        plan = await _plan(store, connection, claims._claim(store.asks_database_time), given)

    for index in ("ix_orders_due_placed", "ix_orders_due_to_place"):
        assert index in plan, plan
    assert "Seq Scan on orders" not in plan, plan
    assert "ix_orders_due " not in plan, plan
    assert "SCAN orders\n" not in plan + "\n", plan


async def _plan(store: Store, connection: AsyncConnection, statement: Any, given: Any) -> str:
    """Return how the database would run *statement*."""
    compiled = statement.compile(dialect=connection.dialect)
    convert = compiled._bind_processors
    values = {
        name: convert[name](value) if name in convert else value
        for name, value in compiled.construct_params(given).items()
    }
    arguments = (
        tuple(values[name] for name in compiled.positiontup) if compiled.positional else values
    )
    how = "EXPLAIN" if store.is_postgres else "EXPLAIN QUERY PLAN"
    rows = await connection.exec_driver_sql(f"{how} {compiled}", arguments)
    return "\n".join(str(row[-1]) for row in rows)


async def test_states_of_a_newer_version_are_left_alone(store: Store) -> None:
    """An order in a state this version does not know is neither due nor claimed."""
    await add_order(store, state="negotiating")

    assert not await has_due_orders(store)
    assert await claim(store) == []


async def test_an_expired_lease_is_claimed_anew(store: Store, clock: FakeClock) -> None:
    """Once a lease ran out anybody may claim the order, under a new fencing token."""
    await add_order(store)
    first = await claim_one(store, "worker-a")
    clock.advance(LEASE_SECONDS - 1)
    assert await claim(store, "worker-b") == []
    clock.advance(1)

    second = await claim_one(store, "worker-b")

    assert (first.fencing_token, second.fencing_token) == (1, 2)
    assert (await order_row(store, second.order_id)).leased_by == "worker-b"


async def test_leases_are_renewed_where_they_are_still_held(store: Store, clock: FakeClock) -> None:
    """Renewing prolongs the leases that are ours and tells which those are."""
    for number in (1, 2, 3):
        await add_order(store, number)
    kept, lost, untouched = await claim(store)
    clock.advance(40)
    await change_order(store, lost.order_id, fencing_token=9)

    assert await renew_leases(store, [kept, lost], LEASE_SECONDS) == {kept.order_id}

    ends = [(await order_row(store, order.order_id)).lease_until for order in (kept, lost)]
    assert ends[0] - ends[1] == timedelta(seconds=40)
    assert await renew_leases(store, [], LEASE_SECONDS) == set()
    clock.advance(30)
    assert [order.order_id for order in await claim(store, "worker-b")] == [
        lost.order_id,
        untouched.order_id,
    ]


@pytest.mark.parametrize("ending", ["finished", "released"])
async def test_a_lease_given_up_is_not_renewed(store: Store, ending: str) -> None:
    """A renewal that was under way when the step ended leaves no lease on the order."""
    await add_order(store)
    held = await claim_one(store)
    if ending == "finished":
        await finish_step(store, held, finish_of(), LEASE_SECONDS)
    else:
        await release_order(store, held)

    await renew_leases(store, [held], LEASE_SECONDS)

    assert (await order_row(store, held.order_id)).lease_until is None


async def test_a_released_order_is_anybodys_at_once(store: Store) -> None:
    """Giving an order back makes it due now, without a history row."""
    await add_order(store, due_seconds=-100)
    held = await claim_one(store, "worker-a")

    await release_order(store, held)

    row = await order_row(store, held.order_id)
    assert (row.lease_until, row.leased_by, row.next_attempt_at) == (None, None, store.now())
    assert (await claim_one(store, "worker-b")).fencing_token == 2


async def test_releasing_a_lost_order_changes_nothing(store: Store, clock: FakeClock) -> None:
    """A worker that lost its lease cannot take the order from the one who has it now."""
    await add_order(store)
    lost = await claim_one(store, "worker-a")
    clock.advance(LEASE_SECONDS)
    await claim_one(store, "worker-b")

    await release_order(store, lost)

    assert (await order_row(store, lost.order_id)).leased_by == "worker-b"


async def test_a_wake_never_shortens_a_backoff(store: Store, clock: FakeClock) -> None:
    """A woken order in its backoff is looked at when the backoff ends, not before."""
    until = clock.now() + timedelta(seconds=90)
    order_id = await add_order(store, next_attempt_at=until, not_before_at=until)

    async with store.write() as connection:
        await wake_orders(store, connection, [order_id])

    row = await order_row(store, order_id)
    assert (row.next_attempt_at, row.not_before_at, row.wake_seq) == (clock.now(), until, 1)
    assert await claim(store) == []
    clock.advance(90)
    assert len(await claim(store)) == 1


@POSTGRES
async def test_the_databases_clock_decides_in_production(database_url: str) -> None:
    """Replicas share PostgreSQL, so a replica whose own clock is wrong claims and leases right."""

    class FastClock(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=2)

    right = SystemClock()
    store = Store(database_url, FastClock())
    try:
        later = right.now() + timedelta(hours=1)
        await add_order(store, 1, next_attempt_at=later, marketplace_order_id=ORDER_ID)
        assert not await has_due_orders(store)

        await Inbox(store).store_event(make_event("one"))
        order = await claim_one(store)
        after = await finish_step(store, order, finish_of(keeps_lease=True), LEASE_SECONDS)

        row = await order_row(store, after.order_id)
        assert row.lease_until < right.now() + timedelta(seconds=LEASE_SECONDS + 60)
        assert "clock_timestamp()" in str(store.time())
        assert round(await store.compare_clocks() / 60) == -120
        assert abs(store.now() - right.now()) < timedelta(seconds=60)
    finally:
        await store.close()


@POSTGRES
@pytest.mark.parametrize("work", ["renew", "wake"])
async def test_orders_are_locked_in_the_order_of_their_ids(
    store: Store, other_store: Store, work: str
) -> None:
    """
    Writers of several orders lock them by id, as receivers do, wherever the rows lie: neither
    waits for what the other has.
    """
    second = await add_order(store, 2, id=1002)
    first = await add_order(store, 1, id=1001)  # lies behind the second in the table
    held = await claim(store)

    async def write_both() -> None:
        if work == "renew":
            await renew_leases(store, held, LEASE_SECONDS)
        else:
            async with store.write() as connection:
                await wake_orders(store, connection, [second, first])

    async with other_store.write() as connection:
        await connection.execute(select(Order.id).where(Order.id == first).with_for_update())
        writing = asyncio.create_task(write_both())
        await until_somebody_waits(other_store)
        async with asyncio.timeout(20):
            await connection.execute(select(Order.id).where(Order.id == second).with_for_update())

    await writing  # would have been ended as the victim of a deadlock
    assert len(held) == 2
