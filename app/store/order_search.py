"""
Orders by what they are called, or by what is in them: a tracking number, a SKU, a retailer's name.

No index knows a SKU or a part of a name; so many orders are read for it at a time, newest first.
"""

import json
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, exists, func, or_, select

from app.domain.record import OrderRecord
from app.domain.search_text import fold
from app.store.models import Order, Parcel, Shipment, WarehouseOrder, is_open
from app.store.order_lists import orders_where
from app.store.queries import NUL, OrderFilter, chosen_by, list_orders
from app.store.session import Store

WINDOW = 10_000
"""So many orders are read at a time."""
SHORTEST_NAME = 3
"""Less of a name fits nearly every order."""

Page = tuple[list[OrderRecord], int | None]
"""Orders, and the id to go on looking before; None where all were looked at."""
_ANY = OrderFilter()


async def search_orders(store: Store, wanted: OrderFilter) -> Page:
    """
    Return a page of the orders that `wanted.q` is about, newest first, and where to go on.

    Those called so, else those with a parcel of that number, else those that hold it: indexes
    are asked first, and orders are read through only for what none of them knows.
    """
    wanted = replace(wanted, q=(wanted.q or "").strip())
    if not wanted.q or NUL in wanted.q:
        return [], None
    page = await list_orders(store, wanted)
    if not page[0]:
        page = await find_by_tracking(store, wanted.q, wanted)
    if not page[0]:
        page = await find_by_content(store, wanted.q, wanted.after_id, wanted)
    return page


async def find_by_tracking(store: Store, number: str, wanted: OrderFilter = _ANY) -> Page:
    """Return a page of the orders with a parcel of this tracking number, newest first."""
    ids = (
        select(Shipment.order_id)
        .join(Parcel, Parcel.shipment_id == Shipment.id)
        .where(Parcel.tracking_number == number, Shipment.order_id.is_not(None))
    )
    return await list_orders(store, replace(wanted, q=None), Order.id.in_(ids))


async def find_by_content(
    store: Store, text: str, before_id: int | None = None, wanted: OrderFilter = _ANY
) -> Page:
    """
    Return orders of a SKU, or of a retailer with *text* in a name, newest first.

    With them comes where to go on looking, None where all were looked at. The first look is at
    the newest `WINDOW` orders and at all open ones, each further one at as many before; so an
    open one may be found twice.
    """
    chosen_only = chosen_by(wanted, store.now())
    async with store.read() as connection:
        newest = select(func.max(Order.id))
        end = before_id or ((await connection.execute(newest)).scalar_one() or 0) + 1
        start = max(0, end - WINDOW)
        ids: set[int] = set()
        for statement in _in_window(text, start, end, chosen_only):
            found = await connection.execute(statement.limit(wanted.limit + 1))
            ids |= set(found.scalars())
        chosen = sorted(ids, reverse=True)[: wanted.limit]
        next_id = chosen[-1] if len(ids) > wanted.limit else start
        if before_id is None:
            older = select(Order.id).where(is_open(), Order.id < next_id, *chosen_only)
            waiting = older.where(or_(*_asked_for(text))).order_by(Order.id.desc())
            found = await connection.execute(waiting.limit(wanted.limit - len(chosen)))
            chosen += found.scalars()
    orders = await orders_where(store, Order.id.in_(chosen), Order.id.desc(), limit=None)
    return orders, (next_id if next_id > 1 else None)


def _in_window(
    text: str, start: int, end: int, chosen_only: list[ColumnElement[bool]]
) -> list[Any]:
    """Return what finds the ids of the orders in the window that hold *text*, newest first."""
    placed, ordered = WarehouseOrder.order_id, Order.id
    in_lines = _holds(WarehouseOrder.lines, f'"sku": {json.dumps(text)}')
    of_sku = select(placed).distinct()  # one that was placed anew has several rows
    if chosen_only:
        of_sku = of_sku.where(exists().where(ordered == placed, *chosen_only))
    in_window = select(ordered).where(ordered >= start, ordered < end, *chosen_only)
    statements = [
        of_sku.where(placed >= start, placed < end, in_lines).order_by(placed.desc()),
        in_window.where(is_open(), or_(*_waits_for(text))).order_by(ordered.desc()),
    ]
    if (named := _is_named(text)) is not None:
        statements.append(in_window.where(named).order_by(ordered.desc()))
    return statements


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
