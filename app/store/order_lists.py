"""What the console lists: orders to act on, orders that were searched for, events, shipments."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, literal_column, or_, select

from app.domain.record import OrderRecord
from app.store.models import Event, Order, Parcel, Shipment, WarehouseOrder, is_open
from app.store.order_rows import live_placings, record_of
from app.store.session import Store

SKU_WINDOW = 10_000
"""So many placed orders are read for a SKU at a time: no index knows what is in an order."""
MOST_OPEN = 200


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """The orders that ask a person for the same reason."""

    reason: str
    count: int
    since_at: datetime


@dataclass(frozen=True, slots=True)
class EventRow:
    """One delivery as a list shows it, without its body."""

    id: int
    event_id: str
    event_type: str
    disposition: str
    marketplace_order_id: str | None
    marketplace_reference: str | None
    occurred_at: datetime | None
    received_at: datetime
    processed_at: datetime | None


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
    return await _orders_where(store, wanted, Order.attention_since, Order.id, limit=limit)


async def list_oldest(store: Store, limit: int) -> list[OrderRecord]:
    """Return the orders that are open for the longest time."""
    return await _orders_where(store, is_open(), Order.created_at, limit=limit)


async def find_by_tracking(store: Store, number: str) -> list[OrderRecord]:
    """Return the orders with a parcel of this tracking number, newest first."""
    ids = (
        select(Shipment.order_id)
        .join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_number == number, Shipment.order_id.is_not(None))
    )
    return await _orders_where(store, Order.id.in_(ids), Order.id.desc(), limit=MOST_OPEN)


async def find_by_sku(
    store: Store, sku: str, before_id: int | None = None
) -> tuple[list[OrderRecord], int | None]:
    """
    Return orders of a SKU, newest first, and where to go on looking (None: all were looked at).

    The first look is at the open orders and the newest `SKU_WINDOW` placed ones, each further one
    at as many before.
    """
    quoted = json.dumps(sku)
    in_lines = _holds(WarehouseOrder.lines, f'"sku": {quoted}')
    newest = select(func.max(WarehouseOrder.id))
    async with store.read() as connection:
        end = before_id or ((await connection.execute(newest)).scalar_one() or 0) + 1
        start = max(0, end - SKU_WINDOW)
        rows = await connection.execute(
            select(WarehouseOrder.order_id).where(
                WarehouseOrder.id >= start, WarehouseOrder.id < end, in_lines
            )
        )
        ids = set(rows.scalars())
        if before_id is None:
            named = json.dumps(f"SKU {sku}")
            waits = or_(_holds(Order.verdict, quoted), _holds(Order.attention_detail, named))
            found = select(Order.id).where(is_open(), waits).order_by(Order.id.desc())
            ids |= set((await connection.execute(found.limit(MOST_OPEN))).scalars())
    orders = await _orders_where(store, Order.id.in_(sorted(ids)), Order.id.desc(), limit=None)
    return orders, (start if start > 1 else None)


async def list_events(
    store: Store, *, before_id: int | None, only_unprocessed: bool, limit: int
) -> tuple[list[EventRow], int | None]:
    """Return a page of events, newest first, and the id to go on before (None at the end)."""
    statement = (
        select(
            Event.id,
            Event.event_id,
            Event.event_type,
            Event.disposition,
            Event.marketplace_order_id,
            Order.marketplace_reference,
            Event.occurred_at,
            Event.received_at,
            Event.processed_at,
        )
        .outerjoin(Order, Order.id == Event.order_id)
        .order_by(Event.id.desc())
    )
    if before_id is not None:
        statement = statement.where(Event.id < before_id)
    if only_unprocessed:
        statement = statement.where(Event.processed_at.is_(None))
    return await _page(store, statement, EventRow, limit)


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


async def _orders_where(
    store: Store, condition: ColumnElement[bool], *order_by: Any, limit: int | None
) -> list[OrderRecord]:
    statement = select(*Order.__table__.columns).where(condition).order_by(*order_by).limit(limit)
    async with store.read() as connection:
        rows: Sequence[Any] = (await connection.execute(statement)).all()
        lives = await live_placings(connection, [row.id for row in rows])
    return [record_of(row, lives.get(row.id)) for row in rows]


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that the text of a JSON column holds *text*."""
    return cast(column, Text).contains(text, autoescape=True)
