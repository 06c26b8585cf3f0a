"""
The inbox: verified events, each stored once for ever, waking the order they tell of.

Many deliveries share one commit. There is no timer: while one commit is under way the others
queue, and the next commit takes whatever has queued. Each caller is answered only after the
transaction that holds its event has committed.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import structlog
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.store.inbox_statements import InboxStatements, Key, inbox_statements
from app.store.models import Order
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

    async def store_event(self, event: IncomingEvent) -> Disposition:
        """
        Store *event* and return what became of it, after the commit.

        Raises:
            InboxFull: Too many deliveries wait already; nothing is stored.
            Exception: The database's own, where it could not commit; nothing is stored.
        """
        if len(self._queue) >= MAX_QUEUE:
            raise InboxFull
        future: asyncio.Future[Disposition] = asyncio.get_running_loop().create_future()
        self._queue.append((event, future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_queue())
        return await future

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
        async with self._store.write() as connection:
            answers, has_woken = await write_events(self._store, connection, events)
            if has_woken and self._store.is_postgres:
                await connection.execute(select(func.pg_notify("antbridge_wake", "")))
        if has_woken and self._on_wake is not None:
            self._on_wake()
        return answers


def _fail(future: asyncio.Future[Disposition], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


async def write_events(
    store: Store, connection: AsyncConnection, events: Sequence[IncomingEvent]
) -> tuple[list[Disposition], bool]:
    """
    Insert *events* and wake their orders, within the caller's transaction.

    Returns the disposition of each event in order, and whether any order was woken. An order is
    woken once per call however many events tell of it, and never by a duplicate. Orders are
    touched in the order of their ids, so that two replicas cannot wait for each other.
    """
    now = store.now()
    statements = inbox_statements(store.is_postgres)
    order_rows, created = await _known_orders(statements, connection, events, now)
    keys = {(event.source, event.event_id): event for event in reversed(events)}
    rows = [_event_row(event, order_rows, now) for event in keys.values()]
    rows.sort(key=lambda row: (row["source"], row["event_id"]))
    inserted = await statements.add_events(connection, rows)
    woken = {
        row["order_id"]
        for row in rows
        if row["order_id"] is not None and (row["source"], row["event_id"]) in inserted
    }
    if woken - created:  # a new order was created awake
        await connection.execute(
            update(Order)
            .where(Order.id.in_(sorted(woken - created)))
            .values(wake_seq=Order.wake_seq + 1, next_attempt_at=store.time())
        )
    if created - woken:  # named by duplicates only, which add nothing
        await connection.execute(delete(Order).where(Order.id.in_(sorted(created - woken))))
    return [_disposition(event, inserted) for event in events], bool(woken)


def _disposition(event: IncomingEvent, inserted: set[tuple[str, str]]) -> Disposition:
    key = (event.source, event.event_id)
    if key not in inserted:
        return Disposition.DUPLICATE
    inserted.discard(key)  # the same event twice in one batch: the second is the duplicate
    return Disposition.STORED if event.marketplace_order_id else Disposition.IGNORED


async def _known_orders(
    statements: InboxStatements,
    connection: AsyncConnection,
    events: Sequence[IncomingEvent],
    now: datetime,
) -> tuple[dict[Key, tuple[int, int]], set[int]]:
    """Create the orders nobody knew; return (row id, next wake_seq) of all, locked, and the new."""
    keys = sorted({(e.source, e.marketplace_order_id) for e in events if e.marketplace_order_id})
    if not keys:
        return {}, set()
    created = await statements.add_orders(
        connection,
        keys,
        state=State.RECEIVED,
        found_by="webhook",
        created_at=now,
        next_attempt_at=now,
        wake_seq=1,
    )
    orders = {key: (order_id, 1) for key, order_id in created.items()}
    others = [key for key in keys if key not in created]
    if others:
        found = await statements.find_orders(connection, others)
        orders |= {key: (order_id, wake_seq + 1) for key, (order_id, wake_seq) in found.items()}
    return orders, set(created.values())


def _event_row(
    event: IncomingEvent, order_rows: dict[Key, tuple[int, int]], now: datetime
) -> dict[str, Any]:
    order_id, wake_seq = order_rows.get((event.source, event.marketplace_order_id or ""), (None, 0))
    return {
        "source": event.source,
        "event_id": event.event_id,
        "event_type": event.event_type,
        "marketplace_order_id": event.marketplace_order_id,
        "order_id": order_id,
        "raw_body": event.raw_body,
        "headers": event.headers,
        "disposition": Disposition.STORED if order_id else Disposition.IGNORED,
        "wake_seq": wake_seq,
        "occurred_at": event.occurred_at,
        "received_at": now,
        # An ignored event asks for nothing: it is done as soon as it is stored.
        "processed_at": None if order_id else now,
    }
