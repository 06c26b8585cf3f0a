"""One order through the real flow, against both simulated companies."""

from app.domain.lifecycle import State
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import build_world


async def test_plain_order_is_carried_to_its_end(store: Store, clock: FakeClock) -> None:
    """A plain order is accepted, placed, shipped and closed, with six calls to Ankorstore."""
    async with build_world(store, clock) as world:
        order = world.ankorstore.place_order()
        world.ankorstore.calls.clear()
        await world.tell(order)

        await world.work()
        assert (await world.held(order)).state is State.PLACED
        await world.pass_time(400)

        held = await world.held(order)
        assert (held.state, held.outcome) == (State.CLOSED, "completed")
        assert (order.status, order.shipping_method) == ("shipped", "custom")
        assert world.creates() == 1
        about_order = world.ankorstore.calls_to(f"* *{order.id}*")
        confirms = world.ankorstore.calls_to("POST */confirm")
        assert len(about_order) + len(confirms) == 6
