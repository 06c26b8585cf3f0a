"""What the pages of the sandbox show: plain values, read from both companies."""

from collections.abc import Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from app.simulator.active_ants import Shipment, WarehouseOrder
from app.simulator.ankorstore import Order
from app.simulator.exchange import Call
from app.simulator.sandbox import breaking as knobs
from app.simulator.sandbox.connector import NUMBER as CONNECTOR_NUMBER
from app.simulator.sandbox.order_actions import moves_possible
from app.simulator.sandbox.situations import Situation
from app.simulator.sandbox.state import Sandbox

ORDERS_SHOWN = 200
CALLS_SHOWN = 30
DELIVERIES_SHOWN = 15


def shared(sandbox: Sandbox) -> dict[str, Any]:
    """Return what stands on every page: the time, how far ahead it is, what was done."""
    return {
        "now": tell_time(sandbox.clock.now()),
        "ahead": tell_ahead(sandbox.clock.ahead_seconds),
        "notes": [(tell_time(note.at), note.text) for note in sandbox.notes],
        "move_units": list(knobs.MOVE_UNITS),
        "move_max": knobs.MOVE_MAX,
    }


def overview(sandbox: Sandbox, situations: Mapping[str, Situation]) -> dict[str, Any]:
    """Return the orders of both companies, newest first, and the stock."""
    orders = sandbox.ankorstore.orders
    return {
        "situations": situations,
        "orders": [_row(sandbox, one) for one in islice(reversed(orders.values()), ORDERS_SHOWN)],
        "order_count": len(orders),
        "connector_number": CONNECTOR_NUMBER,
        "connector_takes_orders": sandbox.connector.takes_orders,
        "products": [
            {"sku": one.sku, "stock": one.stock, "physical": one.physical or 0}
            for one in sandbox.active_ants.products.values()
        ],
    }


def order(sandbox: Sandbox, shown: Order) -> dict[str, Any]:
    """Return all that both companies hold of one order."""
    deliveries = [one for one in sandbox.ankorstore.deliveries if one.order_id == shown.id]
    return {
        "order": _row(sandbox, shown),
        "address": shown.ship_to,
        "ships_until": tell_time(shown.ships_until_at),
        "lines": [
            {"sku": line.variant.sku, "packs": line.packs, "units": line.units}
            for line in shown.lines
        ],
        "tracking": shown.tracking,
        "history": [(tell_time(at), status) for at, status in shown.history],
        "moves": moves_possible(shown),
        "placed": [
            _placed(sandbox, one) for one in reversed(sandbox.orders_at_warehouse(shown.id))
        ],
        "deliveries": [
            {
                "at": tell_time(one.emitted_at),
                "event": one.event_type,
                "url": one.url or "nobody",
                "state": "taken" if one.is_delivered else "lost" if one.is_lost else "on its way",
                "statuses": ", ".join(str(each.status or each.error) for each in one.attempts),
            }
            for one in reversed(deliveries[-DELIVERIES_SHOWN:])
        ],
    }


def breaking(sandbox: Sandbox) -> dict[str, Any]:
    """Return what can be broken, what is, and the calls that came in last."""
    companies = {"ankorstore": sandbox.ankorstore, "active_ants": sandbox.active_ants}
    outbox, habits = sandbox.ankorstore.outbox, sandbox.active_ants.habits
    subscriptions = [one for one in outbox.subscriptions.values() if one.url]
    return {
        "calls_on_offer": {code: words for code, (_, words, _) in knobs.CALLS.items()},
        "faults_on_offer": {str(code): words for code, words in knobs.FAULTS.items()},
        "companies": knobs.COMPANIES,
        "plans": [
            {
                "company": knobs.COMPANIES[name],
                "pattern": plan.pattern,
                "words": knobs.FAULTS[plan.fault],
                "left": "until stopped" if plan.times is None else f"{plan.times} times",
            }
            for name, company in companies.items()
            for plan in company.faults.plans
        ],
        "calls": {
            knobs.COMPANIES[name]: [_call(one) for one in reversed(company.calls[-CALLS_SHOWN:])]
            for name, company in companies.items()
        },
        "webhook_url": sandbox.ankorstore.webhook_url or "",
        "subscriptions": [
            (one.url, ", ".join(one.events) or "all events") for one in subscriptions
        ],
        "delay_seconds": f"{outbox.delay_seconds_max:g}",
        "habits": habits,
        "uniqueness": knobs.UNIQUENESS,
    }


def _row(sandbox: Sandbox, shown: Order) -> dict[str, Any]:
    return {
        "id": shown.id,
        "reference": shown.reference,
        "title": sandbox.titles.get(shown.id, "by a call"),
        "status": shown.status,
        "shipping_method": shown.shipping_method or "",
        "submitted": tell_time(shown.submitted_at) if shown.submitted_at else "",
        "warehouse": [
            (one.order_number, _state_of(one)) for one in sandbox.orders_at_warehouse(shown.id)
        ],
    }


def _placed(sandbox: Sandbox, placed: WarehouseOrder) -> dict[str, Any]:
    shipments = [
        one
        for one in sandbox.active_ants.shipments.values()
        if one.order_number == placed.order_number
    ]
    return {
        "number": placed.order_number,
        "external_number": placed.external_order_number,
        "state": _state_of(placed),
        "items": placed.items,
        "shipments": [_shipment(one) for one in shipments],
    }


def _shipment(shipment: Shipment) -> dict[str, Any]:
    return {
        "id": shipment.id,
        "at": tell_time(shipment.shipped_at),
        "carrier": shipment.method.name,
        "status": shipment.status,
        "parcels": ", ".join(one.number or "no number yet" for one in shipment.parcels),
        "items": ", ".join(f"{one.quantity} {one.sku}" for one in shipment.items),
        "is_acknowledged": shipment.is_acknowledged,
    }


def _state_of(placed: WarehouseOrder) -> str:
    if placed.is_cancelled:
        return "cancelled"
    if placed.is_complete:
        return "shipped"
    if not placed.is_valid:
        return "Not Valid"
    if placed.is_on_hold:
        return "on hold"
    return "shipped in part" if any(item.shipped for item in placed.items) else "open"


def _call(call: Call) -> dict[str, Any]:
    fault = knobs.FAULTS.get(call.fault, call.fault) if call.fault else ""
    return {
        "at": tell_time(call.at),
        "what": f"{call.method} {call.path}",
        "status": call.status or "no answer",
        "fault": fault,
    }


def tell_time(at: datetime) -> str:
    """Return a moment to the second."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def tell_ahead(seconds: float) -> str:
    """Return how far the clock is ahead of the machine's."""
    hours = round(seconds / knobs.HOUR_SECONDS)
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if days else f"{hours} h"
