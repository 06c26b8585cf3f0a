"""Orders by their latest shipping date, along an index of those that have not left yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, update

from app.domain.deadlines import UNDISPATCHED, Deadline
from app.store.models import Order
from app.store.order_statements import locked_by_id
from app.store.session import Store

TOLD_ROWS = 500


@dataclass(frozen=True, slots=True)
class DeadlineNews:
    """An order that has just come to be at risk, or late."""

    marketplace_order_id: str
    marketplace_reference: str | None
    state: str
    ship_by_at: datetime
    deadline: Deadline


def undispatched() -> ColumnElement[bool]:
    """Return the condition of the index of orders that have not left, word for word."""
    state: ColumnElement[str] = literal_column("coalesce(orders.state, '')")
    return state.in_([literal_column(f"'{one}'") for one in UNDISPATCHED])


def stands_at(deadline: Deadline, now: datetime, at_risk_seconds: float) -> ColumnElement[bool]:
    """
    Return the condition that an order stands so to its latest shipping date.

    One that is only followed in shadow mode does not: its date is somebody else's.
    """
    ours = and_(undispatched(), Order.shadowed_at.is_(None))
    if deadline is Deadline.LATE:
        return and_(ours, Order.ship_by_at <= now)
    near_at = now + timedelta(seconds=at_risk_seconds)
    return and_(ours, Order.ship_by_at > now, Order.ship_by_at <= near_at)


async def count_deadlines(store: Store, at_risk_seconds: float) -> dict[Deadline, int]:
    """Count the orders that are at risk and those that are late."""
    now = store.now()
    counts = {}
    async with store.read() as connection:
        for deadline in Deadline:
            condition = stands_at(deadline, now, at_risk_seconds)
            counted = select(func.count()).select_from(Order).where(condition)
            counts[deadline] = (await connection.execute(counted)).scalar_one()
    return counts


async def take_deadline_news(store: Store, at_risk_seconds: float) -> Sequence[DeadlineNews]:
    """
    Return up to a batch of orders that came to be at risk or late, and note that they are told.

    An order is told of once as either; where its date was moved out of reach, once more when the
    new one comes near.
    """
    now = store.now()
    near_at = now + timedelta(seconds=at_risk_seconds)
    told = Order.deadline_told
    is_news = {
        Deadline.LATE: and_(
            Order.ship_by_at <= now, or_(told.is_(None), told != Deadline.LATE.value)
        ),
        Deadline.AT_RISK: and_(Order.ship_by_at > now, Order.ship_by_at <= near_at, told.is_(None)),
    }
    moved = select(Order.id).where(undispatched(), Order.ship_by_at > near_at, told.is_not(None))
    news = []
    async with store.write() as connection:
        await connection.execute(
            update(Order).where(locked_by_id(Order.id.in_(moved))).values(deadline_told=None)
        )
        for deadline, condition in is_news.items():
            first = (
                select(Order.id)
                .where(undispatched(), condition)
                .order_by(Order.ship_by_at)
                .limit(TOLD_ROWS)
            )
            rows = await connection.execute(
                update(Order)
                .where(locked_by_id(Order.id.in_(first)))
                .values(deadline_told=deadline.value)
                .returning(
                    Order.marketplace_order_id,
                    Order.marketplace_reference,
                    Order.state,
                    Order.ship_by_at,
                )
            )
            news += [_news_of(row, deadline) for row in rows]
    return news


def _news_of(row: Any, deadline: Deadline) -> DeadlineNews:
    return DeadlineNews(
        marketplace_order_id=row.marketplace_order_id,
        marketplace_reference=row.marketplace_reference,
        state=row.state,
        ship_by_at=row.ship_by_at,
        deadline=deadline,
    )
