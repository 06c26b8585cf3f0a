"""What follows a failed attempt: when the next one is, and when a person is asked."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import (
    BridgeError,
    Finding,
    NotReady,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    Unauthorized,
    Unmappable,
)
from app.flow.retry import (
    HOPELESS_ATTEMPTS,
    JITTER_FACTOR,
    SLOW_FACTOR,
    Again,
    GiveUp,
    decide,
    delay_seconds,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
FINDINGS = (Finding("street_missing", "street", ""), Finding("sku_missing", "SKU", ""))

TRANSIENT = Transient("ankorstore", "read order", status=503)
LIMITED = RateLimited("ankorstore", "read order", retry_after_seconds=17)
REFUSED_LOGIN = Unauthorized("active_ants", "find order", status=401)
NOT_READY = NotReady("active_ants", "read stock")
UNKNOWN = OutcomeUnknown("active_ants", "create order")
REFUSED = Rejected("active_ants", "create order", status=200, detail="their words")
UNMAPPABLE = Unmappable("active_ants", "create order", FINDINGS)
BUG = ZeroDivisionError("a bug")

COMPANYS = [LIMITED, REFUSED_LOGIN, NOT_READY]
REPEATED = [TRANSIENT, UNKNOWN, BUG, *COMPANYS]


def after(error: Exception, **changes: Any) -> Again | GiveUp:
    values: dict[str, Any] = {
        "attempt": 1,
        "now": NOW,
        "base_seconds": 1.0,
        "jitter": 0.0,
        "others_succeed": False,
        **changes,
    }
    return decide(error, **values)


def seconds_until(decision: Again | GiveUp) -> float:
    assert isinstance(decision, Again)
    return (decision.at - NOW) / timedelta(seconds=1)


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 300), (7, 300), (19, 300), (20, 300), (999, 300)],
)
def test_quick_attempts_first_then_every_few_minutes(attempt: int, seconds: float) -> None:
    """Five quick attempts, each pause twice the last, then one every five minutes without end."""
    assert seconds_until(after(TRANSIENT, attempt=attempt)) == seconds
    assert seconds_until(after(TRANSIENT, attempt=attempt, base_seconds=0.5)) == seconds / 2


def test_jitter_spreads_the_attempts() -> None:
    """Jitter adds up to half a unit, so that orders that failed together come back apart."""
    assert seconds_until(after(TRANSIENT, jitter=1.0)) == 1 + JITTER_FACTOR
    assert seconds_until(after(TRANSIENT, jitter=1.0, base_seconds=2)) == 2 * (1 + JITTER_FACTOR)


def test_the_pause_a_company_asks_for_is_kept() -> None:
    """After a 429 that names a pause the next attempt comes after it, not before."""
    assert seconds_until(after(LIMITED)) == 17
    assert seconds_until(after(LIMITED, jitter=1.0)) == 17 + JITTER_FACTOR
    assert seconds_until(after(LIMITED, attempt=6)) == SLOW_FACTOR
    unsaid = RateLimited("ankorstore", "read order", retry_after_seconds=None)
    assert seconds_until(after(unsaid, attempt=3)) == 4


@pytest.mark.parametrize("error", [TRANSIENT, UNKNOWN, *COMPANYS], ids=str)
def test_a_companys_trouble_never_uses_an_order_up(error: BridgeError) -> None:
    """While nobody succeeds at the call no number of failures asks for a person."""
    for attempt in (1, HOPELESS_ATTEMPTS, 10_000):
        assert isinstance(after(error, attempt=attempt), Again)


@pytest.mark.parametrize("error", COMPANYS, ids=str)
def test_pauses_logins_and_missing_settings_are_never_the_orders_fault(error: BridgeError) -> None:
    """What concerns all orders alike never gives one of them up, whoever else succeeds."""
    assert isinstance(after(error, attempt=10_000, others_succeed=True), Again)


@pytest.mark.parametrize("error", [TRANSIENT, UNKNOWN, BUG], ids=repr)
def test_an_order_that_alone_keeps_failing_asks_for_a_person(error: Exception) -> None:
    """The twentieth failure at a call that works for others gives the order up, none before."""
    assert isinstance(after(error, attempt=HOPELESS_ATTEMPTS - 1, others_succeed=True), Again)

    decision = after(error, attempt=HOPELESS_ATTEMPTS, others_succeed=True)

    assert isinstance(decision, GiveUp)
    (finding,) = decision.findings
    assert finding.reason == "keeps_failing"
    assert "a bug" not in finding.detail


@pytest.mark.parametrize(
    ("peer", "reason"),
    [("ankorstore", "marketplace_refused"), ("active_ants", "warehouse_refused")],
)
def test_a_refusal_gives_up_at_once(peer: str, reason: str) -> None:
    """A refusal of the order itself asks for a person with the company's own words."""
    decision = after(Rejected(peer, "some call", status=422, detail="their words"))

    assert decision == GiveUp((Finding(reason, "some call", "their words"),))


def test_what_cannot_be_mapped_gives_up_with_its_findings() -> None:
    """Everything that stands in the order's way is told at once."""
    assert after(UNMAPPABLE) == GiveUp(FINDINGS)


@given(
    attempt=st.integers(1, 100_000),
    base=st.floats(0.001, 60),
    jitter=st.floats(0, 1),
    more=st.floats(0, 1),
)
def test_delays_are_bounded_and_grow(attempt: int, base: float, jitter: float, more: float) -> None:
    """A delay lies between one unit and five minutes of units, and never shrinks by much."""
    delay = delay_seconds(attempt, base, jitter)

    assert base <= delay <= base * (SLOW_FACTOR + JITTER_FACTOR)
    assert delay_seconds(attempt + 1, base, more) >= delay - base * JITTER_FACTOR


@given(
    error=st.sampled_from(REPEATED),
    attempt=st.integers(1, 1000),
    base=st.floats(0.001, 60),
    jitter=st.floats(0, 1),
    pause=st.none() | st.floats(0, 1e7),
)
def test_never_before_the_pause_and_never_in_the_past(
    error: Exception, attempt: int, base: float, jitter: float, pause: float | None
) -> None:
    """Whatever failed, the next attempt is later than now and not before what was asked for."""
    if isinstance(error, RateLimited):
        error = RateLimited("ankorstore", "read order", retry_after_seconds=pause)

    seconds = seconds_until(after(error, attempt=attempt, base_seconds=base, jitter=jitter))

    assert seconds > 0
    longest = base * (SLOW_FACTOR + 2 * JITTER_FACTOR)
    if isinstance(error, RateLimited) and pause is not None:
        assert seconds >= pause - 1e-6
        longest += pause
    assert seconds <= longest + 1e-6
