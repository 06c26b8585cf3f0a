"""How one day went: orders that came in and ended, and how long the ways took."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, extract, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models import Order, WarehouseOrder, is_open
from app.store.session import Store

MEDIAN_PERCENT = 50
TAIL_PERCENT = 95
_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took: the middle one, and the one that 95 of 100 did not exceed."""

    count: int
    median_seconds: float
    tail_seconds: float


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One day, from its beginning to its end, or to now."""

    received: int
    endings: dict[str, int]
    """Orders closed, by outcome; the ignored ones without their why."""
    placing: Spread | None
    """From the order's coming in to the warehouse's having it, of those placed that day."""
    shipping: Spread | None
    """From there to the confirm at the marketplace, of those confirmed that day."""


async def read_day(store: Store, start_at: datetime, end_at: datetime) -> DayFigures:
    """Return the figures from *start_at* to before *end_at*; each is answered along an index."""
    placed_at = WarehouseOrder.answered_at
    pair = (
        select(Order.id)
        .join(WarehouseOrder, WarehouseOrder.order_id == Order.id)
        .where(WarehouseOrder.answer.in_(("created", "adopted")))
    )
    placed = pair.where(placed_at >= start_at, placed_at < end_at, Order.replaced_count == 0)
    confirmed = pair.where(
        Order.confirmed_at >= start_at,
        Order.confirmed_at < end_at,
        WarehouseOrder.replaced_at.is_(None),
    )
    ended = (
        select(Order.outcome, func.count())
        .where(Order.closed_at >= start_at, Order.closed_at < end_at)
        .group_by(Order.outcome)
    )
    endings: Counter[str] = Counter()
    async with store.read() as connection:
        for outcome, count in await connection.execute(ended):
            endings[(outcome or "completed").partition(":")[0]] += count
        first, last = await _first_id(connection, start_at), await _first_id(connection, end_at)
        received = select(func.count(Order.id)).where(Order.id >= first, Order.id < last)
        return DayFigures(
            received=(await connection.execute(received)).scalar_one(),
            endings=dict(endings),
            placing=await _spread(store, connection, placed, Order.created_at, placed_at),
            shipping=await _spread(store, connection, confirmed, placed_at, Order.confirmed_at),
        )


async def count_open(store: Store) -> int:
    """Return how many orders are open now."""
    statement = select(func.count()).select_from(Order).where(is_open())
    async with store.read() as connection:
        return int((await connection.execute(statement)).scalar_one())


async def _first_id(connection: AsyncConnection, at: datetime) -> int:
    """
    Return the id of the first order that came in at *at* or later.

    Ids are handed out in order of time, so halving finds it; an index of when orders came in would
    cost every order that comes in.
    """
    # Each on its own: together, SQLite reads the whole table for them.
    ends = (select(one(Order.id)).scalar_subquery() for one in (func.min, func.max))
    bounds = select(*ends)
    low, high = (await connection.execute(bounds)).one()
    if low is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        probe = select(Order.id, Order.created_at).where(Order.id >= middle).order_by(Order.id)
        row = (await connection.execute(probe.limit(1))).first()
        if row is None or row.created_at >= at:
            high = middle
        else:
            low = row.id + 1
    return int(low)


async def _spread(
    store: Store, connection: AsyncConnection, orders: Select[Any], begin: Any, end: Any
) -> Spread | None:
    """Return the spread of the time from *begin* to *end* among *orders*; the database sorts."""
    seconds = _seconds_between(store, begin, end)
    numbered = orders.with_only_columns(
        seconds.label("seconds"),
        func.row_number().over(order_by=seconds).label("number"),
        func.count().over().label("total"),
    ).subquery()
    places = [(numbered.c.total * part + 99) // 100 for part in (MEDIAN_PERCENT, TAIL_PERCENT)]
    wanted = select(numbered).where(or_(*(numbered.c.number == place for place in places)))
    rows = (await connection.execute(wanted.order_by(numbered.c.number))).all()
    if not rows:
        return None
    median, tail = (max(0.0, float(row.seconds)) for row in (rows[0], rows[-1]))
    return Spread(rows[0].total, median, tail)


def _seconds_between(store: Store, begin: Any, end: Any) -> ColumnElement[Any]:
    if store.is_postgres:
        return extract("epoch", end - begin)
    return (func.julianday(end) - func.julianday(begin)) * _SECONDS_A_DAY
