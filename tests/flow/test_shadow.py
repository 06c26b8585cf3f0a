"""MODE=shadow: beside today's connector, writing nothing, and telling what it would have done."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, IGNORED_SHADOWED, State
from app.domain.shadow import Report, Result, Told
from app.flow.ledger import Standing, draw_up
from app.flow.shadow_report import days_until, draw_up_report, report_text
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.models_shadow import ShadowOrder
from app.store.service_state import load_service_state
from app.store.session import Store
from app.store.shadow import load_shadow
from tests.conftest import Databases
from tests.fake_clock import FakeClock
from tests.flow.todays_connector import TodaysConnector
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
ELSEWHERE = Address("Ina Smit", "Winkel Smit", "Rokin 3", "1012 KN", "Amsterdam", "NL")
TOTE = "TOTE-NAT"
READS_BY_POST = (
    "POST /oauth/token",
    "POST /token",
    "POST /v2/shipment/search",
    "POST /v2/shipment/byordertype",  # lists; what acknowledges is shipment/sync
    "POST /order/search",
    "POST /product/search",
    "POST /shipment/search",
)


def our_writes(world: World) -> list[str]:
    """Return every request of ours that is not known to change nothing."""
    calls = [*world.ankorstore.calls, *world.active_ants.calls]
    told = [f"{call.method} {call.path}" for call in calls]
    return [
        one
        for one in told
        if not (one.startswith("GET ") or one in READS_BY_POST) or one.endswith("bulk/false")
    ]


@asynccontextmanager
async def shadow_world(store: Store, clock: FakeClock, **settings: Any) -> AsyncIterator[World]:
    """A world in shadow mode; whatever happens in it, nothing was written by the service."""
    known = {"mode": "shadow", **settings}
    async with build_world(store, clock, warehouse=hand_driven(), **known) as world:
        yield world


async def order_of(world: World, *lines: OrderedLine, **arguments: Any) -> Order:
    """Place an order, have the service told, and let it work."""
    order = world.ankorstore.place_order(list(lines or [OrderedLine(TOTE, 2)]), GOOD, **arguments)
    await world.tell(order)
    await world.work()
    return order


async def news(world: World, *orders: Order) -> None:
    for order in orders:
        await world.tell(order, event_type="order.brand_accepted")
    await world.work()


async def report(world: World) -> Report:
    return await draw_up_report(world.store, *days_until(world.clock.now().date(), 30))


async def told_of(world: World, order: Order) -> Told:
    return next(one for one in (await report(world)).orders if one.marketplace_order_id == order.id)


async def test_the_whole_scene_and_the_switch(store: Store, clock: FakeClock) -> None:
    """
    Today's connector carries the orders, the report names each planted difference, nothing is
    written; after the switch the next order is carried and none from before is touched.
    """
    async with shadow_world(
        store, clock, shadow_order_numbers="{reference},OLD-{reference}"
    ) as world:
        connector = TodaysConnector(world)
        same = await order_of(world)
        other_number = await order_of(world)
        short = await order_of(world, OrderedLine("NO-SUCH"))
        cut = await order_of(world)
        other_pieces = await order_of(world)
        other_tracking = await order_of(world)
        rejected = await order_of(world)
        cancelled = await order_of(world)
        moved = await order_of(world)
        labelled = await order_of(world)
        unshipped = await order_of(world)
        waiting = await order_of(world)
        everyone = [
            same, other_number, short, cut, other_pieces, other_tracking, rejected, cancelled,
            moved, labelled, unshipped, waiting,
        ]  # fmt: skip
        world.active_ants.set_stock("NO-SUCH", 50)

        connector.carry(same)
        TodaysConnector(world, "OLD-{reference}").carry(other_number)
        connector.carry(short)
        connector.accept(cut, {cut.lines[0].id: 1})
        connector.accept(other_pieces)
        connector.ship(other_pieces, connector.place(other_pieces, {TOTE: 1}))
        connector.accept(other_tracking)
        connector.ship(other_tracking, connector.place(other_tracking), tracking="ANOTHER-1")
        world.ankorstore.reject_by_person(rejected.id)
        world.ankorstore.cancel_order(cancelled.id)
        connector.accept(moved)
        world.ankorstore.change_address(moved.id, ELSEWHERE)
        connector.accept(labelled)
        world.ankorstore.generate_labels(labelled.id)
        world.ankorstore.ship_by_person(labelled.id)
        connector.accept(unshipped)
        connector.place(unshipped)
        await news(world, *everyone)

        firsts = {order.id: (await told_of(world, order)) for order in everyone}
        assert firsts[same.id].result is Result.AGREE
        assert firsts[other_number.id].result is Result.AGREE
        assert firsts[other_number.id].warehouse_number == f"OLD-{other_number.reference}"
        differing = [
            (short, "decision: would have been held for a person (sku_unknown); it was accepted"),
            (cut, "decision: would have been accepted; it was accepted in part"),
            (other_pieces, f"lines: pieces of {TOTE}: 2 would have been, 1 were"),
            (other_tracking, "tracking: Ankorstore shows the tracking of no parcel"),
            (rejected, "decision: would have been accepted; it was rejected"),
            (moved, "address: delivery address: changed at Ankorstore"),
            (labelled, "tracking: carrier: shippingMethod ankorstore"),
        ]
        for order, words in differing:
            told = firsts[order.id]
            assert told.result is Result.DIFFER, (words, told)
            assert (told.first_difference or "").startswith(words)
        assert firsts[cancelled.id].result is Result.NOT_COMPARED
        assert firsts[unshipped.id].result is Result.UNKNOWN
        assert firsts[waiting.id].result is Result.UNKNOWN
        assert firsts[short.id].asks == ("sku_unknown",)
        assert firsts[moved.id].asks == ("address_changed_after_placing",)
        drawn = await report(world)
        assert (drawn.count(Result.AGREE), drawn.count(Result.DIFFER)) == (2, 7)
        assert drawn.parity_percent == 22.2
        text = report_text(drawn)
        assert f"DIFFER        {rejected.reference}" in text
        assert "parity 22.2 %" in text
        assert "Damstraat" not in text

        for order in everyone:
            held = await world.held(order)
            assert (held.attention_reason, held.live) == (None, None)
        assert (await world.held(same)).outcome == IGNORED_SHADOWED
        assert (await world.held(rejected)).outcome == "rejected"
        assert (await world.held(cancelled)).outcome == "cancelled"
        await world.pass_time(3 * 86_400, steps=3)
        assert our_writes(world) == []

        at_switch = clock.now()
        await world.restart(mode="live")
        await world.work()
        left_at = (await load_service_state(store)).left_shadow_at
        assert left_at is not None
        assert at_switch <= left_at <= clock.now()
        clock.advance(60)
        new = await order_of(world)
        await world.ship(new)
        assert (await world.held(new)).outcome == "completed"
        left = await world.held(unshipped)
        assert (left.state, left.outcome) == (State.CLOSED, IGNORED_BEFORE_SWITCH)
        assert await world.reasons(waiting) == ["before_switch"]
        assert (await world.held(same)).outcome == IGNORED_SHADOWED
        touched = [one for one in our_writes(world) if any(each.id in one for each in everyone)]
        assert touched == []
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 1, 1)


async def test_what_would_be_sent_is_kept(sqlite_store: Store, clock: FakeClock) -> None:
    """The mapped form, its fingerprint, the verdict with its inputs; and pruned like any other."""
    async with shadow_world(
        sqlite_store, clock, order_number_prefix="AK", event_retention_days=1
    ) as world:
        order = await order_of(world)
        held = await world.held(order)
        record = await load_shadow(sqlite_store, held.order_id)
        assert record is not None
        assert record.payload is not None
        assert record.payload["externalOrderNumber"] == f"AK{order.reference}"
        assert record.payload["deliveryAddressStreet"] == "Damstraat"
        assert record.fingerprint is not None
        assert (record.verdict or {})["facts"][TOTE]["is_known"]
        assert (record.would_send or {})["pieces"] == {TOTE: 2}
        assert (held.waits_for, held.state) == ("today's connector", State.RECEIVED)
        assert "Damstraat" not in repr(record)

        TodaysConnector(world).carry(order)
        await news(world, order)
        await world.pass_time(3 * 86_400, steps=3)
        record = await load_shadow(sqlite_store, held.order_id)
        assert record is not None
        assert (record.payload, record.fingerprint) == (None, None)
        assert (await told_of(world, order)).result is Result.AGREE
        assert our_writes(world) == []


async def test_a_held_order_is_judged_again_until_it_is_answered(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """As a person who retries would have it; what counts is the last verdict before the answer."""
    async with shadow_world(sqlite_store, clock) as world:
        order = await order_of(world, OrderedLine("NO-SUCH"))
        record = await load_shadow(sqlite_store, (await world.held(order)).order_id)
        assert record is not None
        assert record.decision == "held for a person"
        world.active_ants.set_stock("NO-SUCH", 50)
        await world.pass_time(7 * 3600)
        TodaysConnector(world).carry(order)
        await news(world, order)

        assert (await told_of(world, order)).result is Result.AGREE


async def test_a_faster_connector_is_compared_all_the_same(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An order answered within minutes is judged as if it were not; a long accepted one is not."""
    async with shadow_world(sqlite_store, clock) as world:
        fresh = world.ankorstore.place_order([OrderedLine("NO-SUCH")], GOOD)
        old = world.ankorstore.place_order(
            [OrderedLine(TOTE)], GOOD, submitted_at=clock.now() - timedelta(days=2)
        )
        for order in (fresh, old):
            TodaysConnector(world).accept(order)
        await news(world, fresh, old)

        told = await told_of(world, fresh)
        assert told.first_difference is not None
        assert told.first_difference.startswith("decision: would have been held")
        decision = (await told_of(world, old)).aspects[0]
        assert decision.result is Result.NOT_COMPARED


async def test_an_order_the_warehouse_never_shows_ends_all_the_same(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """It is asked for now and then for two days, however often it is woken; nothing is agreed."""
    async with shadow_world(sqlite_store, clock) as world:
        order = await order_of(world)
        world.ankorstore.accept_by_person(order.id)
        world.ankorstore.ship_by_person(order.id, provider="dhl", number="1")
        await news(world, order)
        for _ in range(60):
            await world.tell(order)
            await world.pass_time(3600)

        assert (await world.held(order)).outcome == IGNORED_SHADOWED
        told = await told_of(world, order)
        assert told.aspects[1].result is Result.NOT_COMPARED
        assert f"not found at the warehouse under {order.reference}" in told.aspects[1].told
        searches = world.active_ants.calls_to("GET */order/search")
        assert 10 < sum(str(order.reference) in one.query_string for one in searches) < 30
        assert len(await world.history(order)) < 40


async def test_manual_acceptance_is_no_difference(sqlite_store: Store, clock: FakeClock) -> None:
    """With ACCEPT_MODE=manual a person would see the verdict; that is what is compared."""
    async with shadow_world(sqlite_store, clock, accept_mode="manual") as world:
        order = await order_of(world)
        TodaysConnector(world).carry(order)
        await news(world, order)

        assert (await told_of(world, order)).result is Result.AGREE


async def test_trouble_of_one_order_is_told_and_asks_nobody(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An order Ankorstore refuses to show would be a task; in shadow mode it is looked at later."""
    async with shadow_world(sqlite_store, clock) as world:
        order = world.ankorstore.place_order([OrderedLine(TOTE)], GOOD)
        await world.tell(order)
        del world.ankorstore.orders[order.id]
        await world.work()
        held = await world.held(order)
        assert (held.attention_reason, held.waits_for) == (None, "today's connector")
        assert held.next_attempt_at is not None
        assert (await told_of(world, order)).asks == ("marketplace_refused",)


async def test_what_was_begun_live_is_looked_after_and_goes_on_later(
    store: Store, clock: FakeClock
) -> None:
    """An order placed before shadow mode is read on, never written about, and then goes on."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await order_of(world)
        assert (await world.held(order)).state is State.PLACED
        before = len(our_writes(world))
        await world.restart(mode="shadow")
        world.active_ants.ship(str(order.reference))
        await world.pass_time(2 * 86_400, steps=4)
        held = await world.held(order)
        assert held.waits_for == "live mode"
        assert (held.shadowed_at, held.attention_reason) == (None, None)
        assert held.attempt_count == 0
        assert our_writes(world)[before:] == []

        await world.restart(mode="live")
        await world.work()
        assert (await world.held(order)).outcome == "completed"


async def test_an_accepted_order_of_ours_is_not_dropped_by_the_switch(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Accepted by the service and stopped before it was placed, it is placed after the switch."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([OrderedLine(TOTE)], GOOD)
        world.active_ants.faults.once("GET */order/search", Fault.SERVER_ERROR_BEFORE, times=9)
        await world.tell(order)
        await world.work()
        assert (await world.held(order)).state is State.ACCEPTED
        world.active_ants.faults.stop()
        await world.restart(mode="shadow")
        await world.pass_time(86_400, steps=3)
        await world.restart(mode="live")
        await world.pass_time(600, steps=3)

        assert (await world.held(order)).state is State.PLACED
        assert world.creates() >= 1


async def test_the_setting_goes_before_the_moment(sqlite_store: Store, clock: FakeClock) -> None:
    """TAKE_ORDERS_SUBMITTED_AFTER counts where it is set; shadow mode follows all orders."""
    early = clock.now() - timedelta(days=5)
    async with shadow_world(
        sqlite_store, clock, take_orders_submitted_after=clock.now() + timedelta(days=9)
    ) as world:
        order = await order_of(world)
        assert (await world.held(order)).waits_for == "today's connector"
        clock.advance(3600)
        await world.restart(mode="live", take_orders_submitted_after=early)
        await world.work()
        assert (await world.held(order)).state is State.PLACED
        assert (await world.held(order)).shadowed_at is None


async def test_only_the_first_live_start_is_the_switch(store: Store, clock: FakeClock) -> None:
    """A second start leaves the moment as it is; a service that never ran in shadow has none."""
    async with shadow_world(store, clock) as world:
        await world.work()
        assert (await load_service_state(store)).left_shadow_at is None
        await world.restart(mode="live")
        await world.work()
        switched_at = (await load_service_state(store)).left_shadow_at
        assert switched_at is not None
        clock.advance(500)
        await world.restart()
        await world.work()
        assert (await load_service_state(store)).left_shadow_at == switched_at


async def test_the_ledger_counts_what_is_only_followed(store: Store, clock: FakeClock) -> None:
    """Orders followed in shadow mode are neither open nor done: nothing is owed for them here."""
    async with shadow_world(store, clock) as world:
        order, _ = await order_of(world), await order_of(world)
        TodaysConnector(world).carry(order)
        await news(world, order)

        drawn = await draw_up(
            store, world.companies.marketplace, source="ankorstore", day=clock.now().date()
        )
        assert len(drawn.of(Standing.SHADOWED)) == 2
        assert drawn.of(Standing.OPEN, Standing.DONE) == []
        assert drawn.is_proven


async def test_jobs_about_orders_of_our_own_do_not_run(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The feed is not read, nor is it acknowledged; no deadline or return is anybody's of us."""
    async with shadow_world(sqlite_store, clock) as world:
        world.active_ants.add_foreign_shipments(3)
        await world.pass_time(2 * 86_400, steps=2)

        assert world.active_ants.calls_to("* */byordertype") == []
        assert world.active_ants.acknowledged == set()


class Crash(BaseException):
    """The process dies: nothing may catch this."""


class MortalStore(Store):
    """A store whose process dies at one of its commits."""

    crash_at = 0
    count = 0
    has_crashed = False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self.count += 1
        is_last = self.count == self.crash_at
        self.has_crashed |= is_last
        async with super().write() as connection:
            yield connection
            if is_last and self.crash_at % 2:
                raise Crash
        if is_last:
            raise Crash


@pytest.mark.parametrize("commit", range(1, 6))
async def test_a_crash_loses_and_writes_nothing(
    databases: Databases, clock: FakeClock, commit: int
) -> None:
    """The process dies at any commit; another goes on, and the report is as if none had died."""
    store = MortalStore(databases.make("sqlite"), clock)
    try:
        async with shadow_world(store, clock) as world:
            order = world.ankorstore.place_order([OrderedLine(TOTE)], GOOD)
            await world.tell(order)
            store.count, store.crash_at = 0, commit
            for is_carried in (False, True):
                if is_carried:
                    TodaysConnector(world).carry(order)
                    await world.tell(order)
                for _ in range(2):
                    with suppress(Crash):
                        await world.work()
                    world.start_worker()  # the dead one's lease has to end first
                    clock.advance(70)
            await world.pass_time(4 * 3600, steps=2)

            assert store.has_crashed
            assert (await world.held(order)).outcome == IGNORED_SHADOWED
            assert (await told_of(world, order)).result is Result.AGREE
            async with store.read() as connection:
                assert len((await connection.execute(select(ShadowOrder.order_id))).all()) == 1
            assert our_writes(world) == []
    finally:
        await store.close()
