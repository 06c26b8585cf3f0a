"""
Claiming orders: take those that are due under a lease, keep the lease, give orders back.

Whoever claims an order gets a fresh fencing token with it; every later statement about the held
order matches that token, so that a worker whose lease ran out changes nothing any more.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    Integer,
    Table,
    and_,
    bindparam,
    case,
    literal_column,
    or_,
    select,
    update,
)

from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.store.models import Order
from app.store.order_rows import live_placings, record_of
from app.store.order_statements import holding, is_held, locked_by_id
from app.store.session import Store
from app.store.statements import given, moment, moment_to_compare

_orders = cast(Table, Order.__table__)


def due_condition(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """
    Return the condition under which an order may be claimed at *now*.

    States written by a newer version are left to that version.
    """
    known_states: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in State]
    return and_(
        Order.next_attempt_at.is_not(None),
        Order.next_attempt_at <= now,
        or_(Order.not_before_at.is_(None), Order.not_before_at <= now),
        or_(Order.lease_until.is_(None), Order.lease_until <= now),
        Order.state.in_(known_states),
    )


async def claim_orders(
    store: Store, *, limit: int, worker_id: str, lease_seconds: float
) -> list[OrderRecord]:
    """Take up to *limit* due orders under a lease, longest due first."""
    parameters = {
        "limit": limit,
        "to_leased_by": worker_id,
        **store.moments(now=0, to_lease_until=lease_seconds),
    }
    async with store.write() as connection:
        rows = (await connection.execute(_claim(store.asks_database_time), parameters)).all()
        lives = await live_placings(connection, [row.id for row in rows])
    rows = sorted(rows, key=lambda row: (row.next_attempt_at, row.id))
    return [record_of(row, lives.get(row.id)) for row in rows]


async def has_due_orders(store: Store) -> bool:
    """Tell without writing whether a claim would find something."""
    statement = _any_due(store.asks_database_time)
    async with store.read() as connection:
        return (await connection.execute(statement, store.moments(now=0))).first() is not None


async def renew_leases(store: Store, held: Sequence[OrderRecord], lease_seconds: float) -> set[int]:
    """
    Prolong the leases that are still ours; return the ids of those.

    A lease that was just given up stays given up: a step may end while this is under way.
    """
    if not held:
        return set()
    ours = or_(
        *(
            and_(Order.id == order.order_id, Order.fencing_token == order.fencing_token)
            for order in held
        )
    )
    is_leased = Order.lease_until.is_not(None)
    statement = (
        update(Order)
        .where(locked_by_id(ours))
        .values(lease_until=case((is_leased, store.time(lease_seconds)), else_=None))
        .returning(Order.id)
    )
    async with store.write() as connection:
        return set((await connection.execute(statement)).scalars())


async def release_order(store: Store, order: OrderRecord) -> None:
    """Give an order back untouched, to be claimed by anybody at once."""
    statement = _release(store.asks_database_time)
    async with store.write() as connection:
        await connection.execute(statement, {**holding(order), **store.moments(now=0)})


@lru_cache
def _claim(from_database: bool) -> Any:
    due = (
        select(Order.id)
        .where(due_condition(moment_to_compare("now", from_database=from_database)))
        .order_by(Order.next_attempt_at)
        .limit(bindparam("limit", type_=Integer()))
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    return (
        update(_orders)
        .where(Order.id.in_(select(due.c.id)))
        .values(
            lease_until=moment("to_lease_until", from_database=from_database),
            leased_by=given(_orders, "leased_by", prefix="to_"),
            fencing_token=Order.fencing_token + 1,
        )
        .returning(_orders)
    )


@lru_cache
def _any_due(from_database: bool) -> Any:
    return (
        select(Order.id)
        .where(due_condition(moment_to_compare("now", from_database=from_database)))
        .limit(1)
    )


@lru_cache
def _release(from_database: bool) -> Any:
    return (
        update(_orders)
        .where(is_held())
        .values(
            lease_until=None,
            leased_by=None,
            next_attempt_at=moment("now", from_database=from_database),
        )
    )
