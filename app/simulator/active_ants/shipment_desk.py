"""
Shipments: the feed with its acknowledgement flag, and search.

The flag is one for the whole login. Rows of other shops stand in the same feed, and at most a
hundred of the oldest unacknowledged rows are shown, so foreign rows can fill it.
"""

from collections.abc import Callable, Iterable
from typing import Any

from app.simulator.active_ants.envelopes import NotOk, ok, read_members, write_local_time
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.not_found import answer_not_found
from app.simulator.active_ants.records import Shipment
from app.simulator.exchange import Answer, Ask
from app.simulator.routes import Routes

ACKNOWLEDGE_MAX = 100


class ShipmentDesk:
    """Answers for shipments."""

    def __init__(self, habits: WarehouseHabits) -> None:
        self.shipments: dict[int, Shipment] = {}
        self._open: dict[int, Shipment] = {}
        self._by_external: dict[str, list[Shipment]] = {}
        self._habits = habits

    def add_routes(self, routes: Routes) -> None:
        """Put the calls on the table."""
        routes.add("GET", "/v2/shipment/get", self.list_all)
        routes.add("POST", "/v2/shipment/byordertype", self.list_by_type)
        routes.add("POST", "/v2/shipment/sync", self.acknowledge)
        routes.add("POST", "/v2/shipment/search", self.search)

    def add(self, shipment: Shipment) -> None:
        """Put a shipment at the end of the feed."""
        self.shipments[shipment.id] = shipment
        self._open[shipment.id] = shipment
        self._by_external.setdefault(shipment.external_order_number, []).append(shipment)

    def relabel(self, shipment: Shipment, external_order_number: str, order_number: int) -> None:
        """Show a shipment under another number."""
        self._by_external[shipment.external_order_number].remove(shipment)
        shipment.external_order_number = external_order_number
        shipment.order_number = order_number
        self._by_external.setdefault(external_order_number, []).append(shipment)

    def acknowledge_all(self) -> int:
        """Take everything out of the feed; return how many shipments that were."""
        for shipment in self._open.values():
            shipment.is_acknowledged = True
        count = len(self._open)
        self._open.clear()
        return count

    def list_all(self, ask: Ask) -> Answer:
        """Answer the oldest unacknowledged rows of every order type."""
        return self._answer_feed(lambda shipment: True)

    def list_by_type(self, ask: Ask) -> Answer:
        """Answer the oldest unacknowledged rows of the given order types."""
        types = read_members(ask).get("ordertypes")
        if not isinstance(types, list) or not types:
            raise NotOk("The field ordertypes is required.")
        return self._answer_feed(lambda shipment: shipment.order_type_id in types)

    def acknowledge(self, ask: Ask) -> Answer:
        """Take rows out of the feed for everybody; ids it does not know are passed over."""
        ids = read_members(ask).get("ids")
        if not isinstance(ids, list) or not all(type(one) is int for one in ids):
            raise NotOk("The field ids must be a list of numbers.")
        if len(ids) > ACKNOWLEDGE_MAX:
            raise NotOk(f"At most {ACKNOWLEDGE_MAX} ids can be sent at once.")
        for shipment_id in ids:
            shipment = self._open.pop(shipment_id, None)
            if shipment is not None:
                shipment.is_acknowledged = True
        return ok("Shipments have been synced.")

    def search(self, ask: Ask) -> Answer:
        """Answer shipments by id, number or day; the rows differ and the flag stays."""
        wanted = read_members(ask)
        number, shipment_id = wanted.get("externalordernumber"), wanted.get("id")
        day = wanted.get("shippingdate")
        if number is None and shipment_id is None and day is None:
            raise NotOk("At least one criterion is required.")
        pool: Iterable[Shipment] = self.shipments.values()
        if number is not None:
            pool = self._by_external.get(str(number), [])
        found = [
            one
            for one in pool
            if (shipment_id is None or one.id == shipment_id)
            and (day is None or write_local_time(one.shipped_at)[:10] == str(day)[:10])
        ]
        if not found:
            return answer_not_found(self._habits, "Shipment could not be found.")
        text = f"Found {len(found)} shipments that match your criteria."
        return ok(text, [search_row(one) for one in found])

    def _answer_feed(self, fits: Callable[[Shipment], bool]) -> Answer:
        rows: list[dict[str, Any]] = []
        for shipment in self._open.values():
            if fits(shipment):
                rows.append(feed_row(shipment))
                if len(rows) >= self._habits.feed_rows_max:
                    break
        return ok(f"Found {len(rows)} shipments that match your criteria.", rows)


def feed_row(shipment: Shipment) -> dict[str, Any]:
    """Return a row of the feed."""
    return {
        "id": shipment.id,
        "orderNumber": shipment.order_number,
        "orderType": shipment.order_type_id,
        "externalOrderNumber": shipment.external_order_number,
        "shippingDate": write_local_time(shipment.shipped_at),
        "numberOfColli": len(shipment.parcels),
        "totalNumberOfProducts": sum(item.quantity for item in shipment.items),
        "shippingMethodId": shipment.method.id,
        "returnPackageNumber": None,
        "shippedColli": [
            {"colloNr": str(position), "packageNumber": parcel.number}
            | ({"trackTraceUrl": parcel.track_url} if parcel.track_url else {})
            for position, parcel in enumerate(shipment.parcels, 1)
        ],
        "shippedProducts": [
            {
                "sku": item.sku,
                "quantity": item.quantity,
                "serialNrs": [],
                "weight": item.weight_kg,
                "tht": item.expires_at,
                "extra6": item.extra6,
                "extra7": item.extra7,
                "lotNumber": item.lot_number,
                "parts": item.parts,
            }
            for item in shipment.items
        ],
        **shipment.extras,
        "currentTrackTraceStatus": shipment.status,
        "currentTrackTraceExceptionLevel": None if shipment.status == "New" else "success",
        "warehouseAbbrevation": "NR",
        "mainShippingMethodId": shipment.method.main_id,
    }


def search_row(shipment: Shipment) -> dict[str, Any]:
    """Return a row of shipment search: no order number, no extras."""
    first = shipment.parcels[0] if shipment.parcels else None
    return {
        "id": shipment.id,
        "externalOrderNumber": shipment.external_order_number,
        "trackingNumber": shipment.id % 1000,
        "shippingDate": write_local_time(shipment.shipped_at),
        "numberOfColli": len(shipment.parcels),
        "totalNumberOfProducts": sum(item.quantity for item in shipment.items),
        "trackAndTraceCode": (first.track_url or "") if first else "",
        "trackAndTraceBarCode": first.number if first else "",
        "packageNumber": first.number if first else "",
        "shippingMethodId": shipment.method.id,
        "returnPackageNumber": None,
        "currentTrackTraceStatus": shipment.status,
        "currentTrackTraceExceptionLevel": None if shipment.status == "New" else "success",
        "shipmentItems": [
            {
                "shipmentItemId": item.id,
                "quantity": item.quantity,
                "sku": item.sku,
                "lotNumber": item.lot_number,
            }
            for item in shipment.items
        ],
        "warehouseAbbreviation": "NR",
        "mainShippingMethodId": shipment.method.main_id,
    }
