"""A decision holds for what the person saw when it was made, and for nothing else."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.decisions import Impossible, retry_order
from app.store.decisions_answer import accept_order, reject_order
from app.store.decisions_tasks import resend_order, settle_task
from app.store.possible_moves import possible_moves
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.policies import rule, write_policy
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = OrderedLine("TOTE-NAT", packs=4)
reject = partial(reject_order, reject_type="PRODUCT_OUT_OF_STOCK")
gone = partial(settle_task, answer=Answer.CANCELLED)


async def _place(world: World, **changes: Any) -> Order:
    order = world.ankorstore.place_order([TOTE], replace(GOOD, **changes))
    await world.tell(order)
    await world.work()
    return order


async def _decide(
    world: World, order: Order, decision: Callable[..., Awaitable[str]], **given: Any
) -> str:
    said = await decision(world.store, await world.held(order), by="Ann", **given)
    await world.work()
    return said


async def test_a_reject_that_an_accept_overtook_is_asked(store: Store, clock: FakeClock) -> None:
    """Our own accept had arrived without an answer: nothing is placed behind the person's back."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.ankorstore.faults.once("POST */-actions/transition", Fault.LOSE_ANSWER_AFTER)
        order = await _place(world)
        said = await _decide(world, order, reject)
        assert "an accept that is on its way may still take effect" in said
        await world.pass_time(120, steps=4)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "rejected_too_late")
        assert world.creates() == 0
        await _decide(world, order, accept_order)
        assert (await world.held(order)).state is State.PLACED


async def test_a_reject_that_a_colleague_overtook_is_asked(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Somebody accepted it at the marketplace meanwhile."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), accept_mode="manual"
    ) as world:
        order = await _place(world)
        world.ankorstore.accept_by_person(order.id)
        await _decide(world, order, reject)
        assert await world.reasons(order) == ["rejected_too_late"]
        assert world.creates() == 0


async def test_an_accept_waives_what_the_question_shows(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """While the policy's clock runs the lines grow: the question grows with them."""
    policy = write_policy(
        tmp_path, rule("stock_short", action="hold", hold_hours=48, then="accept")
    )
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), policy_file=policy
    ) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = await _place(world)
        first = await world.held(order)
        shown = first.attention_detail[0]["detail"]
        clock.advance(60)
        world.ankorstore.change_packs(order.id, {order.lines[0].id: 400})
        await world.tell(order)
        await world.work()
        held = await world.held(order)
        assert held.attention_detail[0]["detail"] != shown
        assert held.attention_since == first.attention_since

        # Nor does a decision about an older question let the new one pass.
        await accept_order(sqlite_store, replace(held, verdict=first.verdict), by="Ann")
        await world.work()
        assert await world.reasons(order) == ["stock_short"]


@pytest.mark.parametrize(
    ("stock", "packs", "mugs", "accepted"),
    [
        ({}, 4, 1, {"TOTE-NAT": 3, "MUG-01": 1}),
        ({"TOTE-NAT": 4}, 4, 1, {"TOTE-NAT": 4, "MUG-01": 1}),
        ({"TOTE-NAT": 2}, 4, 1, None),
        ({}, 5, 1, None),
        ({"MUG-01": 0}, 4, 1, None),
    ],
    ids=["as it was", "more stock", "less stock", "more ordered", "another SKU"],
)
async def test_a_partial_accept_cuts_what_was_shown(
    sqlite_store: Store,
    clock: FakeClock,
    stock: dict[str, int],
    packs: int,
    mugs: int,
    accepted: dict[str, int] | None,
) -> None:
    """What is shorter, or short besides, than the person saw asks again; more stock does not."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = world.ankorstore.place_order([TOTE, OrderedLine("MUG-01", mugs)], GOOD)
        await world.tell(order)
        await world.work()
        assert await world.reasons(order) == ["stock_short"]
        await accept_order(sqlite_store, await world.held(order), by="Ann", is_partial=True)
        for sku, pieces in stock.items():
            world.active_ants.set_stock(sku, pieces)
        if packs != TOTE.packs:
            world.ankorstore.change_packs(order.id, {order.lines[0].id: packs})
        clock.advance(3601)  # what was read of the stock is too old by then
        await world.work()

        if accepted is None:
            assert set(await world.reasons(order)) == {"stock_short"}
            assert world.writes() == []
            await _decide(world, order, partial(accept_order, is_partial=True))
        else:
            assert {line.variant.sku: line.packs for line in order.lines} == accepted
        assert (await world.held(order)).state is State.PLACED


@pytest.mark.parametrize("is_placed", [False, True])
async def test_another_wish_to_cancel_is_another_question(
    sqlite_store: Store, clock: FakeClock, is_placed: bool
) -> None:
    """An accept answered the first one, in its words, and no later one."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([TOTE], GOOD)
        if is_placed:
            await world.tell(order)
            await world.work()
        for words in ("ordered twice", "the shop burnt down"):
            clock.advance(60)
            world.ankorstore.ask_for_cancellation(order.id, words)
            await world.tell(order)
            await world.work()
            assert await world.reasons(order) == ["retailer_asked_to_cancel"], words
            await _decide(world, order, accept_order)
            assert await world.reasons(order) == []
            await world.tell(order)
            await world.work()
            assert await world.reasons(order) == []
        held = await world.held(order)
        assert (held.state, world.creates()) == (State.PLACED, 1)
        assert "burnt" not in str(held.decision)


async def test_a_record_said_twice_does_not_end_the_next_warehouse_order(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Where one was replaced, the next is only recorded as gone by its own number."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.active_ants.cancel_in_maya(str(order.reference))
        await _decide(world, order, gone)
        await _decide(world, order, resend_order)
        second = f"{order.reference}-2"
        assert (await world.held(order)).live is not None

        with pytest.raises(Impossible, match=f"name it: --number {second}"):
            await _decide(world, order, gone)
        with pytest.raises(Impossible, match=f"the warehouse order is {second}, not"):
            await _decide(world, order, gone, number=str(order.reference))
        assert (await world.held(order)).state is State.PLACED

        world.active_ants.cancel_in_maya(second)
        await _decide(world, order, gone, number=second)
        assert await world.reasons(order) == ["warehouse_order_cancelled"]


async def test_decisions_said_twice_tell_how_it_stands(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The second time nothing happens, and what is said is true."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, street="Postbus 1")
        world.ankorstore.change_address(order.id, GOOD)
        await _decide(world, order, retry_order)
        assert (await world.held(order)).state is State.PLACED
        said = await _decide(world, order, retry_order)
        assert said == "the order waits for the warehouse to ship it; there is nothing to retry"


async def test_an_accept_of_what_is_cancelled_by_now(sqlite_store: Store, clock: FakeClock) -> None:
    """It says how the order ended, not that it is accepted."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), accept_mode="manual"
    ) as world:
        order = await _place(world)
        await accept_order(sqlite_store, await world.held(order), by="Ann")
        world.ankorstore.cancel_order(order.id)
        await world.work()
        said = await _decide(world, order, accept_order)
        assert said == "that was decided before; the order is closed (cancelled)"


async def test_every_command_that_makes_sense_is_named(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Before and after placing, with a question and without."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        asking = await _place(world, street="Postbus 1")
        assert possible_moves(await world.held(asking)) == (
            *("reject", "hold", "retry", "correct", "close", "postpone"),
        )
        placed = await _place(world)
        assert possible_moves(await world.held(placed)) == (
            *("settle cancelled-in-maya", "postpone"),
        )
        world.ankorstore.cancel_order(placed.id)
        await world.tell(placed)
        await world.work()
        assert possible_moves(await world.held(placed)) == (
            *("settle cancelled-in-maya|shipped-anyway|kept", "postpone"),
        )
        world.active_ants.cancel_in_maya(str(placed.reference))
        await _decide(world, placed, gone)
        assert possible_moves(await world.held(placed)) == ()
