"""A retailer who asks to cancel an order that the warehouse has already."""

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.simulator import Address, Order, OrderedLine
from app.store.decisions_answer import accept_order
from app.store.decisions_tasks import settle_task
from app.store.possible_moves import possible_moves
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]


async def _asked(world: World) -> Order:
    """Return a placed order that its retailer asked to cancel, found by comparing the lists."""
    order = world.ankorstore.place_order(TOTE, GOOD)
    await world.tell(order)
    await world.work()
    assert (await world.held(order)).state is State.PLACED
    world.clock.advance(60)
    world.ankorstore.ask_for_cancellation(order.id, "changed my mind")
    await world.pass_time(world.settings.reconcile_seconds + 1)
    return order


async def test_a_person_is_asked(store: Store, clock: FakeClock) -> None:
    """No event tells of the wish: the marketplace's list does."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _asked(world)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, "retailer_asked_to_cancel")
        assert "accept" in possible_moves(held)
        assert world.confirms() == 0


async def test_sent_in_spite_of_it_once_a_person_said_so(store: Store, clock: FakeClock) -> None:
    """An accept answers the wish for good."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _asked(world)
        said = await accept_order(store, await world.held(order), by="a test")
        assert said == "the warehouse sends it as it was ordered"
        await world.work()
        await world.pass_time(2 * 86_400, steps=4)
        assert await world.reasons(order) == []
        await world.ship(order)
        held = await world.held(order)
        assert (held.outcome, world.creates(), world.confirms()) == ("completed", 1, 1)


async def test_withdrawn_by_the_retailer(store: Store, clock: FakeClock) -> None:
    """Nobody needs to answer a wish that is gone."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _asked(world)
        world.ankorstore.withdraw_cancellation(order.id)
        await world.pass_time(world.settings.reconcile_seconds + 1)
        assert await world.reasons(order) == []
        assert (await world.held(order)).state is State.PLACED


async def test_goods_that_left_before_anybody_answered(store: Store, clock: FakeClock) -> None:
    """They are confirmed as usual: they can no longer be kept back."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _asked(world)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        told = [row["message"] for row in await world.history(order)]
        assert "the goods were sent before the order was cancelled" in told


async def test_followed_by_the_brand(store: Store, clock: FakeClock) -> None:
    """Cancelled in Maya and at the marketplace, it ends as cancelled and nothing is confirmed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _asked(world)
        world.active_ants.cancel_in_maya(str(order.reference))
        held = await world.held(order)
        await settle_task(store, held, answer=Answer.CANCELLED, by="a test")
        await world.work()
        assert await world.reasons(order) == ["warehouse_order_cancelled"]
        world.ankorstore.cancel_order(order.id)
        await world.tell(order, event_type="order.cancelled")
        await world.work()
        assert (await world.held(order)).outcome == "cancelled"
        assert world.confirms() == 0
