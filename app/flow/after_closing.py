"""A shipped order that news is about: what may still make it a task (docs/rules/changes.md)."""

from app.domain.lifecycle import Outcome
from app.domain.reasons import reason_of
from app.domain.statuses import (
    ACCEPTED_STATUS,
    CANCELLED_STATUS,
    FULFILMENT_STATUS,
    LABELS_STATUS,
    REJECTED_STATUS,
    WAITING_STATUS,
)
from app.flow.changes import find_change
from app.flow.moves import Attention, Stands, ask_person
from app.ports import Desk

OPEN_AGAIN = (WAITING_STATUS, ACCEPTED_STATUS, LABELS_STATUS, FULFILMENT_STATUS)
"""What an order that was shown shipped is shown as once somebody took that back."""


async def look_after_closing(desk: Desk) -> Attention | Stands | None:
    """
    Return the task that goods sent again, a late cancel or a late change make; None for none.

    A task that stands is cleared by a person's record only.
    """
    order = desk.order
    if order.attention_reason is not None and reason_of(order.attention_reason).is_task:
        return Stands("closed; the task still waits for a person")
    for entry in await desk.shipments():
        if entry.is_trouble and reason_of(entry.reason or "").is_task:
            field = f"shipment {entry.shipment.warehouse_shipment_id}"
            return ask_person(entry.reason or "", field=field)
    if order.outcome != Outcome.COMPLETED:
        return None
    return await find_late_news(desk)


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
