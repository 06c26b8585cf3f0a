"""The warehouse's control endpoints, for a person or a script that runs it over HTTP."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from app.simulator.active_ants.records import Shipment, WarehouseOrder
from app.simulator.active_ants.shipment_desk import feed_row
from app.simulator.control import add_shared_routes, json_answer, read_json_object
from app.simulator.exchange import Answer, Ask
from app.simulator.routes import Routes

if TYPE_CHECKING:
    from app.simulator.active_ants.company import SimulatedActiveAnts


def add_control_routes(company: "SimulatedActiveAnts", routes: Routes) -> None:
    """Put the controls of *company* on the table."""

    def ship(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        return json_answer(summarise_shipment(company.ship(wanted.pop("order"), **wanted)), 201)

    def add_foreign(ask: Ask) -> Answer:
        added = company.add_foreign_shipments(**read_json_object(ask))
        return json_answer({"shipments": [one.id for one in added]}, 201)

    def list_orders(ask: Ask) -> Answer:
        return json_answer({"orders": [summarise_order(one) for one in company.orders.values()]})

    def list_shipments(ask: Ask) -> Answer:
        rows = [summarise_shipment(one) for one in company.shipments.values()]
        return json_answer({"shipments": rows})

    def set_stock(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        product = company.set_stock(wanted["sku"], int(wanted["stock"]))
        return json_answer({"sku": product.sku, "stock": product.stock})

    def in_maya(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        number, doing = wanted.pop("order"), wanted.pop("do")
        doings = {
            "cancel": company.cancel_in_maya,
            "release": company.release_in_maya,
            "change": company.change_in_maya,
        }
        return json_answer(summarise_order(doings[doing](number, **wanted)))

    def mishap(ask: Ask) -> Answer:
        wanted = read_json_object(ask)
        doing = wanted.pop("do")
        if doing == "occupy_number":
            return json_answer(summarise_order(company.occupy_number(**wanted)))
        if doing == "acknowledge_elsewhere":
            return json_answer({"acknowledged": company.mishaps.acknowledge_elsewhere()})
        if doing == "describe_product":
            product = company.mishaps.describe_product(**wanted)
            return json_answer({"sku": product.sku, "stock": product.stock})
        mishaps: dict[str, Callable[..., Shipment]] = {
            "relabel_shipment": company.mishaps.relabel_shipment,
            "tell_status": company.mishaps.tell_status,
            "hide_goods": company.mishaps.hide_goods,
            "show_goods": company.mishaps.show_goods,
        }
        return json_answer(summarise_shipment(mishaps[doing](wanted.pop("shipment"), **wanted)))

    add_shared_routes(company, routes)
    routes.add("POST", "/_simulator/mishaps", mishap)
    routes.add("POST", "/_simulator/maya", in_maya)
    routes.add("POST", "/_simulator/returns", partial(_see_to_returns, company))
    routes.add("POST", "/_simulator/ship", ship)
    routes.add("POST", "/_simulator/foreign-shipments", add_foreign)
    routes.add("GET", "/_simulator/orders", list_orders)
    routes.add("GET", "/_simulator/shipments", list_shipments)
    routes.add("POST", "/_simulator/stock", set_stock)


def _see_to_returns(company: "SimulatedActiveAnts", ask: Ask) -> Answer:
    """Book goods back in, or let labels for the way back be refused or made again."""
    wanted = read_json_object(ask)
    doing = wanted["do"]
    if doing == "book":
        rma = company.return_desk.book(int(wanted["rma"]), int(wanted["pieces"]))
        return json_answer({"rma": rma.id, "booked_pieces": rma.booked_pieces})
    makes_labels = {"refuse_labels": False, "make_labels": True}[doing]
    company.habits.makes_return_labels = makes_labels
    return json_answer({"makes_return_labels": makes_labels})


def summarise_order(order: WarehouseOrder) -> dict[str, Any]:
    """Return what a person wants to see of a warehouse order."""
    return {
        "order_number": order.order_number,
        "external_order_number": order.external_order_number,
        "extra1": order.extras["extra1"],
        "is_valid": order.is_valid,
        "is_on_hold": order.is_on_hold,
        "is_cancelled": order.is_cancelled,
        "is_complete": order.is_complete,
        "items": [
            {"sku": item.sku, "quantity": item.quantity, "shipped": item.shipped}
            for item in order.items
        ],
    }


def summarise_shipment(shipment: Shipment) -> dict[str, Any]:
    """Return a shipment as the feed shows it, and whether it was acknowledged."""
    return {**feed_row(shipment), "is_acknowledged": shipment.is_acknowledged}
