"""Orders that had ended here and that Ankorstore shows open again: none is forgotten."""

from collections.abc import Callable

import pytest

from app.domain.lifecycle import Outcome, State
from app.domain.tasks import Answer
from app.simulator import Address, Order, OrderedLine
from app.store.decisions import Impossible, take_order
from app.store.decisions_answer import accept_order, reject_order
from app.store.decisions_tasks import close_order, settle_task
from app.store.possible_moves import possible_moves
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0
WAITING, ACCEPTED = "ankor_confirmed", "brand_confirmed"


async def _place(world: World) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _open_again(world: World, order: Order, status: str) -> None:
    """Have support set the order back; no event tells of it, Ankorstore's list does."""
    world.ankorstore.set_status(order.id, status)
    await world.pass_time(HOUR, steps=4)


async def _take(world: World, order: Order) -> None:
    await take_order(world.store, await world.held(order), by="Ann", reason="agreed")
    await world.work()


async def _cancel_after_placing(world: World, answer: Answer) -> Order:
    """Place an order that is then cancelled, and record what was done about the goods."""
    order = await _place(world)
    world.ankorstore.cancel_order(order.id)
    await world.tell(order)
    await world.work()
    await _settle(world, order, answer)
    assert (await world.held(order)).outcome == "cancelled"
    return order


async def _settle(world: World, order: Order, answer: Answer) -> None:
    await settle_task(world.store, await world.held(order), by="Ann", reason="so", answer=answer)
    await world.work()


async def test_a_rejected_order_is_asked_about_and_handled(store: Store, clock: FakeClock) -> None:
    """The reject was taken back: it is not made again by itself, nor is the order forgotten."""
    async with build_world(store, clock, warehouse=hand_driven(), accept_mode="manual") as world:
        order = await _place(world)
        held = await world.held(order)
        kind = "PRODUCT_OUT_OF_STOCK"
        await reject_order(store, held, by="Ann", reason="gone", reject_type=kind)
        await world.work()
        assert (await world.held(order)).outcome == "rejected"
        await _open_again(world, order, WAITING)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.CLOSED, "reopened_after_closing")
        assert possible_moves(held) == ("take",)
        attempts = len(await world.history(order))
        await world.pass_time(24 * HOUR, steps=4)
        assert len(await world.history(order)) == attempts
        await _take(world, order)
        assert await world.reasons(order) == ["acceptance_manual"]
        await accept_order(store, await world.held(order), by="Ann", reason="after all")
        await world.work()
        await world.ship(order)
        assert ((await world.held(order)).outcome, world.creates()) == ("completed", 1)


@pytest.mark.parametrize(
    "end",
    [
        lambda world, order: world.ankorstore.cancel_order(order.id),
        lambda world, order: world.ankorstore.set_status(order.id, "fulfillment_requested"),
        lambda world, order: world.ankorstore.ship_by_person(order.id),
    ],
    ids=["cancelled", "own logistics", "shipped by somebody"],
)
async def test_an_order_that_was_never_placed(
    sqlite_store: Store, clock: FakeClock, end: Callable[[World, Order], Order]
) -> None:
    """However it ended; news that shows no end taken back asks nothing."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), accept_mode="manual"
    ) as world:
        order = await _place(world)
        world.ankorstore.set_status(order.id, ACCEPTED)
        end(world, order)
        await world.tell(order)
        await world.work()
        ended = order.status
        await world.tell(order)
        await world.work()
        assert ((await world.held(order)).state, await world.reasons(order)) == (State.CLOSED, [])
        await _open_again(world, order, ACCEPTED)
        assert await world.reasons(order) == ["reopened_after_closing"]
        await world.tell(order)
        await world.work()
        assert await world.reasons(order) == ["reopened_after_closing"]
        assert world.creates() == 0

        world.ankorstore.set_status(order.id, ended)
        await world.tell(order)
        await world.work()
        assert await world.reasons(order) == []
        with pytest.raises(Impossible, match="open again"):
            await _take(world, order)


@pytest.mark.parametrize(
    ("answer", "creates", "asked"),
    [(Answer.SHIPPED, 1, []), (Answer.CANCELLED, 1, ["warehouse_order_cancelled"])],
)
async def test_an_order_that_had_been_placed(
    sqlite_store: Store, clock: FakeClock, answer: Answer, creates: int, asked: list[str]
) -> None:
    """Goods that left all the same are confirmed; nothing is placed a second time by itself."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _cancel_after_placing(world, answer)
        if answer is Answer.SHIPPED:
            await world.ship(order)
        await _open_again(world, order, ACCEPTED)
        assert await world.reasons(order) == ["reopened_after_closing"]
        await _take(world, order)

        assert (await world.reasons(order), world.creates()) == (asked, creates)
        assert world.confirms() == int(answer is Answer.SHIPPED)


async def test_a_completed_order_is_noticed_by_the_list(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """No event need tell that Ankorstore took a shipped order back."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order)
        await _open_again(world, order, ACCEPTED)

        assert await world.reasons(order) == ["reopened_after_shipping"]


async def test_a_list_that_differs_wakes_a_closed_order_once(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Neither what a person closed by hand nor what asks a person is woken by every list."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), accept_mode="manual"
    ) as world:
        by_hand = await _place(world)
        held = await world.held(by_hand)
        await close_order(sqlite_store, held, by="Ann", reason="mine", outcome=Outcome.COMPLETED)
        await world.work()
        asking = await _place(world)
        world.ankorstore.cancel_order(asking.id)
        await world.tell(asking)
        await world.work()
        await _open_again(world, asking, WAITING)
        await _open_again(world, by_hand, ACCEPTED)
        await _open_again(world, asking, ACCEPTED)
        reads = world.reads(by_hand), world.reads(asking)
        attempts = len(await world.history(asking))
        await world.pass_time(24 * HOUR, steps=6)

        assert (world.reads(by_hand), world.reads(asking)) == reads
        assert len(await world.history(asking)) == attempts
        assert await world.reasons(by_hand) == []


async def test_an_order_cancelled_after_it_was_confirmed(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """It was shipped already, so nothing of it is handled again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order)
        world.ankorstore.set_status(order.id, "cancelled")
        await world.tell(order)
        await world.work()
        await _settle(world, order, Answer.SHIPPED)
        assert (await world.held(order)).outcome == "cancelled"
        await _open_again(world, order, ACCEPTED)
        assert await world.reasons(order) == ["reopened_after_shipping"]
        await _settle(world, order, Answer.SHIPPED)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.CLOSED, None)
        assert (world.creates(), world.confirms()) == (1, 1)
