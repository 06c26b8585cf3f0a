"""
A company's answer: what is in it, which pause it asks for, and what its status means.

The common table of docs/rules/errors.md; a company's own client may know better where its
answers say more than their status.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from app.errors import BridgeError, OutcomeUnknown, Rejected, Transient, Unauthorized
from app.ports import Turn

MAX_HEADER_DIGITS = 12
LONGEST_PAUSE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A company's answer, whole, whatever its status."""

    status: int
    headers: httpx.Headers
    body: bytes

    def json(self) -> Any:
        """Return the decoded body; ValueError if it is not JSON."""
        try:
            return json.loads(self.body)
        except RecursionError:
            raise ValueError("nested too deeply") from None


def read_remaining(headers: Mapping[str, str]) -> int | None:
    """Return how many calls the company says are left, None where it does not say."""
    remaining = headers.get("X-RateLimit-Remaining", "")
    return int(remaining) if remaining.isdecimal() and len(remaining) <= MAX_HEADER_DIGITS else None


def read_pause_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """
    Return the pause an answer asks for, None where it names none.

    Reads `Retry-After` as seconds or as a date, else `X-RateLimit-Reset` as epoch seconds.
    Never negative, never more than an hour.
    """
    seconds = _read_retry_after(headers.get("Retry-After", "").strip(), now)
    if seconds is None:
        reset = headers.get("X-RateLimit-Reset", "").strip()
        if reset.isdecimal() and len(reset) <= MAX_HEADER_DIGITS:
            seconds = float(reset) - now.timestamp()
    return None if seconds is None else min(LONGEST_PAUSE_SECONDS, max(0.0, seconds))


def _read_retry_after(value: str, now: datetime) -> float | None:
    if value.replace(".", "", 1).isdecimal():
        return float(value)
    moment = _read_moment(value)
    return None if moment is None else (moment - now).total_seconds()


def read_date(headers: Mapping[str, str]) -> datetime | None:
    """Return when the answer was made by the company's own clock, None where it does not say."""
    return _read_moment(headers.get("Date", ""))


def _read_moment(value: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError, IndexError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def raise_for_status(
    peer: str, operation: str, answer: Answer, *, turn: Turn | None, detail: str, code: str = ""
) -> None:
    """
    Raise what a status other than 2xx means (docs/rules/errors.md).

    Raises:
        Unauthorized: 401, after the one repeat with a new token.
        OutcomeUnknown: 5xx on a write, or a redirect: nobody says what became of it.
        Transient: The same on anything else. A redirect is never followed, and never the
            order's fault: the base address in the settings is wrong.
        Rejected: Every other status.
    """
    status = answer.status
    if 200 <= status < 300:
        return
    if status == 401:
        raise Unauthorized(peer, operation, status=status, detail=detail)
    kind = OutcomeUnknown if turn is not None else Transient
    if status < 400:
        raise kind(
            peer,
            operation,
            status=status,
            detail=detail,
            resolution="Correct the base address of this company: it redirects elsewhere.",
        )
    if status >= 500:
        raise kind(peer, operation, status=status, detail=detail)
    raise Rejected(peer, operation, status=status, code=code, detail=detail)


def unusable_answer(peer: str, operation: str, answer: Answer, *, turn: Turn | None) -> BridgeError:
    """Return the error for a 2xx answer whose body cannot be read."""
    kind = OutcomeUnknown if turn is not None else Transient
    return kind(peer, operation, status=answer.status, detail="the body could not be read")


def is_same_origin(url: httpx.URL, base: httpx.URL) -> bool:
    """Tell whether *url* leads to the host of *base*: our login may go there and nowhere else."""
    same = (url.scheme, url.host, url.port) == (base.scheme, base.host, base.port)
    return same and not url.userinfo
