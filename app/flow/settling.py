"""
What follows from a person's answer to a task about goods at the warehouse.

The answer was recorded by a command; here both sides are read again, and the table of
`domain/tasks.py` says what follows (docs/rules/attention.md, 'Tasks').
"""

from dataclasses import asdict

from app.domain.fingerprint import Part
from app.domain.lifecycle import Outcome, State
from app.domain.order import MarketplaceOrder
from app.domain.record import OrderRecord, number_after
from app.domain.statuses import ACCEPTED_STATUS, LABELS_STATUS
from app.domain.tasks import ANSWER_SENTENCES, NO_TASK, Answer, Result, Shown, result_of
from app.errors import Finding, Unmappable
from app.flow.answered import find_answered, know_answered
from app.flow.changes import find_change
from app.flow.ending import note_placed
from app.flow.label_reset import NOT_CONFIRMED, may_bring_label
from app.flow.moves import Attention, Close, Move, Next, ask_person
from app.flow.progress import note_shipped
from app.flow.review import external_number, prepare
from app.flow.world import outcome_shown, shown_of, trouble_after_placing
from app.ports import Desk

STRAY = "replaced_order_shipped"
NUMBER_TAKEN = "number_taken"
_PLACES_ANEW = (Result.DECIDE_RESEND, Result.AWAIT_ACCEPTANCE)
_UNSENT = (State.RECEIVED, State.ACCEPTED, State.PLACED)
"""States in which goods may still be kept back; in any later one all of them left."""


async def follow_answer(desk: Desk) -> Move:
    """Read both sides and do what the answer asks for; the warehouse order is placed, or was."""
    order = desk.order
    answer = Answer(order.task_answer or "")
    if order.task_reason == STRAY:
        return _settle_stray(desk)
    if not order.may_be_at_warehouse and order.task_reason != NUMBER_TAKEN:
        _followed(desk)
        return Next(order.state, "the warehouse surely has nothing of it; the order goes on")
    shown_before = order.marketplace_status
    seen = await desk.look(max_age_seconds=0)
    if answer is Answer.CANCELLED and (sent := await _count_shipments(desk)):
        _followed(desk)
        await note_shipped(desk)
        detail = f"recorded as cancelled, and {sent} shipments are known"
        return ask_person("shipped_though_cancelled", field="shipments", detail=detail)
    shown = shown_of(seen, order)
    result = result_of(order.task_reason or NO_TASK, answer, shown)
    if result is Result.KEEP_ANSWER:
        return ask_person("unknown_marketplace_status", field="status", detail=seen.status)
    if order.task_reason == NUMBER_TAKEN and answer is Answer.KEPT:
        await _take_as_ours(seen, desk)
    if result in (Result.GO_ON, Result.TAKE_OVER):
        answered = await find_answered(seen, desk)
        _followed(desk)
        return await _go_on(answer, answered, seen, desk)
    _followed(desk)
    if result in _PLACES_ANEW and order.state not in _UNSENT:
        detail = f"recorded as cancelled, and the order is {order.state}"
        return ask_person("shipped_though_cancelled", field="order", detail=detail)
    if result is Result.CONFIRM_ANEW and shown_before != LABELS_STATUS and may_bring_label(desk):
        detail = "Ankorstore shows no label yet, and the confirm may still bring one"
        return ask_person("wrong_label_confirmed", field="order", detail=detail)
    return await _carry_out(result, answer, shown, seen, desk)


async def _carry_out(
    result: Result, answer: Answer, shown: Shown, seen: MarketplaceOrder, desk: Desk
) -> Move:
    order = desk.order
    said = ANSWER_SENTENCES[answer]
    match result:
        case Result.ASK_AGAIN:
            trouble = trouble_after_placing(seen, order)
            assert trouble is not None, f"{shown} is trouble"
            message = f"{said}; Ankorstore shows {seen.status}, which that does not settle"
            return Attention(trouble.findings, message)
        case Result.CONFIRM_ANEW:
            desk.note(**NOT_CONFIRMED)
            return Next(order.state, "the wrong label is reset; the shipment is confirmed anew")
        case Result.CLOSE_SENT:
            is_done = shown is Shown.SHIPPED_OWN
            outcome = Outcome.COMPLETED if is_done else outcome_shown(seen)
            note = "" if is_done else "; goods are on their way: open their return"
            return Close(outcome, f"{said}{note}")
        case Result.CLOSE_GONE:
            _replace(seen, desk)
            return Close(outcome_shown(seen), said)
        case Result.AWAIT_ACCEPTANCE:
            _replace(seen, desk)
            desk.note(accept_blocked=True, accept_sent_before_at=None)
            return _waiting("acceptance_reverted", State.RECEIVED, said)
        case _:
            _replace(seen, desk)
            return _waiting("warehouse_order_cancelled", State.ACCEPTED, said)


async def _go_on(
    answer: Answer, answered: frozenset[Part], seen: MarketplaceOrder, desk: Desk
) -> Move:
    """
    Take as known what the answered task named, and nothing else; the next reading asks for that.

    Lines that were changed in Maya are what shipments are held to from now on.
    """
    order = desk.order
    assert order.live is not None, "the order is at the warehouse"
    if answer is Answer.CHANGED and Part.LINES in answered and seen.status == ACCEPTED_STATUS:
        try:
            prepared = prepare(await desk.apply_corrections(seen), desk)
        except Unmappable as error:
            change = await find_change(seen, desk)
            findings = (*(change.findings if change else ()), *error.findings)
            message = "changed in Maya, but the order cannot be mapped any more"
            return Attention(findings, message)
        desk.note_placing(lines=[asdict(line) for line in prepared.lines])
    rest = await know_answered(answered, seen, desk)
    if rest is not None:
        return rest
    if order.live.is_on_hold and answer in (Answer.RELEASED, Answer.SHIPPED):
        desk.note_placing(released_at=desk.now())
    return _resume(answer, desk)


def _settle_stray(desk: Desk) -> Move:
    """Take the goods of a replaced warehouse order as dealt with; nothing else is settled by it."""
    desk.settle_shipments()
    _followed(desk)
    return _resume(Answer.KEPT, desk)


async def _take_as_ours(seen: MarketplaceOrder, desk: Desk) -> None:
    """Take the warehouse order under this order's number as this order, on a person's word."""
    number = external_number(seen, desk.order, desk.warehouse)
    found = await desk.warehouse.find_order(number)
    _followed(desk)
    await note_placed(number, seen, desk, found.warehouse_order_number if found else None)


def _resume(answer: Answer, desk: Desk) -> Move:
    order = desk.order
    if order.state is State.CLOSED:
        return Close(order.outcome or Outcome.COMPLETED, ANSWER_SENTENCES[answer])
    return Next(order.state, f"{ANSWER_SENTENCES[answer]}; the order goes on")


def _replace(seen: MarketplaceOrder, desk: Desk) -> None:
    """
    Note that the live warehouse order is none any more, and which number the next one gets.

    There is none where another shop's order was found under the number before anything was sent.
    """
    order = desk.order
    if order.live is not None:
        desk.note_placing(replaced_at=desk.now())
    number = external_number(seen, order, desk.warehouse)
    desk.note(
        replaced_count=order.replaced_count + 1,
        next_external_number=number_after(number, replaced_count=order.replaced_count),
        resend_at=None,
        # What was decided was decided about the warehouse order that is gone.
        decision=None,
        accept_quantities=None,
        hold_until_at=None,
    )


def _followed(desk: Desk) -> None:
    desk.note(task_followed_at=desk.now(), new_address=None)


def _waiting(reason: str, state: State, message: str) -> Attention:
    return Attention((Finding(reason, "order", ""),), message, state=state)


async def _count_shipments(desk: Desk) -> int:
    """
    Return how many shipments of the live warehouse order there are, asked for just now.

    Goods that cannot be read, or were never ordered, left the warehouse all the same. Where it is
    not known to be placed, what bears its number may be another shop's: only what is ours counts.
    """
    order = desk.order
    if order.live is None:
        return 0
    sent = [entry for entry in await desk.search_shipments() if entry.reason != STRAY]
    if order.live.is_placed:
        return len(sent)
    mark = order.marketplace_order_id
    return sum(entry.reason is None or entry.shipment.order_mark == mark for entry in sent)


async def find_stray(desk: Desk) -> Attention | None:
    """Return the task that goods of a replaced warehouse order make, until it is settled."""
    order = desk.order
    if not order.replaced_count or order.attention_reason == STRAY or order.is_answer_owed:
        return None
    for entry in await desk.shipments():
        if entry.reason == STRAY and entry.is_trouble:
            return ask_person(STRAY, field=f"shipment {entry.shipment.warehouse_shipment_id}")
    return None


def must_decide_resend(seen: MarketplaceOrder, order: OrderRecord) -> bool:
    """Tell whether a person has yet to say that an order is placed once more."""
    is_replaced = order.live is None and order.replaced_count > 0
    return is_replaced and order.resend_at is None and seen.status == ACCEPTED_STATUS
