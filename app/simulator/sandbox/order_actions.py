"""What can be done to one order, at Ankorstore and at the warehouse, each from a form."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from app.simulator.active_ants import WarehouseOrder
from app.simulator.active_ants.back_office import ImpossibleInMaya
from app.simulator.ankorstore import Order
from app.simulator.ankorstore.order_book import MOVES
from app.simulator.ankorstore.refusals import ImpossibleMove
from app.simulator.sandbox.forms import Fields, Refused
from app.simulator.sandbox.state import Sandbox

PARCELS_MAX = 9
PIECES_MAX = 100_000
HOURS_MAX = 24 * 365


@dataclass(frozen=True, slots=True)
class Move:
    """A button at Ankorstore: its words, and the move of the order book it makes."""

    label: str
    name: str


MOVES_ON_OFFER: dict[str, Move] = {
    "accept": Move("Accept", "accept"),
    "reject": Move("Reject", "reject"),
    "cancel": Move("Cancel", "cancel"),
    "revert": Move("Take the acceptance back", "revert_acceptance"),
    "generate-labels": Move("Choose Ankorstore's label", "generate_labels"),
    "reset-labels": Move("Undo Ankorstore's label", "reset_labels"),
    "ship-by-hand": Move("Ship by hand", "ship"),
    "receive": Move("Retailer has it", "receive"),
    "refuse": Move("Retailer refuses it", "refuse_reception"),
}


def moves_possible(order: Order) -> dict[str, str]:
    """Return the buttons that the order's status allows: code and words."""
    return {
        code: move.label
        for code, move in MOVES_ON_OFFER.items()
        if order.status in MOVES[move.name].origins
    }


def act_on_order(sandbox: Sandbox, order: Order, action: str, fields: Fields) -> str:
    """
    Do *action* to *order* and return what was done.

    Raises:
        Refused: The order or the fields do not allow it.
    """
    if action in MOVES_ON_OFFER:
        return _move(sandbox, order, MOVES_ON_OFFER[action])
    if action not in _ACTIONS:
        raise Refused("there is no such button", "Use the buttons of the page.", 404)
    try:
        return _ACTIONS[action](sandbox, order, fields)
    except ImpossibleInMaya as impossible:
        raise Refused(str(impossible), "Choose what the order allows as it stands.") from None


def _move(sandbox: Sandbox, order: Order, move: Move) -> str:
    company = sandbox.ankorstore
    doings: dict[str, Callable[[str], Order]] = {
        "accept": company.accept_by_person,
        "reject": company.reject_by_person,
        "cancel": company.cancel_order,
        "revert_acceptance": company.revert_acceptance,
        "generate_labels": company.generate_labels,
        "reset_labels": company.reset_labels,
        "ship": company.ship_by_person,
        "receive": company.receive_shipment,
        "refuse_reception": company.refuse_shipment,
    }
    try:
        doings[move.name](order.id)
    except ImpossibleMove as impossible:
        raise Refused(
            str(impossible), "Choose one of the buttons the order shows now.", 409
        ) from None
    return f"at Ankorstore: {move.label}"


def _change_address(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    country = fields.text("country", "Country").upper()
    if len(country) != 2 or not (country.isascii() and country.isalpha()):
        raise Refused("Country is no code of two letters", "Write one such as NL.")
    address = replace(
        order.ship_to,
        street=fields.text("street", "Street"),
        postal_code=fields.text("postal_code", "Postcode"),
        city=fields.text("city", "City"),
        country_code=country,
    )
    sandbox.ankorstore.change_address(order.id, address)
    return "at Ankorstore: address changed"


def _expect_shipping(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    hours = fields.whole("hours", "Hours", 0, HOURS_MAX)
    at = sandbox.clock.now() + timedelta(hours=hours)
    sandbox.ankorstore.expect_shipping_by(order.id, at)
    return f"at Ankorstore: to be shipped within {hours} hours"


def _wish_to_cancel(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    sandbox.ankorstore.ask_for_cancellation(order.id, fields.text("reason", "Reason"))
    return "the retailer asks to cancel"


def _ship(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    placed = _placed(sandbox, order, fields)
    parcels = fields.whole("parcels", "Parcels", 1, PARCELS_MAX)
    sku = fields.choice("sku", "What", {"", *(item.sku for item in placed.items)})
    lines = {sku: fields.whole("pieces", "Pieces", 1, PIECES_MAX)} if sku else None
    left = {item.sku: 0 for item in placed.items}
    for item in placed.items:
        left[item.sku] += max(0, item.quantity - item.shipped)
    if placed.is_cancelled or placed.is_on_hold:
        state = "cancelled" if placed.is_cancelled else "on hold"
        raise Refused(f"the warehouse order is {state}", "Such an order never ships.", 409)
    if not any(left.values()):
        raise Refused("everything was shipped already", "There is nothing left to ship.", 409)
    if lines and lines[sku] > left[sku]:
        raise Refused(f"Pieces: only {left[sku]} of {sku} are left", f"Write at most {left[sku]}.")
    tracking = [""] * parcels if fields.is_ticked("tracking_later") else None
    shipment = sandbox.active_ants.ship(placed, parcels, lines, tracking)
    later = ", tracking later" if tracking else ""
    return f"the warehouse shipped {shipment.id} in {parcels}{later}"


def _give_tracking(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    placed = _placed(sandbox, order, fields)
    bare = [
        shipment
        for shipment in sandbox.active_ants.shipments.values()
        if shipment.order_number == placed.order_number
        and not all(parcel.number for parcel in shipment.parcels)
    ]
    if not bare:
        raise Refused("every parcel has its number", "Ship with tracking later first.", 409)
    for shipment in bare:
        sandbox.active_ants.floor.give_tracking(shipment)
    return "the carrier numbered the parcels"


def _deliver(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    placed = _placed(sandbox, order, fields)
    sent = [
        one
        for one in sandbox.active_ants.shipments.values()
        if one.order_number == placed.order_number
    ]
    if not sent:
        raise Refused("nothing was shipped yet", "Ship it first.", 409)
    for shipment in sent:
        sandbox.active_ants.mark_delivered(shipment.id)
    return "the carrier delivered"


def _cancel_in_maya(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    sandbox.active_ants.cancel_in_maya(_placed(sandbox, order, fields))
    return "cancelled in the warehouse's back office"


def _release_in_maya(sandbox: Sandbox, order: Order, fields: Fields) -> str:
    sandbox.active_ants.release_in_maya(_placed(sandbox, order, fields))
    return "released in the warehouse's back office"


def _placed(sandbox: Sandbox, order: Order, fields: Fields) -> WarehouseOrder:
    """Return the order's warehouse order that the form names."""
    placed = {str(one.order_number): one for one in sandbox.orders_at_warehouse(order.id)}
    if not placed:
        raise Refused(
            "the warehouse does not have this order yet",
            "Wait until the service placed it, or look there why it does not.",
            409,
        )
    return placed[fields.choice("number", "Warehouse order", placed)]


_ACTIONS: dict[str, Callable[[Sandbox, Order, Fields], str]] = {
    "change-address": _change_address,
    "expect-shipping": _expect_shipping,
    "wish-to-cancel": _wish_to_cancel,
    "ship": _ship,
    "give-tracking": _give_tracking,
    "deliver": _deliver,
    "cancel-in-maya": _cancel_in_maya,
    "release-in-maya": _release_in_maya,
}
