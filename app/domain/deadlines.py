"""Whether an order leaves in time (docs/rules/deadlines.md)."""

from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.lifecycle import State
from app.domain.record import OrderRecord

UNDISPATCHED = (State.RECEIVED, State.ACCEPTED, State.PLACED)


class Deadline(StrEnum):
    """How an order that has not left yet stands to its latest shipping date."""

    AT_RISK = "at_risk"
    """The date is near."""
    LATE = "late"
    """The date is past."""


def deadline_of(order: OrderRecord, now: datetime, at_risk_seconds: float) -> Deadline | None:
    """Return how the order stands; None where it is in time, has left, or knows no date."""
    if order.state not in UNDISPATCHED or order.ship_by_at is None:
        return None
    if order.ship_by_at <= now:
        return Deadline.LATE
    is_near = order.ship_by_at <= now + timedelta(seconds=at_risk_seconds)
    return Deadline.AT_RISK if is_near else None
