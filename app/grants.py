"""
When the next call to a company may go: what a process asks, and the book it asks.

Rates follow the generic cell rate algorithm: one moment per window, the time the next call would
arrive at if calls were evenly spaced. A call may run ahead of it by the window's burst.
`LocalBook` keeps these moments in memory, for one process; several processes share a book in the
database (`app/shared_grants.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from app.clock import Clock
from app.ports import Priority, RateWindow

SHORTEST_WAIT_SECONDS = 1e-6
"""A wait below this is no wait: adding it to a clock may not move it at all."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the few calls that may be under way at a company."""

    number: int
    fencing_token: int = 0


@dataclass(frozen=True, slots=True)
class Grant:
    """
    Places that may be used so many seconds from now, all with *slot* where one was wanted.

    Without any: ask again after *retry_seconds*, or, if that is None, once a slot is given back.
    """

    waits_seconds: tuple[float, ...] = ()
    slot: Slot | None = None
    retry_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Want:
    """What the most urgent caller of this process waits for."""

    places: int
    wants_slot: bool
    priority: Priority


class GrantBook(Protocol):
    """The book of grants."""

    has_slots: bool
    """Whether only so many calls may be under way at the same time."""

    async def ask(self, want: Want) -> Grant:
        """Grant what may be granted now or soon."""

    def give_back(self, slot: Slot) -> None:
        """Let somebody else have *slot*."""

    async def pause(self, seconds: float) -> None:
        """Grant nothing for *seconds*."""

    async def note_remaining(self, remaining: int) -> None:
        """Slow down when the peer counts fewer calls left than we do."""

    async def left(self) -> int:
        """Return how many calls could be made at once now."""

    async def close(self) -> None:
        """Finish what is under way."""


class LocalBook:
    """The book of one process, in memory."""

    def __init__(
        self, clock: Clock, windows: Sequence[RateWindow], max_in_flight: int | None = None
    ) -> None:
        """Keep all *windows*, and at most *max_in_flight* calls under way where that is set."""
        assert windows, "a budget has a window"
        self.has_slots = max_in_flight is not None
        self._clock = clock
        self._windows = tuple(windows)
        self._free_slots = max_in_flight or 0
        self._arrivals = [clock.monotonic()] * len(windows)
        self._paused_until = clock.monotonic()

    async def ask(self, want: Want) -> Grant:
        """Grant one place that may be used at once; never any ahead of its time."""
        if want.wants_slot and self._free_slots == 0:
            return Grant()
        if want.places:
            now = self._clock.monotonic()
            wait = self._wait_seconds(now)
            if wait > SHORTEST_WAIT_SECONDS:
                return Grant(retry_seconds=wait)
            for index, window in enumerate(self._windows):
                arrival = max(self._arrivals[index], now)
                self._arrivals[index] = arrival + window.spacing_seconds
        if want.wants_slot:
            self._free_slots -= 1
        return Grant((0.0,), Slot(0) if want.wants_slot else None)

    def give_back(self, slot: Slot) -> None:
        """Let the next caller have the slot."""
        self._free_slots += 1

    async def pause(self, seconds: float) -> None:
        """Grant nothing for *seconds*: the peer said so."""
        self._paused_until = max(self._paused_until, self._clock.monotonic() + seconds)

    async def note_remaining(self, remaining: int) -> None:
        """Give up as much of the first window's burst as the peer does not leave us."""
        window = self._windows[0]
        if remaining < window.burst:
            now = self._clock.monotonic()
            ahead = (window.burst - max(0, remaining)) * window.spacing_seconds
            self._arrivals[0] = max(self._arrivals[0], now + ahead)

    async def left(self) -> int:
        """Return how many calls could be made at once now."""
        now = self._clock.monotonic()
        if now < self._paused_until:
            return 0
        return min(
            window.left(arrival - now)
            for window, arrival in zip(self._windows, self._arrivals, strict=True)
        )

    async def close(self) -> None:
        """Have nothing to finish."""

    def _wait_seconds(self, now: float) -> float:
        waits = [
            arrival - window.ahead_seconds - now
            for window, arrival in zip(self._windows, self._arrivals, strict=True)
        ]
        return max(self._paused_until - now, *waits)
