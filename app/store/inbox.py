"""
The inbox: verified events, each stored once for ever, waking the order they tell of.

Many deliveries share one commit. There is no timer: while one commit is under way the others
queue, and the next commit takes whatever has queued. Each caller is answered only after the
transaction that holds its event has committed.
"""

import asyncio
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial

import structlog

from app.store.inbox_writing import IncomingEvent, Key, write_on_postgres, write_on_sqlite
from app.store.session import Store

MAX_BATCH = 200
MAX_QUEUE = 5000

log = structlog.get_logger(__name__)


class Disposition(StrEnum):
    """What became of a delivery."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class InboxFull(Exception):
    """More deliveries wait than the database can take; the sender should come again."""


class Inbox:
    """Stores events in shared commits."""

    def __init__(self, store: Store, on_wake: Callable[[], None] | None = None) -> None:
        """Write to *store*; call *on_wake* after a commit that woke an order."""
        self._store = store
        self._on_wake = on_wake
        self._queue: list[tuple[IncomingEvent, asyncio.Future[Disposition]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def store_event(
        self, event: IncomingEvent, patience_seconds: float | None = None
    ) -> Disposition:
        """
        Store *event* and return what became of it, after the commit.

        Raises:
            InboxFull: Too many deliveries wait already; nothing is stored.
            TimeoutError: It took longer than *patience_seconds*; it may be stored yet.
            Exception: The database's own, where it could not commit; nothing is stored.
        """
        if len(self._queue) >= MAX_QUEUE:
            raise InboxFull
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Disposition] = loop.create_future()
        self._queue.append((event, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_queue())
        if patience_seconds is None:
            return await future
        limit = loop.call_later(patience_seconds, _fail, future, TimeoutError())
        try:
            return await future
        finally:
            limit.cancel()

    async def close(self) -> None:
        """Wait for what is queued."""
        if self._writer is not None:
            await asyncio.wait([self._writer])

    async def _write_queue(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[:MAX_BATCH], self._queue[MAX_BATCH:]
            try:
                answers = await self._commit([event for event, _ in batch])
            except Exception as error:
                if len(batch) == 1:
                    _fail(batch[0][1], error)
                else:
                    await self._write_singly(batch)
            else:
                for (_, future), answer in zip(batch, answers, strict=True):
                    if not future.done():
                        future.set_result(answer)

    async def _write_singly(
        self, batch: Sequence[tuple[IncomingEvent, asyncio.Future[Disposition]]]
    ) -> None:
        """Give each event of a failed batch a commit of its own: one bad row stops no other."""
        for event, future in batch:
            try:
                answer = (await self._commit([event]))[0]
            except Exception as error:
                _fail(future, error)
            else:
                if not future.done():
                    future.set_result(answer)

    async def _commit(self, events: Sequence[IncomingEvent]) -> list[Disposition]:
        firsts = {(event.source, event.event_id): event for event in reversed(events)}
        if self._store.is_postgres:
            async with self._store.write_at_once() as connection:
                written = await write_on_postgres(self._store, connection, firsts)
        else:
            work = partial(write_on_sqlite, events=firsts, now=self._store.now())
            written = await self._store.write_in_one_trip(work)
        if written.has_woken and self._on_wake is not None:
            self._on_wake()
        return [_disposition(event, written.added) for event in events]


def _fail(future: asyncio.Future[Disposition], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _disposition(event: IncomingEvent, added: set[Key]) -> Disposition:
    key = (event.source, event.event_id)
    if key not in added:
        return Disposition.DUPLICATE
    added.discard(key)  # the same event twice in one batch: the second is the duplicate
    return Disposition.STORED if event.marketplace_order_id else Disposition.IGNORED
