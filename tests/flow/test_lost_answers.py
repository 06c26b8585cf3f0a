"""
Answers that never come, come late, or make no sense: nothing is done twice, nothing is lost.

The write under test is spoiled once; then the order must come to its end with exactly one accept,
one warehouse order and one confirmed quote that took effect.
"""

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven, prompt

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
ACCEPT, CREATE, CONFIRM = "POST */-actions/transition", "POST */order/add", "POST */confirm"
NAMES = {ACCEPT: "accept order", CREATE: "create order", CONFIRM: "confirm quote"}


@dataclass(frozen=True)
class Loss:
    """A fault, whether the company did as asked, and how the history tells of it."""

    fault: Fault
    has_effect: bool
    is_known: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)


LOSSES = {
    "lost before": Loss(Fault.LOSE_ANSWER_BEFORE, False),
    "lost after": Loss(Fault.LOSE_ANSWER_AFTER, True),
    "timeout before": Loss(Fault.LOSE_ANSWER_BEFORE, False, arguments={"surface": "timeout"}),
    "timeout after": Loss(Fault.LOSE_ANSWER_AFTER, True, arguments={"surface": "timeout"}),
    "5xx before": Loss(Fault.SERVER_ERROR_BEFORE, False, arguments={"status": 503}),
    "5xx after": Loss(Fault.SERVER_ERROR_AFTER, True, arguments={"status": 502}),
    "truncated": Loss(Fault.TRUNCATE_BODY, True),
    "not JSON": Loss(Fault.NOT_JSON, True),
    "wrong type": Loss(Fault.WRONG_TYPE, True),
    "empty": Loss(Fault.EMPTY_BODY, True),
    "not connected": Loss(Fault.REFUSE_CONNECTION, False, True),
    "asked to wait": Loss(Fault.TOO_MANY_REQUESTS, False, True, {"seconds": 7.0}),
}


async def _settle(world: World) -> None:
    """Let retries and settle waits pass in small steps, then everything else."""
    await world.pass_time(60, steps=24)
    await world.pass_time(900, steps=3)


async def _assert_done_once(world: World, order: Order, label: str) -> None:
    held = await world.held(order)
    assert (held.outcome, held.attention_reason) == ("completed", None), label
    statuses = [status for _, status in order.history]
    assert statuses == ["ankor_confirmed", "brand_confirmed", "shipped"], label
    assert order.shipping_method == "custom", label
    placed = world.active_ants.orders_numbered(str(order.reference))
    assert [one.extras["extra1"] for one in placed] == [order.id], label


@pytest.mark.parametrize("call", [ACCEPT, CREATE, CONFIRM])
async def test_answer_to_a_write_is_lost(sqlite_store: Store, clock: FakeClock, call: str) -> None:
    """
    Whatever became of the answer, the write takes effect once. After an effect it is not sent
    again; the history says that the answer was lost and that we look before resending.
    """
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        company = world.active_ants if call == CREATE else world.ankorstore
        orders = {label: world.ankorstore.place_order(TOTE, GOOD) for label in LOSSES}
        for label, loss in LOSSES.items():
            if call != CONFIRM:
                company.faults.once(call, loss.fault, **loss.arguments)
            await world.tell(orders[label])
            await world.work()
        await _settle(world)
        for label, loss in LOSSES.items():
            if call == CONFIRM:
                company.faults.once(call, loss.fault, **loss.arguments)
            await world.ship(orders[label])
        await _settle(world)

        for label, order in orders.items():
            await _assert_done_once(world, order, label)
            failed = [row for row in await world.history(order) if row["outcome"] == "failed"]
            assert [row["call"] for row in failed] == [NAMES[call]], label
            assert ("was lost" in failed[0]["message"]) is not LOSSES[label].is_known, label
        again = sum(not loss.has_effect for loss in LOSSES.values())
        assert len(company.calls_to(call)) == len(LOSSES) + again


@pytest.mark.parametrize("call", [ACCEPT, CREATE, CONFIRM])
async def test_write_that_takes_effect_after_the_timeout(
    sqlite_store: Store, clock: FakeClock, call: str
) -> None:
    """A write that is still under way somewhere takes effect late, and nothing happens twice."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        company = world.active_ants if call == CREATE else world.ankorstore
        order = world.ankorstore.place_order(TOTE, GOOD)
        company.faults.once(call, Fault.LATENCY, seconds=25.0)
        await world.tell(order)
        await world.work()
        await _settle(world)
        await world.ship(order)
        await _settle(world)

        await _assert_done_once(world, order, call)
        took_effect = [one for one in company.calls_to(call) if one.status == 200]
        assert len(took_effect) == 1
        # Nothing is sent again until it can no longer arrive; a late confirm meets newer quotes.
        assert len(company.calls_to(call)) == (2 if call == CONFIRM else 1)


QUESTIONS = {
    "GET */orders/*": "read order",
    "POST */shipping-quotes": "request quotes",
    "GET */order/search": "find order",
    "GET */product/search": "find product",
    "GET */stock/bulk/*": "read all stock",
}
ODD_BODIES = [Fault.NOT_JSON, Fault.WRONG_TYPE]


async def test_answer_to_a_question_makes_no_sense(sqlite_store: Store, clock: FakeClock) -> None:
    """An odd body is an error of that attempt: the question is asked again and all goes on."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        for number in range(len(QUESTIONS) * len(ODD_BODIES)):
            world.active_ants.set_stock(f"SKU-{number}", 10)
        orders = {}
        for number, (call, fault) in enumerate(product(QUESTIONS, ODD_BODIES)):
            line = OrderedLine(f"SKU-{number}")
            order = orders[call, fault] = world.ankorstore.place_order([line], GOOD)
            if "stock" in call:
                clock.advance(3601)
            is_ours = "search" in call or "stock" in call
            company = world.active_ants if is_ours else world.ankorstore
            company.faults.once(call, fault)
            await world.tell(order)
            await world.work()
            await world.pass_time(65)
            await world.ship(order)
            await world.pass_time(4)

        for (call, fault), order in orders.items():
            await _assert_done_once(world, order, f"{call} {fault}")
            failed = [row for row in await world.history(order) if row["outcome"] == "failed"]
            assert [row["call"] for row in failed] == [QUESTIONS[call]], fault
        count = len(orders)
        assert (world.accepts(), world.creates(), world.confirms()) == (count, count, count)


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.LOSE_ANSWER_BEFORE])
async def test_lost_answers_all_the_way(store: Store, clock: FakeClock, fault: Fault) -> None:
    """The first answer to every write of an order is lost, and still each happens once."""
    async with build_world(store, clock, warehouse=prompt()) as world:
        for call in (ACCEPT, CONFIRM):
            world.ankorstore.faults.once(call, fault)
        world.active_ants.faults.once(CREATE, fault)
        order = world.ankorstore.place_order(TOTE, GOOD)
        await world.tell(order)
        await world.work()
        await _settle(world)

        await _assert_done_once(world, order, fault)
        sends = 1 if fault is Fault.LOSE_ANSWER_AFTER else 2
        assert (world.accepts(), world.creates(), world.confirms()) == (sends, sends, sends)


async def test_lost_accept_that_was_taken_back_is_not_repeated(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """
    An order accepted by a call without an answer, and taken back before anybody looked, waits for
    a person; their retry has the service accept it.
    """
    async with build_world(sqlite_store, clock, warehouse=prompt()) as world:
        order = world.ankorstore.place_order(TOTE, GOOD)
        world.ankorstore.faults.once(ACCEPT, Fault.LOSE_ANSWER_AFTER)
        await world.tell(order)
        await world.work()
        clock.advance(5)
        world.ankorstore.revert_acceptance(order.id)
        await world.pass_time(900, steps=8)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "acceptance_unclear")
        assert (world.accepts(), order.status) == (1, "ankor_confirmed")

        await world.retry(order)
        await world.pass_time(900, steps=3)
        assert ((await world.held(order)).outcome, world.accepts()) == ("completed", 2)
