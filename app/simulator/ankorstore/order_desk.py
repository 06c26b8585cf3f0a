"""The order endpoints: list, read, and the transitions a brand may make."""

from collections.abc import Callable
from typing import Any

from app.simulator.ankorstore.documents import INCLUDES, Document, order_resource, with_version
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.included import included_resources
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.paging import paginate
from app.simulator.ankorstore.records import Order
from app.simulator.ankorstore.refusals import TRANSITION_FAILED, ImpossibleMove, refuse
from app.simulator.ankorstore.transitions import (
    read_reason,
    read_reductions,
    read_transition,
)
from app.simulator.exchange import JSON_API, Answer, Ask, dump_json
from app.simulator.routes import Routes


class OrderDesk:
    """Answers for internal orders."""

    def __init__(
        self, book: OrderBook, habits: AnkorstoreHabits, base_url: Callable[[], str]
    ) -> None:
        self._book = book
        self._habits = habits
        self._base_url = base_url

    def add_routes(self, routes: Routes) -> None:
        """Put the endpoints on the table."""
        routes.add("GET", "/api/v1/orders", self.list_orders)
        routes.add("GET", "/api/v1/orders/{order}", self.read_order)
        routes.add("POST", "/api/v1/orders/{order}/-actions/transition", self.make_transition)

    def find(self, order_id: str) -> Order:
        """Return the order, or refuse with 404."""
        order = self._book.orders.get(order_id)
        if order is None:
            raise refuse(404)
        return order

    def list_orders(self, ask: Ask) -> Answer:
        """Answer a page of orders. The shipping overview is only in single reads."""
        status, retailer_id = ask.query.get("filter[status]"), ask.query.get("filter[retailer]")
        matching = [
            order
            for order in self._book.orders.values()
            if (not status or order.status == status)
            and (not retailer_id or order.retailer.id == retailer_id)
        ]
        paths = read_includes(ask, INCLUDES)
        page, document = paginate(ask, matching, self._book.orders, self._habits, self._base_url())
        document["data"] = [order_resource(order, has_overview=False) for order in page]
        if paths:
            found = {
                resource["id"]: resource
                for order in page
                for resource in included_resources(order, paths, self._habits.variant_relationship)
            }
            document["included"] = list(found.values())
        return Answer(200, dump_json(with_version(document)), JSON_API)

    def read_order(self, ask: Ask) -> Answer:
        """Answer one order. The bytes are kept until the order changes."""
        order = self.find(ask.parts[0])
        key = ask.query_string
        if key not in order.rendered:
            order.rendered[key] = dump_json(self._order_document(ask, order))
        return Answer(200, order.rendered[key], JSON_API)

    def make_transition(self, ask: Ask) -> Answer:
        """Answer a transition: 409 from the wrong status, 422 for a body that makes no sense."""
        order = self.find(ask.parts[0])
        kind, attributes = read_transition(ask)
        try:
            self._apply(kind, attributes, order)
        except ImpossibleMove as impossible:
            detail = f"Order cannot be transitioned using {kind} from this state"
            raise refuse(409, detail, code=TRANSITION_FAILED) from impossible
        has_master = not self._habits.transition_answer_lacks_master_order_id
        document = self._order_document(ask, order, has_master=has_master, singular=True)
        return Answer(200, dump_json(document), JSON_API)

    def _apply(self, kind: str, attributes: dict[str, Any], order: Order) -> None:
        match kind:
            case "brand-validates":
                self._book.check_move("accept", order)
                reductions = read_reductions(attributes, order)
                for line in order.lines:
                    line.reduce_to(reductions.get(line.id, line.packs))
                order.lines = [line for line in order.lines if line.packs > 0]
                self._book.make_move("accept", order)
            case "brand-rejects":
                self._book.check_move("reject", order)
                order.brand_reject_reason = read_reason(attributes, "rejectType", "rejectReason")
                self._book.make_move("reject", order)
            case "brand-resets-shipping-labels-generation":
                self._book.check_move("reset_labels", order)
                read_reason(attributes, "resetType", "reason")
                self._book.make_move("reset_labels", order)
            case _:
                self._book.make_move("request_fulfillment", order)

    def _order_document(
        self, ask: Ask, order: Order, *, has_master: bool = True, singular: bool = False
    ) -> Document:
        paths = read_includes(ask, INCLUDES)
        resource = order_resource(order, has_master=has_master, singular=singular)
        document: Document = {"data": resource}
        if paths:
            document["included"] = included_resources(
                order, paths, self._habits.variant_relationship
            )
        return with_version(document)


def read_includes(ask: Ask, allowed: frozenset[str]) -> list[str]:
    """Return the include paths of *ask*; an unknown one is refused with 400."""
    given = ask.query.get("include", "")
    paths = [path.strip() for path in given.split(",") if path.strip()]
    unknown = [path for path in paths if path not in allowed]
    if unknown:
        raise refuse(400, f"Include path {unknown[0]} is not allowed.")
    return paths
