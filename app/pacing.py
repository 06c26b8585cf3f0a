"""
A request budget kept in this process: at most so many calls a minute, evenly after a burst.

The generic cell rate algorithm: one moment per budget, the time the next call would arrive at
if calls were evenly spaced. A call may run ahead of it by the burst.
"""

import asyncio
import math

from app.clock import Clock

MINUTE_SECONDS = 60.0
_MARGIN = 1.001
"""Keeps a minute's calls inside a minute in spite of rounding."""

_SHORTEST_WAIT_SECONDS = 1e-6
"""A wait below this is no wait: adding it to a clock may not move it at all."""


class PacedBudget:
    """Grants calls first come, first served; obeys the peer's pauses."""

    def __init__(self, clock: Clock, *, requests_per_minute: int, burst: int = 1) -> None:
        """
        Allow *requests_per_minute* in any minute, up to *burst* of them at once.

        The burst is taken out of the rate, so that no window of a minute ever holds more than
        *requests_per_minute* calls, wherever it starts.
        """
        assert requests_per_minute >= 1, "a budget of nothing grants nothing"
        assert 1 <= burst <= max(1, requests_per_minute - 1), "a burst must leave a steady rate"
        self._clock = clock
        self._spacing_seconds = _MARGIN * MINUTE_SECONDS / max(1, requests_per_minute - burst)
        self._burst = burst
        self._arrival = clock.monotonic()
        self._paused_until = self._arrival
        self._queue = asyncio.Lock()

    async def take(self) -> None:
        """Wait for a place in the budget and take it."""
        async with self._queue:
            while (wait := self._wait_seconds()) > _SHORTEST_WAIT_SECONDS:
                await self._clock.sleep(wait)
            now = self._clock.monotonic()
            self._arrival = max(self._arrival, now) + self._spacing_seconds

    def pause(self, seconds: float) -> None:
        """Grant nothing for *seconds*: the peer said so."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    def note_remaining(self, remaining: int) -> None:
        """
        Slow down when the peer counts fewer calls left than we do.

        Other programs may share the peer's limit: with nothing left the burst is given up and
        calls go at the even pace only.
        """
        if remaining < self._burst:
            now = self._clock.monotonic()
            ahead = (self._burst - max(0, remaining)) * self._spacing_seconds
            self._arrival = max(self._arrival, now + ahead)

    def left(self) -> int:
        """Return how many calls could be made at once now."""
        now = self._clock.monotonic()
        if now < self._paused_until:
            return 0
        ahead = max(0.0, self._arrival - now) / self._spacing_seconds
        return max(0, self._burst - math.ceil(ahead - 1e-9))

    def _wait_seconds(self) -> float:
        now = self._clock.monotonic()
        runs_ahead = (self._burst - 1) * self._spacing_seconds
        return max(self._arrival - runs_ahead - now, self._paused_until - now)
