"""What a person paused is not done, by nobody, until they resume it; then all of it is."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.domain.jobs import RECONCILE, RETENTION, SHIPMENTS
from app.domain.lifecycle import State
from app.domain.pauses import Pausable
from app.domain.record import OrderRecord
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.models import Order as OrderRow
from app.store.pauses import load_pauses, pause, resume
from app.store.schedules import load_schedules
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
FLOWS = (Pausable.ACCEPTING, Pausable.PLACING, Pausable.TRACKING)
LAST_STATE = {
    Pausable.ACCEPTING: State.RECEIVED,
    Pausable.PLACING: State.ACCEPTED,
    Pausable.TRACKING: State.DISPATCHED,
}


async def stop(world: World, *whats: Pausable) -> None:
    """Pause each of *whats*, as long ago as every process needs to have read it."""
    for what in whats:
        await pause(world.store, what, by="ina", reason="stock-taking")
    world.clock.advance(2)


async def go_on(world: World, what: Pausable) -> int:
    """End a pause; return how many orders woke, and let the worker work."""
    _, woken = await resume(world.store, what, by="ina")
    world.clock.advance(2)
    await world.work()
    return woken


async def order_one(world: World) -> Order:
    order = world.ankorstore.place_order(TOTE, GOOD)
    await world.tell(order)
    await world.work()
    return order


async def carry_to(world: World, what: Pausable) -> Order:
    """Let an order come as far as *what* lets it."""
    order = await order_one(world)
    if what is Pausable.TRACKING:
        await world.ship(order)
    return order


def assert_waits(held: OrderRecord, what: str, since: Any) -> None:
    """The order says what it waits for, asks nobody, and no attempt of it counts."""
    assert held.waits_for == f"{what} is paused since {since:%Y-%m-%d %H:%M} UTC by ina"
    assert (held.attention_reason, held.attempt_count, held.not_before_at) == (None, 0, None)
    assert held.next_attempt_at is not None


def done_to(world: World) -> tuple[int, int, int]:
    return world.accepts(), world.creates(), world.confirms()


@pytest.mark.parametrize("what", FLOWS)
async def test_a_paused_flow_writes_nothing_and_then_all_of_it(
    store: Store, clock: FakeClock, what: Pausable
) -> None:
    """The order comes as far as the pause lets it, waits, and goes on when it is resumed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        since = clock.now()
        await stop(world, what)

        order = await carry_to(world, what)

        held = await world.held(order)
        assert held.state is LAST_STATE[what]
        assert_waits(held, what, since)
        step = FLOWS.index(what)
        assert done_to(world) == (1, 1, 0)[:step] + (0,) * (3 - step)
        assert (await world.told(order))[-1] == "put off"

        assert await go_on(world, what) == 1
        if what is not Pausable.TRACKING:
            await world.ship(order)

        assert (await world.held(order)).state is State.CLOSED
        assert done_to(world) == (1, 1, 1)


@pytest.mark.parametrize("what", FLOWS)
async def test_a_pause_holds_between_the_look_and_the_write(
    store: Store, clock: FakeClock, what: Pausable, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paused once all was looked at, with the process's own list out of date: nothing is sent."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        if what is Pausable.TRACKING:
            order = await order_one(world)
        reserved: list[str] = []

        def pausing(company: Any, stops: bool) -> Any:
            reserve = company.reserve_call

            async def reserve_and_pause() -> None:
                await reserve()
                if stops and not reserved:
                    reserved.append("once")
                    await pause(store, what, by="ina", reason="now")

            return reserve_and_pause

        marketplace, warehouse = world.companies.marketplace, world.companies.warehouse
        at_warehouse = what is Pausable.PLACING
        monkeypatch.setattr(marketplace, "reserve_call", pausing(marketplace, not at_warehouse))
        monkeypatch.setattr(warehouse, "reserve_call", pausing(warehouse, at_warehouse))
        before = done_to(world)

        if what is Pausable.TRACKING:
            await world.ship(order)
        else:
            order = await order_one(world)

        held = await world.held(order)
        assert reserved
        assert_waits(held, what, clock.now())
        step = FLOWS.index(what)
        assert done_to(world)[step] == before[step] == 0
        intents = (held.accept_intent_at, held.live, held.confirm_intent_at)
        assert intents[step] is None


@pytest.mark.parametrize("what", [Pausable.ANKORSTORE, Pausable.ACTIVE_ANTS, Pausable.EVERYTHING])
async def test_a_paused_company_is_not_called(
    store: Store, clock: FakeClock, what: Pausable
) -> None:
    """Neither orders nor jobs call it; what was told meanwhile is stored and done afterwards."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        since = clock.now()
        await stop(world, what)
        calls = {
            Pausable.ANKORSTORE: [world.ankorstore.calls],
            Pausable.ACTIVE_ANTS: [world.active_ants.calls],
            Pausable.EVERYTHING: [world.ankorstore.calls, world.active_ants.calls],
        }[what]
        before = [len(made) for made in calls]
        first = await load_schedules(store)

        order = await order_one(world)
        await world.pass_time(7200, steps=6)
        await world.worker._absences.refresh()

        assert [len(made) for made in calls] == before
        held = await world.held(order)
        # Nothing is written for an order that cannot go on, not even when news comes in.
        assert await world.told(order) == (["put off"] if what is Pausable.ACTIVE_ANTS else [])
        await world.tell(order)
        await world.work()
        assert (await world.held(order)).fencing_token == held.fencing_token
        name = {Pausable.ANKORSTORE: "Ankorstore", Pausable.ACTIVE_ANTS: "Active Ants"}
        assert_waits(held, name.get(what, what), since)
        assert held.state in (State.RECEIVED, State.ACCEPTED)
        jobs = await load_schedules(store)
        kept = [name for name in jobs if jobs[name].last_run_at == first[name].last_run_at]
        assert {name: jobs[name] for name in kept} == {name: first[name] for name in kept}
        has_run = {name: name not in kept for name in (RECONCILE, SHIPMENTS, RETENTION)}
        assert has_run == {
            RECONCILE: what is Pausable.ACTIVE_ANTS,
            SHIPMENTS: what is Pausable.ANKORSTORE,
            RETENTION: what is not Pausable.EVERYTHING,
        }

        await go_on(world, what)
        await world.ship(order)
        assert (await world.held(order)).state is State.CLOSED


async def test_news_is_heeded_while_a_flow_is_paused(store: Store, clock: FakeClock) -> None:
    """An order that was cancelled while it waited for the pause is closed, and never placed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        await stop(world, Pausable.ACCEPTING)
        order = await order_one(world)
        world.ankorstore.cancel_order(order.id)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).outcome == "cancelled"
        assert await go_on(world, Pausable.ACCEPTING) == 0
        assert done_to(world) == (0, 0, 0)


async def test_an_order_a_person_accepted_goes_on_while_accepting_is_paused(
    store: Store, clock: FakeClock
) -> None:
    """Only the service's own answers are paused."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        await stop(world, Pausable.ACCEPTING)
        order = world.ankorstore.place_order(TOTE, GOOD, status="brand_confirmed")
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).state is State.PLACED


async def test_a_lost_create_is_settled_while_placing_is_paused(
    store: Store, clock: FakeClock
) -> None:
    """Looking is no write: an order whose answer was lost before the pause is adopted."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
        order = await order_one(world)
        await stop(world, Pausable.PLACING)
        await world.pass_time(120, steps=6)

        assert (await world.held(order)).state is State.PLACED
        assert world.creates() == 1


@pytest.mark.parametrize("what", FLOWS)
async def test_what_waited_goes_on_by_ship_by_date(
    store: Store, clock: FakeClock, what: Pausable
) -> None:
    """After the pause the most pressing order goes first, whatever came in first."""
    async with build_world(store, clock, warehouse=hand_driven(), worker_concurrency=1) as world:
        await stop(world, what)
        orders = [await carry_to(world, what) for _ in range(6)]
        turns = [3, 0, 5, 1, 4, 2]
        for order, turn in zip(orders, turns, strict=True):
            ship_by_at = clock.now() + timedelta(days=1 + turn)
            await _set_ship_by(world, [order], ship_by_at)
            world.ankorstore.expect_shipping_by(order.id, ship_by_at)

        assert await go_on(world, what) == 6

        calls = {
            Pausable.ACCEPTING: world.ankorstore.calls_to("POST */-actions/transition"),
            Pausable.PLACING: world.active_ants.calls_to("POST */order/add"),
            Pausable.TRACKING: world.ankorstore.calls_to("POST */shipping-quotes"),
        }[what]
        told = [_order_named(call, orders) for call in calls]
        by_date = [orders[turns.index(turn)].id for turn in range(6)]
        assert [one for one in told if one] == by_date


def _order_named(call: Any, orders: Iterable[Order]) -> str:
    """Return the id of the order that a call is about."""
    text = f"{call.path} {call.body}"
    return next((one.id for one in orders if one.id in text or str(one.reference) in text), "")


async def _set_ship_by(world: World, orders: Iterable[Order], at: Any) -> None:
    async with world.store.write() as connection:
        await connection.execute(
            update(OrderRow)
            .where(OrderRow.marketplace_order_id.in_([one.id for one in orders]))
            .values(ship_by_at=at)
        )


async def test_a_pause_outlives_the_process(store: Store, clock: FakeClock) -> None:
    """A service that starts under a pause obeys it from its first claim."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        await pause(store, Pausable.EVERYTHING, by="ina", reason="moving")
        await world.restart()
        before = len(world.ankorstore.calls), len(world.active_ants.calls)
        order = await order_one(world)

        assert (len(world.ankorstore.calls), len(world.active_ants.calls)) == before
        assert (await world.held(order)).state is State.RECEIVED


async def test_pausing_and_resuming_twice_is_once(store: Store, clock: FakeClock) -> None:
    """The first pause stands, with its reason; the second end ends nothing."""
    first, is_new = await pause(store, Pausable.PLACING, by="ina", reason="stock-taking")
    clock.advance(60)
    second, is_new_again = await pause(store, Pausable.PLACING, by="jo", reason="me too")

    assert (second, is_new, is_new_again) == (first, True, False)
    assert await load_pauses(store) == {"placing": first}

    assert await resume(store, Pausable.PLACING, by="jo") == (first, 0)
    assert await resume(store, Pausable.PLACING, by="jo") == (None, 0)
    assert await load_pauses(store) == {}
    again, _ = await pause(store, Pausable.PLACING, by="jo", reason="once more")
    assert again.since == clock.now()


async def test_an_order_put_off_for_a_pause_that_just_ended_is_due_at_once(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step that met the pause, and is recorded after its end, is not forgotten till tomorrow."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        await stop(world, Pausable.ACCEPTING)
        require = world.companies.pauses.require_running
        met: list[str] = []

        async def end_meanwhile(*arguments: Any, **more: Any) -> None:
            try:
                await require(*arguments, **more)
            except Exception:
                met.append("pause")
                await resume(store, Pausable.ACCEPTING, by="ina")
                raise

        monkeypatch.setattr(world.companies.pauses, "require_running", end_meanwhile)
        order = await order_one(world)

        assert met == ["pause"]
        assert (await world.held(order)).state is State.PLACED


async def test_a_job_that_a_pause_stops_half_way_is_no_failure(
    store: Store, clock: FakeClock
) -> None:
    """What it did is done; it says why it stopped, and runs again after the pause."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        feed = world.companies.warehouse.list_shipments

        async def pause_first() -> Any:
            await pause(store, Pausable.ACTIVE_ANTS, by="ina", reason="now")
            world.companies.pauses.forget()
            return await feed()

        world.companies.warehouse.list_shipments = pause_first  # type: ignore[method-assign]
        await world.run_job(SHIPMENTS)
        told = (await load_schedules(store))[SHIPMENTS]
        assert (told.last_error, told.last_note) == (None, "stopped: Active Ants was paused")
        polls = len(world.active_ants.calls)
        await world.pass_time(900, steps=3)
        assert len(world.active_ants.calls) == polls

        world.companies.warehouse.list_shipments = feed  # type: ignore[method-assign]
        await go_on(world, Pausable.ACTIVE_ANTS)
        await world.run_jobs()
        assert len(world.active_ants.calls) > polls
