"""
A clock that tests move by hand.

Whoever sleeps on it wakes as soon as everybody else is waiting too, and the clock then shows the
time they wanted to wake at: tests never wait, and sleepers wake in the order of their times.
"""

import asyncio
from bisect import insort
from datetime import UTC, datetime, timedelta

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class FakeClock:
    """`app.clock.Clock` without time passing by itself."""

    def __init__(self, now: datetime = START) -> None:
        self._started_at = now
        self._elapsed_seconds = 0.0
        self._wake_times: list[float] = []
        self.sleeps: list[float] = []
        """What was asked of `sleep`, in order."""

    def now(self) -> datetime:
        return self._started_at + timedelta(seconds=self._elapsed_seconds)

    def monotonic(self) -> float:
        return self._elapsed_seconds

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass at once."""
        assert seconds >= 0
        self._elapsed_seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        wake_at = self._elapsed_seconds + max(0.0, seconds)
        insort(self._wake_times, wake_at)
        try:
            await asyncio.sleep(0)
            while self._elapsed_seconds < wake_at:
                if self._wake_times[0] == wake_at:
                    self._elapsed_seconds = wake_at
                else:
                    await asyncio.sleep(0)
        finally:
            self._wake_times.remove(wake_at)
