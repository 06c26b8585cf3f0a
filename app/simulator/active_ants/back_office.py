"""
Maya, the warehouse's back office: what a person there can do to an order, and no call can.

Goods that were shipped are shipped; of the rest anything can be changed until it is.
"""

from collections.abc import Mapping
from typing import Any

from app.simulator.active_ants.records import OrderedItem, WarehouseOrder
from app.simulator.active_ants.shipping_floor import ShippingFloor
from app.simulator.active_ants.stockroom import Stockroom


class ImpossibleInMaya(ValueError):
    """Maya offers no such button for an order as it stands."""


class BackOffice:
    """A person at Maya."""

    def __init__(self, stockroom: Stockroom, floor: ShippingFloor) -> None:
        self._stockroom = stockroom
        self._floor = floor

    def cancel(self, order: WarehouseOrder) -> None:
        """Cancel what is not shipped yet: it never ships, and can be sold again."""
        _require_open(order)
        for item in order.items:
            self._stockroom.reserve(item.sku, item.shipped - item.quantity)
        order.is_cancelled = True

    def release(self, order: WarehouseOrder) -> None:
        """Release an order that is held."""
        _require_open(order)
        if not order.is_on_hold:
            raise ImpossibleInMaya("the order is not on hold")
        order.is_on_hold = False
        self._floor.plan(order)

    def change_address(self, order: WarehouseOrder, members: Mapping[str, Any]) -> None:
        """Change members of the address, as the order form names them."""
        _require_open(order)
        order.payload.update(members)

    def change_lines(self, order: WarehouseOrder, quantities: Mapping[str, int]) -> None:
        """Set the quantities of lines by `extra6`; 0 takes a line out."""
        _require_open(order)
        kept: list[OrderedItem] = []
        for item in order.items:
            wanted = quantities.get(item.extra6 or "", item.quantity)
            if wanted < item.shipped:
                raise ImpossibleInMaya("more than that was shipped already")
            self._stockroom.reserve(item.sku, wanted - item.quantity)
            item.quantity = wanted
            if wanted:
                kept.append(item)
        order.items[:] = kept


def _require_open(order: WarehouseOrder) -> None:
    if order.is_cancelled:
        raise ImpossibleInMaya("the order is cancelled")
    if order.is_complete:
        raise ImpossibleInMaya("the order is shipped")
