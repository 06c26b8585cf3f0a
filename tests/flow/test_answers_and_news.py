"""What a person's answer settles, and what news between the question and the answer changes."""

from dataclasses import replace

import pytest

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.flow import settling
from app.flow.desk import OrderDesk
from app.simulator.ankorstore import quote_desk
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.store.decisions import Impossible
from app.store.decisions_shipping import confirm_partial
from app.store.decisions_tasks import settle_task
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_changes import hear, place, settle
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


async def test_no_second_confirm_while_a_label_may_come(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """`kept` before the label of a charged confirm shows is refused, or not followed."""
    late = {"habits": AnkorstoreHabits(label_seconds=1800)}
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(),
        marketplace=late,
        ankorstore_brand_label_carrier_code="own",
    ) as world:
        order = await place(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quote_desk, "CARRIERS", (("own", "", "", (), 2),))
            await world.ship(order)
        await world.restart(ankorstore_brand_label_carrier_code="ankorstore")
        held = await world.held(order)
        assert held.attention_reason == "wrong_label_confirmed"
        with pytest.raises(Impossible, match="may still bring one"):
            await settle(world, order, Answer.KEPT)
        stale = replace(held, marketplace_status="shipping_labels_generated")
        await settle_task(sqlite_store, stale, answer=Answer.KEPT, by="a test")
        await world.work()
        assert await world.reasons(order) == ["wrong_label_confirmed"]

        await world.pass_time(2000, steps=2)
        await hear(world, order)
        world.ankorstore.reset_labels(order.id)
        await settle(world, order, Answer.KEPT)
        held = await world.held(order)
        assert (world.confirms(), order.shipping_method, held.outcome) == (2, "custom", "completed")
