"""
What the service did and no longer knows, because a copy of its database was restored.

`_forget` sets an order back to what an older copy would hold of it; the companies keep what was
really done. Whole restores are tested in tests/flow/test_restore.py.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete

from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.models import Parcel, Shipment, StockReservation, WarehouseOrder
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven
from tests.store_rows import change_order

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
DAY = 86_400.0
ENDINGS: dict[str, tuple[Callable[[World, Order], object], str, str]] = {
    "cancelled": (
        lambda world, order: world.ankorstore.cancel_order(order.id),
        "cancelled_after_placing",
        "cancelled",
    ),
    "rejected": (
        lambda world, order: (
            world.ankorstore.revert_acceptance(order.id),
            world.ankorstore.reject_by_person(order.id),
        ),
        "cancelled_after_placing",
        "rejected",
    ),
    "shipped": (
        lambda world, order: world.ankorstore.ship_by_person(order.id, number="1Z", provider="ups"),
        "shipped_by_somebody_else",
        "ignored: shipped by somebody else",
    ),
    "logistics": (
        lambda world, order: world.ankorstore.request_fulfillment(order.id),
        "fulfilment_after_placing",
        "ignored: shipped by Ankorstore logistics",
    ),
}


async def _place(world: World, lines: list[OrderedLine] | None = None) -> Order:
    order = world.ankorstore.place_order(lines or TOTE, GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _forget(world: World, order: Order, state: State) -> None:
    """Hold of *order* only what was true before it was placed, or before it was shipped."""
    held = await world.held(order)
    tables: list[Any] = [Shipment]
    if state is not State.PLACED:
        tables += [StockReservation, WarehouseOrder]
    async with world.store.write() as connection:
        await connection.execute(delete(Parcel))
        for table in tables:
            await connection.execute(delete(table).where(table.order_id == held.order_id))
    await change_order(
        world.store,
        held.order_id,
        state=state,
        outcome=None,
        closed_at=None,
        confirm_intent_at=None,
        confirm_sent_before_at=None,
        confirm_quote_id=None,
        confirmed_at=None,
        tracking_sent=None,
        follow_up=None,
        follow_up_done_at=None,
    )


async def _hear(world: World, order: Order) -> OrderRecord:
    await world.tell(order)
    await world.work()
    return await world.held(order)


def _searches(world: World) -> int:
    return len(world.active_ants.calls_to("* */order/search"))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("state", [State.RECEIVED, State.ACCEPTED])
async def test_ended_order_that_is_at_the_warehouse_asks_a_person(
    store: Store, clock: FakeClock, state: State, ending: str
) -> None:
    """It is searched for before it would be closed, found by its mark, and becomes a task."""
    change, reason, _ = ENDINGS[ending]
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await _forget(world, order, state)
        change(world, order)
        held = await _hear(world, order)

        assert (held.state, held.attention_reason) == (State.PLACED, reason)
        assert held.live is not None
        assert (held.live.answer, held.live.external_order_number) == (
            "adopted",
            str(order.reference),
        )
        assert [line.sku for line in held.live.lines] == ["TOTE-NAT"]
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 1, 0)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("is_taken", [False, True], ids=["not found", "another shop's"])
async def test_ended_order_that_is_not_at_the_warehouse_is_closed(
    sqlite_store: Store, clock: FakeClock, ending: str, is_taken: bool
) -> None:
    """One search, nothing of ours found: the order ends as Ankorstore shows it."""
    change, _, outcome = ENDINGS[ending]
    async with build_world(sqlite_store, clock, accept_mode="manual") as world:
        order = await _place(world)
        world.ankorstore.accept_by_person(order.id)
        change(world, order)
        if is_taken:
            world.active_ants.add_foreign_shipments(1)
            donor = world.ankorstore.place_order(TOTE, GOOD, status="brand_confirmed")
            await world.tell(donor)
            await world.work()
            (theirs,) = world.active_ants.orders_numbered(str(donor.reference))
            world.active_ants.occupy_number(theirs, str(order.reference), theirs.extras["extra1"])
        searches, creates = _searches(world), world.creates()
        held = await _hear(world, order)

        assert (held.state, held.outcome, held.live) == (State.CLOSED, outcome, None)
        assert (_searches(world) - searches, world.creates()) == (1, creates)


async def test_order_that_waits_for_a_person_is_searched_for_too(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A cancel would close it; its goods at the warehouse make it a task instead."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await _forget(world, order, State.RECEIVED)
        held = await world.held(order)
        await change_order(world.store, held.order_id, attention_reason="stock_short")
        world.ankorstore.cancel_order(order.id)
        held = await _hear(world, order)

        assert (held.state, held.attention_reason) == (State.PLACED, "cancelled_after_placing")


async def test_nothing_is_closed_while_the_warehouse_cannot_be_asked(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A cancelled order waits for the answer of the search; then it is closed."""
    async with build_world(sqlite_store, clock, accept_mode="manual") as world:
        order = await _place(world)
        world.active_ants.faults.once("* */order/search", Fault.SERVER_ERROR_BEFORE, times=2)
        world.ankorstore.cancel_order(order.id)
        held = await _hear(world, order)
        assert (held.outcome, held.attention_reason) == (None, "acceptance_manual")
        assert held.next_attempt_at is not None
        await world.pass_time(10, steps=5)

        assert (await world.held(order)).outcome == "cancelled"


async def test_orders_from_before_the_switch_are_never_searched(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Whatever stands at the warehouse for them is not the service's."""
    async with build_world(sqlite_store, clock) as world:
        await world.restart(take_orders_submitted_after="2026-03-03T00:00:00Z")
        orders = []
        for status in ("brand_confirmed", "shipped", "ankor_confirmed"):
            order = world.ankorstore.place_order(TOTE, GOOD, status=status)
            if status == "ankor_confirmed":
                world.ankorstore.cancel_order(order.id)
            orders.append(await _hear(world, order))

        assert [held.outcome for held in orders] == [
            "ignored: before the switch",
            "ignored: before the switch",
            "cancelled",
        ]
        assert _searches(world) == 0


async def test_crash_between_finding_and_recording(sqlite_store: Store, clock: FakeClock) -> None:
    """An intent noted for an order still `received` is settled by looking, never by sending."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        held = await world.held(order)
        assert held.live is not None
        await change_order(world.store, held.order_id, state=State.RECEIVED)
        async with world.store.write() as connection:
            await connection.execute(
                WarehouseOrder.__table__.update().values(answer=None, answered_at=None)
            )
        world.ankorstore.cancel_order(order.id)
        world.active_ants.habits.search_lag_seconds = 1e6
        held = await _hear(world, order)
        assert (held.state, held.outcome) == (State.ACCEPTED, None)

        world.active_ants.habits.search_lag_seconds = 0.0
        held = await _hear(world, order)
        assert (held.state, held.attention_reason) == (State.PLACED, "cancelled_after_placing")
        assert (world.accepts(), world.creates()) == (1, 1)


@pytest.mark.parametrize("state", [State.RECEIVED, State.ACCEPTED, State.PLACED])
@pytest.mark.parametrize("parcels", [1, 2])
async def test_own_confirm_is_known_by_its_tracking(
    store: Store, clock: FakeClock, state: State, parcels: int
) -> None:
    """Shipped with the tracking of the order's own parcel: done, and nobody is asked."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order, parcels=parcels)
        assert (await world.held(order)).outcome == "completed"
        told = dict(order.tracking or {})
        await _forget(world, order, state)
        held = await _hear(world, order)

        assert (held.state, held.outcome) == (State.CLOSED, "completed")
        assert (held.confirm_intent_at, held.attention_reason) == (None, None)
        assert (held.confirmed_at, dict(order.tracking or {})) == (clock.now(), told)
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 1, 1)


async def test_other_tracking_is_not_taken_for_our_confirm(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Somebody shipped it by another carrier, while the warehouse sent it as well: a task."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.active_ants.ship(str(order.reference))
        await _forget(world, order, State.PLACED)
        world.ankorstore.ship_by_person(order.id, number="1Z-OTHER", provider="ups")
        held = await _hear(world, order)

        assert (held.state, held.attention_reason) == (
            State.DISPATCHED,
            "shipped_by_somebody_else",
        )
        assert world.confirms() == 0


async def test_shipment_that_was_acknowledged_and_forgotten_is_found(
    store: Store, clock: FakeClock
) -> None:
    """The feed never tells of it again; a search once a day does, and the order is confirmed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.faults.always("POST */shipping-quotes", Fault.SERVER_ERROR_BEFORE)
        shipment = await world.ship(order)
        assert shipment.is_acknowledged
        world.ankorstore.faults.stop()
        await _forget(world, order, State.PLACED)
        await change_order(
            world.store,
            (await world.held(order)).order_id,
            attempt_count=0,
            first_failed_at=None,
            not_before_at=None,
            next_attempt_at=clock.now(),
        )
        await world.work()
        await world.poll_feed()
        assert (await world.held(order)).state is State.PLACED
        await world.pass_time(DAY, steps=2)

        assert (await world.held(order)).outcome == "completed"
        assert (world.creates(), world.confirms()) == (1, 1)


async def test_searches_for_shipments_are_made_once_a_day(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An order that ships within a day is never searched for; one that waits longer, daily."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), reconcile_seconds=3600
    ) as world:
        await _place(world)
        await world.pass_time(0.9 * DAY, steps=9)
        assert world.active_ants.calls_to("* */shipment/search") == []
        await world.pass_time(4 * DAY, steps=32)

        assert 3 <= len(world.active_ants.calls_to("* */shipment/search")) <= 8
