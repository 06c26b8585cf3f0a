"""What the console lists: orders to act on, and shipments of nobody."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select

from app.domain.record import OrderRecord
from app.store.models import Order, Shipment, is_open
from app.store.order_rows import live_placings, record_of
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """The orders that ask a person for the same reason."""

    reason: str
    count: int
    since_at: datetime


@dataclass(frozen=True, slots=True)
class StrayShipment:
    """Goods the warehouse sent that fit no order of ours."""

    id: int
    warehouse_shipment_id: str
    external_order_number: str | None
    order_mark: str | None
    shipped_at: datetime | None
    stored_at: datetime
    status_text: str | None
    parcel_count: int


async def count_attention(store: Store) -> list[AttentionGroup]:
    """Return every reason for which orders wait for a person, the longest waiting first."""
    since_at = func.min(Order.attention_since)
    statement = (
        select(Order.attention_reason, func.count(), since_at)
        .where(Order.attention_reason.is_not(None))
        .group_by(Order.attention_reason)
        .order_by(since_at, Order.attention_reason)
    )
    async with store.read() as connection:
        rows: Sequence[Any] = (await connection.execute(statement)).all()
    return [AttentionGroup(*row) for row in rows]


async def list_attention(store: Store, reason: str, limit: int) -> list[OrderRecord]:
    """Return the orders that wait for a person for *reason*, the longest waiting first."""
    wanted = Order.attention_reason == reason
    return await orders_where(store, wanted, Order.attention_since, Order.id, limit=limit)


async def list_oldest(store: Store, limit: int) -> list[OrderRecord]:
    """Return the orders that are open for the longest time."""
    return await orders_where(store, is_open(), Order.created_at, limit=limit)


async def list_stray_shipments(
    store: Store, *, before_id: int | None, limit: int
) -> tuple[list[StrayShipment], int | None]:
    """Return a page of shipments not matched, newest first, and the id to go on before."""
    columns = [getattr(Shipment, name) for name in StrayShipment.__dataclass_fields__]
    statement = (
        select(*columns)
        .where(Shipment.disposition == literal_column("'not_matched'"))
        .order_by(Shipment.id.desc())
    )
    if before_id is not None:
        statement = statement.where(Shipment.id < before_id)
    return await _page(store, statement, StrayShipment, limit)


async def _page(store: Store, statement: Any, kind: Any, limit: int) -> tuple[list[Any], Any]:
    async with store.read() as connection:
        rows = (await connection.execute(statement.limit(limit + 1))).all()
    page = [kind(*row) for row in rows[:limit]]
    return page, (page[-1].id if len(rows) > limit else None)


async def orders_where(
    store: Store, condition: ColumnElement[bool], *order_by: Any, limit: int | None
) -> list[OrderRecord]:
    """Return the orders that fulfil *condition*, at most *limit*."""
    statement = select(*Order.__table__.columns).where(condition).order_by(*order_by).limit(limit)
    async with store.read() as connection:
        rows: Sequence[Any] = (await connection.execute(statement)).all()
        lives = await live_placings(connection, [row.id for row in rows])
    return [record_of(row, lives.get(row.id)) for row in rows]
