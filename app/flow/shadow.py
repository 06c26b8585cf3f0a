"""
Shadow mode: one order judged as ever and then followed by reading, with nothing written anywhere.

What would have been done is kept beside what today's connector and people did; nobody is asked
for anything (docs/shadow.md).
"""

from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.lifecycle import IGNORED_SHADOWED, State
from app.domain.order import MarketplaceOrder
from app.domain.record import OrderRecord
from app.domain.shadow import Answer, ShadowRecord
from app.domain.statuses import ACCEPTED_STATUS, WAITING_STATUS
from app.errors import Unmappable
from app.flow.moves import Close, Move
from app.flow.review import prepare, review
from app.flow.rules import FlowRules
from app.flow.shadow_watch import ENDED, observe, packs_of
from app.flow.verdict import Kind, Verdict
from app.ports import Desk, PreparedOrder

FRESH = timedelta(minutes=10)
"""An order answered so soon is judged as if it were not: today's connector was faster."""
_ANSWERS = {
    Kind.GO: Answer.ACCEPTED,
    Kind.PARTIAL: Answer.PARTIAL,
    Kind.REJECT: Answer.REJECTED,
    Kind.HOLD: Answer.HELD,
}


def is_followed(order: OrderRecord) -> bool:
    """Tell whether shadow mode follows the order: nothing of it was begun in live mode."""
    if order.state is State.CLOSED:
        return order.shadowed_at is not None
    is_begun = order.accept_intent_at or order.reject_intent_at or order.live
    return order.state is State.RECEIVED and not is_begun and order.attention_reason is None


async def follow_in_shadow(desk: Desk, rules: FlowRules) -> Move:
    """Judge the order once, then note what happened to it, until it has ended."""
    order = desk.order
    if order.state is State.CLOSED:
        return Close(order.outcome or IGNORED_SHADOWED, "closed; followed in shadow mode")
    record = await desk.load_shadow()
    if record is None:
        desk.note_shadow(first_seen_at=desk.now())
        record = ShadowRecord(order.order_id, desk.now())
    if order.shadowed_at is None:
        desk.note(shadowed_at=desk.now())
    seen = await desk.look(max_age_seconds=rules.verdict_seconds)
    if _is_to_be_judged(record, seen):
        record = await _judge(record, seen, desk, rules)
    return await observe(record, seen, desk, rules)


def _is_to_be_judged(record: ShadowRecord, seen: MarketplaceOrder) -> bool:
    """Whoever holds an order judges it again for as long as nobody has answered it."""
    if record.judged_at is None:
        return seen.status not in ENDED
    return record.decision == Answer.HELD and seen.status == WAITING_STATUS


async def _judge(
    record: ShadowRecord, seen: MarketplaceOrder, desk: Desk, rules: FlowRules
) -> ShadowRecord:
    """Have the verdict kept, and what would be sent to the warehouse on it."""
    is_answered = seen.status != WAITING_STATUS and not _is_fresh(seen, desk.now())
    # With ACCEPT_MODE=manual a person would be shown the same verdict.
    verdict = await review(
        seen, desk, replace(rules, accepts_by_itself=True), is_accepted=is_answered
    )
    prepared = verdict.prepared or await _prepare(seen, desk)
    judged: dict[str, Any] = {
        "judged_at": desk.now(),
        "was_answered": is_answered,
        "decision": str(_ANSWERS[verdict.kind]),
        "verdict": desk.order.verdict,
        "ordered": packs_of(seen),
        "would_send": _would_send(verdict, prepared),
        "payload": dict(prepared.payload) if prepared is not None else None,
        "fingerprint": prepared.fingerprint if prepared is not None else None,
    }
    desk.note_shadow(**judged)
    return replace(record, **judged)


def _is_fresh(seen: MarketplaceOrder, now: datetime) -> bool:
    is_accepted = seen.status == ACCEPTED_STATUS
    return is_accepted and seen.submitted_at is not None and now - seen.submitted_at < FRESH


async def _prepare(seen: MarketplaceOrder, desk: Desk) -> PreparedOrder | None:
    """Return what would be sent of an order that is held or rejected, were it not."""
    try:
        return prepare(await desk.apply_corrections(seen), desk)
    except Unmappable:
        return None


def _would_send(verdict: Verdict, prepared: PreparedOrder | None) -> dict[str, Any] | None:
    if prepared is None:
        return None
    return {
        "number": prepared.external_order_number,
        "lines": [asdict(line) for line in prepared.lines],
        "pieces": prepared.needed(),
        "packs": dict(verdict.pack_quantities),
    }
