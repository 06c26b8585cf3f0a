"""What goes wrong in the warehouse, or comes of other programs that use the same client."""

from typing import Any

from app.simulator.active_ants.order_desk import OrderDesk
from app.simulator.active_ants.records import Product, Shipment, ShippedItem, WarehouseOrder
from app.simulator.active_ants.shipment_desk import ShipmentDesk
from app.simulator.active_ants.stockroom import Stockroom


class Mishaps:
    """Nothing here is asked whether it is possible: it happened."""

    def __init__(self, stockroom: Stockroom, orders: OrderDesk, shipments: ShipmentDesk) -> None:
        self._stockroom = stockroom
        self._orders = orders
        self._shipments = shipments
        self._hidden: dict[int, list[ShippedItem]] = {}

    def relabel_shipment(
        self,
        shipment_id: int,
        external_order_number: str | None = None,
        order_number: int | None = None,
    ) -> Shipment:
        """Show a shipment under another number than that of the order it is of."""
        shipment = self._shipments.shipments[shipment_id]
        self._shipments.relabel(
            shipment,
            external_order_number or shipment.external_order_number,
            order_number or shipment.order_number,
        )
        return shipment

    def tell_status(self, shipment_id: int, status: str) -> Shipment:
        """Have the carrier report a status, also one nobody has heard of."""
        shipment = self._shipments.shipments[shipment_id]
        shipment.status = status
        return shipment

    def hide_goods(self, shipment_id: int) -> Shipment:
        """Show a shipment without its lines until `show_goods`."""
        shipment = self._shipments.shipments[shipment_id]
        self._hidden[shipment_id], shipment.items = shipment.items, []
        return shipment

    def show_goods(self, shipment_id: int) -> Shipment:
        """Show the lines again."""
        shipment = self._shipments.shipments[shipment_id]
        shipment.items = self._hidden.pop(shipment_id)
        return shipment

    def acknowledge_elsewhere(self) -> int:
        """Have another program take everything out of the feed; return how many shipments."""
        return self._shipments.acknowledge_all()

    def renumber_order(
        self, order: WarehouseOrder, external_order_number: str, extra1: str | None = None
    ) -> WarehouseOrder:
        """Make an order one that another shop placed under this number, with its own mark."""
        return self._orders.renumber(order, external_order_number, extra1)

    def describe_product(self, sku: str, **members: Any) -> Product:
        """Change what is known of a product: its weight, parts, lot or expiry date."""
        product = self._stockroom.products[sku]
        for name, value in members.items():
            if name not in ("weight_kg", "parts", "lot_number", "expires_at"):
                raise TypeError(f"{name} is nothing that can be changed of a product")
            setattr(product, name, value)
        return product
