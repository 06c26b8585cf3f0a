"""Answers to a partial accept and to a reject that never come: judged by what the order shows."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.ports import StockFigure
from app.simulator import Address, Fault, Order, OrderedLine
from app.simulator.ankorstore import transitions
from app.store.facts import save_stock
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.policies import (
    TRANSITION,
    accepted_units,
    answers,
    placed_units,
    rule,
    write_policy,
)
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
LOSSES: dict[str, tuple[Fault, bool]] = {
    "lost before": (Fault.LOSE_ANSWER_BEFORE, False),
    "lost after": (Fault.LOSE_ANSWER_AFTER, True),
    "5xx before": (Fault.SERVER_ERROR_BEFORE, False),
    "5xx after": (Fault.SERVER_ERROR_AFTER, True),
    "not JSON": (Fault.NOT_JSON, True),
    "empty": (Fault.EMPTY_BODY, True),
    "not connected": (Fault.REFUSE_CONNECTION, False),
    "late": (Fault.LATENCY, True),
}
PARTIAL = rule("stock_short", action="partial")
REJECT = rule("stock_short", action="reject", reject_type="PRODUCT_OUT_OF_STOCK")


def _short(world: World) -> Order:
    world.active_ants.set_stock("TOTE-NAT", 3)
    return world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=4)], GOOD)


async def _lose(world: World, order: Order, loss: str) -> None:
    fault = LOSSES[loss][0]
    arguments: dict[str, Any] = {"seconds": 25.0} if fault is Fault.LATENCY else {}
    world.ankorstore.faults.once(TRANSITION, fault, **arguments)
    await world.tell(order)
    await world.work()
    await world.pass_time(60, steps=24)


def _assert_sent(world: World, loss: str) -> None:
    """Once with effect; a second time only where the first surely had none, or was given up."""
    calls = world.ankorstore.calls_to(TRANSITION)
    assert len([call for call in calls if call.status == 200]) <= 1
    assert len(calls) == (1 if LOSSES[loss][1] else 2)


@pytest.mark.parametrize("loss", LOSSES)
async def test_lost_partial_accept(
    store: Store, clock: FakeClock, tmp_path: Path, loss: str
) -> None:
    """It takes effect once; what is placed is what the marketplace shows, in units."""
    path = write_policy(tmp_path, PARTIAL)
    async with build_world(store, clock, warehouse=hand_driven(), policy_file=path) as world:
        order = _short(world)
        await _lose(world, order, loss)

        assert (await world.held(order)).state is State.PLACED
        statuses = [status for _, status in order.history]
        assert statuses == ["ankor_confirmed", "brand_confirmed"]
        assert placed_units(world, order) == accepted_units(order) == {order.lines[0].id: 3}
        _assert_sent(world, loss)


@pytest.mark.parametrize("loss", LOSSES)
async def test_lost_reject(store: Store, clock: FakeClock, tmp_path: Path, loss: str) -> None:
    """The order is rejected once and closed as rejected; it never reaches the warehouse."""
    path = write_policy(tmp_path, REJECT)
    async with build_world(store, clock, warehouse=hand_driven(), policy_file=path) as world:
        order = _short(world)
        await _lose(world, order, loss)

        held = await world.held(order)
        assert (held.state, held.outcome, held.attention_reason) == (
            State.CLOSED,
            "rejected",
            None,
        )
        assert [status for _, status in order.history] == ["ankor_confirmed", "rejected"]
        assert world.creates() == 0
        _assert_sent(world, loss)


async def test_no_other_answer_while_a_reject_may_be_under_way(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """Stock came after a reject whose answer was lost: the accept waits for its deadline."""
    path = write_policy(tmp_path, REJECT)
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), policy_file=path) as world:
        order = _short(world)
        world.ankorstore.faults.once(TRANSITION, Fault.LOSE_ANSWER_BEFORE)
        await world.tell(order)
        await world.work()
        deadline = (await world.held(order)).reject_sent_before_at
        assert deadline is not None
        await world.restart(policy_file=None, stock_check="when_known")
        await save_stock(world.store, [StockFigure("TOTE-NAT", 100)], clock.now())
        for _ in range(4):
            clock.advance(2)
            await world.work()
            assert len(answers(world)) == 1
        await world.pass_time(60, steps=20)

        assert (await world.held(order)).state is State.PLACED
        assert [one["type"] for one in answers(world)] == ["brand-rejects", "brand-validates"]
        second = world.ankorstore.calls_to(TRANSITION)[1]
        settle = timedelta(seconds=world.settings.warehouse_settle_seconds)
        assert second.at >= deadline + settle


async def test_other_quantities_than_accepted_ask_before_anything_is_placed(
    store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """The answer was lost and the order shows something else: a person looks, a retry goes on."""
    path = write_policy(tmp_path, PARTIAL)
    async with build_world(store, clock, warehouse=hand_driven(), policy_file=path) as world:
        order = _short(world)
        world.ankorstore.faults.once(TRANSITION, Fault.LOSE_ANSWER_BEFORE)
        await world.tell(order)
        await world.work()
        world.ankorstore.accept_by_person(order.id)  # whole, while the answer was on its way
        await world.tell(order)
        await world.pass_time(60, steps=4)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "accepted_differs")
        assert held.attention_detail[0]["detail"] == "accepted 3 units, shown 4"
        assert world.creates() == 0

        await world.retry(order)
        assert placed_units(world, order) == accepted_units(order) == {order.lines[0].id: 4}
        assert (await world.held(order)).state is State.PLACED


async def test_refused_reject_asks_a_person(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reject the marketplace does not take is told in its words, and not repeated."""
    path = write_policy(tmp_path, REJECT)
    async with build_world(sqlite_store, clock, policy_file=path) as world:
        order = _short(world)
        monkeypatch.setitem(transitions.REASON_TYPES, "rejectType", frozenset())
        await world.tell(order)
        await world.work()
        await world.pass_time(600, steps=4)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "marketplace_refused")
        assert (len(answers(world)), held.reject_intent_at) == (1, None)


async def test_what_a_partial_accept_left_is_read_back(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own answer is not trusted: what another reading shows right afterwards is compared."""
    path = write_policy(tmp_path, PARTIAL)
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), policy_file=path) as world:
        order = _short(world)
        plain = world.companies.marketplace.accept_order

        async def changed_after(*arguments: Any, **options: Any) -> Any:
            answer = await plain(*arguments, **options)
            world.ankorstore.change_packs(order.id, {order.lines[0].id: 2})
            return answer

        monkeypatch.setattr(world.companies.marketplace, "accept_order", changed_after)
        await world.tell(order)
        await world.work()

        assert await world.reasons(order) == ["accepted_differs"]
        assert world.creates() == 0


async def test_reverted_acceptance_of_an_order_held_for_hours(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """Held after the accept, and then taken back: the order waits for a person, hours or not."""
    policy = rule("phone_missing", action="hold", hold_hours=2, then="accept")
    path = write_policy(tmp_path, policy)
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), policy_file=path) as world:
        order = world.ankorstore.place_order(
            [OrderedLine("TOTE-NAT")], GOOD, status="brand_confirmed"
        )
        world.ankorstore.change_retailer(order.id, phone_number=None)
        await world.tell(order)
        await world.work()
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "phone_missing")
        world.ankorstore.revert_acceptance(order.id)
        await world.tell(order)
        await world.work()
        assert await world.reasons(order) == ["acceptance_reverted"]
        clock.advance(7300)
        await world.work()
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "acceptance_reverted")
        assert world.writes() == []


async def test_accepted_order_held_for_hours_is_placed_at_their_end(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """Accept after a hold exists for accepted orders too; reject does not, so it never ends so."""
    for number, then in enumerate(("accept", "reject")):
        keys = {"reject_type": "OTHER", "reject_reason": "x"} if then == "reject" else {}
        policy = rule("phone_missing", action="hold", hold_hours=2, then=then, **keys)
        path = write_policy(tmp_path, policy)
        async with build_world(
            sqlite_store, clock, seed=number, warehouse=hand_driven(), policy_file=path
        ) as world:
            order = world.ankorstore.place_order(
                [OrderedLine("TOTE-NAT")], GOOD, status="brand_confirmed"
            )
            world.ankorstore.change_retailer(order.id, phone_number=None)
            await world.tell(order, event_id=f"told-{number}")
            await world.work()
            assert ((await world.held(order)).hold_until_at is None) == (then == "reject")
            clock.advance(7300)
            await world.work()
            state = State.PLACED if then == "accept" else State.ACCEPTED
            assert (await world.held(order)).state is state
            assert answers(world) == []
