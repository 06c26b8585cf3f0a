"""
The inbox: verified events, each stored once for ever, waking the order they tell of.

Many deliveries share one commit. There is no timer: while one commit is under way the others
queue, and the next commit takes whatever has queued. Each caller is answered only after the
transaction that holds its event has committed.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import structlog

from app.store.inbox_statements import (
    ADD_ON_SQLITE,
    FIND_ON_SQLITE,
    STORE_ON_POSTGRES,
    WAKE_ON_SQLITE,
)
from app.store.session import Store
from app.store.sqlite_driver import Execute

MAX_BATCH = 200
MAX_QUEUE = 5000

Key = tuple[str, str]
_encode = json.JSONEncoder(separators=(",", ":")).encode

log = structlog.get_logger(__name__)


class Disposition(StrEnum):
    """What became of a delivery."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"


class InboxFull(Exception):
    """More deliveries wait than the database can take; the sender should come again."""


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """A verified delivery. `marketplace_order_id` is None where it tells of no order of ours."""

    source: str
    event_id: str
    event_type: str
    marketplace_order_id: str | None
    raw_body: bytes
    headers: dict[str, Any]
    occurred_at: datetime | None


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
        write = _write_on_postgres if self._store.is_postgres else _write_on_sqlite
        added, has_woken = await write(self._store, firsts)
        if has_woken and self._on_wake is not None:
            self._on_wake()
        return [_disposition(event, added) for event in events]


def _fail(future: asyncio.Future[Disposition], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _disposition(event: IncomingEvent, added: set[Key]) -> Disposition:
    key = (event.source, event.event_id)
    if key not in added:
        return Disposition.DUPLICATE
    added.discard(key)  # the same event twice in one batch: the second is the duplicate
    return Disposition.STORED if event.marketplace_order_id else Disposition.IGNORED


async def _write_on_sqlite(
    store: Store, events: Mapping[Key, IncomingEvent]
) -> tuple[set[Key], bool]:
    """Return the keys of what was new, and whether it woke an order."""
    now = _time_text(store.now(), is_postgres=False)
    batch = {**_batch(events.values(), is_postgres=False), "now": now}

    def write(execute: Execute) -> tuple[set[Key], bool]:
        known = {(source, event_id) for source, event_id in execute(FIND_ON_SQLITE, batch)}
        new = {key: event for key, event in events.items() if key not in known}
        has_woken = any(event.marketplace_order_id for event in new.values())
        parameters = {**batch, **_batch(new.values(), is_postgres=False)} if known else batch
        if has_woken:
            execute(WAKE_ON_SQLITE, parameters)
        if new:
            execute(ADD_ON_SQLITE, parameters)
        return set(new), has_woken

    return await store.write_in_one_trip(write)


async def _write_on_postgres(
    store: Store, events: Mapping[Key, IncomingEvent]
) -> tuple[set[Key], bool]:
    """Write all at once; again where another replica made one of the orders meanwhile."""
    moments = {"now": store.now(), "wake_at": None if store.asks_database_time else store.now()}
    added: set[Key] = set()
    has_woken, is_overtaken = False, True
    async with store.write_at_once() as connection:
        while is_overtaken:
            left = [event for key, event in events.items() if key not in added]
            batch = _batch(left, is_postgres=True)
            row = (await connection.execute(STORE_ON_POSTGRES, {**batch, **moments})).one()
            added |= {(source, event_id) for source, event_id in row.added or ()}
            has_woken |= row.has_woken
            is_overtaken = row.is_overtaken
    return added, has_woken


def _batch(events: Iterable[IncomingEvent], *, is_postgres: bool) -> dict[str, Any]:
    """Return *events* as the statements' parameters."""
    rows = []
    body_from = 1
    for event in events:
        occurred_at = event.occurred_at
        rows.append(
            {
                "source": event.source,
                "event_id": event.event_id,
                "event_type": event.event_type,
                "marketplace_order_id": event.marketplace_order_id,
                "headers": event.headers,
                "occurred_at": occurred_at and _time_text(occurred_at, is_postgres=is_postgres),
                "body_from": body_from,
                "body_bytes": len(event.raw_body),
            }
        )
        body_from += len(event.raw_body)
    return {"batch": _encode(rows), "bodies": b"".join(event.raw_body for event in events)}


def _time_text(moment: datetime, *, is_postgres: bool) -> str:
    if is_postgres:
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
