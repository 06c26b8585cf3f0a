"""What news does to an order that waits for a person: one read, no write, and when it settles."""

from collections.abc import Callable

import pytest

from app.domain.lifecycle import State
from app.domain.reasons import REASONS
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.decisions import Impossible
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]


async def _place(world: World, lines: list[OrderedLine] | None = None, **changes: str) -> Order:
    order = world.ankorstore.place_order(lines or TOTE, GOOD, **changes)
    await world.tell(order)
    await world.work()
    return order


async def _hear(world: World, *orders: Order) -> None:
    for order in orders:
        await world.tell(order)
    await world.work()


async def test_news_that_settles_nothing_changes_nothing(store: Store, clock: FakeClock) -> None:
    """
    Each wake-up allows one read and no write; the order stands as it stood, and its history
    grows only by what is new at the marketplace.
    """
    async with build_world(store, clock) as world:
        order = await _place(world, [OrderedLine("NO-SUCH")])
        before = await world.held(order)
        reads = world.reads(order)
        clock.advance(3601)
        for count in (1, 2):
            await _hear(world, order)
            assert world.reads(order) == reads + count

        held = await world.held(order)
        assert (held.attention_reason, held.attention_since) == (
            before.attention_reason,
            before.attention_since,
        )
        assert (held.next_attempt_at, held.waits_for) == (None, "a person")
        assert (await world.told(order), world.writes()) == (["attention"], [])

        world.ankorstore.ask_for_cancellation(order.id, "changed my mind")
        await _hear(world, order)
        assert (await world.told(order), world.writes()) == (["attention", "noted"], [])


async def test_what_settles_it_before_a_create(store: Store, clock: FakeClock) -> None:
    """Accepted, cancelled, rejected or shipped by somebody: the order moves on by itself."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        lines = [OrderedLine("TOTE-NAT", packs=1001)]
        orders = [await _place(world, lines) for _ in range(4)]
        accepted, cancelled, rejected, shipped = orders
        for order in orders:
            assert await world.reasons(order) == ["stock_short"]
        world.ankorstore.accept_by_person(accepted.id)
        world.ankorstore.cancel_order(cancelled.id)
        world.ankorstore.reject_by_person(rejected.id)
        world.ankorstore.accept_by_person(shipped.id)
        world.ankorstore.ship_by_person(shipped.id)
        await _hear(world, *orders)

        for order in orders:
            assert (await world.held(order)).attention_reason is None
        assert (await world.held(accepted)).state is State.PLACED
        assert (await world.held(cancelled)).outcome == "cancelled"
        assert (await world.held(rejected)).outcome == "rejected"
        assert (await world.held(shipped)).outcome == "ignored: shipped by somebody else"
        assert world.writes() == ["POST /v2/order/add"]


async def test_newly_accepted_order_is_reviewed_again(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What still holds an accepted order keeps its date; a new reason has a new one."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        same = await _place(world, [OrderedLine("NO-SUCH")])
        other = await _place(world, [OrderedLine("TOTE-NAT", packs=1001)])
        since = (await world.held(same)).attention_since
        clock.advance(100)
        world.ankorstore.ask_for_cancellation(other.id, "too late")
        for order in (same, other):
            world.ankorstore.accept_by_person(order.id)
        await _hear(world, same, other)

        held = await world.held(same)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "sku_unknown")
        assert held.attention_since == since
        held = await world.held(other)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "retailer_asked_to_cancel")
        assert held.attention_since == clock.now()
        assert world.writes() == []


CHANGES: dict[str, tuple[str, Callable[[World, Order], object]]] = {
    "cancelled": (
        "cancelled_after_placing",
        lambda world, order: world.ankorstore.cancel_order(order.id),
    ),
    "reverted": (
        "reverted_after_placing",
        lambda world, order: world.ankorstore.revert_acceptance(order.id),
    ),
    "labels": (
        "labels_after_placing",
        lambda world, order: world.ankorstore.generate_labels(order.id),
    ),
    "logistics": (
        "fulfilment_after_placing",
        lambda world, order: world.ankorstore.request_fulfillment(order.id),
    ),
    "shipped": (
        "shipped_by_somebody_else",
        lambda world, order: world.ankorstore.ship_by_person(order.id),
    ),
    "unknown": (
        "unknown_marketplace_status",
        lambda world, order: world.ankorstore.set_status(order.id, "brand_ponders"),
    ),
}


@pytest.mark.parametrize("unanswered", [False, True], ids=["placed", "create unanswered"])
async def test_changes_after_the_create_never_close_the_order(
    sqlite_store: Store, clock: FakeClock, unanswered: bool
) -> None:
    """The warehouse has, or may have, the goods: a person is asked, and nothing is confirmed."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        orders = {}
        for label in CHANGES:
            if unanswered:
                world.active_ants.faults.once("POST */order/add", Fault.LOSE_ANSWER_AFTER)
            orders[label] = await _place(world)
        for label, (_, change) in CHANGES.items():
            change(world, orders[label])
        await _hear(world, *orders.values())
        await world.pass_time(60, steps=3)

        for label, (reason, _) in CHANGES.items():
            held = await world.held(orders[label])
            assert (held.state, held.attention_reason) == (State.PLACED, reason), label
        for order in orders.values():
            world.active_ants.ship(str(order.reference))
        await world.poll_feed()
        await world.pass_time(2 * 86_400, steps=3)
        assert (world.accepts(), world.confirms()) == (len(orders), 0)
        assert {(await world.held(order)).outcome for order in orders.values()} == {None}


async def test_task_is_cleared_by_no_news_and_no_retry(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Goods at the warehouse stay a task, even when the marketplace looks well again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.generate_labels(order.id)
        await _hear(world, order)
        since = (await world.held(order)).attention_since
        world.ankorstore.reset_labels(order.id)
        clock.advance(10)
        await _hear(world, order)
        await world.ship(order)

        held = await world.held(order)
        assert REASONS["labels_after_placing"].is_task
        assert (held.attention_reason, held.attention_since) == ("labels_after_placing", since)
        with pytest.raises(Impossible, match="A retry does not settle that"):
            await world.retry(order)
        assert world.confirms() == 0


async def test_worse_news_replaces_a_lesser_reason(sqlite_store: Store, clock: FakeClock) -> None:
    """An order that waits for the rest of its goods becomes a task once it is cancelled."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), partial_wait_hours=1
    ) as world:
        order = await _place(world, [*TOTE, OrderedLine("MUG-01")])
        await world.ship(order, lines={"TOTE-NAT": 1})
        await world.pass_time(3700)
        assert await world.reasons(order) == ["partial_shipment_overdue"]
        world.ankorstore.cancel_order(order.id)
        await _hear(world, order)

        assert await world.reasons(order) == ["cancelled_after_placing"]


async def test_only_our_own_confirm_settles_it_after_the_create(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A refused confirm that worked all the same moves the order on by itself."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.faults.once("POST */confirm", Fault.SERVER_ERROR_BEFORE, status=422)
        await world.ship(order)
        assert await world.reasons(order) == ["marketplace_refused"]
        world.ankorstore.ship_by_person(order.id)
        await _hear(world, order)

        held = await world.held(order)
        assert (held.attention_reason, held.outcome) == (None, "completed")
        assert world.confirms() == 1


async def test_news_while_the_company_is_away(sqlite_store: Store, clock: FakeClock) -> None:
    """A look that fails is made again later; the reason stays what it was."""
    async with build_world(sqlite_store, clock) as world:
        order = await _place(world, [OrderedLine("NO-SUCH")])
        world.ankorstore.faults.once("GET */orders/*", Fault.SERVER_ERROR_BEFORE, times=2)
        await _hear(world, order)
        assert (await world.held(order)).next_attempt_at is not None
        await world.pass_time(10, steps=5)

        held = await world.held(order)
        assert (held.attention_reason, held.next_attempt_at) == ("sku_unknown", None)
        assert held.waits_for == "a person"
        assert (await world.told(order))[-3:] == ["failed", "failed", "noted"]
