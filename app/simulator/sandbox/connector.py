"""
What carries the brand's orders today, for a service in shadow mode to be compared with.

A plain program of the brand: it accepts whatever comes, places it under numbers and with an order
type of its own, and confirms with the tracking of the first parcel. It checks nothing, so it is
wrong where the service would ask a person.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.simulator.active_ants import SimulatedActiveAnts, WarehouseOrder
from app.simulator.active_ants.envelopes import NotOk
from app.simulator.ankorstore import Order, SimulatedAnkorstore
from app.simulator.ankorstore.refusals import ImpossibleMove

NUMBER = "OLD-{reference}"
"""How it numbers warehouse orders; `SHADOW_ORDER_NUMBERS` of a service beside it."""
LOOK_SECONDS = 2.0


class TodaysConnector:
    """Looks at both companies every few seconds of their clock, once it was started."""

    def __init__(
        self,
        ankorstore: SimulatedAnkorstore,
        active_ants: SimulatedActiveAnts,
        note: Callable[[str], None],
    ) -> None:
        self.placed: dict[str, WarehouseOrder] = {}
        """What it placed at the warehouse, by the order's id at the marketplace."""
        self._ankorstore = ankorstore
        self._active_ants = active_ants
        self._note = note
        self._takes_since: datetime | None = None
        self._given_up: set[str] = set()
        self._is_looking = False

    @property
    def takes_orders(self) -> bool:
        """Whether it takes new orders."""
        return self._takes_since is not None

    def start(self) -> None:
        """Take the orders that wait for an answer, and those submitted from now on."""
        if self._takes_since is None:
            self._takes_since = self._ankorstore.clock.now()
        if not self._is_looking:
            self._is_looking = True
            self._look_again()

    def stop(self) -> None:
        """Take no new order; what was placed is confirmed all the same once it is shipped."""
        self._takes_since = None

    def _look_again(self) -> None:
        for order in list(self._ankorstore.orders.values()):
            if order.id not in self._given_up:
                self._carry_on(order)
        self._ankorstore.do_later(LOOK_SECONDS, self._look_again)

    def _carry_on(self, order: Order) -> None:
        try:
            if order.id in self.placed:
                self._confirm(order, self.placed[order.id])
            elif self._is_to_be_taken(order):
                if order.status == "ankor_confirmed":
                    self._ankorstore.accept_by_person(order.id)
                self.placed[order.id] = self._place(order)
        except NotOk as refused:
            self._give_up(order, f"the warehouse says: {refused.text}")
        except ImpossibleMove as refused:
            self._give_up(order, str(refused))

    def _is_to_be_taken(self, order: Order) -> bool:
        if self._takes_since is None:
            return False
        if order.status != "brand_confirmed":
            return order.status == "ankor_confirmed"
        return order.submitted_at is not None and order.submitted_at >= self._takes_since

    def _place(self, order: Order) -> WarehouseOrder:
        number = NUMBER.format(reference=order.reference)
        floor = self._active_ants.floor
        if order.id in floor.parcels_wanted:
            floor.parcels_wanted[number] = floor.parcels_wanted[order.id]
        return self._active_ants.place_order(self._payload(order, number))

    def _payload(self, order: Order, number: str) -> dict[str, Any]:
        habits, address = self._active_ants.habits, order.ship_to
        pieces: dict[str, int] = {}
        for line in order.lines:
            pieces[line.variant.sku] = pieces.get(line.variant.sku, 0) + line.units
        return {
            "externalOrderNumber": number,
            "extra1": number,
            "paymentMethodId": 1,
            "languageId": next(iter(habits.languages.values())),
            "orderTypeId": habits.order_types[-1].id,
            "deliveryAddressLastName": address.name or address.organisation_name,
            "deliveryAddressPostalCode": address.postal_code,
            "deliveryAddressStreet": address.street,
            "DeliveryAddressCityName": address.city,
            "deliveryAddressCountryIso": address.country_code,
            "orderItems": [{"sku": sku, "quantity": count} for sku, count in pieces.items()],
        }

    def _confirm(self, order: Order, placed: WarehouseOrder) -> None:
        if order.status != "brand_confirmed" or not placed.is_complete:
            return
        parcel = next(
            box
            for shipment in self._active_ants.shipments.values()
            if shipment.order_number == placed.order_number
            for box in shipment.parcels
        )
        if parcel.number:
            self._ankorstore.ship_by_person(
                order.id, number=parcel.number, link=parcel.track_url or ""
            )

    def _give_up(self, order: Order, why: str) -> None:
        self._given_up.add(order.id)
        self._note(f"{order.reference}: today's connector gives up: {why}")
