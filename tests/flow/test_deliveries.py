"""How parcels fare after the confirm: asked for rarely, told on change, ended by delivery."""

import pytest
from sqlalchemy import select

from app.domain.jobs import DELIVERIES
from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.models_returns import CarrierReport
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0
DAY = 24 * HOUR
SEARCH = "POST */shipment/search"


async def _ship(world: World, **arguments: object) -> tuple[Order, int]:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
    await world.tell(order)
    await world.work()
    shipment = await world.ship(order, **arguments)
    assert (await world.held(order)).outcome == "completed"
    return order, shipment.id


def _statuses(order: Order) -> list[str] | None:
    if order.parcel_tracking is None:
        return None
    return [parcel["status"] for parcel in order.parcel_tracking["parcels"]]


async def test_parcels_are_followed_until_delivered(store: Store, clock: FakeClock) -> None:
    """At most once an hour; each change is told once; after the delivery nobody asks again."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order, shipment_id = await _ship(world, tracking=["A1", "A2"])
        assert _statuses(order) == ["PRE_TRANSIT"] * 2
        world.active_ants.mishaps.tell_status(shipment_id, "somewhere unheard of")
        await world.pass_time(0.9 * HOUR, steps=6)
        assert world.active_ants.calls_to(SEARCH) == []
        await world.pass_time(1.2 * HOUR, steps=6)
        assert _statuses(order) == ["TRANSIT"] * 2
        assert len(world.active_ants.calls_to(SEARCH)) <= 2

        world.active_ants.mark_delivered(shipment_id)
        await world.pass_time(3 * HOUR, steps=6)
        assert _statuses(order) == ["DELIVERED"] * 2
        held = await world.held(order)
        assert (held.state, held.outcome, held.attention_reason) == (
            State.CLOSED,
            "completed",
            None,
        )
        assert held.delivered_at is not None
        told = len(world.ankorstore.calls_to("* */tracking"))
        asked = len(world.active_ants.calls_to(SEARCH))
        await world.pass_time(DAY, steps=12)
        assert len(world.ankorstore.calls_to("* */tracking")) == told
        assert len(world.active_ants.calls_to(SEARCH)) == asked
        assert world.confirms() == 1


async def test_one_parcel_is_told_when_delivered(sqlite_store: Store, clock: FakeClock) -> None:
    """What the confirm told is not told again; the delivery is."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(delivery_seconds=2 * DAY)
    ) as world:
        order, _ = await _ship(world, tracking=["A1"])
        await world.pass_time(1.5 * DAY, steps=12)
        assert order.parcel_tracking is None
        await world.pass_time(DAY, steps=8)
        assert _statuses(order) == ["DELIVERED"]
        assert (await world.held(order)).delivered_at is not None


@pytest.mark.parametrize("days", [0, 2])
async def test_watch_ends(sqlite_store: Store, clock: FakeClock, days: int) -> None:
    """After DELIVERY_WATCH_DAYS nobody asks any more; with 0 nobody ever does."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), delivery_watch_days=days
    ) as world:
        order, _ = await _ship(world)
        await world.pass_time(3 * DAY, steps=24)
        assert (await world.held(order)).delivery_look_at is None
        asked = len(world.active_ants.calls_to(SEARCH))
        assert (asked > 0) is (days > 0)
        await world.pass_time(DAY, steps=4)
        assert len(world.active_ants.calls_to(SEARCH)) == asked


async def test_failures_are_warnings(sqlite_store: Store, clock: FakeClock) -> None:
    """One order that cannot be asked about holds up no other, and is asked about again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        first, first_id = await _ship(world)
        second, second_id = await _ship(world)
        for shipment_id in (first_id, second_id):
            world.active_ants.mark_delivered(shipment_id)
        world.active_ants.faults.once(SEARCH, Fault.SERVER_ERROR_BEFORE)
        world.clock.advance(1.1 * HOUR)
        await world.run_job(DELIVERIES)
        assert (await world.held(first)).delivered_at is None
        assert (await world.held(second)).delivered_at is not None
        await world.pass_time(3 * HOUR, steps=6)
        assert (await world.held(first)).delivered_at is not None


async def test_tracking_that_is_refused_ends_the_watch(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Where Ankorstore takes no parcel tracking, it is not tried every hour."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.ankorstore.habits.allows_parcel_tracking = False
        order, shipment_id = await _ship(world, tracking=["A1", "A2"])
        assert len(world.ankorstore.calls_to("POST */tracking")) == 1
        world.active_ants.mark_delivered(shipment_id)
        await world.pass_time(DAY, steps=12)
        assert len(world.ankorstore.calls_to("POST */tracking")) == 1
        held = await world.held(order)
        assert (held.outcome, held.attention_reason) == ("completed", None)


async def test_carriers_figures_are_kept_raw(store: Store, clock: FakeClock) -> None:
    """Only once the path is set are carriers' figures read, and nothing is derived from them."""
    path = "/v2/tracktrace/status"
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order, shipment_id = await _ship(world, tracking=["A1"])
        await world.pass_time(2 * HOUR, steps=2)
        assert world.active_ants.calls_to(f"GET {path}") == []
        await world.restart(active_ants_path_tracktrace_status=path)
        await world.pass_time(2 * HOUR, steps=2)

        async with store.read() as connection:
            (row,) = (await connection.execute(select(CarrierReport))).all()
        assert (row.warehouse_shipment_id, row.package_number) == (str(shipment_id), "A1")
        assert row.status_text in ("3", "4")
        assert (await world.held(order)).delivered_at is None


@pytest.mark.parametrize("has_number", [True, False])
async def test_tracking_later_than_the_confirm(
    sqlite_store: Store, clock: FakeClock, has_number: bool
) -> None:
    """
    Confirmed without tracking, the parcel is told as soon as anything is known of it.

    A number of a carrier Ankorstore does not know is known at once, a parcel without one later.
    """
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), tracking_wait_hours=1
    ) as world:
        order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
        await world.tell(order)
        await world.work()
        number = "B1" if has_number else ""
        shipment = await world.ship(order, tracking=[number], shipping_method="BELBE_BP")
        await world.pass_time(1.5 * HOUR, steps=6)
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)
        assert (order.parcel_tracking is not None) is has_number
        shipment.parcels[0].number = "B1"
        await world.pass_time(2 * HOUR, steps=4)

        assert order.parcel_tracking is not None
        (parcel,) = order.parcel_tracking["parcels"]
        assert parcel["trackingNumber"] == "B1"
        assert len(world.ankorstore.calls_to("POST */tracking")) == 1
        assert world.confirms() == 1
