"""
An order that waits for a person, woken by news: one reading, no write.

What the marketplace now shows may settle the matter; otherwise the order waits on and the news
is noted (docs/rules/attention.md).
"""

from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.domain.reasons import reason_of
from app.flow.ending import end_unplaced
from app.flow.moves import Attention, Close, Move, Next, Stands, ask_person
from app.flow.review import review
from app.flow.rules import FlowRules
from app.flow.world import (
    ACCEPTED_STATUS,
    WAITING_STATUS,
    ended_before_placing,
    is_confirmed_by_us,
    trouble_after_placing,
)
from app.ports import Desk

_ABOUT_STATUS = ("labels_generated", "unknown_marketplace_status")
"""Reasons that are gone once the marketplace shows the order accepted (again)."""


async def look_again(desk: Desk, rules: FlowRules) -> Move:
    """Read the order once and say whether that settles why a person was asked."""
    order = desk.order
    seen = await desk.look(max_age_seconds=0)
    if order.may_be_at_warehouse:
        return await _look_after_intent(seen, desk)
    if isinstance(end := ended_before_placing(seen, order, rules), Close):
        return await end_unplaced(end, seen, desk, rules)
    is_newly_accepted = order.state is State.RECEIVED or order.attention_reason in _ABOUT_STATUS
    waits_for_release = order.attention_reason == "corrected_not_released"
    if seen.status == ACCEPTED_STATUS and is_newly_accepted and not waits_for_release:
        return await _review_newly_accepted(seen, desk, rules)
    if seen.status == WAITING_STATUS and order.state is State.ACCEPTED:
        return acceptance_reverted(desk)
    return Stands(f"Ankorstore shows {seen.status}; the order still waits for a person")


async def _review_newly_accepted(seen: MarketplaceOrder, desk: Desk, rules: FlowRules) -> Move:
    """Review an order that a person accepted; the same reason keeps asking since when it did."""
    verdict = await review(seen, desk, rules, is_accepted=True)
    if verdict.is_go:
        return Next(State.ACCEPTED, "accepted at Ankorstore by a person")
    message = "accepted at Ankorstore by a person; the review still holds the order"
    return Attention(verdict.findings, message, state=State.ACCEPTED)


def acceptance_reverted(desk: Desk) -> Move:
    """Go back to waiting: the service never accepts such an order again of its own accord."""
    desk.note(accept_blocked=True, accept_sent_before_at=None)
    asked = ask_person("acceptance_reverted", field="order")
    return Attention(asked.findings, "Ankorstore took the acceptance back", state=State.RECEIVED)


async def _has_shipped(desk: Desk) -> bool:
    """Tell whether anything was sent, by the feed or by a search now."""
    return bool(await desk.shipments() or await desk.search_shipments())


async def _look_after_intent(seen: MarketplaceOrder, desk: Desk) -> Move:
    """
    After a create intent only our own confirm settles anything; worse news is shown.

    A task about goods at the warehouse stands until a person says what was done about it.
    """
    order = desk.order
    if not reason_of(order.attention_reason or "").is_task:
        if order.state is State.DISPATCHED and is_confirmed_by_us(seen, order):
            return Next(State.DISPATCHED, "Ankorstore shows our own confirm")
        trouble = trouble_after_placing(seen, order)
        if trouble is not None and reason_of(trouble.reason).is_task:
            return trouble
        if order.attention_reason == "no_shipment" and await _has_shipped(desk):
            return Next(order.state, "the warehouse has sent something after all")
    return Stands(f"Ankorstore shows {seen.status}; the order still waits for a person")
