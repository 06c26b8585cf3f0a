"""The feed of shipments: whose rows they are, what is acknowledged, and what follows."""

import pytest
from sqlalchemy import func, select

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.models import Shipment
from app.store.schedules import load_schedule
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
MUGS = [OrderedLine("MUG-01", packs=2), OrderedLine("MUG-02", packs=1)]
HOUR, DAY = 3600.0, 86_400.0


async def _place(world: World, lines: list[OrderedLine] | None = None) -> Order:
    order = world.ankorstore.place_order(lines or [OrderedLine("TOTE-NAT")], GOOD)
    await world.tell(order)
    await world.work()
    assert (await world.held(order)).state is State.PLACED
    return order


async def _stored(world: World) -> int:
    async with world.store.read() as connection:
        return int((await connection.execute(select(func.count(Shipment.id)))).scalar_one())


async def test_only_our_rows_are_acknowledged(store: Store, clock: FakeClock) -> None:
    """Rows of other shops stand between ours; ours are stored, then acknowledged, theirs never."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        orders = [await _place(world) for _ in range(3)]
        ours = []
        for order in orders:
            world.active_ants.add_foreign_shipments(5)
            ours.append(world.active_ants.ship(str(order.reference)).id)
        world.active_ants.add_foreign_shipments(5, order_type="WEBSHOP")
        await world.poll_feed()

        assert world.active_ants.acknowledged == set(ours)
        assert await _stored(world) == 3
        for order in orders:
            assert (await world.held(order)).outcome == "completed"
        (feed,) = world.active_ants.calls_to("POST */byordertype")[-1:]
        assert feed.json() == {"orderTypes": [3002]}


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_BEFORE, Fault.LOSE_ANSWER_AFTER])
async def test_acknowledgement_is_lost(store: Store, clock: FakeClock, fault: Fault) -> None:
    """A lost acknowledgement is sent again by the next poll; the order has gone on long since."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        shipment = world.active_ants.ship(str(order.reference))
        world.active_ants.faults.once("POST */shipment/sync", fault)
        await world.poll_feed()
        assert (await world.held(order)).outcome == "completed"
        state = await load_schedule(world.store, "shipments")
        assert state is not None
        assert "acknowledge shipments" in (state.last_error or "")
        await world.pass_time(61)

        assert world.active_ants.acknowledged == {shipment.id}
        assert (await _stored(world), world.confirms()) == (1, 1)


async def test_row_that_comes_again_wakes_nobody(store: Store, clock: FakeClock) -> None:
    """A page that is shown again and again is stored once and wakes the order once."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, MUGS)
        world.active_ants.faults.always("POST */shipment/sync", Fault.SERVER_ERROR_BEFORE)
        await world.ship(order, lines={"MUG-01": 12})
        seen = (await world.held(order)).wake_seq
        for _ in range(3):
            await world.poll_feed()

        assert (await world.held(order)).wake_seq == seen
        assert (await _stored(world), world.active_ants.acknowledged) == (1, set())


async def test_window_full_of_foreign_rows_switches_to_search(
    store: Store, clock: FakeClock
) -> None:
    """A feed that shows others' rows only is searched around, order by order, with an alert."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        waiting = await _place(world)
        world.active_ants.add_foreign_shipments(120)
        await world.ship(order)

        assert (await world.held(order)).outcome == "completed"
        assert (await world.held(waiting)).state is State.PLACED
        assert world.active_ants.acknowledged == set()
        state = await load_schedule(world.store, "shipments")
        assert state is not None
        assert "ALERT: the feed is full" in (state.last_note or "")
        assert len(world.active_ants.calls_to("POST */shipment/search")) == 2

        elsewhere = world.active_ants.mishaps.acknowledge_elsewhere()
        await world.ship(waiting)
        assert (await world.held(waiting)).outcome == "completed"
        assert len(world.active_ants.acknowledged) == elsewhere + 1


async def test_more_than_one_window_is_read_in_one_poll(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """While a full window holds rows of ours, they are acknowledged and the next one is read."""
    warehouse = hand_driven(feed_rows_max=100)
    async with build_world(sqlite_store, clock, warehouse=warehouse) as world:
        first, second = await _place(world), await _place(world)
        world.active_ants.add_foreign_shipments(99)
        world.active_ants.ship(str(first.reference))
        world.active_ants.ship(str(second.reference))
        await world.poll_feed()

        for order in (first, second):
            assert (await world.held(order)).outcome == "completed"
        assert len(world.active_ants.acknowledged) == 2


async def test_search_mode_never_acknowledges(store: Store, clock: FakeClock) -> None:
    """SHIPMENT_FEED=search asks for each placed order and leaves the feed alone."""
    async with build_world(store, clock, warehouse=hand_driven(), shipment_feed="search") as world:
        order, waiting = await _place(world), await _place(world)
        await world.ship(order)
        await world.poll_feed()

        assert (await world.held(order)).outcome == "completed"
        assert (await world.held(waiting)).state is State.PLACED
        assert world.active_ants.acknowledged == set()
        assert world.active_ants.calls_to("POST */byordertype") == []
        searched = world.active_ants.calls_to("POST */shipment/search")
        assert [call.json()["externalOrderNumber"] for call in searched] == [
            str(order.reference),
            str(waiting.reference),
            str(waiting.reference),
        ]


async def test_order_sent_on_two_days(store: Store, clock: FakeClock) -> None:
    """A part waits for the rest; all of it together is confirmed once, with every parcel told."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, MUGS)
        await world.ship(order, lines={"MUG-01": 12})
        held = await world.held(order)
        assert (held.state, held.waits_for) == (State.PLACED, "the rest of the order")
        assert "missing: 6 of MUG-02" in (await world.history(order))[-1]["message"]
        await world.pass_time(DAY, steps=3)
        assert (order.status, world.confirms()) == ("brand_confirmed", 0)
        await world.ship(order)

        assert (await world.held(order)).outcome == "completed"
        assert (world.confirms(), order.status) == (1, "shipped")
        assert order.parcel_tracking is not None
        assert len(order.parcel_tracking["parcels"]) == 2


async def test_rest_that_does_not_follow_asks_a_person(store: Store, clock: FakeClock) -> None:
    """After PARTIAL_WAIT_HOURS a part alone needs a person; a retry once it is sent goes on."""
    async with build_world(store, clock, warehouse=hand_driven(), partial_wait_hours=48) as world:
        order = await _place(world, MUGS)
        await world.ship(order, lines={"MUG-01": 12})
        await world.pass_time(47.9 * HOUR, steps=3)
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(0.2 * HOUR)
        held = await world.held(order)
        assert held.attention_reason == "partial_shipment_overdue"
        assert held.attention_detail[0]["detail"] == "6 of MUG-02"

        await world.ship(order)
        assert world.confirms() == 0
        await world.retry(order)
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


async def test_more_than_ordered_is_told_and_goes_on(sqlite_store: Store, clock: FakeClock) -> None:
    """Too many pieces hold nothing up; the history warns of them."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, MUGS)
        await world.ship(order, lines={"MUG-01": 12, "MUG-02": 8})

        assert (await world.held(order)).outcome == "completed"
        messages = [row["message"] for row in await world.history(order)]
        assert any("warning: more was shipped than ordered: 2 of MUG-02" in m for m in messages)
