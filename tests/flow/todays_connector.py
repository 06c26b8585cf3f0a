"""
A stand-in for the connector a brand uses today, which carries orders while the service watches.

It works on the simulated companies directly: whatever stands in their logs of requests is the
service's own.
"""

from app.simulator import Order, Shipment
from tests.flow.world import World


class TodaysConnector:
    """Accepts, places, ships and confirms by its own lights."""

    def __init__(self, world: World, number: str = "{reference}") -> None:
        self._world = world
        self._number = number

    def accept(self, order: Order, packs: dict[str, int] | None = None) -> None:
        """Accept, whole or with so many *packs* by line."""
        if packs:
            self._world.ankorstore.change_packs(order.id, packs)
        self._world.ankorstore.accept_by_person(order.id)

    def place(self, order: Order, pieces: dict[str, int] | None = None) -> str:
        """Place the order at the warehouse, or other *pieces* by SKU; return its number."""
        number = self._number.replace("{reference}", str(order.reference))
        lines = {line.variant.sku: line.units for line in order.lines if line.units}
        lines |= pieces or {}
        habits = self._world.active_ants.habits
        body = {
            "externalOrderNumber": number,
            "paymentMethodId": 1,
            "languageId": next(iter(habits.languages.values())),
            "orderTypeId": habits.order_types[0].id,
            "deliveryAddressLastName": "Smit",
            "deliveryAddressPostalCode": "1012 JS",
            "deliveryAddressStreet": "Damstraat 14",
            "deliveryAddressCountryIso": "NL",
            "orderItems": [
                {"sku": sku, "quantity": count}
                for sku, count in {**lines, **(pieces or {})}.items()
            ],
        }
        self._world.active_ants.place_order(body)
        return number

    def ship(self, order: Order, number: str, tracking: str | None = None) -> Shipment:
        """Let the warehouse ship, and confirm with the parcel's tracking or another *tracking*."""
        shipment = self._world.active_ants.ship(number)
        told = tracking or shipment.parcels[0].number
        self._world.ankorstore.ship_by_person(order.id, provider="dhl", number=told)
        return shipment

    def carry(self, order: Order) -> None:
        """Carry an order from the accept to the confirm, all well."""
        self.accept(order)
        self.ship(order, self.place(order))
