"""The reconciling: what webhooks did not tell is found, and nothing else is touched."""

from datetime import datetime

import pytest

from app.domain.jobs import RECONCILE
from app.domain.lifecycle import State
from app.simulator import Address, AnkorstoreHabits, Fault, Order, OrderedLine
from app.store.queries import find_order, load_figures
from app.store.schedules import load_schedule
from app.store.session import Store
from app.web.health import read_status
from app.wiring import backlog_pace
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
DAY = 86_400.0


def _order(world: World, **changes: str) -> Order:
    return world.ankorstore.place_order(TOTE, GOOD, **changes)


async def test_orders_without_a_webhook_are_found(store: Store, clock: FakeClock) -> None:
    """Waiting and accepted orders nobody told of are created, page by page, and carried on."""
    marketplace = {"habits": AnkorstoreHabits(page_limit_max=2)}
    async with build_world(store, clock, warehouse=hand_driven(), marketplace=marketplace) as world:
        told = _order(world)
        await world.tell(told)
        await world.work()
        found = [_order(world) for _ in range(3)]
        found += [_order(world, status="brand_confirmed") for _ in range(2)]
        over = _order(world, status="shipped")
        world.ankorstore.calls.clear()
        await world.run_job(RECONCILE)

        for order in found:
            held = await world.held(order)
            assert (held.state, held.found_by) == (State.PLACED, "reconcile")
        assert await find_order(store, over.id) is None
        assert (await world.held(told)).found_by == "webhook"
        assert (await load_figures(store)).found_by == {"webhook": 1, "reconcile": 5}
        pages = [call for call in world.ankorstore.calls if call.path == "/api/v1/orders"]
        assert len(pages) == 2 + 2 + 1
        assert (world.accepts(), world.creates()) == (3, 6)


async def test_orders_that_differ_or_left_the_lists_are_woken(
    store: Store, clock: FakeClock
) -> None:
    """A changed order and one in no list are read again; the others are left in peace."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        changed, gone, same = [_order(world) for _ in range(3)]
        for order in (changed, gone, same):
            await world.tell(order)
        await world.work()
        clock.advance(1)
        world.ankorstore.ask_for_cancellation(changed.id, "changed my mind")
        world.ankorstore.cancel_order(gone.id)
        reads = {order.id: world.reads(order) for order in (changed, gone, same)}
        for _ in range(2):
            clock.advance(1)
            await world.run_job(RECONCILE)

        assert world.reads(changed) == reads[changed.id] + 1
        assert world.reads(same) == reads[same.id]
        assert await world.reasons(gone) == ["cancelled_after_placing"]
        assert (await world.held(same)).wake_seq == 1


async def test_open_orders_are_read_once_a_day(sqlite_store: Store, clock: FakeClock) -> None:
    """A change the lists do not show is seen within a day."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), reconcile_seconds=3600
    ) as world:
        waiting = _order(world)
        held = world.ankorstore.place_order([OrderedLine("NO-SUCH")], GOOD)
        for order in (waiting, held):
            await world.tell(order)
        await world.work()
        reads = {order.id: world.reads(order) for order in (waiting, held)}
        await world.pass_time(3 * DAY, steps=24)

        for order in (waiting, held):
            assert 2 <= world.reads(order) - reads[order.id] <= 4


@pytest.mark.parametrize("pattern", ["page 2", "second list"])
async def test_list_that_fails_half_way_changes_nothing(
    store: Store, clock: FakeClock, pattern: str
) -> None:
    """Before both lists are whole nothing is created and nobody is woken."""
    marketplace = {"habits": AnkorstoreHabits(page_limit_max=2)}
    async with build_world(store, clock, warehouse=hand_driven(), marketplace=marketplace) as world:
        known = _order(world)
        await world.tell(known)
        await world.work()
        world.ankorstore.cancel_order(known.id)
        unknown = [_order(world) for _ in range(4)]
        skip = 1 if pattern == "page 2" else 2
        world.ankorstore.faults.once("GET */orders", Fault.SERVER_ERROR_BEFORE, skip=skip)
        await world.run_job(RECONCILE)

        for order in unknown:
            assert await find_order(store, order.id) is None
        held = await world.held(known)
        assert (held.wake_seq, held.attention_reason) == (1, None)
        state = await load_schedule(store, RECONCILE)
        assert state is not None
        assert "list orders" in (state.last_error or "")

        await world.pass_time(61)
        for order in unknown:
            assert (await world.held(order)).state is State.PLACED
        assert await world.reasons(known) == ["cancelled_after_placing"]


async def test_closed_orders_are_not_woken(sqlite_store: Store, clock: FakeClock) -> None:
    """What is closed stays closed, in a list or in none."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = _order(world)
        await world.tell(order)
        await world.work()
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        wakes, reads = (await world.held(order)).wake_seq, world.reads(order)
        await world.pass_time(2 * DAY, steps=4)

        assert ((await world.held(order)).wake_seq, world.reads(order)) == (wakes, reads)


@pytest.mark.parametrize("trouble", ["none", "one run fails", "service down for a while"])
async def test_without_any_webhook_every_order_is_found_within_two_intervals(
    store: Store, clock: FakeClock, trouble: str
) -> None:
    """The subscription is gone: whenever an order comes in, reconciling tells of it soon."""
    interval, step = 300.0, 20.0
    async with build_world(store, clock, reconcile_seconds=interval) as world:
        orders: dict[str, tuple[Order, datetime]] = {}
        for number in range(90):
            if number % 7 == 0:
                order = _order(world)
                orders[order.id] = (order, clock.now())
            if trouble == "one run fails" and number % 40 == 20:
                world.ankorstore.faults.once("GET */orders", Fault.SERVER_ERROR_BEFORE)
            clock.advance(step)
            is_down = trouble == "service down for a while" and 40 <= number < 52
            if not is_down:
                await world.run_jobs()
        await world.pass_time(2 * interval, steps=30)

        assert len(orders) == 13
        for order, placed_at in orders.values():
            held = await world.held(order)
            waited = (held.created_at - placed_at).total_seconds()
            down_seconds = 12 * step if trouble == "service down for a while" else 0.0
            assert 0 < waited <= 2 * interval + down_seconds
            assert held.found_by == "reconcile"
        status = await read_status(store, backlog_pace(world.settings))
        assert status["found_by"] == {"webhook": 0, "reconcile": 13}
        assert sum(status["orders"].values()) == 13


async def test_status_tells_who_told_of_the_orders(store: Store, clock: FakeClock) -> None:
    """An order is the webhook's or the reconciling's, whoever was first; later news is neither."""
    async with build_world(store, clock, accept_mode="manual") as world:
        told, found, both = [_order(world) for _ in range(3)]
        await world.tell(told)
        await world.tell(both)
        await world.run_job(RECONCILE)
        for order in (told, found, both):
            await world.tell(order, event_type="order.brand_accepted")
        await world.run_job(RECONCILE)

        by = {order.id: (await world.held(order)).found_by for order in (told, found, both)}
        assert by == {told.id: "webhook", found.id: "reconcile", both.id: "webhook"}
        status = await read_status(store, backlog_pace(world.settings))
        assert status["found_by"] == {"webhook": 2, "reconcile": 1}
