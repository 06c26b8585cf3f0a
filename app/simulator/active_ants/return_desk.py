"""Goods that come back: announcements, labels, booking in, and what carriers report."""

import base64
from dataclasses import dataclass
from typing import Any

from app.simulator.active_ants.envelopes import NotOk, ok, read_members, write_local_time
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.not_found import answer_not_found
from app.simulator.active_ants.records import Shipment
from app.simulator.active_ants.shipment_desk import ShipmentDesk
from app.simulator.exchange import Answer, Ask
from app.simulator.routes import Routes

LABEL = b"%PDF-1.4\n% a return label of the simulated warehouse\n%%EOF\n"
STATUS_CODES = {"New": 3, "labelled": 4, "delivered": 19}
UNDER_WAY_CODE = 7


@dataclass(slots=True)
class Rma:
    """An announced return."""

    id: int
    shipment_id: int
    items: dict[int, int]
    remark: str | None
    reference: str | None
    booked_pieces: int = 0


class ReturnDesk:
    """Answers about returns. An announcement cannot be looked up, nor does it refuse a second."""

    def __init__(self, habits: WarehouseHabits, shipments: ShipmentDesk) -> None:
        self.rmas: dict[int, Rma] = {}
        self._habits = habits
        self._shipments = shipments

    def add_routes(self, routes: Routes) -> None:
        """Put the calls on the table."""
        routes.add("POST", "/v2/rma/add", self.add_rma)
        routes.add("GET", "/v2/returnlabel/get/{shipment}", self.make_label)
        routes.add("POST", "/v2/returnitem/get", self.list_items)
        routes.add("GET", "/v2/tracktrace/status", self.list_statuses)

    def book(self, rma_id: int, pieces: int) -> Rma:
        """Let goods arrive and be put away."""
        rma = self.rmas[rma_id]
        rma.booked_pieces += pieces
        return rma

    def add_rma(self, ask: Ask) -> Answer:
        """Answer the id of a new announcement; the shipment and its lines must be known."""
        wanted = read_members(ask)
        shipment = self._find(wanted.get("shipmentid"))
        entries = wanted.get("rmaitems")
        if not isinstance(entries, list) or not entries:
            raise NotOk("The field rmaitems must be a list.")
        items = dict(_read_item(entry, shipment) for entry in entries)
        rma_id = 550_001 + len(self.rmas)
        self.rmas[rma_id] = Rma(
            rma_id, shipment.id, items, wanted.get("remark"), wanted.get("externalreference")
        )
        return ok("Rma has been successfully added.", rma_id)

    def make_label(self, ask: Ask) -> Answer:
        """Answer a label as base64, or NOK where the carrier takes nothing back."""
        text = ask.parts[0]
        shipment = self._find(int(text) if text.isdecimal() else None)
        if not self._habits.makes_return_labels:
            raise NotOk("No return label could be created for this shipment.")
        return ok(
            "Return label created.",
            {
                "mimeType": "application/pdf",
                "fileName": f"returnlabel_{shipment.id}.pdf",
                "shippingMethodId": "1",
                "packageNumber": f"3SRET{shipment.id}",
                "isPaperlessReturnShippingMethod": False,
                "data": base64.b64encode(LABEL).decode(),
            },
        )

    def list_items(self, ask: Ask) -> Answer:
        """Answer what was booked back in, by external order number."""
        number = read_members(ask).get("externalordernumber")
        rows = []
        for rma in self.rmas.values():
            shipment = self._shipments.shipments[rma.shipment_id]
            if number is None or str(number) == shipment.external_order_number:
                sku = shipment.items[0].sku
                if rma.booked_pieces:
                    rows.append({"sku": sku, "quantity": rma.booked_pieces})
        if not rows:
            return answer_not_found(self._habits, "No return items, not found.")
        return ok(f"Found {len(rows)} return items.", rows)

    def list_statuses(self, ask: Ask) -> Answer:
        """Answer the figures carriers report of parcels still under way."""
        rows: list[dict[str, Any]] = [
            {
                "shipmentId": shipment.id,
                "externalOrderNumber": shipment.external_order_number,
                "packageNumber": parcel.number,
                "shipmentMethod": shipment.method.name,
                "currentTrackTraceStatus": STATUS_CODES.get(shipment.status, UNDER_WAY_CODE),
                "currentTrackTraceStatusDateTime": write_local_time(shipment.shipped_at),
                "currentTrackTraceExceptionLevel": 1,
            }
            for shipment in self._shipments.shipments.values()
            if shipment.status != "delivered"
            for parcel in shipment.parcels
        ]
        return ok(f"Found {len(rows)} shipments.", rows)

    def _find(self, shipment_id: Any) -> Shipment:
        shipment = self._shipments.shipments.get(shipment_id) if shipment_id else None
        if shipment is None:
            raise NotOk("Shipment could not be found.")
        return shipment


def _read_item(entry: Any, shipment: Shipment) -> tuple[int, int]:
    """Return line and pieces of an announced item, which must be of the shipment."""
    item_id = entry.get("shipmentitemid") if isinstance(entry, dict) else None
    quantity = entry.get("quantity") if isinstance(entry, dict) else None
    known = {item.id: item.quantity for item in shipment.items}
    if type(item_id) is not int or item_id not in known:
        raise NotOk("The shipment item does not belong to the shipment.")
    if type(quantity) is not int or not 1 <= quantity <= known[item_id]:
        raise NotOk("The quantity is invalid.")
    return item_id, quantity
