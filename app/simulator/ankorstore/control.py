"""The marketplace's control endpoints, for a person or a script that runs it over HTTP."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.simulator.ankorstore.records import Address, Order, OrderedLine
from app.simulator.control import add_shared_routes, json_answer, read_json_object
from app.simulator.exchange import Answer, Ask
from app.simulator.routes import Routes

if TYPE_CHECKING:
    from app.simulator.ankorstore.company import SimulatedAnkorstore


def add_control_routes(company: "SimulatedAnkorstore", routes: Routes) -> None:
    """Put the controls of *company* on the table."""
    actions: dict[str, Callable[[str], Order]] = {
        "accept": company.accept_by_person,
        "reject": company.reject_by_person,
        "cancel": company.cancel_order,
        "revert_acceptance": company.revert_acceptance,
        "generate_labels": company.generate_labels,
        "reset_labels": company.reset_labels,
        "request_fulfillment": company.request_fulfillment,
        "ship": company.ship_by_person,
        "receive": company.receive_shipment,
        "refuse_shipment": company.refuse_shipment,
    }

    def place_order(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        lines = [OrderedLine(**line) for line in wanted.get("lines", [])] or None
        order = company.place_order(
            lines,
            ship_to=Address(**wanted["ship_to"]) if "ship_to" in wanted else None,
            status=wanted.get("status", "ankor_confirmed"),
            emit=wanted.get("emit", True),
        )
        return json_answer(summarise(order), 201)

    def list_orders(ask: Ask) -> Answer:
        return json_answer({"orders": [summarise(order) for order in company.orders.values()]})

    def act(ask: Ask) -> Answer:
        order_id, action = ask.parts
        return json_answer(summarise(actions[action](order_id)))

    doings: dict[str, Callable[..., Order]] = {
        "change_packs": company.change_packs,
        "ask_for_cancellation": company.ask_for_cancellation,
        "withdraw_cancellation": company.withdraw_cancellation,
        "skew_totals": company.skew_totals,
        "set_status": company.set_status,
        "choose_shipping_method": company.choose_shipping_method,
        "offer_shipping_methods": company.offer_shipping_methods,
        "leave_quote": company.leave_quote,
        "show_tracking": company.show_tracking,
        "forget_submission": company.forget_submission,
        "change_retailer": company.change_retailer,
        "forget_order": company.forget_order,
    }

    def do(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        if wanted.get("do") == "rename_sku":
            company.rename_sku(wanted["sku"], wanted["new_sku"])
            return json_answer({"sku": wanted["new_sku"]})
        order_id, doing = wanted.pop("order"), wanted.pop("do")
        if doing in ("change_address", "change_billing_address"):
            address = Address(**wanted)
            return json_answer(summarise(getattr(company, doing)(order_id, address)))
        if doing == "expect_shipping_by":
            at = datetime.fromisoformat(wanted["at"])
            return json_answer(summarise(company.expect_shipping_by(order_id, at)))
        return json_answer(summarise(doings[doing](order_id, **wanted)))

    def ship(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        order_id = wanted.pop("order")
        return json_answer(summarise(company.ship_by_person(order_id, **wanted)))

    def list_deliveries(ask: Ask) -> Answer:
        rows = [
            {
                "event_id": one.event_id,
                "event_type": one.event_type,
                "order_id": one.order_id,
                "url": one.url,
                "statuses": [attempt.status for attempt in one.attempts],
                "is_delivered": one.is_delivered,
                "is_lost": one.is_lost,
            }
            for one in company.deliveries
        ]
        return json_answer({"deliveries": rows})

    add_shared_routes(company, routes)
    routes.add("POST", "/_simulator/orders", place_order)
    routes.add("GET", "/_simulator/orders", list_orders)
    routes.add("POST", "/_simulator/orders/{order}/{action}", act)
    routes.add("POST", "/_simulator/doings", do)
    routes.add("POST", "/_simulator/ship", ship)
    routes.add("GET", "/_simulator/deliveries", list_deliveries)


def summarise(order: Order) -> dict[str, Any]:
    """Return what a person wants to see of an order."""
    return {
        "id": order.id,
        "master_order_id": order.master_order_id,
        "reference": order.reference,
        "status": order.status,
        "shipping_method": order.shipping_method,
        "provider": order.provider,
        "tracking": order.tracking,
        "lines": [
            {"sku": line.variant.sku, "packs": line.packs, "units": line.units}
            for line in order.lines
        ],
    }
