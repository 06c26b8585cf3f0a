"""
Who of this process makes the next call to a company: the most urgent, and nobody waits for ever.

The queue knows no rate: the book of grants decides when the next call may go (`app/grants.py`).
"""

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from app.clock import Clock
from app.grants import SHORTEST_WAIT_SECONDS, GrantBook, LocalBook, Slot, Want
from app.ports import Priority, RateWindow, call_priority

PATIENCE_SECONDS = 120.0
"""A call that has waited this long goes before the urgent ones: nothing starves."""
LATE_SECONDS = 1.0
"""A granted place not used by then is given up: used late it could crowd a minute."""
MAX_BLOCK = 20
"""Places asked for at once at most."""
TIGHT_WAIT_SECONDS = 0.5
TIGHT_FOR_SECONDS = 10.0
"""Whoever had to wait half a second tells that calls are few, for ten."""
_BESIDES, _PAID = -2, -1
"""Before all priorities: whoever holds a slot already, or has its place already."""


@dataclass(order=True, slots=True)
class _Waiter:
    rank: int
    number: int
    since: float = field(compare=False)
    wants_place: bool = field(compare=False)
    wants_slot: bool = field(compare=False)
    turn: asyncio.Event = field(compare=False, default_factory=asyncio.Event)


@dataclass(frozen=True, slots=True)
class _Stocked:
    usable_at: float
    slot: Slot | None
    has_place: bool


class Place:
    """Leave to make one call; to be given back once the call is over."""

    def __init__(self, give_back: Callable[[], None] | None = None) -> None:
        """Call *give_back* in the end, where there is something to give back."""
        self._give_back = give_back

    def give_back(self) -> None:
        """Let somebody else call; harmless when done already."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back()


class PacedBudget:
    """Grants calls by priority, then first come, first served; obeys the peer's pauses."""

    def __init__(self, clock: Clock, book: GrantBook) -> None:
        """Queue here for what *book* grants."""
        self._clock = clock
        self._book = book
        self._waiters: list[_Waiter] = []
        self._numbers = itertools.count()
        self._stock: deque[_Stocked] = deque()
        self._asking = asyncio.Lock()
        self._tight_at: float | None = None

    async def take(self, *, is_paid: bool = False) -> Place:
        """
        Wait for a place in the budget, and for a slot where they are few, and take both.

        *is_paid*: the place was taken before, only the slot is wanted.
        """
        rank = _PAID if is_paid else int(call_priority.get())
        slot = await self._wait(rank, wants_place=not is_paid, wants_slot=self._book.has_slots)
        if slot is None:
            return Place()
        return Place(lambda: self._give_back(slot))

    async def take_besides(self) -> None:
        """Take a place for what a call under way sends besides, before everybody who waits."""
        await self._wait(_BESIDES, wants_place=True, wants_slot=False)

    async def pause(self, seconds: float) -> None:
        """Grant nothing for *seconds*: the peer said so."""
        self._drop_all()
        await self._book.pause(seconds)

    async def note_remaining(self, remaining: int) -> None:
        """
        Slow down when the peer counts fewer calls left than we do.

        Other programs may share the peer's limit: with nothing left the burst is given up and
        calls go at the even pace only.
        """
        await self._book.note_remaining(remaining)

    async def left(self) -> int:
        """Return how many calls could be made at once now."""
        return await self._book.left()

    def waiting(self) -> int:
        """Return how many callers of this process wait."""
        return len(self._waiters)

    def is_tight(self) -> bool:
        """Tell whether somebody had to wait for a place a moment ago."""
        since = self._tight_at
        return since is not None and self._clock.monotonic() - since < TIGHT_FOR_SECONDS

    async def close(self) -> None:
        """Give back what is held and finish what is under way."""
        self._drop_all()
        await self._book.close()

    async def _wait(self, rank: int, *, wants_place: bool, wants_slot: bool) -> Slot | None:
        if not wants_place and not wants_slot:
            return None
        since = self._clock.monotonic()
        me = _Waiter(rank, next(self._numbers), since, wants_place, wants_slot)
        heapq.heappush(self._waiters, me)
        try:
            while True:
                if self._waiters[0] is not me:
                    me.turn.clear()
                    await me.turn.wait()
                    continue
                taken = self._from_stock(me)
                if isinstance(taken, _Stocked):
                    return taken.slot
                pause = taken if taken is not None else await self._ask(me)
                if pause is None:
                    me.turn.clear()
                    await me.turn.wait()
                elif pause > SHORTEST_WAIT_SECONDS:
                    await self._clock.sleep(pause)
        finally:
            if self._clock.monotonic() - since >= TIGHT_WAIT_SECONDS:
                self._tight_at = self._clock.monotonic()
            self._waiters.remove(me)
            self._call_next()

    def _from_stock(self, me: _Waiter) -> _Stocked | float | None:
        """Return a place granted already, or the seconds until it may be used; None: no such."""
        now = self._clock.monotonic()
        while self._stock and now > self._stock[0].usable_at + LATE_SECONDS:
            self._drop(self._stock.popleft())
        for stocked in self._stock:
            if stocked.has_place == me.wants_place and bool(stocked.slot) == me.wants_slot:
                wait = stocked.usable_at - now
                if wait > SHORTEST_WAIT_SECONDS:
                    return wait
                self._stock.remove(stocked)
                return stocked
        return None

    async def _ask(self, me: _Waiter) -> float | None:
        """Ask the book for what *me* wants; return how long to wait before looking again."""
        async with self._asking:
            if self._waiters[0] is not me:
                return 0.0
            alike = sum(1 for other in self._waiters if other.wants_slot == me.wants_slot)
            places = 0 if not me.wants_place else 1 if me.wants_slot else min(alike, MAX_BLOCK)
            grant = await self._book.ask(Want(places, me.wants_slot, _priority_of(me.rank)))
            now = self._clock.monotonic()
            for wait in grant.waits_seconds:
                self._stock.append(_Stocked(now + wait, grant.slot, me.wants_place))
        return 0.0 if grant.waits_seconds else grant.retry_seconds

    def _give_back(self, slot: Slot) -> None:
        self._book.give_back(slot)
        self._call_next()

    def _drop(self, stocked: _Stocked) -> None:
        if stocked.slot is not None:
            self._book.give_back(stocked.slot)

    def _drop_all(self) -> None:
        while self._stock:
            self._drop(self._stock.popleft())

    def _call_next(self) -> None:
        """Have the first in the queue look again; who waited too long comes to the front."""
        if not self._waiters:
            # A slot nobody here wants any more must not keep others waiting.
            if any(stocked.slot is not None for stocked in self._stock):
                self._drop_all()
            return
        tired = self._clock.monotonic() - PATIENCE_SECONDS
        for waiter in self._waiters:
            if waiter.since <= tired:
                waiter.rank = min(waiter.rank, int(Priority.TRACKING))
        heapq.heapify(self._waiters)
        self._waiters[0].turn.set()


def _priority_of(rank: int) -> Priority:
    return Priority(max(rank, int(Priority.TRACKING)))


def local_budget(
    clock: Clock,
    *,
    requests_per_minute: int,
    burst: int = 1,
    max_in_flight: int | None = None,
) -> PacedBudget:
    """Return a budget of so many calls a minute, for one process."""
    window = RateWindow("minute", 60.0, requests_per_minute, burst)
    return PacedBudget(clock, LocalBook(clock, [window], max_in_flight))
