"""
The warehouse's silence: an order placed days ago of which nothing was sent.

It may be Not Valid there, which no call tells; a person is asked, and shipments that come later
move the order on all the same (docs/rules/deadlines.md).
"""

from datetime import datetime
from urllib.parse import quote

from app.flow.ending import bears_our_mark
from app.flow.moves import Move, Wait, ask_person
from app.flow.rules import FlowRules
from app.flow.workdays import after_working_days
from app.ports import Desk

WAITS_FOR_SHIPMENT = "the warehouse to ship"


async def await_first_shipment(desk: Desk, rules: FlowRules, tomorrow: datetime) -> Move:
    """Wait for the first shipment, or ask a person once the warehouse was silent for too long."""
    order = desk.order
    live = order.live
    assert live is not None, "a placed order has a live warehouse order"
    since = max(live.intent_at, order.shipment_asked_at or live.intent_at)
    silent_until = after_working_days(since, rules.stale_working_days, rules.warehouse_country)
    if desk.now() < silent_until:
        until = min(tomorrow, silent_until)
        return Wait(until, WAITS_FOR_SHIPMENT, "nothing has been sent yet")
    number = live.warehouse_order_number
    if number is None:
        found = await desk.warehouse.find_order(live.external_order_number)
        if found is not None and bears_our_mark(found, desk):
            number = found.warehouse_order_number
            desk.note_placing(warehouse_order_number=number)
    desk.note(shipment_asked_at=desk.now())
    link = rules.maya_order_url.replace("{orderNumber}", quote(number or "", safe=""))
    where = link if number else "its number is not found by search there"
    return ask_person("no_shipment", field=f"order {live.external_order_number}", detail=where)
