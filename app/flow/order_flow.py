"""
One order from received to closed, top to bottom.

Each function is one step: it looks at the world, makes at most one write that matters, and says
what it found out. Any step may be run again at any time, after any crash: what is already true
is seen and not done twice (docs/rules/states.md).
"""

from datetime import datetime, timedelta

from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.domain.pauses import Pausable
from app.domain.record import OrderRecord, WarehouseOrderRecord
from app.domain.statuses import ACCEPTED_STATUS, SHIPPED_STATUSES, WAITING_STATUS
from app.errors import OutcomeUnknown, Rejected, Transient
from app.flow.answering import accepted_otherwise, answer_waiting, hold_by
from app.flow.changes import find_change
from app.flow.confirming import close_shipped, confirm_shipment, follow_up_closed
from app.flow.deadlines import tell_date_at_rest, tell_date_besides
from app.flow.ending import bears_our_mark, end_unplaced
from app.flow.label_reset import reset_label
from app.flow.looking import acceptance_reverted, is_hold_over, look_again
from app.flow.moves import Attention, Move, Next, Wait, ask_person
from app.flow.progress import Sent, judge_sent, note_shipped
from app.flow.releasing import WAITS_FOR_RELEASE, release_when_due
from app.flow.review import review
from app.flow.rules import FlowRules
from app.flow.settling import NUMBER_TAKEN, find_stray, follow_answer, must_decide_resend
from app.flow.shadow import follow_in_shadow, is_followed
from app.flow.silence import WAITS_FOR_SHIPMENT, await_first_shipment
from app.flow.world import (
    ended_before_placing,
    is_confirmed_by_us,
    trouble_after_placing,
    unreleased_correction,
    wish_to_cancel,
)
from app.ports import Desk, FoundOrder, PreparedOrder

DAILY_SECONDS = 86_400.0


async def advance(desk: Desk, rules: FlowRules) -> Move:
    """Take the order one step further; a later date that is owed is told once the order rests."""
    if rules.is_shadow and is_followed(desk.order):
        return await follow_in_shadow(desk, rules)
    if desk.order.shadowed_at is not None and desk.order.state is State.RECEIVED:
        desk.note(shadowed_at=None)  # from now on it is carried, or left alone, as any other
    before = desk.order
    try:
        move = await _take_step(desk, rules)
    except (Transient, Rejected):
        await tell_date_besides(desk)
        raise
    return await tell_date_at_rest(desk, move, before)


async def _take_step(desk: Desk, rules: FlowRules) -> Move:
    if (move := await follow_people(desk, rules)) is not None:
        return move
    match desk.order.state:
        case State.RECEIVED:
            return await answer_order(desk, rules)
        case State.ACCEPTED:
            return await place_order(desk, rules)
        case State.PLACED:
            return await await_shipments(desk, rules)
        case State.DISPATCHED:
            return await confirm_shipment(desk, rules)
        case State.SHIPPED:
            return await close_shipped(desk, rules)
        case State.CLOSED:
            return await follow_up_closed(desk, rules)


async def follow_people(desk: Desk, rules: FlowRules) -> Move | None:
    """Do what a person asked for, or see whether one is still needed; None where neither is so."""
    order = desk.order
    if (stray := await find_stray(desk)) is not None:
        return stray
    if order.state is not State.CLOSED:
        if order.label_reset_asked_at is not None:
            return await reset_label(desk)
        if order.attention_reason is not None and is_hold_over(order, desk.now()):
            return Next(order.state, "the hold is over; judging the order again")
        if order.attention_reason is not None:
            return await look_again(desk, rules)
    is_settled = order.live is None or not order.live.is_unanswered
    if order.is_answer_owed and (is_settled or order.task_reason == NUMBER_TAKEN):
        return await follow_answer(desk)
    return None


# received → accepted


async def answer_order(desk: Desk, rules: FlowRules) -> Move:
    """Accept the order at the marketplace, or reject it, on a fresh verdict only."""
    order = desk.order
    if order.may_be_at_warehouse:
        return Next(State.ACCEPTED, "it was found at the warehouse, so it had been accepted")
    seen = await desk.look(max_age_seconds=rules.verdict_seconds)
    if (end := ended_before_placing(seen, order, rules)) is not None:
        return await end_unplaced(end, seen, desk, rules)
    if order.read_at is None and desk.is_crowded:
        return Wait(desk.now(), "its turn", "read; orders that ship earlier go first")
    if seen.status == ACCEPTED_STATUS:
        return Next(State.ACCEPTED, "Ankorstore shows the order accepted")
    return await answer_waiting(seen, order, desk, rules)


# accepted → placed


async def place_order(desk: Desk, rules: FlowRules) -> Move:
    """Place the order at the warehouse, unless it is there already."""
    if (settled := await _settle_earlier(desk, rules)) is not None:
        return settled
    # What a partial accept left is read back, not taken from its answer.
    max_age_seconds = 0 if desk.order.accept_quantities else rules.verdict_seconds
    seen = await desk.look(max_age_seconds=max_age_seconds)
    if seen.status == WAITING_STATUS:
        return acceptance_reverted(desk)
    if must_decide_resend(seen, desk.order):
        return ask_person("warehouse_order_cancelled", field="order")
    if (end := ended_before_placing(seen, desk.order, rules)) is not None:
        return await end_unplaced(end, seen, desk, rules)
    if (waits := unreleased_correction(desk.order)) is not None:
        return waits
    await desk.require_running(Pausable.PLACING)
    if (differs := accepted_otherwise(seen, desk.order)) is not None:
        return differs
    verdict = await review(seen, desk, rules, is_accepted=True)
    if verdict.prepared is None:
        return hold_by(verdict)
    prepared = verdict.prepared
    found = await desk.warehouse.find_order(prepared.external_order_number)
    if found is not None:
        if bears_our_mark(found, desk):
            await desk.intend_create(prepared)  # nothing is sent: it notes what is there
        return _adopt(desk, found)
    await desk.warehouse.reserve_call()
    if await desk.look(max_age_seconds=rules.verdict_seconds) != seen:
        return Next(State.ACCEPTED, "the order changed meanwhile; judging it as it is now")
    return await _create(desk, prepared)


async def _create(desk: Desk, prepared: PreparedOrder) -> Move:
    for warning in prepared.warnings:
        desk.warn(warning)
    turn = await desk.intend_create(prepared)
    try:
        created = await desk.warehouse.create_order(prepared.payload, turn=turn)
    except OutcomeUnknown:
        raise
    except Transient:
        desk.note_placing(answer="absent", answered_at=desk.now())  # surely not sent
        raise
    except Rejected as refusal:
        return await _refused(desk, prepared.external_order_number, refusal)
    desk.note_placing(answer="created", answered_at=desk.now(), warehouse_order_id=created)
    message = f"created at the warehouse as {created}"
    live = desk.order.live
    if live is not None and live.hold_release_at is not None:
        message += ", on hold"
        return Wait(live.hold_release_at, WAITS_FOR_RELEASE, message, state=State.PLACED)
    tomorrow = desk.now() + timedelta(seconds=DAILY_SECONDS)
    return Wait(tomorrow, WAITS_FOR_SHIPMENT, message, state=State.PLACED)


async def _settle_earlier(desk: Desk, rules: FlowRules) -> Move | None:
    """Return what became of an earlier create; None where the warehouse surely has nothing."""
    live = desk.order.live
    if live is not None and live.is_placed:
        return Next(State.PLACED, "the warehouse has the order")
    if await note_shipped(desk):
        return Next(State.PLACED, "the warehouse has shipped it already")
    if live is not None and live.is_unanswered:
        return await _settle_intent(desk, rules, live)
    return None


async def _settle_intent(desk: Desk, rules: FlowRules, live: WarehouseOrderRecord) -> Move:
    """Find out whether a create whose answer was lost took effect; never by sending again."""
    found = await desk.warehouse.find_order(live.external_order_number)
    if found is not None:
        return _adopt(desk, found)
    settled_at = live.sent_before_at + timedelta(seconds=rules.settle_seconds)
    if desk.now() < settled_at:
        pause = timedelta(seconds=max(0.5, rules.settle_seconds / 6))
        until = min(settled_at, desk.now() + pause)
        message = "the warehouse does not show the order yet; it may still appear"
        return Wait(until, "the search at the warehouse to settle", message)
    desk.note_placing(answer="absent", answered_at=desk.now())
    return Next(State.ACCEPTED, "the warehouse surely does not have the order")


def _adopt(desk: Desk, found: FoundOrder) -> Move:
    """Take a warehouse order as ours on proof alone: the mark we sent along."""
    if not bears_our_mark(found, desk):
        mark = found.order_mark or "no mark"
        detail = f"order {found.warehouse_order_number} there carries {mark}"
        return ask_person("number_taken", field="external order number", detail=detail)
    desk.note_placing(
        answer="adopted",
        answered_at=desk.now(),
        warehouse_order_number=found.warehouse_order_number,
    )
    return Next(State.PLACED, f"found at the warehouse as {found.warehouse_order_number}")


async def _refused(desk: Desk, number: str, refusal: Rejected) -> Move:
    """Settle the intent, unless the number is taken and it may be by this very order."""
    if refusal.code != "already_exists":
        desk.note_placing(answer="refused", answered_at=desk.now())
        raise refusal
    found = await desk.warehouse.find_order(number)
    if found is None:
        detail = "refused as existing, and not found by search"
        return ask_person("number_taken", field="external order number", detail=detail)
    if not bears_our_mark(found, desk):
        desk.note_placing(answer="refused", answered_at=desk.now())
    return _adopt(desk, found)


# placed → dispatched


async def await_shipments(desk: Desk, rules: FlowRules) -> Move:
    """Wait until the warehouse has sent all lines, and notice when the order changes meanwhile."""
    order = desk.order
    sent = await judge_sent(desk)
    if sent.trouble is not None:
        return sent.trouble
    seen: MarketplaceOrder | None = None
    if not sent.is_complete:
        seen = await desk.look(max_age_seconds=DAILY_SECONDS)
        if _may_have_missed_some(seen, order, desk.now()):
            await desk.search_shipments()
            sent = await judge_sent(desk)
            if sent.trouble is not None:
                return sent.trouble
    if sent.shipments and (trouble := await _learn_number(desk, sent)) is not None:
        return trouble
    if seen is None or sent.is_complete:
        desk.prove(State.DISPATCHED)
        return await confirm_shipment(desk, rules)
    if (stop := trouble_after_placing(seen, order) or await find_change(seen, desk)) is not None:
        return stop
    if order.live is not None and order.live.is_on_hold:
        return await release_when_due(desk, rules, is_sent=sent.first_at is not None)
    tomorrow = desk.now() + timedelta(seconds=DAILY_SECONDS)
    if sent.first_at is None:
        if (wish := wish_to_cancel(seen, order)) is not None:
            return wish
        return await await_first_shipment(desk, rules, tomorrow)
    waits_from_at = max(sent.first_at, order.partial_wait_from_at or sent.first_at)
    overdue_at = waits_from_at + timedelta(seconds=rules.partial_wait_seconds)
    if desk.now() >= overdue_at:
        return ask_person("partial_shipment_overdue", field="shipments", detail=sent.missing_text)
    message = f"a part was sent; missing: {sent.missing_text}"
    return Wait(min(tomorrow, overdue_at), "the rest of the order", message)


def _may_have_missed_some(seen: MarketplaceOrder, order: OrderRecord, now: datetime) -> bool:
    """
    Tell whether the warehouse may have sent something that no feed will tell of again.

    A row that was acknowledged and then lost, with a database restored from a copy, comes back
    only by a search: made when the marketplace shows more than is known here, else once a day.
    """
    assert order.live is not None, "a placed order has a live warehouse order"
    if seen.status in SHIPPED_STATUSES and not is_confirmed_by_us(seen, order):
        return True
    if trouble_after_placing(seen, order) is not None:
        return False  # a person is asked at once, also while the warehouse does not answer
    return now - order.live.intent_at >= timedelta(seconds=DAILY_SECONDS)


async def _learn_number(desk: Desk, sent: Sent) -> Attention | None:
    """
    Keep the warehouse's own order number, as its search tells it, and hold shipments to it.

    Asked only now, when the search surely shows the order: what the create answered is not
    proven to be the same number.
    """
    live = desk.order.live
    if live is None or live.warehouse_order_number is not None:
        return None
    found = await desk.warehouse.find_order(live.external_order_number)
    if found is None or not bears_our_mark(found, desk):
        return None
    desk.note_placing(warehouse_order_number=found.warehouse_order_number)
    for shipment in sent.shipments:
        number = shipment.warehouse_order_number
        if number is not None and number != found.warehouse_order_number:
            field = f"shipment {shipment.warehouse_shipment_id}"
            detail = f"of order {number}, not {found.warehouse_order_number}"
            return ask_person("replaced_order_shipped", field=field, detail=detail)
    return None
