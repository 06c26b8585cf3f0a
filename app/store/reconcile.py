"""The reconciling's questions to the store, and its repairs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, State
from app.domain.order import ListedOrder
from app.store.models import Order, is_of, is_open
from app.store.orders import wake_orders
from app.store.session import Store
from app.store.statements import insert_into

_BATCH = 1000


async def add_missing_orders(store: Store, source: str, listed: Sequence[ListedOrder]) -> int:
    """Create the listed orders that no webhook told of; return how many."""
    ids = [order.marketplace_order_id for order in listed]
    async with store.read() as connection:
        known = set(
            (
                await connection.execute(
                    select(Order.marketplace_order_id).where(
                        Order.source == source, Order.marketplace_order_id.in_(ids)
                    )
                )
            ).scalars()
        )
    now = store.now()
    rows = [
        {
            "source": source,
            "marketplace_order_id": order.marketplace_order_id,
            "marketplace_reference": order.marketplace_reference,
            "state": State.RECEIVED,
            "found_by": "reconcile",
            "created_at": now,
            "next_attempt_at": now,
        }
        for order in sorted(listed, key=lambda one: one.marketplace_order_id)
        if order.marketplace_order_id not in known
    ]
    if not rows:
        return 0
    statement = (
        insert_into(Order, is_postgres=store.is_postgres)
        .on_conflict_do_nothing(index_elements=["source", "marketplace_order_id"])
        .returning(Order.id)
    )
    async with store.write() as connection:
        return len((await connection.execute(statement, rows)).all())


async def wake_differing(store: Store, source: str, listed: Sequence[ListedOrder]) -> int:
    """
    Wake open orders whose listed status or time of change is not what was read last.

    The lists hold what is open at the marketplace, so one that is closed here has its end taken
    back if its status is another. It is not woken while it asks a person, which reads nothing, nor
    is one that is left to others.
    """
    by_id = {order.marketplace_order_id: order for order in listed}
    async with store.write() as connection:
        rows = await connection.execute(
            select(
                Order.id,
                Order.marketplace_order_id,
                Order.marketplace_status,
                Order.marketplace_updated_at,
                Order.state,
                Order.attention_reason,
            ).where(
                Order.source == source,
                Order.marketplace_order_id.in_(list(by_id)),
                Order.read_at.is_not(None),
                or_(Order.outcome.is_(None), Order.outcome != IGNORED_BEFORE_SWITCH),
            )
        )
        differing = [row.id for row in rows if _differs(row, by_id[row.marketplace_order_id])]
        await wake_orders(store, connection, differing)
    return len(differing)


def _differs(held: Any, listed: ListedOrder) -> bool:
    has_moved = listed.status != held.marketplace_status
    if held.state == State.CLOSED:
        return has_moved and held.attention_reason is None
    return has_moved or bool(listed.updated_at != held.marketplace_updated_at)


async def wake_unlisted(
    store: Store, source: str, listed_ids: set[str], *, started_at: datetime, unread_seconds: float
) -> int:
    """
    Wake open orders that stand in no list, and those not read for *unread_seconds*.

    Orders that came in after *started_at* could not have been listed and are left alone.
    """
    unread_since = started_at - timedelta(seconds=unread_seconds)
    woken = 0
    after_id = 0
    while True:
        async with store.write() as connection:
            rows = (
                await connection.execute(
                    select(Order.id, Order.marketplace_order_id, Order.read_at)
                    .where(
                        Order.id > after_id,
                        is_of(source),
                        is_open(),
                        Order.created_at < started_at,
                        or_(Order.read_at.is_(None), Order.read_at < started_at),
                    )
                    .order_by(Order.id)
                    .limit(_BATCH)
                )
            ).all()
            due = [
                row.id
                for row in rows
                if row.marketplace_order_id not in listed_ids
                or (row.read_at is not None and row.read_at < unread_since)
            ]
            await wake_orders(store, connection, due)
        woken += len(due)
        if len(rows) < _BATCH:
            return woken
        after_id = rows[-1].id
