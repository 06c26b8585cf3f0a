"""Which closed orders' parcels are still under way, and when to ask about them again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.store.models import Order, WarehouseOrder
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class WatchedOrder:
    """An order whose parcels are followed."""

    order_id: int
    external_order_number: str
    closed_at: datetime | None


async def list_watched(store: Store, *, limit: int) -> list[WatchedOrder]:
    """Return the orders to ask about now, the longest due first."""
    statement = (
        select(Order.id, WarehouseOrder.external_order_number, Order.closed_at)
        .join(
            WarehouseOrder,
            (WarehouseOrder.order_id == Order.id) & WarehouseOrder.replaced_at.is_(None),
        )
        .where(Order.delivery_look_at.is_not(None), Order.delivery_look_at <= store.now())
        .order_by(Order.delivery_look_at, Order.id)
        .limit(limit)
    )
    async with store.read() as connection:
        return [WatchedOrder(*row) for row in await connection.execute(statement)]


async def note_look(
    store: Store, order_id: int, *, look_at: datetime | None, delivered_at: datetime | None = None
) -> None:
    """Note when to ask about an order again, None for never; and that all was delivered."""
    values: dict[str, Any] = {"delivery_look_at": look_at}
    if delivered_at is not None:
        values["delivered_at"] = delivered_at
    async with store.write() as connection:
        await connection.execute(
            update(Order)
            .where(Order.id == order_id, Order.delivery_look_at.is_not(None))
            .values(**values)
        )
