"""Whose goods count, and what a date, a parcel or an accept that was decided on holds for."""

from collections.abc import Callable
from datetime import timedelta

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.simulator import Fault, Order, OrderedLine
from app.store.decisions_answer import accept_order
from app.store.decisions_deadlines import postpone_order
from app.store.decisions_tasks import resend_order
from app.store.possible_moves import possible_moves
from app.store.returns import load_returns
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_cancel_window import WINDOW_SECONDS, releases, window_world
from tests.flow.test_changes import DAY, GOOD, MOVED, TOTE, hear, place, settle
from tests.flow.world import World, build_world, hand_driven

DATES = "PATCH */master-orders/*"


async def _send_anew_after_a_stray(world: World, *, pause_days: int = 0) -> tuple[Order, str]:
    """Place an order again whose first, recorded as cancelled, was sent and is settled as kept."""
    order = await place(world)
    await world.pass_time(WINDOW_SECONDS + 1)
    await settle(world, order, Answer.CANCELLED)
    await world.ship(order)
    assert await world.reasons(order) == ["replaced_order_shipped"]
    await settle(world, order, Answer.KEPT)
    if pause_days:
        await world.pass_time(pause_days * DAY, steps=pause_days)
    await resend_order(world.store, await world.held(order), by="a test")
    await world.work()
    live = (await world.held(order)).live
    assert live is not None
    assert live.external_order_number == f"{order.reference}-2"
    return order, live.external_order_number


async def test_stray_does_not_release_the_order_on_hold(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What a replaced order sent is no sign that a person released the one on hold."""
    async with window_world(sqlite_store, clock) as world:
        order, number = await _send_anew_after_a_stray(world)
        await hear(world, order)
        (placed,) = world.active_ants.orders_numbered(number)
        assert (placed.is_on_hold, releases(world)) == (True, 1)
        await world.pass_time(WINDOW_SECONDS + 1)

        assert (placed.is_on_hold, releases(world)) == (False, 2)
        world.active_ants.ship(number)
        await world.poll_feed()
        assert (await world.held(order)).outcome == "completed"


async def test_stray_starts_no_wait_for_the_rest(sqlite_store: Store, clock: FakeClock) -> None:
    """An order sent anew days after a stray has all its time: nothing of it was sent in part."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order, number = await _send_anew_after_a_stray(world, pause_days=4)
        await hear(world, order)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, None)
        assert held.waits_for == "the warehouse to ship"

        world.active_ants.ship(number)
        await world.poll_feed()
        assert (await world.held(order)).outcome == "completed"


async def test_stray_uses_up_no_wait_for_tracking(sqlite_store: Store, clock: FakeClock) -> None:
    """The wait for a tracking number begins with the goods of the order itself."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), tracking_wait_hours=48
    ) as world:
        order, number = await _send_anew_after_a_stray(world, pause_days=4)
        world.active_ants.ship(number).parcels.clear()
        await world.poll_feed()

        held = await world.held(order)
        assert (held.state, held.waits_for) == (State.DISPATCHED, "the tracking number")
        assert world.confirms() == 0


async def test_refused_goods_are_those_of_the_order(sqlite_store: Store, clock: FakeClock) -> None:
    """A refused order opens a return for its own shipment, none for a settled stray."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order, number = await _send_anew_after_a_stray(world)
        shipment = world.active_ants.ship(number)
        await world.poll_feed()
        world.ankorstore.set_status(order.id, "reception_refused")
        await hear(world, order)

        held = await world.held(order)
        cases = await load_returns(sqlite_store, held.order_id)
        assert [case.warehouse_shipment_id for case in cases] == [str(shipment.id)]
        assert held.attention_reason == "reception_refused"


async def _postpone_in_vain(world: World, order: Order) -> None:
    world.ankorstore.faults.always(DATES, Fault.SERVER_ERROR_BEFORE, status=500)
    day = (await world.held(order)).ship_by_at
    assert day is not None
    later = day.date() + timedelta(days=5)
    await postpone_order(world.store, await world.held(order), by="a test", to=later)
    await world.work()


async def test_date_that_cannot_be_told_keeps_no_order_back(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """It is tried every few minutes with a warning, and the goods are confirmed all the same."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await _postpone_in_vain(world, order)
        await world.pass_time(3600, steps=60)
        tries = len(world.ankorstore.calls_to(DATES))
        assert 10 <= tries <= 31
        messages = [str(row["message"]) for row in await world.history(order)]
        assert "the later date could not be told yet" in messages[-1]

        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        assert len(world.ankorstore.calls_to(DATES)) == tries


async def test_cancel_is_seen_while_a_date_is_owed(sqlite_store: Store, clock: FakeClock) -> None:
    """A person is asked at once; the date is told as soon as Ankorstore takes it again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await _postpone_in_vain(world, order)
        world.ankorstore.cancel_order(order.id)
        await hear(world, order)
        held = await world.held(order)
        assert (held.attention_reason, held.postpone_to is None) == (
            "cancelled_after_placing",
            False,
        )
        await world.pass_time(3600, steps=30)
        assert await world.reasons(order) == ["cancelled_after_placing"]


async def test_date_is_told_of_an_order_that_came_to_ask_a_person(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Also where the question came up while the date could not be told."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await _postpone_in_vain(world, order)
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)
        assert await world.reasons(order) == ["address_changed_after_placing"]
        world.ankorstore.faults.stop()
        await world.pass_time(600, steps=10)

        held = await world.held(order)
        assert (held.postpone_to, held.attention_reason) == (None, "address_changed_after_placing")
        assert held.ship_by_at == order.ships_until_updated_at is not None


async def test_date_is_told_while_the_warehouse_is_away(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The order's own step fails without end, which is when a later date matters most."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.always("*", Fault.SERVER_ERROR_BEFORE, status=500)
        order = await place(world)
        day = (await world.held(order)).ship_by_at
        assert day is not None
        later = day.date() + timedelta(days=5)
        await postpone_order(sqlite_store, await world.held(order), by="a test", to=later)
        await world.pass_time(30, steps=3)

        held = await world.held(order)
        assert (held.state, held.postpone_to, world.creates()) == (State.RECEIVED, None, 0)
        assert order.ships_until_updated_at is not None


async def test_request_to_cancel_that_was_decided_on_is_not_asked_again(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Accepted in spite of it, the order is released at the end of the cancel window."""
    async with window_world(sqlite_store, clock) as world:
        order = world.ankorstore.place_order(TOTE, GOOD)
        world.ankorstore.ask_for_cancellation(order.id, "changed my mind")
        await hear(world, order)
        assert await world.reasons(order) == ["retailer_asked_to_cancel"]
        await accept_order(sqlite_store, await world.held(order), by="a test")
        await world.work()
        await world.pass_time(WINDOW_SECONDS + 1)

        assert (await world.reasons(order), releases(world)) == ([], 1)


async def test_request_to_cancel_on_hold_is_answered_by_an_accept(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A retry asks the same again; an accept has the order released."""
    async with window_world(sqlite_store, clock) as world:
        order = await place(world)
        world.ankorstore.ask_for_cancellation(order.id, "changed my mind")
        await world.pass_time(WINDOW_SECONDS + 1)
        await world.retry(order)
        held = await world.held(order)
        assert (held.attention_reason, releases(world)) == ("retailer_asked_to_cancel", 0)
        assert "accept" in possible_moves(held)

        said = await accept_order(sqlite_store, held, by="a test")
        await world.work()
        assert "released at the warehouse next" in said
        assert (await world.reasons(order), releases(world)) == ([], 1)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"


async def test_accept_holds_for_what_was_seen(sqlite_store: Store, clock: FakeClock) -> None:
    """Short of another SKU, or by more pieces, it asks again; moving stock alone does not."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        lines = [OrderedLine("TOTE-NAT", packs=1001), OrderedLine("MUG-01", packs=1)]
        order = await place(world, lines)
        tote, mug = (line.id for line in order.lines)
        assert await world.reasons(order) == ["stock_short"]
        await accept_order(sqlite_store, await world.held(order), by="a test")
        world.ankorstore.change_packs(order.id, {tote: 1, mug: 9000})
        await hear(world, order)
        (finding,) = (await world.held(order)).attention_detail
        assert (finding["reason"], finding["field"]) == ("stock_short", "SKU MUG-01")

        await accept_order(sqlite_store, await world.held(order), by="a test")
        world.ankorstore.change_packs(order.id, {mug: 9001})
        await hear(world, order)
        assert (await world.reasons(order), world.accepts()) == (["stock_short"], 0)

        await accept_order(sqlite_store, await world.held(order), by="a test")
        world.active_ants.set_stock("MUG-01", 3)
        clock.advance(3601)  # what is known of the stock is asked for anew
        await world.work()
        held = await world.held(order)
        assert (held.state, world.accepts()) == (State.PLACED, 1)
        assert held.verdict is not None
        assert held.verdict["facts"]["MUG-01"]["stock_pieces"] == 3


async def test_accept_holds_for_the_sums_and_the_day_that_were_seen(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Totals that differ by another amount, or another late day, ask again; the same do not."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order(TOTE, GOOD)
        world.ankorstore.skew_totals(order.id, 70)
        world.ankorstore.expect_shipping_by(order.id, clock.now())
        await hear(world, order)
        assert await world.reasons(order) == ["totals_mismatch", "ship_by_unreachable"]

        async def decide_while(change: Callable[[], Order]) -> list[str]:
            await accept_order(sqlite_store, await world.held(order), by="a test")
            change()
            await world.work()
            assert world.accepts() == 0
            return await world.reasons(order)

        simulated = world.ankorstore
        assert await decide_while(lambda: simulated.skew_totals(order.id, 7000)) == [
            "totals_mismatch"
        ]
        earlier = clock.now() - timedelta(days=1)
        assert await decide_while(lambda: simulated.expect_shipping_by(order.id, earlier)) == [
            "ship_by_unreachable"
        ]
        await accept_order(sqlite_store, await world.held(order), by="a test")
        await hear(world, order)
        assert ((await world.held(order)).state, world.accepts()) == (State.PLACED, 1)


async def test_two_accepts_hold_together(sqlite_store: Store, clock: FakeClock) -> None:
    """What was accepted first stays accepted when something new is accepted besides."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world, [OrderedLine("TOTE-NAT", packs=1001)])
        await accept_order(sqlite_store, await world.held(order), by="a test")
        world.ankorstore.ask_for_cancellation(order.id, "changed my mind")
        await hear(world, order)
        assert await world.reasons(order) == ["retailer_asked_to_cancel"]
        await accept_order(sqlite_store, await world.held(order), by="a test")
        await world.work()
        assert ((await world.held(order)).state, world.accepts()) == (State.PLACED, 1)
