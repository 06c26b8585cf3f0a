"""TAKE_ORDERS_SUBMITTED_AFTER, ACCEPT_MODE, and acceptances taken back."""

from datetime import timedelta

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, OrderedLine
from app.store.decisions import take_order
from app.store.session import Store
from tests.fake_clock import START, FakeClock
from tests.flow.world import World, build_world, hand_driven, prompt

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
ONE_TOTE = [OrderedLine("TOTE-NAT")]
SWITCH = START - timedelta(days=1)
BEFORE = SWITCH - timedelta(seconds=1)
LEFT_ALONE = "ignored: before the switch"


async def test_orders_from_before_the_switch_are_left_alone(store: Store, clock: FakeClock) -> None:
    """Accepted or later they are closed, still waiting they ask a person; later ones are taken."""
    async with build_world(
        store, clock, warehouse=hand_driven(), take_orders_submitted_after=SWITCH
    ) as world:
        closed = [
            world.ankorstore.place_order(submitted_at=BEFORE, status=status)
            for status in (
                "brand_confirmed",
                "shipping_labels_generated",
                "fulfillment_requested",
                "shipped",
                "brand_paid",
            )
        ]
        waiting = world.ankorstore.place_order(ONE_TOTE, GOOD, submitted_at=BEFORE)
        cancelled = world.ankorstore.place_order(submitted_at=BEFORE, status="cancelled")
        taken = world.ankorstore.place_order(ONE_TOTE, GOOD, submitted_at=SWITCH)
        undated = world.ankorstore.place_order(ONE_TOTE, GOOD)
        world.ankorstore.forget_submission(undated.id)
        for order in (*closed, waiting, cancelled, taken, undated):
            await world.tell(order)
        await world.work()

        for order in closed:
            held = await world.held(order)
            assert (held.state, held.outcome) == (State.CLOSED, LEFT_ALONE), order.status
        assert (await world.held(cancelled)).outcome == "cancelled"
        for order in (waiting, undated):
            held = await world.held(order)
            assert (held.state, held.attention_reason) == (State.RECEIVED, "before_switch")
        assert (await world.held(taken)).state is State.PLACED
        assert (world.accepts(), world.creates()) == (1, 1)


@pytest.mark.parametrize("street", ["Damstraat 14", "Postbus 1"])
async def test_old_order_answered_where_it_was_handled_before(
    sqlite_store: Store, clock: FakeClock, street: str
) -> None:
    """Once accepted elsewhere an order from before the switch is closed, reviewed or not."""
    async with build_world(sqlite_store, clock, take_orders_submitted_after=SWITCH) as world:
        address = Address("Ina Smit", "Winkel Smit", street, "1012 JS", "Amsterdam", "NL")
        order = world.ankorstore.place_order(ONE_TOTE, address, submitted_at=BEFORE)
        await world.tell(order)
        await world.work()
        await world.retry(order)
        assert await world.reasons(order) == ["before_switch"]
        world.ankorstore.accept_by_person(order.id)
        await world.tell(order)
        await world.work()

        held = await world.held(order)
        assert (held.state, held.outcome) == (State.CLOSED, LEFT_ALONE)
        assert held.attention_reason is None
        assert world.writes() == []


async def test_taking_an_order_lifts_the_switch(store: Store, clock: FakeClock) -> None:
    """`orders take` brings back what was closed or asked about, and the order goes all the way."""
    async with build_world(
        store, clock, warehouse=prompt(), take_orders_submitted_after=SWITCH
    ) as world:
        closed = world.ankorstore.place_order(
            ONE_TOTE, GOOD, submitted_at=BEFORE, status="brand_confirmed"
        )
        waiting = world.ankorstore.place_order(ONE_TOTE, GOOD, submitted_at=BEFORE)
        for order in (closed, waiting):
            await world.tell(order)
        await world.work()
        assert world.writes() == []
        for order in (closed, waiting):
            await take_order(world.store, await world.held(order), by="a test")
        await world.work()
        await world.pass_time(400)

        for order in (closed, waiting):
            assert (await world.held(order)).outcome == "completed"
            assert order.status == "shipped"
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 2, 2)


async def test_manual_mode_accepts_nothing(store: Store, clock: FakeClock) -> None:
    """ACCEPT_MODE=manual leaves the answer to a person; what they accept goes on by itself."""
    async with build_world(store, clock, warehouse=prompt(), accept_mode="manual") as world:
        good = world.ankorstore.place_order(ONE_TOTE, GOOD)
        bad = world.ankorstore.place_order([OrderedLine("NO-SUCH")], GOOD)
        rejected = world.ankorstore.place_order(ONE_TOTE, GOOD)
        orders = (good, bad, rejected)
        for order in orders:
            await world.tell(order)
        await world.work()
        await world.pass_time(900, steps=3)
        for order in orders:
            assert await world.reasons(order) == ["acceptance_manual"]
        assert world.writes() == []

        world.ankorstore.accept_by_person(good.id)
        world.ankorstore.accept_by_person(bad.id)
        world.ankorstore.reject_by_person(rejected.id)
        await world.pass_time(700, steps=2)  # no event tells of it: the reconciling finds out

        assert (await world.held(good)).outcome == "completed"
        assert (await world.held(rejected)).outcome == "rejected"
        held = await world.held(bad)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "sku_unknown")
        assert (world.accepts(), world.creates()) == (0, 1)


async def _reverted(world: World) -> str:
    """Have an accepted order wait before its create, then have the acceptance taken back."""
    order = world.ankorstore.place_order([OrderedLine("NO-SUCH")], GOOD, status="brand_confirmed")
    await world.tell(order)
    await world.work()
    world.active_ants.set_stock("NO-SUCH", 50)
    world.ankorstore.revert_acceptance(order.id)
    await world.tell(order, event_type="order.brand_accepted_reverted")
    await world.work()
    held = await world.held(order)
    assert (held.state, held.attention_reason) == (State.RECEIVED, "acceptance_reverted")
    return order.id


async def test_reverted_order_is_never_accepted_again_by_itself(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An acceptance taken back waits for a person, whatever events or days go by."""
    async with build_world(sqlite_store, clock) as world:
        order = world.ankorstore.orders[await _reverted(world)]
        since = (await world.held(order)).attention_since
        for _ in range(3):
            await world.tell(order)
            await world.work()
        await world.pass_time(2 * 86_400, steps=4)

        held = await world.held(order)
        assert (held.attention_reason, held.attention_since) == ("acceptance_reverted", since)
        assert (order.status, world.writes()) == ("ankor_confirmed", [])


@pytest.mark.parametrize("by_person_there", [True, False])
async def test_reverted_order_goes_on_when_a_person_says_so(
    sqlite_store: Store, clock: FakeClock, by_person_there: bool
) -> None:
    """An acceptance at Ankorstore, or a retry here, lets a reverted order go on."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.orders[await _reverted(world)]
        clock.advance(3601)
        if by_person_there:
            world.ankorstore.accept_by_person(order.id)
            await world.tell(order)
            await world.work()
        else:
            await world.retry(order)

        assert (await world.held(order)).state is State.PLACED
        assert (world.accepts(), world.creates()) == (0 if by_person_there else 1, 1)
