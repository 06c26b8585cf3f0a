"""
The book of grants that several processes share: in the database, under its clock.

What the database grants ahead of its time waits here for that time. A grant whose caller was
cut off meanwhile is not lost: its slot is given back.
"""

import asyncio
from typing import Any

import structlog

from app.grants import Grant, Slot, Want
from app.ports import RateWindow
from app.store.budget import SharedBudget, SharedPlaces

log = structlog.get_logger(__name__)


class SharedBook:
    """One company's book, shared through the database."""

    def __init__(self, budget: SharedBudget, first: RateWindow, *, has_slots: bool) -> None:
        """Ask *budget*; *first* is the window the peer counts out loud."""
        self.has_slots = has_slots
        self._budget = budget
        self._first = first
        self._under_way: set[asyncio.Task[Any]] = set()

    async def ask(self, want: Want) -> Grant:
        """Ask the database; a caller that gives up loses the places, never a slot."""
        asking = self._start(
            self._budget.take(
                places=want.places, wants_slot=want.wants_slot, priority=want.priority
            )
        )
        try:
            return _grant_of(await asyncio.shield(asking))
        except asyncio.CancelledError:
            asking.add_done_callback(self._take_back)
            raise

    def give_back(self, slot: Slot) -> None:
        """Let somebody else have the slot, without making the caller wait for it."""
        task = self._start(self._budget.give_back(slot.number, slot.fencing_token))
        task.add_done_callback(_report)

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
        """Wait for what is being given back."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _start(self, work: Any) -> asyncio.Task[Any]:
        task: asyncio.Task[Any] = asyncio.ensure_future(work)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    def _take_back(self, asking: "asyncio.Task[SharedPlaces]") -> None:
        if asking.cancelled() or asking.exception() is not None:
            return
        slot = _grant_of(asking.result()).slot
        if slot is not None:
            self.give_back(slot)


def _grant_of(places: SharedPlaces) -> Grant:
    if not places.waits_seconds:
        return Grant(retry_seconds=places.retry_seconds)
    if places.slot_number is None:
        return Grant(places.waits_seconds)
    return Grant(places.waits_seconds, Slot(places.slot_number, places.fencing_token))


def _report(task: "asyncio.Task[None]") -> None:
    """Say that a slot could not be given back; its lease frees it a little later."""
    if not task.cancelled() and task.exception() is not None:
        log.warning("slot.not_given_back", error=type(task.exception()).__name__)
