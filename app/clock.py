"""
Time, as the one seam through which the service reads it.

Everything that waits or dates takes a `Clock`, so that tests and simulations can move time.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

MOVES_SEEN_SECONDS = 0.25
"""A sleeper sees so soon that the clock was moved."""
AHEAD_SECONDS_MAX = 3650 * 86_400.0


class Clock(Protocol):
    """What can tell the time and let it pass."""

    def now(self) -> datetime:
        """Return the aware UTC time."""

    def monotonic(self) -> float:
        """Return seconds that never run backwards, for measuring durations and deadlines."""

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass."""
        await asyncio.sleep(seconds)


class MovedClock:
    """
    The machine's clock, some seconds ahead of it: a sandbox's time, and that of who follows it.

    It is moved ahead only. Whoever sleeps on it or waits for a moment of it, is overtaken by a
    move as by time itself.
    """

    def __init__(self) -> None:
        self._machine = SystemClock()
        self._ahead_seconds = 0.0

    @property
    def ahead_seconds(self) -> float:
        """By how much it is ahead of the machine's."""
        return self._ahead_seconds

    def move_to(self, ahead_seconds: float) -> None:
        """Be so far ahead of the machine's clock from now on, or stay further ahead."""
        self._ahead_seconds = max(self._ahead_seconds, ahead_seconds)

    def now(self) -> datetime:
        """Return the aware UTC time."""
        return self._machine.now() + timedelta(seconds=self._ahead_seconds)

    def monotonic(self) -> float:
        """Return seconds that never run backwards."""
        return self._machine.monotonic() + self._ahead_seconds

    async def sleep(self, seconds: float) -> None:
        """Let *seconds* pass, or be moved past."""
        ends = self.monotonic() + seconds
        await asyncio.sleep(0)
        while (left := ends - self.monotonic()) > 0:  # noqa: ASYNC110 - moved by a thread
            await asyncio.sleep(min(left, MOVES_SEEN_SECONDS))
