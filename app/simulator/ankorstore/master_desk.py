"""Master orders: the wrapper of an internal order, its promised date, its parcel tracking."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any

from app.clock import Clock
from app.simulator.ankorstore.documents import (
    Document,
    order_resource,
    with_version,
    write_time,
)
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.order_desk import read_includes
from app.simulator.ankorstore.paging import paginate
from app.simulator.ankorstore.parcel_bodies import merge_tracking, read_parcel_tracking
from app.simulator.ankorstore.parcel_documents import INCLUDES as TRACKING_INCLUDES
from app.simulator.ankorstore.parcel_documents import tracking_document
from app.simulator.ankorstore.people import make_id
from app.simulator.ankorstore.records import Order
from app.simulator.ankorstore.refusals import invalid, refuse
from app.simulator.ankorstore.transitions import read_object
from app.simulator.exchange import JSON_API, Answer, Ask, dump_json
from app.simulator.routes import Routes

INCLUDES = frozenset({"internalOrder", "externalOrder", "shipment"})
NOT_SHIPPABLE = frozenset({"ankor_confirmed", "rejected", "cancelled"})


class MasterDesk:
    """Answers for master orders."""

    def __init__(
        self, clock: Clock, book: OrderBook, habits: AnkorstoreHabits, base_url: Callable[[], str]
    ) -> None:
        self._clock = clock
        self._book = book
        self._habits = habits
        self._base_url = base_url

    def add_routes(self, routes: Routes) -> None:
        """Put the endpoints on the table."""
        root = "/api/v1/master-orders"
        routes.add("GET", root, self.list_masters)
        routes.add("GET", f"{root}/{{master}}", self.read_master)
        routes.add("PATCH", f"{root}/{{master}}", self.promise_date)
        routes.add("GET", f"{root}/{{master}}/tracking", self.read_tracking)
        routes.add("POST", f"{root}/{{master}}/tracking", self.create_tracking)
        routes.add("PATCH", f"{root}/{{master}}/tracking", self.change_tracking)

    def find(self, master_id: str) -> Order:
        """Return the order of this master order, or refuse with 404."""
        order = self._book.by_master_id.get(master_id)
        if order is None:
            raise refuse(404)
        return order

    def list_masters(self, ask: Ask) -> Answer:
        """Answer a page of master orders."""
        paths = read_includes(ask, INCLUDES)
        known = self._book.by_master_id
        page, document = paginate(
            ask,
            list(known.values()),
            known,
            self._habits,
            self._base_url(),
            lambda one: one.master_order_id,
        )
        document["data"] = [_master_resource(order) for order in page]
        if paths:
            document["included"] = [
                found for order in page for found in _included(order, paths, in_list=True)
            ]
        return Answer(200, dump_json(with_version(document)), JSON_API)

    def read_master(self, ask: Ask) -> Answer:
        """Answer one master order."""
        return self._answer_master(ask, self.find(ask.parts[0]))

    def promise_date(self, ask: Ask) -> Answer:
        """Move the promised shipping date; it cannot lie in the past."""
        order = self.find(ask.parts[0])
        data = read_object(ask).get("data")
        if not isinstance(data, dict) or data.get("type") != "internal-order":
            raise invalid([("data.type", "The selected type is invalid.")])
        pointer = "data.attributes.expected_maximum_shipping_date"
        try:
            wanted = date.fromisoformat(data["attributes"]["expected_maximum_shipping_date"])
        except (KeyError, TypeError, ValueError) as problem:
            raise invalid([(pointer, "The date is not a valid date.")]) from problem
        if wanted < self._clock.now().date():
            raise invalid([(pointer, "The date must be today or later.")])
        order.ships_until_updated_at = datetime.combine(wanted, time(23, 59, 59), UTC)
        order.note_change(self._clock.now())
        return self._answer_master(ask, order)

    def read_tracking(self, ask: Ask) -> Answer:
        """Answer the parcel tracking; ``data`` is null while there is none."""
        return self._answer_tracking(ask, self.find(ask.parts[0]), 200)

    def create_tracking(self, ask: Ask) -> Answer:
        """Create the parcel tracking; the same id again changes nothing."""
        order = self._find_trackable(ask)
        wanted = read_parcel_tracking(ask, is_new=True)
        held = order.parcel_tracking
        if held is not None and wanted["id"] != held["id"]:
            raise invalid([("data.id", "The order already has a shipment.")])
        if held is None:
            order.parcel_tracking = {**wanted, "id": wanted["id"] or make_id(self._book.random)}
        return self._answer_tracking(ask, order, 201)

    def change_tracking(self, ask: Ask) -> Answer:
        """Merge new parcel facts into the tracking that exists."""
        order = self._find_trackable(ask)
        wanted = read_parcel_tracking(ask, is_new=False)
        if order.parcel_tracking is None:
            raise refuse(404)
        order.parcel_tracking = merge_tracking(
            order.parcel_tracking, wanted, may_add=self._habits.patch_adds_parcels
        )
        return self._answer_tracking(ask, order, 200)

    def note_tracking(self, order: Order) -> None:
        """Create the tracking that a confirmed quote implies."""
        tracking = order.tracking or {"number": "", "link": ""}
        status = "TRANSIT"
        parcel: dict[str, Any] = {
            "id": make_id(self._book.random),
            "trackingNumber": tracking["number"],
            "trackingLink": tracking["link"],
            "status": status,
        }
        order.parcel_tracking = {
            "id": make_id(self._book.random),
            "carrier": order.provider or "other",
            "trackingNumber": tracking["number"],
            "trackingLink": tracking["link"],
            "status": status,
            "quote": None,
            "parcels": [parcel],
        }

    def _find_trackable(self, ask: Ask) -> Order:
        order = self.find(ask.parts[0])
        if not self._habits.allows_parcel_tracking or order.status in NOT_SHIPPABLE:
            raise refuse(403)
        return order

    def _answer_tracking(self, ask: Ask, order: Order, status: int) -> Answer:
        paths = read_includes(ask, TRACKING_INCLUDES)
        return Answer(status, dump_json(tracking_document(order, paths)), JSON_API)

    def _answer_master(self, ask: Ask, order: Order) -> Answer:
        paths = read_includes(ask, INCLUDES)
        document: Document = {"data": _master_resource(order)}
        if paths:
            document["included"] = _included(order, paths, in_list=False)
        return Answer(200, dump_json(with_version(document)), JSON_API)


def _master_resource(order: Order) -> Document:
    relationships: Document = {"internalOrder": {"data": {"type": "orders", "id": order.id}}}
    if order.shipment_id is not None:
        relationships["shipment"] = {"data": {"type": "shipments", "id": order.shipment_id}}
    return {
        "type": "master-orders",
        "id": order.master_order_id,
        "relationships": relationships,
    }


def _included(order: Order, paths: list[str], *, in_list: bool) -> list[Document]:
    found: list[Document] = []
    if "internalOrder" in paths:
        found.append(order_resource(order, has_overview=not in_list) | {"type": "orders"})
    if "shipment" in paths and order.shipment_id is not None:
        tracking = order.tracking or {}
        attributes = {
            "shippedAt": write_time(order.shipped_at),
            "trackingNumber": tracking.get("number") or None,
            "shippingCarrier": order.provider,
            "trackingUrl": tracking.get("link") or None,
        }
        found.append({"type": "shipments", "id": order.shipment_id, "attributes": attributes})
    return found
