"""
Pruning: what was kept of finished orders long enough goes, in batches of one short transaction.

An event's row stays for ever, because its key is what makes a redelivery a duplicate; what it
says of people goes. Nothing of an order that is not finished is ever touched.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    and_,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
    text,
    update,
)

from app.store.models import Attempt, Event, Order, WarehouseOrder, WorkerBeat
from app.store.models_shadow import ShadowOrder
from app.store.presence import FORGET_WORKERS_SECONDS
from app.store.session import Store

BATCH_ROWS = 500
SAMPLE_ROWS = 1000
Prune = Callable[[Store, datetime], Awaitable[int]]


async def prune_events(store: Store, before: datetime) -> int:
    """Empty up to a batch of events received, and of orders closed, *before*; return how many."""
    old = (
        select(Event.id)
        .outerjoin(Order, Order.id == Event.order_id)
        .where(
            Event.pruned_at.is_(None),
            Event.received_at < before,
            Event.processed_at.is_not(None),
            or_(Event.order_id.is_(None), and_(*_finished(before))),
        )
        .order_by(Event.received_at)
        .limit(BATCH_ROWS)
    )
    return await _change(
        store,
        update(Event)
        .where(_among(store, Event.id, old))
        .values(raw_body=b"", headers={}, pruned_at=store.now())
        .returning(Event.id),
    )


async def prune_payloads(store: Store, before: datetime) -> int:
    """Empty up to a batch of what was sent to the warehouse, of orders closed *before*."""
    return await _empty(
        store,
        WarehouseOrder.id,
        WarehouseOrder.pruned_at.is_(None),
        WarehouseOrder.intent_at < before,
        _is_finished(WarehouseOrder.order_id, before),
        oldest=WarehouseOrder.intent_at,
        values={"payload": {}, "fingerprint": None, "pruned_at": store.now()},
    )


async def prune_shadows(store: Store, before: datetime) -> int:
    """Empty up to a batch of what would have been sent for orders that were closed *before*."""
    return await _empty(
        store,
        ShadowOrder.order_id,
        ShadowOrder.payload.is_not(None),
        ShadowOrder.first_seen_at < before,
        _is_finished(ShadowOrder.order_id, before),
        oldest=ShadowOrder.first_seen_at,
        values={"payload": None, "fingerprint": None},
    )


async def prune_corrections(store: Store, before: datetime) -> int:
    """Empty up to a batch of what operators corrected in orders that were closed *before*."""
    return await _empty(
        store,
        Order.id,
        Order.corrections.is_not(None),
        *_finished(before),
        oldest=Order.closed_at,
        values={"corrections": None},
    )


async def prune_names(store: Store, before: datetime) -> int:
    """Empty up to a batch of the retailers' names of orders that were closed *before*."""
    return await _empty(
        store,
        Order.id,
        Order.retailer_text.is_not(None),
        Order.created_at < before,
        # Said so that SQLite takes the index of names, not one of states or closing times: nearly
        # all orders are closed, and were long ago.
        func.coalesce(Order.state, "") == literal_column("'closed'"),
        func.coalesce(Order.closed_at, Order.created_at) < before,
        Order.attention_reason.is_(None),
        Order.next_attempt_at.is_(None),
        oldest=Order.created_at,
        values={"retailer_text": None},
    )


async def prune_recorded(store: Store, before: datetime) -> int:
    """Empty up to a batch of what was recorded of attempts made, at orders closed, *before*."""
    return await _empty(
        store,
        Attempt.id,
        Attempt.recorded.is_not(None),
        Attempt.happened_at < before,
        _is_finished(Attempt.order_id, before),
        oldest=Attempt.happened_at,
        values={"recorded": None},
    )


async def prune_attempts(store: Store, before: datetime) -> int:
    """Delete up to a batch of attempts made, at orders closed, *before*; return how many."""
    old = (
        select(Attempt.id)
        .where(Attempt.happened_at < before, _is_finished(Attempt.order_id, before))
        .order_by(Attempt.happened_at)
        .limit(BATCH_ROWS)
    )
    return await _change(
        store, delete(Attempt).where(_among(store, Attempt.id, old)).returning(Attempt.id)
    )


async def forget_workers(store: Store) -> int:
    """Delete worker processes that have given no sign of life for a week; return how many."""
    return await _change(
        store,
        delete(WorkerBeat)
        .where(WorkerBeat.beat_at < store.time(-FORGET_WORKERS_SECONDS))
        .returning(WorkerBeat.worker_id),
    )


async def drop_old_copies(store: Store) -> None:
    """
    Have SQLite empty its write-ahead log, which still holds pages as they were before.

    Best effort: a reader that is under way keeps the log until the next run. PostgreSQL's own
    vacuum removes old versions of rows.
    """
    if not store.is_postgres:
        async with store.read() as connection:
            await connection.execute(text("COMMIT"))  # a checkpoint is no part of a transaction
            await connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)"))


async def refresh_statistics(store: Store) -> None:
    """
    Have SQLite look at its indexes, or it guesses, and reads a whole table to find a few rows.

    A sample of each is enough and takes no time. PostgreSQL's autovacuum does this by itself.
    """
    if not store.is_postgres:
        async with store.write() as connection:
            await connection.execute(text(f"PRAGMA analysis_limit={SAMPLE_ROWS}"))
            await connection.execute(text("ANALYZE"))


async def _empty(
    store: Store,
    key: Any,
    *where: ColumnElement[bool],
    oldest: Any,
    values: Mapping[str, Any],
) -> int:
    """Set *values* in up to a batch of rows, *oldest* first, where all of *where* holds."""
    rows = select(key).where(*where).order_by(oldest).limit(BATCH_ROWS)
    statement = update(key.class_).where(_among(store, key, rows)).values(**values).returning(key)
    return await _change(store, statement)


def _finished(before: datetime) -> tuple[ColumnElement[bool], ...]:
    """Nothing is owed for the order, by anybody, and that since *before*."""
    return (
        Order.state == literal_column("'closed'"),
        Order.closed_at < before,
        Order.attention_reason.is_(None),
        Order.next_attempt_at.is_(None),
    )


def _is_finished(order_id: Any, before: datetime) -> ColumnElement[bool]:
    """Ask so of each row's order: joined, SQLite would begin with all orders that are closed."""
    return exists().where(Order.id == order_id, *_finished(before))


def _among(store: Store, column: Any, ids: Any) -> ColumnElement[bool]:
    """Tell PostgreSQL that they are few: it would rather read a whole table than guess so."""
    if store.is_postgres:
        return cast(ColumnElement[bool], column == func.any(func.array(ids.scalar_subquery())))
    return cast(ColumnElement[bool], column.in_(ids))


async def _change(store: Store, statement: Any) -> int:
    async with store.write() as connection:
        return len((await connection.execute(statement)).all())
