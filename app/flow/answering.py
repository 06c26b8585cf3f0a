"""
Answering an order at the marketplace: accept it whole or in part, or reject it, once.

Each answer follows a fresh verdict and is noted before it is sent; one whose answer was lost is
judged by what the order shows (docs/rules/states.md, docs/rules/review.md).
"""

from collections.abc import Awaitable
from datetime import datetime, timedelta

from app.domain.lifecycle import Outcome, State
from app.domain.order import MarketplaceOrder
from app.domain.partial import has_goods
from app.domain.pauses import Pausable
from app.domain.policy import Rejection
from app.domain.record import OrderRecord, decision_of
from app.domain.statuses import ACCEPTED_STATUS, WAITING_STATUS
from app.errors import Finding, OutcomeUnknown, Rejected, Transient
from app.flow.ending import end_unplaced
from app.flow.moves import Attention, Close, Move, Next, Wait, ask_person
from app.flow.review import note_verdict, review
from app.flow.rules import FlowRules
from app.flow.verdict import Kind, Verdict
from app.flow.world import unreleased_correction
from app.ports import Desk, Turn


async def answer_waiting(
    seen: MarketplaceOrder, order: OrderRecord, desk: Desk, rules: FlowRules
) -> Move:
    """
    Answer an order that waits for an answer, as the verdict or a person says.

    *order* is what was held before *seen* was read, so that the two can be compared.
    """
    await desk.require_running(Pausable.ACCEPTING)
    if order.accept_blocked:
        return ask_person("acceptance_reverted", field="order")
    is_unanswered = order.accept_sent_before_at is not None
    if is_unanswered and seen.updated_at != order.marketplace_updated_at:
        # An accept that never arrived changes nothing there; one taken back has changed it twice.
        return ask_person("acceptance_unclear", field="order")
    if (waits := unreleased_correction(order)) is not None and not _is_to_be_rejected(order):
        return waits
    verdict = await _verdict_on(seen, desk, rules)
    if verdict.kind is Kind.HOLD:
        return hold_by(verdict)
    if (until := _under_way_until(desk, rules)) is not None:
        return Wait(until, "the answer sent before", "an answer may still be under way")
    if verdict.kind is Kind.REJECT:
        # As before closing an order: the database may be older than what was placed (ending.py).
        end = Close(Outcome.REJECTED, "to be rejected")
        if isinstance(found := await end_unplaced(end, seen, desk, rules), Next):
            return found
    await desk.marketplace.reserve_call()
    if await desk.look(max_age_seconds=rules.verdict_seconds) != seen:
        return Next(State.RECEIVED, "the order changed meanwhile; judging it as it is now")
    if verdict.kind is Kind.REJECT:
        assert verdict.rejection is not None, "a reject says why"
        return await _reject(desk, verdict.rejection)
    return await _accept(desk, verdict)


def _is_to_be_rejected(order: OrderRecord) -> bool:
    decision = decision_of(order)
    return decision is not None and decision.kind == "reject"


async def _verdict_on(seen: MarketplaceOrder, desk: Desk, rules: FlowRules) -> Verdict:
    """Return the verdict; a person who rejects is not asked what the warehouse would say."""
    decision = decision_of(desk.order)
    if decision is None or decision.kind != "reject":
        return await review(seen, desk, rules, is_accepted=False)
    rejection = Rejection(decision.reject_type, decision.reject_reason)
    verdict = Verdict(Kind.REJECT, rejection=rejection, remark="a person rejects the order")
    note_verdict(verdict, seen, desk, needed={}, facts={})
    return verdict


def hold_by(verdict: Verdict, message: str = "", state: State | None = None) -> Attention:
    """Return the move that asks a person, for as long as the policy wants them asked."""
    holding = [one for one in verdict.rulings if one.finding in verdict.findings]
    findings = tuple(one.finding for one in holding)
    if findings[0].reason == "acceptance_manual":
        findings = findings[:1]  # the verdict tells the rest; the question is this one
    words = [message or "the review holds the order", verdict.remark]
    if verdict.hold_until_at is not None:
        words.append(f"until {verdict.hold_until_at:%Y-%m-%d %H:%M} UTC, if nobody decides")
    told = "; ".join(word for word in words if word)
    return Attention(
        findings, told, state=state, until=verdict.hold_until_at, since=holding[0].since
    )


def _under_way_until(desk: Desk, rules: FlowRules) -> datetime | None:
    """
    Return until when an answer sent before may still arrive, None where none may.

    Were an accept sent again and taken back before, the late one would accept the order once more.
    """
    sent_before = (desk.order.accept_sent_before_at, desk.order.reject_sent_before_at)
    settle = timedelta(seconds=rules.settle_seconds)
    later = [at + settle for at in sent_before if at is not None and desk.now() < at + settle]
    return max(later, default=None)


async def _accept(desk: Desk, verdict: Verdict) -> Move:
    assert verdict.prepared is not None, "go and partial know what will be sent"
    is_partial = verdict.kind is Kind.PARTIAL
    sent = dict(verdict.pack_quantities) if is_partial else None
    units = dict(verdict.unit_quantities)
    desk.note(accept_quantities={"sent": sent, "units": units} if is_partial else None)
    turn = await desk.intend_accept(verdict.prepared.needed(), may_be_short=verdict.may_be_short())
    if not isinstance(turn, Turn):
        return Next(State.RECEIVED, "other orders took the last pieces; judging it again")
    order_id = desk.order.marketplace_order_id
    call = desk.marketplace.accept_order(order_id, pack_quantities=sent, turn=turn)
    answer = await _answer_of(call, desk, accept_sent_before_at=None, accept_quantities=None)
    if not isinstance(answer, MarketplaceOrder):
        return answer
    if answer.status != ACCEPTED_STATUS:
        return Next(State.RECEIVED, f"after the accept Ankorstore shows {answer.status}")
    if not is_partial:
        return Next(State.ACCEPTED, "accepted at Ankorstore")
    left_out = sum(not packs for packs in verdict.pack_quantities.values())
    reduced = len(verdict.pack_quantities) - left_out
    message = f"accepted in part at Ankorstore: {left_out} lines left out, {reduced} made smaller"
    return Next(State.ACCEPTED, message)


async def _reject(desk: Desk, rejection: Rejection) -> Move:
    turn = await desk.intend_reject()
    order_id = desk.order.marketplace_order_id
    call = desk.marketplace.reject_order(
        order_id, rejection.reject_type, rejection.reason, turn=turn
    )
    answer = await _answer_of(call, desk, reject_sent_before_at=None, reject_intent_at=None)
    if not isinstance(answer, MarketplaceOrder):
        return answer
    message = f"rejected at Ankorstore as {rejection.reject_type}; it shows {answer.status}"
    return Next(State.RECEIVED, message)


async def _answer_of(
    call: Awaitable[MarketplaceOrder], desk: Desk, **where_not_taken: None
) -> MarketplaceOrder | Move:
    """
    Return the order as the answer to *call* shows it, or the way on after a refusal.

    Columns *where_not_taken* are emptied where the write surely had no effect.

    Raises:
        BridgeError: The answer was lost, or the write refused for good.
    """
    try:
        answer = await call
    except OutcomeUnknown:
        raise
    except Transient:
        desk.note(**where_not_taken)  # surely not sent, or surely not taken
        raise
    except Rejected as refusal:
        desk.note(**where_not_taken)
        if refusal.status != 409:
            raise
        # Refused because of the order's state: done if it is the state we want.
        seen = await desk.look(max_age_seconds=0)
        if seen.status == WAITING_STATUS:
            raise
        return Next(State.RECEIVED, f"the answer was refused; Ankorstore shows {seen.status}")
    desk.remember(answer)
    return answer


def accepted_otherwise(seen: MarketplaceOrder, order: OrderRecord) -> Attention | None:
    """
    Compare what *seen* shows with what a partial accept asked for, before anything is placed.

    None where they agree, or where the order was accepted whole: then what is shown is placed.
    """
    if not order.accept_quantities:
        return None
    wanted: dict[str, int] = order.accept_quantities["units"]
    shown = {line.line_id: line.unit_quantity for line in seen.lines if has_goods(line)}
    names = {line.line_id: line.sku or line.line_id for line in seen.lines}
    findings = [
        Finding(
            "accepted_differs",
            f"line {names.get(line_id, line_id)}",
            f"accepted {wanted.get(line_id, 0)} units, shown {shown.get(line_id, 0)}",
            line_id,
        )
        for line_id in sorted({*wanted, *shown})
        if wanted.get(line_id, 0) != shown.get(line_id, 0)
    ]
    message = "Ankorstore shows other quantities than were accepted"
    return Attention(tuple(findings), message) if findings else None
