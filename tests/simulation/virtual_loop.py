"""
An event loop on which time passes only when everybody waits.

There is no real waiting and no input or output: when nothing is ready, the clock jumps to the
next timer. What order things happen in is therefore decided by the delays alone, and those are
drawn from the seed.
"""

import asyncio
import selectors
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

EPOCH = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Deadlock(Exception):
    """Everybody waits, and nothing is due ever again."""


class _NoIo(selectors.BaseSelector):
    """Selects nothing; waiting moves the loop's time."""

    def __init__(self, loop: "VirtualLoop") -> None:
        self._loop = loop
        self._map: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._map[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._map.pop(fileobj)

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise Deadlock
        if timeout > 0:
            self._loop.seconds += timeout
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._map


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop with its own time, starting at 0."""

    def __init__(self) -> None:
        self.seconds = 0.0
        super().__init__(_NoIo(self))
        self.set_exception_handler(lambda loop, context: None)

    def time(self) -> float:
        return self.seconds


class VirtualClock:
    """`app.clock.Clock` of one process on a virtual loop; *ahead* is how wrong it goes."""

    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self.ahead_seconds = 0.0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self._loop.seconds + self.ahead_seconds)

    def monotonic(self) -> float:
        return self._loop.seconds

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
