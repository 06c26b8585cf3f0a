"""
Whether a company is there at all: after a few failures in a row it is left alone for a while.

While it is away one call at a time goes out as a probe, after pauses that grow to a few minutes;
all other calls are refused here, before anything is sent. One line in the log tells when it goes
and one when it returns (docs/adr/0010-a-company-that-is-away.md).
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from app.clock import Clock
from app.errors import PeerAway

FAILURES_TO_OPEN = 5
FIRST_PAUSE_FACTOR = 5.0
"""In units of the base: with one second, the first probe goes after five."""
LONGEST_PAUSE_FACTOR = 180.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Absence:
    """Since when, how long the present pause is and when it ends, and whether a probe is out."""

    since: datetime
    since_monotonic: float
    pause_seconds: float
    probe_at_monotonic: float
    is_probing: bool = False


class Circuit:
    """One company's presence, as this process sees it."""

    def __init__(
        self,
        peer: str,
        clock: Clock,
        *,
        base_seconds: float = 1.0,
        failures_to_open: int = FAILURES_TO_OPEN,
    ) -> None:
        """Leave the company alone after *failures_to_open*; pause in units of *base_seconds*."""
        self._peer = peer
        self._clock = clock
        self._first_pause_seconds = FIRST_PAUSE_FACTOR * base_seconds
        self._longest_pause_seconds = LONGEST_PAUSE_FACTOR * base_seconds
        self._failures_to_open = failures_to_open
        self._failures = 0
        self._absence: _Absence | None = None

    @property
    def is_away(self) -> bool:
        """Whether calls are refused at present."""
        return self._absence is not None

    @property
    def away_since(self) -> datetime | None:
        """When it went away."""
        return self._absence.since if self._absence is not None else None

    def wants_probe(self) -> bool:
        """Tell whether the next call would go out as a probe."""
        absence = self._absence
        return (
            absence is not None
            and not absence.is_probing
            and self._clock.monotonic() >= absence.probe_at_monotonic
        )

    def admit(self, operation: str, *, may_probe: bool = True) -> bool:
        """
        Let a call pass; tell whether it is a probe. Whoever calls must then say how it ended.

        Raises:
            PeerAway: The company is away, and it is not time for a probe, or not with this call.
        """
        if self._absence is None:
            return False
        if not may_probe or not self.wants_probe():
            raise self.refusal(operation)
        self._absence.is_probing = True
        return True

    def refusal(self, operation: str) -> PeerAway:
        """Return the error of a call that has to wait until the company is back."""
        assert self._absence is not None, "nobody is refused by a company that is there"
        wait = self._absence.probe_at_monotonic - self._clock.monotonic()
        patience = max(self._first_pause_seconds, wait)
        return PeerAway(self._peer, operation, retry_after_seconds=patience)

    def note_success(self) -> None:
        """Take note of an answer that shows the company working."""
        self._failures = 0
        if self._absence is not None:
            away = self._clock.monotonic() - self._absence.since_monotonic
            self._absence = None
            log.info("peer.returned", peer=self._peer, away_seconds=round(away))

    def note_failure(self, failure: str, *, was_probe: bool) -> None:
        """Take note of a call that got no answer, or a company's failure for one."""
        self._failures += 1
        now = self._clock.monotonic()
        if self._absence is None:
            if self._failures >= self._failures_to_open:
                pause = self._first_pause_seconds
                self._absence = _Absence(self._clock.now(), now, pause, now + pause)
                log.warning("peer.went_away", peer=self._peer, last_error=failure)
        elif was_probe:
            absence = self._absence
            absence.pause_seconds = min(2 * absence.pause_seconds, self._longest_pause_seconds)
            absence.probe_at_monotonic = now + absence.pause_seconds
            absence.is_probing = False

    def end_probe(self) -> None:
        """Let the next call probe: this one ended without telling anything."""
        if self._absence is not None:
            self._absence.is_probing = False
