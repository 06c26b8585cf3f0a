"""What only exists to try the API out: who am I, and orders made to order."""

from typing import Any

from app.simulator.ankorstore.documents import INCLUDES, Document, order_resource, with_version
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.included import included_resources
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.order_desk import OrderDesk, read_includes
from app.simulator.ankorstore.people import make_id
from app.simulator.ankorstore.records import OrderedLine
from app.simulator.ankorstore.refusals import invalid
from app.simulator.ankorstore.transitions import read_object
from app.simulator.exchange import JSON_API, Answer, Ask, dump_json
from app.simulator.routes import Routes

ITEM_QUANTITY_MAX = 999


class SandboxDesk:
    """Answers for the caller's configuration and for test orders."""

    def __init__(self, book: OrderBook, desk: OrderDesk, habits: AnkorstoreHabits) -> None:
        self._book = book
        self._desk = desk
        self._habits = habits
        self._user_id = make_id(book.random)

    def add_routes(self, routes: Routes) -> None:
        """Put the endpoints on the table."""
        routes.add("GET", "/api/v1/me/config", self.read_config)
        routes.add("POST", "/api/testing/orders/create", self.create_order)

    def read_config(self, ask: Ask) -> Answer:
        """Answer the brand's currency and country."""
        attributes = {"currency": "EUR", "country": "FR", "browserId": self._user_id}
        data = {"type": "user-configs", "id": self._user_id, "attributes": attributes}
        return Answer(200, dump_json(with_version({"data": data})), JSON_API)

    def create_order(self, ask: Ask) -> Answer:
        """Place an order as the sandbox does; every option may be left out."""
        wanted = read_object(ask) if ask.body not in (b"", b"null") else {}
        retailer = None
        if wanted.get("retailerId") is not None:
            retailer = self._book.retailers.get(str(wanted["retailerId"]))
            if retailer is None:
                raise invalid([("retailerId", "The selected retailer is invalid.")])
        lines = self._read_lines(wanted)
        order = self._book.place(lines, retailer=retailer, status=self._habits.testing_order_status)
        document: Document = {"data": order_resource(order)}
        paths = read_includes(ask, INCLUDES)
        if paths:
            document["included"] = included_resources(
                order, paths, self._habits.variant_relationship
            )
        return Answer(200, dump_json(with_version(document)), JSON_API)

    def _read_lines(self, wanted: dict[str, Any]) -> list[OrderedLine] | None:
        packs = _read_packs(wanted.get("itemQuantity"), "itemQuantity")
        entries = wanted.get("productVariants")
        if not entries:
            return None
        if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
            raise invalid([("productVariants", "The field must be a list of objects.")])
        skus = {variant.id: variant.sku for variant in self._book.variants.values()}
        lines = []
        for index, entry in enumerate(entries):
            sku = skus.get(str(entry.get("id")))
            if sku is None:
                detail = "The selected product variant is invalid."
                raise invalid([(f"productVariants.{index}.id", detail)])
            pointer = f"productVariants.{index}.itemQuantity"
            lines.append(OrderedLine(sku, _read_packs(entry.get("itemQuantity"), pointer, packs)))
        return lines


def _read_packs(value: object, pointer: str, default: int = 1) -> int:
    if value is None:
        return default
    is_int = isinstance(value, int) and not isinstance(value, bool)
    if not is_int or not 1 <= int(str(value)) <= ITEM_QUANTITY_MAX:
        raise invalid([(pointer, f"The quantity must be 1 to {ITEM_QUANTITY_MAX}.")])
    return int(str(value))
