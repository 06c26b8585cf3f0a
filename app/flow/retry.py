"""
What follows a failed attempt: again at a time, or give up. Pure.

The table is docs/rules/errors.md. A company's trouble never uses an order up: after the quick
attempts it goes on every few minutes without end. An order gives up on a refusal of its own, or
when it alone keeps failing at a call that succeeds for others.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.errors import (
    BridgeError,
    Finding,
    NotReady,
    RateLimited,
    Rejected,
    Unauthorized,
    Unmappable,
)

QUICK_ATTEMPTS = 5
SLOW_FACTOR = 300.0
"""In units of the base: with one second, every five minutes."""
JITTER_FACTOR = 0.5
HOPELESS_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Again:
    """Try the step again at this time, not before."""

    at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Ask a person; the first finding gives the reason."""

    findings: tuple[Finding, ...]


def decide(
    error: Exception,
    *,
    attempt: int,
    now: datetime,
    base_seconds: float,
    jitter: float,
    others_succeed: bool,
) -> Again | GiveUp:
    """
    Decide what follows *error*, the *attempt*-th failure in a row (1 is the first).

    *jitter* is drawn from 0 to 1. *others_succeed* tells that the failures came although the
    same call worked for other orders.
    """
    assert attempt >= 1
    assert 0 <= jitter <= 1
    if isinstance(error, Unmappable):
        return GiveUp(error.findings)
    if isinstance(error, Rejected):
        reason = "warehouse_refused" if error.peer == "active_ants" else "marketplace_refused"
        return GiveUp((Finding(reason, error.operation, error.detail),))
    is_companys = isinstance(error, RateLimited | Unauthorized | NotReady)
    if attempt >= HOPELESS_ATTEMPTS and others_succeed and not is_companys:
        operation = error.operation if isinstance(error, BridgeError) else "step"
        return GiveUp((Finding("keeps_failing", operation, _detail(error)),))
    seconds = delay_seconds(attempt, base_seconds, jitter)
    if isinstance(error, RateLimited) and error.retry_after_seconds is not None:
        jitter_seconds = jitter * JITTER_FACTOR * base_seconds
        seconds = max(seconds, error.retry_after_seconds + jitter_seconds)
    return Again(now + timedelta(seconds=seconds))


def delay_seconds(attempt: int, base_seconds: float, jitter: float) -> float:
    """Return 1, 2, 4, 8, 16 units for the quick attempts, then 300, each with some jitter."""
    factor = 2.0 ** (attempt - 1) if attempt <= QUICK_ATTEMPTS else SLOW_FACTOR
    return base_seconds * (factor + jitter * JITTER_FACTOR)


def _detail(error: Exception) -> str:
    if isinstance(error, BridgeError):
        return error.detail or str(error)
    return type(error).__name__
