"""
The book of grants that several processes share: in the database, under its clock.

What the database grants ahead of its time waits here for that time. A grant whose caller was
cut off meanwhile is not lost: its slot is given back.
"""

import asyncio
from collections import deque
from typing import Any

import structlog

from app.clock import Clock
from app.grants import Grant, Slot, Want
from app.ports import RateWindow
from app.store.budget import SharedBudget, SharedPlaces

MAX_BLOCK = 100
TURN_SECONDS = 0.05
"""What is called within such a turn is asked for at once."""

log = structlog.get_logger(__name__)


class SharedBook:
    """One company's book, shared through the database."""

    def __init__(
        self, clock: Clock, budget: SharedBudget, first: RateWindow, *, has_slots: bool
    ) -> None:
        """Ask *budget*; *first* is the window the peer counts out loud."""
        self.has_slots = has_slots
        self._clock = clock
        self._budget = budget
        self._first = first
        # At a second a call this is none: only where calls are many, asking for each costs.
        self._ahead_of_want = min(MAX_BLOCK, int(TURN_SECONDS / first.spacing_seconds))
        self._places: deque[float] = deque()
        self._taken_at: dict[Slot, float] = {}
        self._kept: list[Slot] = []
        self._under_way: set[asyncio.Task[Any]] = set()

    async def ask(self, want: Want) -> Grant:
        """Ask the database; a caller that gives up loses the places, never a slot."""
        if (grant := self._from_turn(want)) is not None:
            return grant
        places = max(want.places, self._ahead_of_want) if want.places else 0
        asking = self._start(
            self._budget.take(places=places, wants_slot=want.wants_slot, priority=want.priority)
        )
        try:
            taken = await asyncio.shield(asking)
        except asyncio.CancelledError:
            asking.add_done_callback(self._take_back)
            raise
        return self._grant_of(taken)

    def give_back(self, slot: Slot) -> None:
        """Let somebody else have the slot, without making the caller wait for it."""
        if self._is_my_turn(slot) and self._places:
            self._kept.append(slot)
            asyncio.get_running_loop().call_later(TURN_SECONDS, self._end_turn, slot)
            return
        self._taken_at.pop(slot, None)
        task = self._start(self._budget.give_back(slot.number, slot.fencing_token))
        task.add_done_callback(_report)

    def _is_my_turn(self, slot: Slot) -> bool:
        """Whether a slot was taken a moment ago: it may serve several quick calls in a row."""
        taken_at = self._taken_at.get(slot)
        return taken_at is not None and self._clock.monotonic() - taken_at < TURN_SECONDS

    def _end_turn(self, slot: Slot) -> None:
        if slot in self._kept:
            self._kept.remove(slot)
            self._taken_at.pop(slot, None)
            self.give_back(slot)

    def _from_turn(self, want: Want) -> Grant | None:
        """Grant from what was taken a moment ago, without asking the database."""
        now = self._clock.monotonic()
        while self._places and now > self._places[0] + TURN_SECONDS:
            self._places.popleft()
        if not want.wants_slot or not self._kept or not self._is_my_turn(self._kept[0]):
            return None
        if want.places and not self._places:
            return None
        wait = max(0.0, self._places.popleft() - now) if want.places else 0.0
        return Grant((wait,), self._kept.pop(0))

    async def pause(self, seconds: float) -> None:
        """Grant nobody anything for *seconds*."""
        await self._budget.pause(seconds)

    async def note_remaining(self, remaining: int) -> None:
        """Give up as much of the burst as the peer does not leave us."""
        if remaining < self._first.burst:
            ahead = (self._first.burst - max(0, remaining)) * self._first.spacing_seconds
            await self._budget.push(self._first.name, ahead)

    async def left(self) -> int:
        """Return how many calls could be made at once now."""
        return await self._budget.left()

    async def close(self) -> None:
        """Give back what is kept, and wait until that is done."""
        self._places.clear()
        for slot in list(self._kept):
            self._end_turn(slot)
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _take_back(self, asking: "asyncio.Task[SharedPlaces]") -> None:
        if not asking.cancelled() and asking.exception() is None:
            slot = self._grant_of(asking.result()).slot
            if slot is not None:
                self.give_back(slot)

    def _grant_of(self, taken: SharedPlaces) -> Grant:
        if not taken.waits_seconds:
            return Grant(retry_seconds=taken.retry_seconds)
        if taken.slot_number is None:
            return Grant(taken.waits_seconds)
        now = self._clock.monotonic()
        slot = Slot(taken.slot_number, taken.fencing_token)
        self._taken_at[slot] = now
        self._places.extend(now + wait for wait in taken.waits_seconds[1:])
        return Grant(taken.waits_seconds[:1], slot)


def _report(task: "asyncio.Task[None]") -> None:
    """Say that a slot could not be given back; its lease frees it a little later."""
    if not task.cancelled() and task.exception() is not None:
        log.warning("slot.not_given_back", error=type(task.exception()).__name__)
