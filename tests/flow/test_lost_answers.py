"""
Answers that never come, come late, or make no sense: nothing is done twice, nothing is lost.

The write under test is spoiled once; then the order must come to its end with exactly one accept,
one warehouse order and one confirmed quote that took effect.
"""

from dataclasses import dataclass
from typing import Any

import pytest

from app.simulator import Address, Fault, Order
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, prompt

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
ACCEPT, CREATE, CONFIRM = "POST */-actions/transition", "POST */order/add", "POST */confirm"


@dataclass(frozen=True)
class Loss:
    """A fault, whether the company did as asked, and how the history tells of it."""

    fault: Fault
    has_effect: bool
    outcome_is_known: bool = False
    arguments: tuple[tuple[str, Any], ...] = ()


LOSSES = {
    "lost before": Loss(Fault.LOSE_ANSWER_BEFORE, False),
    "lost after": Loss(Fault.LOSE_ANSWER_AFTER, True),
    "timeout before": Loss(Fault.LOSE_ANSWER_BEFORE, False, False, (("surface", "timeout"),)),
    "timeout after": Loss(Fault.LOSE_ANSWER_AFTER, True, False, (("surface", "timeout"),)),
    "5xx before": Loss(Fault.SERVER_ERROR_BEFORE, False, False, (("status", 503),)),
    "5xx after": Loss(Fault.SERVER_ERROR_AFTER, True, False, (("status", 502),)),
    "truncated": Loss(Fault.TRUNCATE_BODY, True),
    "not JSON": Loss(Fault.NOT_JSON, True),
    "wrong type": Loss(Fault.WRONG_TYPE, True),
    "empty": Loss(Fault.EMPTY_BODY, True),
    "late": Loss(Fault.LATENCY, True, False, (("seconds", 15.0),)),
    "not connected": Loss(Fault.REFUSE_CONNECTION, False, True),
    "asked to wait": Loss(Fault.TOO_MANY_REQUESTS, False, True, (("seconds", 7.0),)),
}


async def _carry(world: World, count: int = 1) -> Order:
    """Carry one order from its event to the end of everything, in small steps of time."""
    order = world.ankorstore.place_order(ship_to=GOOD)
    await world.tell(order)
    await world.work()
    await world.pass_time(60, steps=60)
    await world.pass_time(1200, steps=4)
    return order


async def _assert_done_once(world: World, order: Order) -> None:
    held = await world.held(order)
    assert (held.outcome, held.attention_reason) == ("completed", None)
    statuses = [status for _, status in order.history]
    assert statuses == ["ankor_confirmed", "brand_confirmed", "shipped"]
    assert order.shipping_method == "custom"
    placed = world.active_ants.orders_numbered(str(order.reference))
    assert [one.extras["extra1"] for one in placed] == [order.id]
    assert len(world.active_ants.shipments) == 1
    taken = [call for call in world.ankorstore.calls_to(CONFIRM) if call.status == 200]
    assert len(taken) <= 1


@pytest.mark.parametrize("label", LOSSES)
@pytest.mark.parametrize("call", [ACCEPT, CREATE, CONFIRM])
async def test_answer_to_a_write_is_lost(
    sqlite_store: Store, clock: FakeClock, call: str, label: str
) -> None:
    """
    Whatever became of the answer, the write takes effect once. After an effect it is not sent
    again; the history says that the answer was lost and that we look before resending.
    """
    loss = LOSSES[label]
    async with build_world(sqlite_store, clock, warehouse=prompt()) as world:
        company = world.active_ants if call == CREATE else world.ankorstore
        company.faults.once(call, loss.fault, **dict(loss.arguments))
        order = await _carry(world)

        await _assert_done_once(world, order)
        sends = len(company.calls_to(call))
        is_late_marketplace = label == "late" and call != CREATE
        assert sends == (1 if loss.has_effect and not is_late_marketplace else 2)
        failed = [row for row in await world.history(order) if row["outcome"] == "failed"]
        assert failed
        assert ("was lost" in failed[0]["message"]) is not loss.outcome_is_known


@pytest.mark.parametrize(
    "call",
    ["GET */orders/*", "POST */shipping-quotes", "GET */order/search", "GET */product/search"],
)
@pytest.mark.parametrize(
    "fault", [Fault.TRUNCATE_BODY, Fault.NOT_JSON, Fault.WRONG_TYPE, Fault.EMPTY_BODY]
)
async def test_answer_to_a_question_makes_no_sense(
    sqlite_store: Store, clock: FakeClock, call: str, fault: Fault
) -> None:
    """An odd body is an error of that attempt: the question is asked again and all goes on."""
    async with build_world(sqlite_store, clock, warehouse=prompt()) as world:
        company = world.active_ants if "search" in call else world.ankorstore
        company.faults.once(call, fault)
        order = await _carry(world)

        await _assert_done_once(world, order)
        assert (await world.told(order)).count("failed") == 1
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 1, 1)


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.LOSE_ANSWER_BEFORE])
async def test_lost_answers_all_the_way(store: Store, clock: FakeClock, fault: Fault) -> None:
    """The first answer to every write of an order is lost, and still each happens once."""
    async with build_world(store, clock, warehouse=prompt()) as world:
        for call in (ACCEPT, CONFIRM):
            world.ankorstore.faults.once(call, fault)
        world.active_ants.faults.once(CREATE, fault)
        order = await _carry(world)

        await _assert_done_once(world, order)
        sends = 1 if fault is Fault.LOSE_ANSWER_AFTER else 2
        assert (world.accepts(), world.creates(), world.confirms()) == (sends, sends, sends)
