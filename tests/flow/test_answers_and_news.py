"""What a person's answer settles, and what news between the question and the answer changes."""

import pytest

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.flow import settling
from app.flow.desk import OrderDesk
from app.store.decisions_shipping import confirm_partial
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_changes import place, settle
from tests.flow.world import build_world, hand_driven


async def count_none(desk: OrderDesk) -> int:
    """Stand for a warehouse that has forgotten what it sent."""
    return 0


async def test_uncounted_goods_are_known_at_a_cancel(store: Store, clock: FakeClock) -> None:
    """Goods under the number that were never ordered left all the same: no second parcel."""
    async with build_world(store, clock, warehouse=hand_driven(), shipment_feed="search") as world:
        order = await place(world)
        world.active_ants.add_foreign_shipments(1, external_order_number=str(order.reference))
        await world.poll_feed()
        assert await world.reasons(order) == ["sku_not_ordered"]

        await settle(world, order, Answer.CANCELLED)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, "shipped_though_cancelled")
        assert held.live is not None


@pytest.mark.parametrize("is_seen", [True, False], ids=["rows known", "no row known"])
async def test_a_dispatched_order_is_never_placed_anew(
    store: Store, clock: FakeClock, is_seen: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cancel recorded of an order that was sent asks what was sent, and never crashes."""
    async with build_world(store, clock, warehouse=hand_driven(), shipment_feed="search") as world:
        order = await place(world)
        world.active_ants.add_foreign_shipments(1, external_order_number=str(order.reference))
        await world.poll_feed()
        world.ankorstore.generate_labels(order.id)
        await confirm_partial(store, await world.held(order), by="a test")
        await world.work()
        assert (await world.held(order)).attention_reason == "labels_after_placing"
        world.ankorstore.reset_labels(order.id)
        if not is_seen:
            monkeypatch.setattr(settling, "_count_shipments", count_none)
        await settle(world, order, Answer.CANCELLED)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (
            State.DISPATCHED,
            "shipped_though_cancelled",
        )
        assert not held.is_answer_owed
