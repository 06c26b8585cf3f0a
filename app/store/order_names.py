"""How orders are called, from a few columns that every version has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.store.models import Order
from app.store.queries import ids_called
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class NamedOrder:
    """An order by its id here, and how people call it."""

    order_id: int
    name: str
    marketplace_order_id: str


NAMES = (Order.id, Order.marketplace_reference, Order.marketplace_order_id)


def named(row: Any) -> NamedOrder:
    """Return a row of `NAMES`."""
    order_id, reference, marketplace_order_id = row
    return NamedOrder(order_id, reference or marketplace_order_id, marketplace_order_id)


async def name_orders(store: Store, text: str) -> list[NamedOrder]:
    """Return the orders with this reference, marketplace id or warehouse order number."""
    if "\x00" in text:
        return []
    query = select(*NAMES).where(Order.id.in_(ids_called(text.strip()))).order_by(Order.id)
    async with store.read() as connection:
        return [named(row) for row in await connection.execute(query.limit(10))]


async def load_names(store: Store, order_ids: Sequence[int]) -> list[NamedOrder]:
    """Return the orders with these ids."""
    query = select(*NAMES).where(Order.id.in_(order_ids)).order_by(Order.id)
    async with store.read() as connection:
        return [named(row) for row in await connection.execute(query)]
