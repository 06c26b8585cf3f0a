"""A label of the marketplace's that nobody wanted: told loudly, and taken back on command."""

import pytest
import structlog

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.simulator import Address, Fault, Order, OrderedLine
from app.simulator.ankorstore import quote_desk
from app.store.decisions import Impossible
from app.store.decisions_shipping import ask_label_reset
from app.store.decisions_tasks import settle_task
from app.store.queries import load_figures
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TRANSITION = "POST */-actions/transition"
HOUR = 3600.0


async def _place(world: World) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _ship_with_wrong_label(world: World) -> Order:
    """Ship an order whose confirm buys a label, because the carrier code is set wrong."""
    order = await _place(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(quote_desk, "CARRIERS", (("own", "", "", (), 2),))
        await world.ship(order, tracking=["A1"])
    await world.pass_time(600, steps=3)
    assert order.status == "shipping_labels_generated"
    await world.restart(ankorstore_brand_label_carrier_code="ankorstore")
    return order


async def _reset(world: World, order: Order) -> str:
    held = await world.held(order)
    said = await ask_label_reset(world.store, held, by="Ann", reason="wrong carrier")
    await world.work()
    return said


def _resets(world: World) -> int:
    return sum(b"brand-resets" in call.body for call in world.ankorstore.calls_to(TRANSITION))


WRONG = {"warehouse": hand_driven(), "ankorstore_brand_label_carrier_code": "own"}


@pytest.mark.parametrize("fault", [None, Fault.LOSE_ANSWER_AFTER, Fault.LOSE_ANSWER_BEFORE])
async def test_wrong_label_is_taken_back_on_command(
    store: Store, clock: FakeClock, fault: Fault | None
) -> None:
    """One alarm; one reset that took effect, whatever got lost; then a new quote, confirmed."""
    with structlog.testing.capture_logs() as logs:
        async with build_world(store, clock, **WRONG) as world:
            order = await _ship_with_wrong_label(world)
            assert (await load_figures(store)).wrong_labels == 1
            if fault is not None:
                world.ankorstore.faults.once(TRANSITION, fault)
            assert "take its label back" in await _reset(world, order)
            await world.pass_time(8, steps=8)
            assert _resets(world) == 1, "the first may still be under way"
            await world.pass_time(60, steps=6)

            held = await world.held(order)
            assert (held.outcome, order.status, order.shipping_method) == (
                "completed",
                "shipped",
                "custom",
            )
            assert (held.refund_text or "").startswith("€")
            assert _resets(world) == (2 if fault is Fault.LOSE_ANSWER_BEFORE else 1)
            assert world.confirms() == 2
            assert (await load_figures(store)).wrong_labels == 0
    alarms = [entry for entry in logs if entry["event"] == "order.wrong_label_confirmed"]
    assert [entry["log_level"] for entry in alarms] == ["critical"]


async def test_label_that_is_not_there_yet(sqlite_store: Store, clock: FakeClock) -> None:
    """A confirm that was charged may bring a label any moment: no reset before it shows."""
    async with build_world(sqlite_store, clock, **WRONG) as world:
        world.ankorstore.habits.label_seconds = 1800.0
        order = await _place(world)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(quote_desk, "CARRIERS", (("own", "", "", (), 2),))
            await world.ship(order)
        assert await world.reasons(order) == ["wrong_label_confirmed"]
        with pytest.raises(Impossible, match="no label yet"):
            await _reset(world, order)
        await world.pass_time(2 * HOUR, steps=8)
        await world.restart(ankorstore_brand_label_carrier_code="ankorstore")
        await _reset(world, order)
        assert ((await world.held(order)).outcome, _resets(world)) == ("completed", 1)


async def test_label_taken_back_by_hand(sqlite_store: Store, clock: FakeClock) -> None:
    """A label that a person took back at Ankorstore needs no reset, only the command."""
    async with build_world(sqlite_store, clock, **WRONG) as world:
        order = await _ship_with_wrong_label(world)
        world.ankorstore.reset_labels(order.id)
        await world.tell(order, event_type="order.shipping_labels_reset")
        await world.pass_time(2 * HOUR, steps=3)
        assert (await world.held(order)).attention_reason == "wrong_label_confirmed"
        await _reset(world, order)
        assert ((await world.held(order)).outcome, _resets(world)) == ("completed", 0)


async def test_reset_that_is_refused(sqlite_store: Store, clock: FakeClock) -> None:
    """A refusal is told, and the order asks for a person as before."""
    async with build_world(sqlite_store, clock, **WRONG) as world:
        order = await _ship_with_wrong_label(world)
        world.ankorstore.faults.once(TRANSITION, Fault.SERVER_ERROR_BEFORE, status=422)
        await _reset(world, order)
        held = await world.held(order)
        assert (held.attention_reason, held.label_reset_asked_at) == ("wrong_label_confirmed", None)
        assert "refused the reset" in held.attention_detail[0]["detail"]
        await _reset(world, order)
        assert (await world.held(order)).outcome == "completed"


async def test_one_alarm_for_each_label(sqlite_store: Store, clock: FakeClock) -> None:
    """Asked anew after a refused reset, or a record that settles nothing: the same alarm."""
    with structlog.testing.capture_logs() as logs:

        def alarms() -> int:
            return sum(entry["event"] == "order.wrong_label_confirmed" for entry in logs)

        async with build_world(sqlite_store, clock, **WRONG) as world:
            order = await _ship_with_wrong_label(world)
            world.ankorstore.faults.once(TRANSITION, Fault.SERVER_ERROR_BEFORE, status=422)
            await _reset(world, order)
            await settle_task(sqlite_store, await world.held(order), answer=Answer.KEPT, by="Ann")
            await world.work()
            assert await world.reasons(order) == ["wrong_label_confirmed"]
            assert alarms() == 1

            await world.restart(ankorstore_brand_label_carrier_code="own")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(quote_desk, "CARRIERS", (("own", "", "", (), 2),))
                await _reset(world, order)
                await world.pass_time(600, steps=3)
            assert await world.reasons(order) == ["wrong_label_confirmed"]
            assert (world.confirms(), alarms()) == (2, 2)


async def test_reset_without_a_label(sqlite_store: Store, clock: FakeClock) -> None:
    """Refused for an order that has none, that is shipped with one, or that is finished."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order, labelled = await _place(world), await _place(world)
        with pytest.raises(Impossible, match="knows of no label"):
            await _reset(world, order)
        world.ankorstore.generate_labels(labelled.id)
        await world.tell(labelled, event_type="order.shipping_labels_generated")
        await world.work()
        assert (await world.held(labelled)).attention_reason == "labels_after_placing"
        await _reset(world, labelled)
        held = await world.held(labelled)
        assert (held.state, held.attention_reason) == (State.PLACED, None)
        await world.ship(labelled)
        await world.ship(order)
        assert (await world.held(labelled)).outcome == "completed"
        with pytest.raises(Impossible, match="completed"):
            await _reset(world, order)
