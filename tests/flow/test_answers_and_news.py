"""What a person's answer settles, and what news between the question and the answer changes."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.lifecycle import Outcome, State
from app.domain.tasks import Answer
from app.flow import settling
from app.flow.desk import OrderDesk
from app.simulator import Address, Fault, OrderedLine
from app.simulator.ankorstore import quote_desk
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.store.decisions import Impossible
from app.store.decisions_answer import accept_order
from app.store.decisions_shipping import confirm_partial
from app.store.decisions_tasks import close_order, resend_order, settle_task
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_changes import GOOD, MOVED, UNUSABLE, change_packs, hear, place, settle
from tests.flow.world import build_world, hand_driven

ELSEWHERE = Address("Ina Smit", "Winkel Smit", "Neude 1", "3512 AD", "Utrecht", "NL")
LINES, ADDRESS = "lines_changed_after_placing", "address_changed_after_placing"


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


@pytest.mark.parametrize("window_minutes", [0, 10])
async def test_a_status_task_settles_no_change(
    sqlite_store: Store, clock: FakeClock, window_minutes: int
) -> None:
    """Changes made while an acceptance was taken back are asked for after `kept`, not swallowed."""
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(),
        cancel_window_minutes=window_minutes,
        active_ants_path_order_release="/v2/order/release",
    ) as world:
        order = await place(world)
        world.ankorstore.revert_acceptance(order.id)
        await hear(world, order)
        change_packs(world, order, 5)
        world.ankorstore.change_address(order.id, MOVED)
        world.ankorstore.accept_by_person(order.id)
        await hear(world, order)
        await settle(world, order, Answer.KEPT)

        expected = ["changed_on_hold"] * 2 if window_minutes else [LINES, ADDRESS]
        assert await world.reasons(order) == expected
        assert (await world.held(order)).new_address is not None
        await settle(world, order, Answer.KEPT)
        assert (await world.held(order)).attention_reason is None


@pytest.mark.parametrize("answer", [Answer.KEPT, Answer.CHANGED])
@pytest.mark.parametrize("told", [True, False], ids=["by an event", "untold"])
async def test_an_answer_about_the_address_settles_no_lines(
    sqlite_store: Store, clock: FakeClock, answer: Answer, told: bool
) -> None:
    """Lines that change during the task are named in it; where nobody saw them they are asked."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        asked = (await world.held(order)).live
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)
        change_packs(world, order, 5)
        if told:
            await hear(world, order)
            assert await world.reasons(order) == [LINES, ADDRESS]
        await settle(world, order, answer)

        held = await world.held(order)
        assert held.attention_reason == (None if told else LINES)
        assert held.live is not None
        assert asked is not None
        has_new_lines = told and answer is Answer.CHANGED
        assert (held.live.lines != asked.lines) is has_new_lines


async def test_lines_that_move_again_are_asked_again(sqlite_store: Store, clock: FakeClock) -> None:
    """What was answered were other quantities than those shown when the answer is followed."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        change_packs(world, order, 5)
        await hear(world, order)
        change_packs(world, order, 7)
        await settle(world, order, Answer.CHANGED)
        assert await world.reasons(order) == [LINES]
        await settle(world, order, Answer.CHANGED)
        assert (await world.held(order)).attention_reason is None


@pytest.mark.parametrize("told", [True, False], ids=["told before the record", "untold"])
async def test_a_second_address_is_asked_again(
    sqlite_store: Store, clock: FakeClock, told: bool
) -> None:
    """The record of the first address does not settle the second one."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)
        looked_at = await world.held(order)
        world.ankorstore.change_address(order.id, ELSEWHERE)
        if told:
            await hear(world, order)
        await settle_task(sqlite_store, looked_at, answer=Answer.CHANGED, by="a test")
        await world.work()

        held = await world.held(order)
        assert held.attention_reason == ADDRESS
        assert (held.new_address or {})["street"] == "Neude 1"
        await settle(world, order, Answer.CHANGED)
        assert (await world.held(order)).attention_reason is None


async def test_an_address_that_is_changed_back(sqlite_store: Store, clock: FakeClock) -> None:
    """The task says so and shows no old address; `kept` settles it, and another one is asked."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)
        world.ankorstore.change_address(order.id, GOOD)
        await hear(world, order)
        await hear(world, order)
        held = await world.held(order)
        assert (held.attention_reason, held.new_address) == (ADDRESS, None)
        assert "shows again" in held.attention_detail[0]["detail"]
        told = [row["message"] for row in await world.history(order)]
        assert sum("shows again" in message for message in told) == 1
        world.ankorstore.change_address(order.id, ELSEWHERE)
        await hear(world, order)
        held = await world.held(order)
        assert "shows again" not in held.attention_detail[0]["detail"]
        assert (held.new_address or {})["street"] == "Neude 1"
        world.ankorstore.change_address(order.id, GOOD)
        await hear(world, order)

        await settle(world, order, Answer.KEPT)
        held = await world.held(order)
        assert (held.attention_reason, held.new_address) == (None, None)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"


async def test_an_address_that_only_a_person_can_use(sqlite_store: Store, clock: FakeClock) -> None:
    """Changed in Maya to what cannot be mapped: the order goes on, and no lines are asked."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, UNUSABLE)
        await hear(world, order)
        await settle(world, order, Answer.CHANGED)
        await hear(world, order)
        assert (await world.held(order)).attention_reason is None
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"


async def test_an_old_decision_ends_with_its_warehouse_order(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What a person waived for the order that was cancelled is not waived for the next one."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world, [OrderedLine("TOTE-NAT", packs=1001)])
        await accept_order(sqlite_store, await world.held(order), by="a test")
        await world.work()
        world.ankorstore.revert_acceptance(order.id)
        await hear(world, order)
        assert (await world.held(order)).decision is not None
        await settle(world, order, Answer.CANCELLED)
        change_packs(world, order, 4000)
        await world.retry(order)

        assert await world.reasons(order) == ["stock_short"]
        assert (world.accepts(), world.creates()) == (1, 1)


async def test_a_revert_ends_the_decision_to_resend(sqlite_store: Store, clock: FakeClock) -> None:
    """Accepted again after a revert, the order is placed once more only after a new decision."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.active_ants.cancel_in_maya(str(order.reference))
        await settle(world, order, Answer.CANCELLED)
        world.ankorstore.rename_sku("TOTE-NAT", "NO-SUCH")
        await resend_order(sqlite_store, await world.held(order), by="a test")
        await world.work()
        world.ankorstore.revert_acceptance(order.id)
        await hear(world, order)
        world.ankorstore.rename_sku("NO-SUCH", "TOTE-NAT")
        world.ankorstore.accept_by_person(order.id)
        await hear(world, order)

        assert await world.reasons(order) == ["warehouse_order_cancelled"]
        assert world.creates() == 1


async def test_goods_that_go_elsewhere_are_no_ending(sqlite_store: Store, clock: FakeClock) -> None:
    """`shipped-anyway` about an address closes nothing; about a stop of the goods it does."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)
        await settle(world, order, Answer.SHIPPED)
        with pytest.raises(Impossible, match="record first what became of that"):
            await close_order(
                sqlite_store, await world.held(order), outcome=Outcome.CANCELLED, by="a test"
            )
        world.ankorstore.revert_acceptance(order.id)
        await hear(world, order)
        world.ankorstore.accept_by_person(order.id)
        await settle(world, order, Answer.SHIPPED)
        await close_order(
            sqlite_store, await world.held(order), outcome=Outcome.CANCELLED, by="a test"
        )
        assert (await world.held(order)).outcome == "cancelled"


async def test_no_close_while_an_accept_may_take_effect(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An order whose accept was lost is closed only once reading it tells what became of that."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.ankorstore.faults.once("POST */-actions/transition", Fault.LOSE_ANSWER_BEFORE)
        order = await place(world)
        with pytest.raises(Impossible, match="may still take effect"):
            await close_order(
                sqlite_store, await world.held(order), outcome=Outcome.CANCELLED, by="a test"
            )
        clock.advance(3600)  # nothing has read it: what the accept did is known no better
        with pytest.raises(Impossible, match="may still take effect"):
            await close_order(
                sqlite_store, await world.held(order), outcome=Outcome.CANCELLED, by="a test"
            )
        await world.pass_time(600, steps=4)
        assert (await world.held(order)).state is State.PLACED


async def test_a_follow_up_noted_before_a_confirm_that_never_came_is_not_owed(
    store: Store, clock: FakeClock
) -> None:
    """Two parcels, the confirm fails, the order is cancelled and closed: it is left alone then."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.faults.once("POST */confirm", Fault.LOSE_ANSWER_BEFORE)
        await world.ship(order, parcels=2)
        await world.work()
        assert (await world.held(order)).follow_up is not None
        world.ankorstore.cancel_order(order.id)
        await hear(world, order)
        await world.pass_time(70)
        async with asyncio.timeout(30):  # without end otherwise
            await settle(world, order, Answer.SHIPPED)

        held = await world.held(order)
        assert (held.state, held.outcome) == (State.CLOSED, Outcome.CANCELLED)
        assert (held.follow_up, held.next_attempt_at) == (None, None)
