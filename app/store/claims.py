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
    Select,
    Table,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    union_all,
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
_TO_PLACE = (State.RECEIVED, State.ACCEPTED)


def _states(*states: State) -> ColumnElement[bool]:
    literals: list[ColumnElement[str]] = [literal_column(f"'{state}'") for state in states]
    return Order.state.in_(literals)


# Word for word the conditions of two indexes, or these are not used.
TO_PLACE = _states(*_TO_PLACE)
PLACED = _states(State.PLACED, State.DISPATCHED, State.SHIPPED, State.CLOSED)


def due_condition(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """
    Return the condition under which an order may be claimed at *now*.

    States written by a newer version are left to that version.
    """
    return and_(
        Order.next_attempt_at.is_not(None),
        Order.next_attempt_at <= now,
        free_condition(now),
        _states(*State),
    )


def free_condition(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that no backoff and no lease keeps an order from being claimed."""
    return and_(
        or_(Order.not_before_at.is_(None), Order.not_before_at <= now),
        or_(Order.lease_until.is_(None), Order.lease_until <= now),
    )


async def claim_orders(
    store: Store,
    *,
    limit: int,
    worker_id: str,
    lease_seconds: float,
    limit_to_place: int | None = None,
) -> list[OrderRecord]:
    """
    Take up to *limit* due orders under a lease, the most urgent first.

    Those that were placed go first, longest due before the others; then those without a ship-by
    date; then the rest by that date. *limit_to_place* bounds those that were read already, with
    and without a date.
    """
    parameters = {
        "limit": limit,
        "limit_to_place": limit if limit_to_place is None else limit_to_place,
        "to_leased_by": worker_id,
        **store.moments(now=0, to_lease_until=lease_seconds),
    }
    async with store.write() as connection:
        rows = (await connection.execute(_claim(store.asks_database_time), parameters)).all()
        lives = await live_placings(connection, [row.id for row in rows])
    rows = sorted(rows, key=_urgency)
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


def _urgency(row: Any) -> tuple[Any, ...]:
    if row.state not in _TO_PLACE:
        return (0, row.next_attempt_at, row.id)
    if row.ship_by_at is None:
        return (1, row.next_attempt_at, row.id)
    return (2, row.ship_by_at, row.next_attempt_at, row.id)


@lru_cache
def _claim(from_database: bool) -> Any:
    """
    Build the claim: four looks, each along an index of its own, and the first few of all.

    A look locks what it finds until the claim is committed; what another worker has locked is
    passed over.
    """
    now = moment_to_compare("now", from_database=from_database)
    due = and_(Order.next_attempt_at.is_not(None), free_condition(now))
    # Said so that no index can serve it: in a backlog nearly all are due, and sorting them all
    # by their dates is what the index of the dates is there to spare.
    is_due_by_date = and_(due, func.coalesce(Order.next_attempt_at, now) <= now)
    limit, limit_to_place = (
        bindparam(name, type_=Integer()) for name in ("limit", "limit_to_place")
    )
    placed = _look(and_(due, Order.next_attempt_at <= now), PLACED, limit, Order.next_attempt_at)
    undated = and_(is_due_by_date, Order.ship_by_at.is_(None))
    unread = _look(and_(undated, Order.read_at.is_(None)), TO_PLACE, limit, Order.next_attempt_at)
    dateless = _look(
        and_(undated, Order.read_at.is_not(None)), TO_PLACE, limit_to_place, Order.next_attempt_at
    )
    by_date = _look(
        and_(is_due_by_date, Order.ship_by_at.is_not(None)),
        TO_PLACE,
        limit_to_place,
        Order.ship_by_at,
    )
    ranked = (
        (0, placed.cte("placed")),
        (1, unread.cte("unread")),
        (1, dateless.cte("dateless")),
        (2, by_date.cte("by_date")),
    )
    looks = [
        select(found.c.id, literal_column(str(rank)).label("rank"), found.c.urgency)
        for rank, found in ranked
    ]
    found = union_all(*looks).subquery("found")
    first = select(found.c.id).order_by(found.c.rank, found.c.urgency).limit(limit)
    return (
        update(_orders)
        .where(Order.id.in_(first))
        .values(
            lease_until=moment("to_lease_until", from_database=from_database),
            leased_by=given(_orders, "leased_by", prefix="to_"),
            fencing_token=Order.fencing_token + 1,
        )
        .returning(_orders)
    )


def _look(
    due: ColumnElement[bool],
    states: ColumnElement[bool],
    limit: ColumnElement[int],
    urgency: Any,
) -> Select[Any]:
    return (
        select(Order.id, urgency.label("urgency"))
        .where(states, due)
        .order_by(urgency)
        .limit(limit)
        .with_for_update(skip_locked=True)
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
