"""What the marketplace is told of parcels: late, several, more of them, and when it fails."""

import pytest

from app.domain.lifecycle import State
from app.domain.shipment import FEED_WINDOW_ROWS
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0
TRACKING = "* */master-orders/*/tracking"


async def _place(world: World) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
    await world.tell(order)
    await world.work()
    return order


def _told(world: World) -> list[str]:
    return [call.method for call in world.ankorstore.calls_to(TRACKING)]


def _numbers(order: Order) -> list[str]:
    assert order.parcel_tracking is not None
    return [parcel["trackingNumber"] for parcel in order.parcel_tracking["parcels"]]


async def _ship_more(world: World, order: Order, number: str) -> None:
    """Let the warehouse send something of a finished order again."""
    (placed,) = world.active_ants.orders_numbered(str(order.reference))
    placed.items[0].shipped = 0
    await world.ship(order, tracking=[number])


async def test_all_parcels_are_told(store: Store, clock: FakeClock) -> None:
    """One parcel is told with the confirm; of two, both are told through the master order."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        one, two = await _place(world), await _place(world)
        await world.ship(one, tracking=["A1"])
        assert _told(world) == []
        await world.ship(two, tracking=["B1", "B2"])

        assert _told(world) == ["GET", "POST"]
        assert (_numbers(two), one.parcel_tracking) == (["B1", "B2"], None)
        assert (await world.held(two)).outcome == "completed"
        assert world.confirms() == 2


@pytest.mark.parametrize("answer_is_lost", [False, True])
async def test_goods_that_follow_later_are_told_too(
    sqlite_store: Store, clock: FakeClock, answer_is_lost: bool
) -> None:
    """A shipment after the confirm changes the tracking and nothing else."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        if answer_is_lost:
            world.ankorstore.faults.once("POST */confirm", Fault.LOSE_ANSWER_AFTER)
        order = await _place(world)
        await world.ship(order, tracking=["A1"])
        await world.pass_time(5)
        assert (await world.held(order)).outcome == "completed"
        await _ship_more(world, order, "A2")
        assert (_told(world), _numbers(order)) == (["GET", "POST"], ["A1", "A2"])
        await _ship_more(world, order, "A3")

        assert _told(world) == ["GET", "POST", "GET", "PATCH"]
        assert _numbers(order) == ["A1", "A2", "A3"]
        await world.tell(order, event_type="order.shipment_received")
        await world.work()
        assert len(_told(world)) == 4
        held = await world.held(order)
        assert (held.state, held.outcome, world.confirms()) == (State.CLOSED, "completed", 1)


async def test_tracking_that_is_refused_is_a_warning(sqlite_store: Store, clock: FakeClock) -> None:
    """Where parcels cannot be told, the order stays shipped and closed."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.ankorstore.habits.allows_parcel_tracking = False
        order = await _place(world)
        await world.ship(order, parcels=2)
        await world.pass_time(86_400, steps=2)

        held = await world.held(order)
        assert (held.state, held.outcome, held.attention_reason) == (
            State.CLOSED,
            "completed",
            None,
        )
        assert (await world.told(order))[-1] == "warning"
        assert _told(world) == ["GET", "POST"]


async def test_tracking_that_fails_is_told_later(sqlite_store: Store, clock: FakeClock) -> None:
    """The company's trouble only delays the follow-up of an order that is closed already."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.ankorstore.faults.once("POST */tracking", Fault.SERVER_ERROR_BEFORE, times=3)
        order = await _place(world)
        await world.ship(order, tracking=["A1", "A2"])
        assert (await world.held(order)).outcome == "completed"
        assert order.parcel_tracking is None
        await world.pass_time(12, steps=4)

        assert _numbers(order) == ["A1", "A2"]
        assert (await world.held(order)).next_attempt_at is None


@pytest.mark.parametrize("comes_after_all", [True, False])
async def test_tracking_that_is_missing(
    sqlite_store: Store, clock: FakeClock, comes_after_all: bool
) -> None:
    """The warehouse is asked again for hours; then the order is confirmed without, and warned."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), shipment_poll_seconds=2 * HOUR
    ) as world:
        order = await _place(world)
        shipment = await world.ship(order, shipping_method="BELBE_BP")
        assert (await world.held(order)).waits_for == "the tracking number"
        if comes_after_all:
            shipment.parcels[0].track_url = "https://track.bpost.example/1"
        await world.pass_time(11.9 * HOUR, steps=6)
        assert world.confirms() == int(comes_after_all)
        await world.pass_time(2 * HOUR)

        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)
        (confirm,) = world.ankorstore.calls_to("POST */confirm")
        told = (confirm.json() or {}).get("tracking")
        messages = " ".join(row["message"] for row in await world.history(order))
        if comes_after_all:
            assert told == {"trackingLink": "https://track.bpost.example/1"}
        else:
            assert told is None
        assert ("confirming without" in messages) is not comes_after_all


@pytest.mark.parametrize("known_at_first", ["", "A1"])
async def test_numbers_that_come_later_are_told_of_every_parcel(
    sqlite_store: Store, clock: FakeClock, known_at_first: str
) -> None:
    """
    Only the feed names every parcel, so the row stays on it until it does.

    A parcel that was told without a number gets it; it does not become one more parcel.
    """
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        shipment = await world.ship(order, tracking=[known_at_first, ""])
        assert world.confirms() == int(bool(known_at_first))
        assert not shipment.is_acknowledged
        world.active_ants.floor.give_tracking(shipment)
        await world.pass_time(HOUR, steps=12)

        assert _numbers(order) == [parcel.number for parcel in shipment.parcels]
        assert all(_numbers(order))
        assert shipment.is_acknowledged
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


async def test_parcels_without_numbers_leave_the_feed_in_the_end(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A row that never names its parcels is on the feed as long as tracking is waited for."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), tracking_wait_hours=1
    ) as world:
        shipment = await world.ship(await _place(world), tracking=["", ""])
        await world.pass_time(0.9 * HOUR)
        assert not shipment.is_acknowledged
        await world.pass_time(0.2 * HOUR)

        assert shipment.is_acknowledged


async def test_a_full_feed_is_emptied_at_once(sqlite_store: Store, clock: FakeClock) -> None:
    """What stands behind the window is hidden, which is worse than a parcel without a number."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        for _ in range(FEED_WINDOW_ROWS):
            world.active_ants.ship(str(order.reference), tracking=[""], lines={"TOTE-NAT": 1})
        await world.poll_feed()

        shipments = world.active_ants.shipments.values()
        assert all(shipment.is_acknowledged for shipment in shipments)
