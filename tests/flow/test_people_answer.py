"""People accept, reject, hold and release orders; the flow carries it out under its own laws."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store import models
from app.store.decisions import Impossible, retry_order
from app.store.decisions_answer import accept_order, hold_order, reject_order, release_order
from app.store.models import WarehouseOrder
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
TOTE = OrderedLine("TOTE-NAT", packs=4)
accept_part = partial(accept_order, is_partial=True)
reject = partial(reject_order, reject_type="PRODUCT_OUT_OF_STOCK")
reject_other = partial(reject_order, reject_type="OTHER")


async def _decide(
    world: World, order: Order, decision: Callable[..., Awaitable[str]], reason: str = "said so"
) -> str:
    return await decision(world.store, await world.held(order), by="Ann", reason=reason)


async def _refusal(world: World, order: Order, decision: Callable[..., Awaitable[str]]) -> str:
    before = await world.held(order)
    with pytest.raises(Impossible) as caught:
        await _decide(world, order, decision, "")
    assert await world.held(order) == before  # nothing changed
    return str(caught.value)


async def _order(world: World, *lines: OrderedLine, **changes: Any) -> Order:
    order = world.ankorstore.place_order(list(lines) or [TOTE], replace(GOOD, **changes))
    await world.tell(order)
    await world.work()
    return order


async def test_accept_in_spite_of_what_can_be_waived(store: Store, clock: FakeClock) -> None:
    """Short, late, wrongly added up and asked to be cancelled: a person accepts it, and it goes."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = world.ankorstore.place_order([TOTE], GOOD)
        world.ankorstore.expect_shipping_by(order.id, clock.now())
        world.ankorstore.skew_totals(order.id, 70)
        world.ankorstore.ask_for_cancellation(order.id, "ordered twice")
        await world.tell(order)
        await world.work()
        assert set(await world.reasons(order)) == {
            "stock_short",
            "ship_by_unreachable",
            "totals_mismatch",
            "retailer_asked_to_cancel",
        }
        said = await _decide(world, order, accept_order, "the retailer wants it after all")
        assert said == "it is accepted next, if nothing new is found"
        await world.work()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, None)
        assert answers(world) == [{"type": "brand-validates"}]
        told = [row["message"] for row in await world.history(order) if row["step"] == "accept"]
        assert told == ["to be accepted, decided by Ann: the retailer wants it after all"]


async def test_accept_asks_again_for_what_is_new(sqlite_store: Store, clock: FakeClock) -> None:
    """What the person did not see when they decided is asked; what they waived stays waived."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = await _order(world)
        await _decide(world, order, accept_order)
        world.ankorstore.change_address(order.id, replace(GOOD, street="Postbus 1"))
        await world.work()
        assert (await world.reasons(order), world.writes()) == (["post_box"], [])

        assert "possible now: reject, hold, retry" in await _refusal(world, order, accept_order)
        world.ankorstore.change_address(order.id, GOOD)
        await world.retry(order)
        assert (await world.held(order)).state is State.PLACED


@pytest.mark.parametrize("found", [True, False])
async def test_manual_mode_accepts_what_a_person_accepts(
    store: Store, clock: FakeClock, found: bool
) -> None:
    """With ACCEPT_MODE=manual a person's accept is made, unless the verdict stands in its way."""
    async with build_world(store, clock, warehouse=hand_driven(), accept_mode="manual") as world:
        order = await _order(world, TOTE, street="Damstraat" if found else "Damstraat 14")
        assert await world.reasons(order) == ["acceptance_manual"]
        if found:
            refusal = await _refusal(world, order, accept_order)
            assert "no house number" in refusal
            assert "(house_number_missing)" in refusal
            return
        await _decide(world, order, accept_order)
        await world.work()
        assert (await world.held(order)).state is State.PLACED
        assert world.accepts() == 1


async def test_accept_in_part(store: Store, clock: FakeClock) -> None:
    """What cannot be sent is left out by a person's word, whatever share of the value that is."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 1)
        order = await _order(world, OrderedLine("NO-SUCH", packs=99), TOTE)
        assert "(sku_unknown)" in await _refusal(world, order, accept_order)
        tote = order.lines[1].id
        await _decide(world, order, accept_part)
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        assert placed_units(world, order) == accepted_units(order) == {tote: 1}


async def test_accept_in_part_that_leaves_nothing_asks_again(
    sqlite_store: Store, clock: FakeClock
) -> None:
    async with build_world(sqlite_store, clock) as world:
        order = await _order(world, OrderedLine("NO-SUCH"))
        await _decide(world, order, accept_part)
        await world.work()
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "sku_unknown")
        assert "nothing would be left" in (await world.history(order))[-1]["message"]
        assert world.writes() == []


async def test_accept_in_part_is_refused_where_cutting_cures_nothing(
    sqlite_store: Store, clock: FakeClock
) -> None:
    async with build_world(sqlite_store, clock) as world:
        order = await _order(world, OrderedLine("NO-SUCH"), TOTE, street="Postbus 3")
        refusal = await _refusal(world, order, accept_part)
        assert "(post_box)" in refusal
        assert refusal.endswith("possible now: reject, hold, retry, correct, close, postpone")


@pytest.mark.parametrize("reject_type", ["PRODUCT_OUT_OF_STOCK", "OTHER"])
async def test_reject(store: Store, clock: FakeClock, reject_type: str) -> None:
    """A person's reject is made once, with type and reason, and closes the order."""
    async with build_world(store, clock) as world:
        order = await _order(world, TOTE, street="Postbus 3")
        decision = partial(reject_order, reject_type=reject_type)
        said = await _decide(world, order, decision, "we cannot reach you")
        assert said == "it is rejected at Ankorstore next, which cannot be undone"
        assert "decided before" in await _decide(world, order, decision, "once more")
        await world.work()

        held = await world.held(order)
        assert (held.state, held.outcome, order.status) == (State.CLOSED, "rejected", "rejected")
        attributes = {"rejectType": reject_type, "rejectReason": "we cannot reach you"}
        assert answers(world) == [{"type": "brand-rejects", "attributes": attributes}]
        assert held.verdict["remark"] == "a person rejects the order"
        assert await _decide(world, order, decision) == "it is rejected already"
        assert "closed (rejected)" in await _refusal(world, order, accept_order)


async def test_reject_without_what_it_needs(sqlite_store: Store, clock: FakeClock) -> None:
    async with build_world(sqlite_store, clock) as world:
        order = await _order(world, TOTE, street="Postbus 3")
        odd = partial(reject_order, reject_type="TOO_FAR")
        assert "use one of BRAND_ALREADY" in await _refusal(world, order, odd)
        assert "OTHER needs a reason" in await _refusal(world, order, reject_other)
        with pytest.raises(Impossible, match="1000 characters"):
            await _decide(world, order, reject, "x" * 1001)


async def test_news_between_the_decision_and_the_reject(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An order that was accepted at Ankorstore meanwhile can be neither rejected nor just sent."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = await _order(world)
        await _decide(world, order, reject)
        world.ankorstore.accept_by_person(order.id)
        await world.work()
        assert await world.reasons(order) == ["rejected_too_late"]
        assert (answers(world), world.creates()) == ([], 0)


@pytest.mark.parametrize("status", ["ankor_confirmed", "brand_confirmed"])
async def test_hold_stops_an_order_that_is_due(store: Store, clock: FakeClock, status: str) -> None:
    """Nothing is sent for it, whatever comes, until it is released; then it goes its way."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([TOTE], GOOD, status=status)
        await world.tell(order)
        said = await _decide(world, order, hold_order, "call them first")
        assert said == "nothing is done about it until it is released, accepted or rejected"
        assert "already" in await _decide(world, order, hold_order)
        await world.work()
        await world.tell(order)
        await world.pass_time(2 * 86_400, steps=6)
        held = await world.held(order)
        assert (held.attention_reason, world.writes()) == ("held_by_operator", [])
        assert "A retry does not end that" in await _refusal(world, order, retry_order)

        said = await _decide(world, order, release_order, "they said yes")
        assert said == "it is judged again now, by the policy"
        await world.work()
        held = await world.held(order)
        assert (held.state, held.decision) == (State.PLACED, None)
        assert world.accepts() == (status == "ankor_confirmed")


async def test_held_order_accepted_or_cancelled_elsewhere(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Accepted at Ankorstore it stays held, as accepted; cancelled there it is closed."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        accepted = world.ankorstore.place_order([TOTE], GOOD)
        cancelled = world.ankorstore.place_order([TOTE], GOOD)
        for order in (accepted, cancelled):
            await world.tell(order)
            await _decide(world, order, hold_order)
        world.ankorstore.accept_by_person(accepted.id)
        world.ankorstore.cancel_order(cancelled.id)
        for order in (accepted, cancelled):
            await world.tell(order)
        await world.work()
        held = await world.held(accepted)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "held_by_operator")
        assert (await world.held(cancelled)).outcome == "cancelled"
        assert world.creates() == 0
        await _decide(world, accepted, release_order)
        await world.work()
        assert (await world.held(accepted)).state is State.PLACED


@pytest.mark.parametrize("decision", ["accept", "reject"])
async def test_held_order_is_accepted_or_rejected_at_once(
    sqlite_store: Store, clock: FakeClock, decision: str
) -> None:
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([TOTE], GOOD)
        await world.tell(order)
        await _decide(world, order, hold_order)
        await _decide(world, order, accept_order if decision == "accept" else reject)
        await world.work()
        held = await world.held(order)
        assert held.state is (State.PLACED if decision == "accept" else State.CLOSED)
        assert len(answers(world)) == 1


async def test_release_ends_a_hold_by_policy(
    sqlite_store: Store, clock: FakeClock, tmp_path: Path
) -> None:
    """It is judged anew by the policy: nothing changed, so it holds for as long as before."""
    policy = rule("stock_short", action="hold", hold_hours=5, then="accept")
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), policy_file=write_policy(tmp_path, policy)
    ) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = await _order(world)
        until = (await world.held(order)).hold_until_at
        clock.advance(600)
        await _decide(world, order, release_order)
        await world.work()
        held = await world.held(order)
        assert (held.attention_reason, held.hold_until_at) == ("stock_short", until)
        await _decide(world, order, accept_order)
        await world.work()
        assert (await world.held(order)).state is State.PLACED


async def test_what_is_past_deciding_is_refused_with_what_is_possible(
    store: Store, clock: FakeClock
) -> None:
    """Placed, closed or waiting for nobody: each says why, and what can be done instead."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        placed = await _order(world)
        assert (await world.held(placed)).state is State.PLACED
        for decision in (accept_order, accept_part, reject, hold_order, release_order):
            if decision is release_order:
                assert await _decide(world, placed, decision) == "nothing holds it"
            else:
                assert "it is placed; possible now: settle cancelled-in-maya" in await _refusal(
                    world, placed, decision
                )
        short = await _order(world, OrderedLine("NO-SUCH"))
        assert "possible now: accept --partial, reject, hold, retry" in await _refusal(
            world, short, accept_order
        )
        assert "possible now: accept --partial" in await _refusal(world, short, release_order)
        world.ankorstore.cancel_order(short.id)
        await world.tell(short)
        await world.work()
        assert "closed (cancelled); possible now: nothing" in await _refusal(world, short, reject)


async def test_labels_are_no_question_of_accepting(sqlite_store: Store, clock: FakeClock) -> None:
    """Where a label was generated, an accept here settles nothing, and says so."""
    async with build_world(sqlite_store, clock) as world:
        order = world.ankorstore.place_order([TOTE], GOOD, status="shipping_labels_generated")
        await world.tell(order)
        await world.work()
        refusal = await _refusal(world, order, accept_order)
        assert "shipping label" in refusal
        assert "possible now: hold, retry, reset-label" in refusal


async def test_accept_is_not_repeated_after_it_was_taken_back(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A person's accept counts once: what Ankorstore takes back waits for a person again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), accept_mode="manual") as w:
        order = await _order(w)
        await _decide(w, order, accept_order)
        w.active_ants.faults.always("GET */order/search", Fault.SERVER_ERROR_BEFORE)
        await w.work()
        assert (await w.held(order)).state is State.ACCEPTED
        w.ankorstore.revert_acceptance(order.id)
        await w.tell(order)
        w.active_ants.faults.stop()
        await w.pass_time(900, steps=6)
        held = await w.held(order)
        assert (held.attention_reason, held.decision) == ("acceptance_reverted", None)
        assert (w.accepts(), w.creates()) == (1, 0)
        await _decide(w, order, accept_order, "they want it now")
        await w.work()
        assert ((await w.held(order)).state, w.accepts()) == (State.PLACED, 2)


async def test_waived_request_to_cancel_stays_waived_when_placing(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The review before the create does not ask again what a person answered before the accept."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([TOTE], GOOD)
        world.ankorstore.ask_for_cancellation(order.id, "ordered twice")
        await world.tell(order)
        await world.work()
        await _decide(world, order, accept_order)
        await world.work()
        assert (await world.held(order)).state is State.PLACED


async def test_lost_answer_to_a_persons_accept(sqlite_store: Store, clock: FakeClock) -> None:
    """Decided once, answered late: the accept takes effect once; repeating it changes nothing."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 3)
        order = await _order(world)
        world.ankorstore.faults.once(TRANSITION, Fault.LOSE_ANSWER_AFTER)
        await _decide(world, order, accept_order)
        assert "decided before" in await _decide(world, order, accept_order)
        await world.work()
        await world.pass_time(60, steps=12)
        assert ((await world.held(order)).state, world.accepts()) == (State.PLACED, 1)
        assert await _decide(world, order, accept_order) == (
            "that was decided before; the order is placed"
        )


async def test_no_reject_of_what_the_warehouse_turns_out_to_have(
    store: Store, clock: FakeClock
) -> None:
    """The database forgot that the order was placed: a reject looks first, and finds it there."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _order(world)
        held = await world.held(order)
        async with store.write() as connection:
            await connection.execute(delete(WarehouseOrder))
            forgotten = {"state": State.RECEIVED, "accept_sent_before_at": None}
            await connection.execute(update(models.Order).values(**forgotten))
        world.ankorstore.revert_acceptance(order.id)
        await _decide(world, order, reject)
        await world.work()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, "reverted_after_placing")
        assert (len(answers(world)), order.status) == (1, "ankor_confirmed")


async def test_accepted_order_goes_on_in_spite_of_a_question(
    store: Store, clock: FakeClock
) -> None:
    """Accepted at Ankorstore and asked to be cancelled before it was placed: a person's accept."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order([TOTE], GOOD, status="brand_confirmed")
        world.ankorstore.ask_for_cancellation(order.id, "ordered twice")
        await world.tell(order)
        await world.work()
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "retailer_asked_to_cancel")
        for decision in (accept_part, reject):
            refusal = await _refusal(world, order, decision)
            assert "it is accepted; possible now: accept, hold, retry" in refusal
        said = await _decide(world, order, accept_order, "settled by phone")
        assert said == "it is placed next, if nothing new is found"
        await world.work()
        assert (await world.held(order)).state is State.PLACED
        assert world.accepts() == 0
