"""
An event loop on which virtual time passes, but never while a database is at work.

The real store runs on it, on SQLite as on PostgreSQL: hours of waiting take no time, and what a
transaction takes in reality does not count.
"""

import asyncio
import selectors
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.session import Store
from tests.simulation.virtual_loop import VirtualClock, VirtualLoop

REAL_WAIT_SECONDS = 1.0


class _PatientSelector(selectors.BaseSelector):
    """Waits in reality for a database at work, and otherwise moves the loop's time."""

    def __init__(self, loop: "PatientLoop") -> None:
        self._loop = loop
        self._inner = selectors.DefaultSelector()

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def select(self, timeout: float | None = None) -> list[Any]:
        ready = self._inner.select(0)
        if ready or timeout == 0:
            return ready
        if self._loop.transactions_open or timeout is None:
            return self._inner.select(REAL_WAIT_SECONDS)
        self._loop.seconds += max(0.0, timeout)
        return []

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._inner.get_map()

    def close(self) -> None:
        self._inner.close()


class PatientLoop(VirtualLoop):
    """A virtual loop that real connections may be used on."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.transactions_open = 0
        asyncio.SelectorEventLoop.__init__(self, _PatientSelector(self))


class PatientStore(Store):
    """The real store, telling the loop when it is at work."""

    def __init__(self, database_url: str, loop: PatientLoop) -> None:
        super().__init__(database_url, VirtualClock(loop))
        self._loop = loop

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self._loop.transactions_open += 1
        try:
            async with super().write() as connection:
                yield connection
        finally:
            self._loop.transactions_open -= 1

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        self._loop.transactions_open += 1
        try:
            async with super().read() as connection:
                yield connection
        finally:
            self._loop.transactions_open -= 1
