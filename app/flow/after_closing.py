"""A closed order that news is about: what may still ask for a person (docs/rules/changes.md)."""

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, Outcome
from app.domain.reasons import reason_of
from app.domain.statuses import (
    ACCEPTED_STATUS,
    CANCELLED_STATUS,
    FULFILMENT_STATUS,
    LABELS_STATUS,
    LISTED_STATUSES,
    REJECTED_STATUS,
    WAITING_STATUS,
)
from app.flow.changes import find_change
from app.flow.moves import Attention, Stands, ask_person
from app.ports import Desk

OPEN_AGAIN = (WAITING_STATUS, ACCEPTED_STATUS, LABELS_STATUS, FULFILMENT_STATUS)
"""What an order that was shown shipped is shown as once somebody took that back."""
REOPENED = "reopened_after_closing"


async def look_after_closing(desk: Desk) -> Attention | Stands | None:
    """
    Return what goods sent again, a late cancel or change, or an end taken back make; else None.

    A task that stands is cleared by a person's record only.
    """
    order = desk.order
    if order.attention_reason is not None and reason_of(order.attention_reason).is_task:
        return Stands("closed; the task still waits for a person")
    for entry in await desk.shipments():
        if entry.is_trouble and reason_of(entry.reason or "").is_task:
            field = f"shipment {entry.shipment.warehouse_shipment_id}"
            return ask_person(entry.reason or "", field=field)
    if order.outcome == IGNORED_BEFORE_SWITCH:
        return None  # others handle it, whatever it shows
    if order.outcome != Outcome.COMPLETED or order.live is None:
        return await _find_opened_again(desk)
    return await find_late_news(desk)


async def _find_opened_again(desk: Desk) -> Attention | Stands | None:
    """
    Return the question about an order whose end was taken back; without news nothing is read.

    What had ended is never sent by itself: why it ended, and why no longer, only people know.
    """
    order = desk.order
    is_asked = order.attention_reason == REOPENED
    waits_on = Stands("closed; the order still waits for a person") if is_asked else None
    if order.wake_seq <= order.processed_wake_seq:
        return waits_on
    shown_before = order.marketplace_status
    seen = await desk.look(max_age_seconds=0)
    if seen.status not in LISTED_STATUSES:
        return None
    if is_asked or shown_before is None or shown_before in LISTED_STATUSES:
        return waits_on
    if order.confirmed_at is not None:  # cancelled after it was shipped, and open again
        return ask_person("reopened_after_shipping", field="order", detail=seen.status)
    return ask_person(REOPENED, field="order", detail=seen.status)


async def find_late_news(desk: Desk) -> Attention | None:
    """Return the task that news about a shipped order makes; without news nothing is read."""
    order = desk.order
    if order.live is None or order.wake_seq <= order.processed_wake_seq:
        return None
    shown_before = order.marketplace_status
    seen = await desk.look(max_age_seconds=0)
    if seen.status in (CANCELLED_STATUS, REJECTED_STATUS):
        return ask_person("cancelled_after_shipping", field="order", detail=seen.status)
    if seen.status in OPEN_AGAIN and seen.status != shown_before:
        return ask_person("reopened_after_shipping", field="order", detail=seen.status)
    return await find_change(seen, desk)
