"""
Orders by what is in them: a parcel's tracking number, a SKU, the retailer's names.

No index knows a SKU or a part of a name; so many orders are read for it at a time, newest first.
"""

import json
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, or_, select

from app.domain.record import OrderRecord
from app.domain.search_text import fold
from app.store.models import Order, Parcel, Shipment, WarehouseOrder, is_open
from app.store.order_lists import orders_where
from app.store.session import Store

WINDOW = 10_000
"""So many orders are read at a time."""
MOST_FOUND = 50
MOST_OPEN = 200
SHORTEST_NAME = 3
"""Less of a name fits nearly every order."""


async def find_by_tracking(store: Store, number: str) -> list[OrderRecord]:
    """Return the orders with a parcel of this tracking number, newest first."""
    ids = (
        select(Shipment.order_id)
        .join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_number == number, Shipment.order_id.is_not(None))
    )
    return await orders_where(store, Order.id.in_(ids), Order.id.desc(), limit=MOST_OPEN)


async def find_by_content(
    store: Store, text: str, before_id: int | None = None
) -> tuple[list[OrderRecord], int | None]:
    """
    Return orders of a SKU, or of a retailer with *text* in a name, newest first.

    With them comes where to go on looking, None where all were looked at. The first look is at
    the newest `WINDOW` orders and at all open ones, each further one at as many before.
    """
    async with store.read() as connection:
        newest = select(func.max(Order.id))
        end = before_id or ((await connection.execute(newest)).scalar_one() or 0) + 1
        start = max(0, end - WINDOW)
        ids: set[int] = set()
        for statement in _in_window(text, start, end):
            ids |= set((await connection.execute(statement)).scalars())
        chosen = sorted(ids, reverse=True)[:MOST_FOUND]
        next_id = chosen[-1] if len(ids) > MOST_FOUND else start
        if before_id is None:
            waiting = select(Order.id).where(is_open(), Order.id < next_id, or_(*_asked_for(text)))
            found = await connection.execute(waiting.order_by(Order.id.desc()).limit(MOST_OPEN))
            chosen += found.scalars()
    orders = await orders_where(store, Order.id.in_(chosen), Order.id.desc(), limit=None)
    return orders, (next_id if next_id > 1 else None)


def _in_window(text: str, start: int, end: int) -> list[Any]:
    """Return what finds the ids of the orders in the window that hold *text*."""
    placed, ordered = WarehouseOrder.order_id, Order.id
    order_ids = select(placed).distinct()  # one that was placed anew has several rows
    in_lines = _holds(WarehouseOrder.lines, f'"sku": {json.dumps(text)}')
    statements = [
        order_ids.where(placed >= start, placed < end, in_lines),
        select(ordered).where(ordered >= start, ordered < end, is_open(), or_(*_waits_for(text))),
    ]
    if (named := _is_named(text)) is not None:
        statements.append(select(ordered).where(ordered >= start, ordered < end, named))
    return [
        one.order_by(one.selected_columns[0].desc()).limit(MOST_FOUND + 1) for one in statements
    ]


def _asked_for(text: str) -> list[ColumnElement[bool]]:
    """Return how an open order can hold *text*, in whatever window it is."""
    named = _is_named(text)
    return [*_waits_for(text), *([named] if named is not None else [])]


def _waits_for(sku: str) -> list[ColumnElement[bool]]:
    quoted, named = json.dumps(sku), json.dumps(f"SKU {sku}")
    return [_holds(Order.verdict, quoted), _holds(Order.attention_detail, named)]


def _is_named(text: str) -> ColumnElement[bool] | None:
    name = fold(text)
    if len(name) < SHORTEST_NAME:
        return None
    return Order.retailer_text.contains(name, autoescape=True)


def _holds(column: Any, text: str) -> ColumnElement[bool]:
    """Return the condition that the text of a JSON column holds *text*."""
    return cast(column, Text).contains(text, autoescape=True)
