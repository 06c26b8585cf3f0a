"""Stock that our orders will take: reserved with the intent that needs it (docs/rules/stock.md)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Table,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models import StockReservation, WarehouseProduct
from app.store.statements import given


async def reserve(connection: AsyncConnection, order_id: int, needed: Mapping[str, int]) -> None:
    """Reserve *needed* pieces per SKU for the order, in place of what it had reserved."""
    await free(connection, order_id)
    rows = [
        {"order_id": order_id, "sku": sku, "sent_quantity": pieces}
        for sku, pieces in needed.items()
    ]
    if rows:
        await connection.execute(_RESERVE, rows)


async def free(connection: AsyncConnection, order_id: int) -> None:
    """Give back what the order had reserved."""
    await connection.execute(_FREE, {"its_order_id": order_id})


async def find_shortage(
    connection: AsyncConnection, order_id: int, needed: Mapping[str, int]
) -> dict[str, int]:
    """Return how many pieces are missing per SKU, all other orders' reservations counted."""
    products = await connection.execute(_FIGURES, {"skus": list(needed)})
    figures = {row.sku: row.stock_pieces for row in products}
    reserved = await reserved_pieces(connection, list(needed), but_not=order_id)
    short = {}
    for sku, pieces in needed.items():
        if sku in figures:
            missing = pieces - (figures[sku] - reserved.get(sku, 0))
            if missing > 0:
                short[sku] = missing
    return short


async def reserved_pieces(
    connection: AsyncConnection, skus: Sequence[str], *, but_not: int
) -> dict[str, int]:
    """
    Return the pieces our other orders will take from the figure last read.

    An order placed since the figure was read is still in it, and so still counts.
    """
    parameters = {"skus": list(skus), "its_order_id": but_not}
    rows = await connection.execute(_RESERVED, parameters)
    return {row.sku: int(row.pieces) for row in rows}


_reservations = cast(Table, StockReservation.__table__)
_SKUS: BindParameter[str] = bindparam("skus", expanding=True)
_FREE = delete(_reservations).where(_reservations.c.order_id == given(_reservations, "order_id"))
_RESERVE = insert(_reservations)
_FIGURES = (
    select(WarehouseProduct.sku, WarehouseProduct.stock_pieces)
    .where(WarehouseProduct.sku.in_(_SKUS), WarehouseProduct.stock_pieces.is_not(None))
    .order_by(WarehouseProduct.sku)
    .with_for_update()
)
_READ_AT: ColumnElement[datetime | None] = WarehouseProduct.stock_read_at.expression
_RESERVED = (
    select(StockReservation.sku, func.sum(StockReservation.sent_quantity).label("pieces"))
    .join(WarehouseProduct, WarehouseProduct.sku == StockReservation.sku)
    .where(
        StockReservation.sku.in_(_SKUS),
        StockReservation.order_id != given(_reservations, "order_id"),
        or_(StockReservation.placed_at.is_(None), StockReservation.placed_at >= _READ_AT),
    )
    .group_by(StockReservation.sku)
)
