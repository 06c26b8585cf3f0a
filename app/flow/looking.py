"""
An order that waits for a person, woken by news: one reading, no write.

What the marketplace now shows may settle the matter; otherwise the order waits on and the news
is noted (docs/rules/attention.md).
"""

from dataclasses import replace
from datetime import datetime

from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.domain.policy import ASKED_TO_CANCEL
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord, Waived, waived_of
from app.domain.statuses import ACCEPTED_STATUS, WAITING_STATUS
from app.flow.answering import accepted_otherwise, hold_by
from app.flow.changes import find_change, find_news
from app.flow.ending import end_unplaced
from app.flow.moves import Attention, Close, Move, Next, Stands, ask_person
from app.flow.progress import counts, note_shipped
from app.flow.review import review
from app.flow.rules import FlowRules
from app.flow.settling import NUMBER_TAKEN, STRAY
from app.flow.verdict import Kind
from app.flow.world import (
    ended_before_placing,
    is_confirmed_by_us,
    trouble_after_placing,
    unreleased_correction,
)
from app.ports import Desk

_ABOUT_STATUS = ("labels_generated", "unknown_marketplace_status")
"""Reasons that are gone once the marketplace shows the order accepted (again)."""

_LESSER_TASKS = (
    "address_changed_after_placing",
    "lines_changed_after_placing",
    "changed_on_hold",
    "release_refused",
)
"""Tasks that give way to a graver one: what shall be changed matters less once it is cancelled."""


async def look_again(desk: Desk, rules: FlowRules) -> Move:
    """Read the order once and say whether that settles why a person was asked."""
    order = desk.order
    seen = await desk.look(max_age_seconds=0)
    is_shipped = await note_shipped(desk)
    if is_shipped and (order.attention_reason == NUMBER_TAKEN or not _is_task(order)):
        return Next(order.state, "goods of it were sent, so the warehouse has the order")
    if is_shipped or order.may_be_at_warehouse:
        return await _look_after_intent(seen, desk)
    if order.attention_reason == STRAY:
        return Stands(f"Ankorstore shows {seen.status}; the goods sent still wait for a person")
    end = ended_before_placing(seen, order, rules)
    if isinstance(end, Close):
        return await end_unplaced(end, seen, desk, rules)
    if order.attention_reason == "held_by_operator":
        return _stay_held(seen, desk)
    waits_for_release = order.attention_reason == "corrected_not_released"
    if waits_for_release:
        await desk.apply_corrections(seen)  # notes which address they were made for
    is_waiting = order.state is State.RECEIVED and seen.status == WAITING_STATUS
    is_settleable = not waits_for_release and not _is_task(order)
    if end is not None and is_settleable and end.reason != order.attention_reason:
        return end  # what was asked is no longer the question
    if order.hold_until_at is not None and is_waiting and not waits_for_release:
        return await _review_held(seen, desk, rules)
    is_newly_accepted = order.state is State.RECEIVED or order.attention_reason in _ABOUT_STATUS
    if seen.status == ACCEPTED_STATUS and is_newly_accepted and not waits_for_release:
        return await _review_newly_accepted(seen, desk, rules)
    if seen.status == WAITING_STATUS and order.state is State.ACCEPTED:
        return acceptance_reverted(desk)
    return Stands(f"Ankorstore shows {seen.status}; the order still waits for a person")


async def _review_newly_accepted(seen: MarketplaceOrder, desk: Desk, rules: FlowRules) -> Move:
    """Review an order that a person accepted; the same reason keeps asking since when it did."""
    waits = unreleased_correction(desk.order) or accepted_otherwise(seen, desk.order)
    if waits is not None:
        return replace(waits, state=State.ACCEPTED)
    verdict = await review(seen, desk, rules, is_accepted=True)
    if verdict.is_go:
        return Next(State.ACCEPTED, "accepted at Ankorstore by a person")
    message = "accepted at Ankorstore by a person; the review still holds the order"
    asked = hold_by(verdict, message, state=State.ACCEPTED)
    is_same = desk.order.attention_reason == asked.reason
    return replace(asked, since=desk.order.attention_since) if is_same else asked


def is_hold_over(order: OrderRecord, now: datetime) -> bool:
    """Tell whether a hold by policy has come to its end, so that the order is judged again."""
    has_ended = order.hold_until_at is not None and order.hold_until_at <= now
    is_corrected = order.attention_reason == "corrected_not_released"
    return has_ended and not order.may_be_at_warehouse and not is_corrected


def _stay_held(seen: MarketplaceOrder, desk: Desk) -> Move:
    """Note what became of an order a person holds; only a person lets it go on."""
    if seen.status == ACCEPTED_STATUS and desk.order.state is State.RECEIVED:
        asked = ask_person("held_by_operator", field="order")
        message = "accepted at Ankorstore by a person; still held"
        return replace(asked, message=message, state=State.ACCEPTED)
    return Stands(f"Ankorstore shows {seen.status}; a person holds the order")


async def _review_held(seen: MarketplaceOrder, desk: Desk, rules: FlowRules) -> Move:
    """Let an order that is held for a time go on at once where nothing holds it any more."""
    before = desk.order
    verdict = await review(seen, desk, rules, is_accepted=False)
    if verdict.kind is Kind.HOLD:
        asked = hold_by(verdict)
        known = [
            _as_seen(entry["reason"], entry["field"], entry["detail"], before)
            for entry in before.attention_detail
        ]
        found = [_as_seen(one.reason, one.field, one.detail, desk.order) for one in asked.findings]
        if known == found and asked.until == before.hold_until_at:
            return Stands("the policy still holds the order")
        is_same = before.attention_reason == asked.reason
        return replace(asked, since=before.attention_since) if is_same else asked
    return Next(State.RECEIVED, "what held the order is gone; judging it again")


def _as_seen(reason: str, field: str, detail: str, order: OrderRecord) -> Waived:
    """Return a finding without what moves all the time, as a decision about it would keep it."""
    return waived_of(reason, field, detail, (order.verdict or {}).get("needed", {}))


def acceptance_reverted(desk: Desk) -> Move:
    """Go back to waiting: the service never accepts such an order again of its own accord."""
    desk.note(
        accept_blocked=True,
        accept_sent_before_at=None,
        accept_quantities=None,
        decision=None,
        resend_at=None,
    )
    asked = ask_person("acceptance_reverted", field="order")
    return Attention(asked.findings, "Ankorstore took the acceptance back", state=State.RECEIVED)


def _is_task(order: OrderRecord) -> bool:
    return reason_of(order.attention_reason or "").is_task


async def _has_shipped(desk: Desk) -> bool:
    """Tell whether goods of the order were sent, by the feed or by a search now."""
    stored = await desk.shipments()
    if any(counts(entry, desk.order) for entry in stored):
        return True
    return any(counts(entry, desk.order) for entry in await desk.search_shipments())


async def _look_after_intent(seen: MarketplaceOrder, desk: Desk) -> Move:
    """
    After a create intent only our own confirm settles anything; worse news is shown.

    A task about goods at the warehouse stands until a person says what was done about it.
    """
    order = desk.order
    is_task = _is_task(order)
    if not is_task and order.state is State.DISPATCHED and is_confirmed_by_us(seen, order):
        return Next(State.DISPATCHED, "Ankorstore shows our own confirm")
    if not is_task or order.attention_reason in _LESSER_TASKS:
        trouble = trouble_after_placing(seen, order)
        if trouble is not None and reason_of(trouble.reason).is_task:
            return trouble
        change = await (find_news if is_task else find_change)(seen, desk)
        if change is not None:
            return change
        if order.attention_reason == "no_shipment" and await _has_shipped(desk):
            return Next(order.state, "the warehouse has sent something after all")
        if order.attention_reason == ASKED_TO_CANCEL:
            if seen.cancellation_request_reason is None:
                return Next(order.state, "the retailer no longer asks to cancel")
            if await _has_shipped(desk):
                return Next(order.state, "the goods were sent before the order was cancelled")
    return Stands(f"Ankorstore shows {seen.status}; the order still waits for a person")
