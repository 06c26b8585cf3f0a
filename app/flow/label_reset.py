"""
Taking back a label of the marketplace's that nobody wanted: on a person's word, once.

A confirm that bought a carrier's label has not told anybody that the brand's own carrier is on
its way. Once the label is reset, the order stands as before the confirm: it is quoted and
confirmed anew (docs/rules/shipping.md, 'A wrong label').
"""

from datetime import datetime, timedelta
from typing import Any

from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.domain.pauses import Pausable
from app.domain.statuses import ACCEPTED_STATUS, LABELS_STATUS
from app.errors import OutcomeUnknown, Rejected, Transient
from app.flow.moves import Attention, Move, Next, Wait, ask_person
from app.flow.world import trouble_after_placing
from app.ports import Desk, Turn
from app.store.decisions_shipping import LABEL_WITHIN_SECONDS

RESET_DONE = "the label is reset; the order is to be shipped by the brand's own carrier again"
_NOT_ASKED: dict[str, Any] = {"label_reset_asked_at": None, "label_reset_sent_before_at": None}
NOT_CONFIRMED: dict[str, Any] = {
    "confirm_intent_at": None,
    "confirm_quote_id": None,
    "confirmed_at": None,
    "tracking_sent": None,
    "refund_text": None,
}
"""The columns of an order whose confirm the marketplace has undone."""


async def reset_label(desk: Desk) -> Move:
    """Take the label back, unless it is gone already; a lost answer is settled by reading."""
    seen = await desk.look(max_age_seconds=0)
    if seen.status != LABELS_STATUS:
        return _after_label(seen, desk)
    await desk.require_running(Pausable.TRACKING)
    sent_before_at: datetime | None = desk.order.label_reset_sent_before_at
    if sent_before_at is not None and desk.now() < sent_before_at:
        return Wait(sent_before_at, "the answer to the reset", "a reset may still be under way")
    await desk.marketplace.reserve_call()
    return await _reset(desk, await desk.intend_label_reset())


async def _reset(desk: Desk, turn: Turn) -> Move:
    try:
        await desk.marketplace.reset_label(desk.order.marketplace_order_id, turn=turn)
    except OutcomeUnknown:
        raise
    except Transient:
        desk.note(label_reset_sent_before_at=None)  # surely not sent, or surely not taken
        raise
    except Rejected as refusal:
        seen = await desk.look(max_age_seconds=0)
        if seen.status != LABELS_STATUS:
            return _after_label(seen, desk)
        desk.note(**_NOT_ASKED)
        status = f" (HTTP {refusal.status})" if refusal.status is not None else ""
        return _ask_again(desk, f"Ankorstore refused the reset{status}")
    return _after_label(await desk.look(max_age_seconds=0), desk)


def _after_label(seen: MarketplaceOrder, desk: Desk) -> Move:
    """
    Go on from what the order shows now that it shows no label.

    A confirm that is still under way keeps its deadline: nothing is confirmed before it.
    """
    if seen.status == LABELS_STATUS:
        desk.note(**_NOT_ASKED)
        return _ask_again(desk, "Ankorstore took the reset and still shows the label")
    desk.note(**_NOT_ASKED)
    if seen.status == ACCEPTED_STATUS:
        desk.note(**NOT_CONFIRMED)
        return Next(desk.order.state, RESET_DONE)
    if desk.order.state in (State.RECEIVED, State.ACCEPTED):
        return Next(desk.order.state, f"Ankorstore shows the order {seen.status}")
    trouble = trouble_after_placing(seen, desk.order)
    return trouble or Next(desk.order.state, f"Ankorstore shows the order {seen.status}")


def _ask_again(desk: Desk, detail: str) -> Attention:
    """Ask for what was asked before the person had the label reset."""
    if desk.order.confirm_intent_at is not None:
        return ask_person("wrong_label_confirmed", field="order", detail=detail)
    is_placed = desk.order.may_be_at_warehouse
    reason = "labels_after_placing" if is_placed else "labels_generated"
    return ask_person(reason, field="order", detail=detail)


def may_bring_label(desk: Desk) -> bool:
    """Tell whether the label of a confirm that was charged may still be on its way."""
    confirmed_at = desk.order.confirmed_at
    within = timedelta(seconds=LABEL_WITHIN_SECONDS)
    return confirmed_at is not None and desk.now() < confirmed_at + within
