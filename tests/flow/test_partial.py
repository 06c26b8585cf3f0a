"""An order sent in part: waited for, asked about, and ended by a person's word."""

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.decisions import Impossible
from app.store.decisions_shipping import confirm_partial
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0


async def _place(world: World) -> Order:
    lines = [OrderedLine("TOTE-NAT", packs=2), OrderedLine("POSTER-A3", packs=3)]
    order = world.ankorstore.place_order(lines, GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _decide(world: World, order: Order) -> str:
    said = await confirm_partial(world.store, await world.held(order), by="Ann", reason="sold out")
    await world.work()
    return said


def _told(order: Order) -> list[str]:
    assert order.parcel_tracking is not None
    return [parcel["trackingNumber"] for parcel in order.parcel_tracking["parcels"]]


async def test_two_shipments_days_apart(store: Store, clock: FakeClock) -> None:
    """The rest that follows within the wait completes the order; it is confirmed once."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order, lines={"TOTE-NAT": 2}, tracking=["A1"])
        held = await world.held(order)
        assert (held.state, held.waits_for) == (State.PLACED, "the rest of the order")
        await world.pass_time(40 * HOUR, steps=4)
        await world.ship(order, tracking=["B1"])

        assert (await world.held(order)).outcome == "completed"
        assert (world.confirms(), _told(order)) == (1, ["A1", "B1"])


async def test_missing_part_is_asked_about_again_after_a_retry(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A person sees which lines are missing; a retry waits as long as the first time."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order, lines={"TOTE-NAT": 2})
        await world.pass_time(47 * HOUR, steps=3)
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(2 * HOUR)
        held = await world.held(order)
        assert held.attention_reason == "partial_shipment_overdue"
        assert held.attention_detail[0]["detail"] == "3 of POSTER-A3"

        await world.retry(order)
        await world.pass_time(46 * HOUR, steps=3)
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(3 * HOUR)
        assert (await world.held(order)).attention_reason == "partial_shipment_overdue"
        assert world.confirms() == 0


@pytest.mark.parametrize("answer_is_lost", [False, True])
async def test_partial_shipment_is_confirmed_on_a_persons_word(
    store: Store, clock: FakeClock, answer_is_lost: bool
) -> None:
    """What was sent is confirmed once; what follows is tracking, and never a second confirm."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        if answer_is_lost:
            world.ankorstore.faults.once("POST */confirm", Fault.LOSE_ANSWER_AFTER)
        await world.ship(order, lines={"TOTE-NAT": 2}, tracking=["A1"])
        await world.pass_time(49 * HOUR, steps=3)
        assert "tracking only" in await _decide(world, order)
        await world.pass_time(20)

        assert (await world.held(order)).outcome == "completed"
        assert order.status == "shipped"
        history = [row["message"] for row in await world.history(order)]
        assert any("without 3 of POSTER-A3, by Ann: sold out" in message for message in history)
        assert "already" in await _decide(world, order)
        await world.ship(order, tracking=["B1"])
        assert (world.confirms(), _told(order)) == (1, ["A1", "B1"])


async def test_partial_confirm_that_makes_no_sense(sqlite_store: Store, clock: FakeClock) -> None:
    """Refused with the reason: before anything was sent, after all was, with a task open."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order, cancelled = await _place(world), await _place(world)
        with pytest.raises(Impossible, match="nothing of it yet"):
            await _decide(world, order)
        await world.ship(cancelled, lines={"TOTE-NAT": 2})
        world.ankorstore.cancel_order(cancelled.id)
        await world.tell(cancelled, event_type="order.cancelled")
        await world.work()
        with pytest.raises(Impossible, match="Maya"):
            await _decide(world, cancelled)
        await world.ship(order)
        with pytest.raises(Impossible, match="closed"):
            await _decide(world, order)
        assert world.confirms() == 1


async def test_more_than_ordered(sqlite_store: Store, clock: FakeClock) -> None:
    """Too much is told as a warning and holds nothing up; the goods told are those sent."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), push_parcels=True
    ) as world:
        order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
        await world.tell(order)
        await world.work()
        await world.ship(order, lines={"TOTE-NAT": 3})

        assert (await world.held(order)).outcome == "completed"
        history = " ".join(row["message"] for row in await world.history(order))
        assert "more was shipped than ordered: 1 of TOTE-NAT" in history
        (told,) = world.ankorstore.calls_to("POST */tracking")
        (parcel,) = told.json()["data"]["relationships"]["shipmentParcel"]["data"]
        (goods,) = parcel["attributes"]["shippedItems"]
        assert (goods["unitQuantity"], goods["batchQuantity"]) == (3, 3)


async def test_lots_and_expiry_dates(sqlite_store: Store, clock: FakeClock) -> None:
    """A lot is cut at a hundred characters; goods that do not expire have no date."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), push_parcels=True
    ) as world:
        for expires_at in ("2099-12-31T00:00:00", "2027-01-31T00:00:00"):
            world.active_ants.mishaps.describe_product(
                "TOTE-NAT", lot_number="L" * 120, expires_at=expires_at
            )
            order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
            await world.tell(order)
            await world.work()
            await world.ship(order)

        told = []
        for call in world.ankorstore.calls_to("POST */tracking"):
            (parcel,) = call.json()["data"]["relationships"]["shipmentParcel"]["data"]
            told += parcel["attributes"]["shippedItems"]
        assert [goods["lotNumber"] for goods in told] == ["L" * 100] * 2
        assert [goods.get("expiryDate") for goods in told] == [None, "2027-01-31"]
