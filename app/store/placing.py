"""
Intents: what is about to be sent is written down before it is sent.

Stock is reserved in the same transaction as the intent that needs it, so that two orders can
never both be accepted on the last pieces (docs/rules/stock.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.record import OrderRecord
from app.errors import Finding, Unmappable
from app.ports import PreparedOrder
from app.store.inbox import insert_into
from app.store.models import StockReservation, WarehouseOrder, WarehouseProduct
from app.store.orders import note_intent, placing_of
from app.store.session import Store


async def intend_accept(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    needed: Mapping[str, int],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> tuple[OrderRecord, dict[str, int]]:
    """
    Commit the intent to accept and reserve what the order needs.

    Returns the order as it stands now and the shortage per SKU; where anything is short nothing
    is written. SKUs without a known figure are not counted as short.

    Raises:
        LeaseLost: The order is another worker's now.
    """
    async with store.write() as connection:
        short = await _find_shortage(connection, order.order_id, needed)
        if short:
            return order, short
        await _reserve(store, connection, order.order_id, needed)
        intent = {
            **columns,
            "accept_intent_at": store.time(),
            "accept_sent_before_at": store.time(sent_within_seconds),
        }
        return await note_intent(store, connection, order, intent, lease_seconds), {}


async def intend_create(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    prepared: PreparedOrder,
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to place the order at the warehouse: number, payload and deadline.

    The external order number of an earlier intent is kept; only one live placing can exist.

    Raises:
        LeaseLost: The order is another worker's now.
        Unmappable: Another order of ours has the number.
    """
    values = {
        "external_order_number": prepared.external_order_number,
        "intent_at": store.time(),
        "sent_before_at": store.time(sent_within_seconds),
        "answer": None,
        "answered_at": None,
        "payload": dict(prepared.payload),
        "lines": [_line_json(line) for line in prepared.lines],
    }
    async with store.write() as connection:
        held = await note_intent(store, connection, order, columns, lease_seconds)
        await _reserve(store, connection, order.order_id, prepared.needed())
        if order.live is None:
            statement = insert_into(store, WarehouseOrder).values(order_id=order.order_id, **values)
        else:
            assert order.live.external_order_number == prepared.external_order_number
            statement = (
                update(WarehouseOrder)
                .where(WarehouseOrder.id == order.live.warehouse_order_row_id)
                .values(**values)
            )
        returning = statement.returning(*WarehouseOrder.__table__.columns)
        try:
            row = (await connection.execute(returning)).one()
        except IntegrityError:
            finding = Finding("number_taken", "external order number", "another order here has it")
            raise Unmappable("active_ants", "create order", (finding,)) from None
    return replace(held, live=placing_of(row))


async def intend_confirm(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to confirm a quote; *columns* name the quote and the tracking.

    Raises:
        LeaseLost: The order is another worker's now.
    """
    intent = {
        **columns,
        "confirm_intent_at": store.time(),
        "confirm_sent_before_at": store.time(sent_within_seconds),
    }
    async with store.write() as connection:
        return await note_intent(store, connection, order, intent, lease_seconds)


async def _reserve(
    store: Store, connection: AsyncConnection, order_id: int, needed: Mapping[str, int]
) -> None:
    await connection.execute(delete(StockReservation).where(StockReservation.order_id == order_id))
    rows = [
        {"order_id": order_id, "sku": sku, "sent_quantity": pieces}
        for sku, pieces in needed.items()
    ]
    if rows:
        await connection.execute(insert_into(store, StockReservation), rows)


async def _find_shortage(
    connection: AsyncConnection, order_id: int, needed: Mapping[str, int]
) -> dict[str, int]:
    """Return how many pieces are missing per SKU, all other orders' reservations counted."""
    products = await connection.execute(
        select(WarehouseProduct.sku, WarehouseProduct.stock_pieces)
        .where(WarehouseProduct.sku.in_(list(needed)), WarehouseProduct.stock_pieces.is_not(None))
        .order_by(WarehouseProduct.sku)
        .with_for_update()
    )
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
    since: ColumnElement[datetime | None] = WarehouseProduct.stock_read_at.expression
    rows = await connection.execute(
        select(StockReservation.sku, func.sum(StockReservation.sent_quantity).label("pieces"))
        .join(WarehouseProduct, WarehouseProduct.sku == StockReservation.sku)
        .where(
            StockReservation.sku.in_(list(skus)),
            StockReservation.order_id != but_not,
            or_(StockReservation.placed_at.is_(None), StockReservation.placed_at >= since),
        )
        .group_by(StockReservation.sku)
    )
    return {row.sku: int(row.pieces) for row in rows}


def _line_json(line: Any) -> dict[str, Any]:
    return {
        "marketplace_line_id": line.marketplace_line_id,
        "sku": line.sku,
        "sent_quantity": line.sent_quantity,
        "units_per_sku": line.units_per_sku,
    }
