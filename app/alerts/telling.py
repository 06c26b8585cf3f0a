"""
When a message is owed: what one channel was told of one condition, and when. Pure.

A condition is told when it begins, again when there is more of it (once an hour at most), once a
day while it lasts, and when it is over. One that comes and goes is told once an hour at most.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.alerts.conditions import Alert

QUIET = timedelta(hours=1)
REMIND = timedelta(days=1)
FIRST_PAUSE_SECONDS = 60.0
LONGEST_PAUSE_SECONDS = 900.0
MAX_TRIES = 20
"""About four hours; then a message is dropped, and the next reminder is another chance."""


class Kind(StrEnum):
    """What is told."""

    HOLDS = "alert"
    OVER = "resolved"


@dataclass(frozen=True, slots=True)
class Telling:
    """
    What a channel was told of a condition.

    `told_count` is how much of it the channel knows of; None where it knows of none.
    """

    condition: str
    channel: str
    told_at: datetime | None = None
    told_count: int | None = None
    failures: int = 0
    next_try_at: datetime | None = None


def owed(known: Telling, alert: Alert | None, now: datetime) -> Kind | None:
    """Return what the channel is to be told now, None where nothing."""
    if known.next_try_at is not None and now < known.next_try_at:
        return None
    if alert is None:
        return Kind.OVER if known.told_count is not None else None
    if known.told_at is None:
        return Kind.HOLDS
    is_more = known.told_count is None or alert.count > known.told_count
    patience = QUIET if is_more else REMIND
    return Kind.HOLDS if now - known.told_at >= patience else None


def after_sending(known: Telling, alert: Alert | None, now: datetime) -> Telling:
    """Return what the channel knows once it was told of *alert*, or that it is over."""
    told = replace(known, failures=0, next_try_at=None)
    if alert is None:
        return replace(told, told_count=None)
    return replace(told, told_at=now, told_count=alert.count)


def after_failure(known: Telling, now: datetime) -> Telling | None:
    """Return when it is tried again; None where the message is given up."""
    failures = known.failures + 1
    if failures >= MAX_TRIES:
        return None
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (failures - 1))
    return replace(known, failures=failures, next_try_at=now + timedelta(seconds=pause))
