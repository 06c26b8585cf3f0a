"""
Reading the body of a transition: its kind, its reasons, and what an accept leaves out.

Everything refused here is a 422; whether the order's status allows the move is asked elsewhere.
"""

from typing import Any

from app.simulator.ankorstore.records import Order
from app.simulator.ankorstore.refusals import invalid
from app.simulator.exchange import Ask

KINDS = frozenset(
    {
        "brand-validates",
        "brand-rejects",
        "brand-resets-shipping-labels-generation",
        "brand-requests-fulfillment",
    }
)
REASON_TYPES = {
    "rejectType": frozenset(
        {
            "BRAND_ALREADY_HAS_CUSTOMER_IN_THE_AREA",
            "BRAND_CANNOT_DELIVER_TO_THE_AREA",
            "BRAND_HAS_EXCLUSIVE_DISTRIBUTOR_IN_THE_REGION",
            "BUYER_NOT_A_RETAILER",
            "ORDER_ITEMS_PRICES_INCORRECT",
            "PAYMENT_ISSUES_WITH_RETAILER",
            "PREPARATION_TIME_TOO_HIGH",
            "PRODUCT_OUT_OF_STOCK",
            "PURCHASE_NOT_FOR_RESALE",
            "RETAILER_AGREED_TO_DO_CHANGES_TO_ORDER",
            "RETAILER_NOT_GOOD_FIT_FOR_BRAND",
            "RETAILER_VAT_NUMBER_MISSING",
            "OTHER",
        }
    ),
    "resetType": frozenset(
        {
            "BRAND_NEED_MORE_LABELS_TO_SHIP",
            "BRAND_PUT_WRONG_WEIGHT_DIMENSIONS",
            "BRAND_SHIPS_WITH_DIFFERENT_CARRIER",
            "PROBLEM_DURING_SHIPPING_LABEL_GENERATION",
            "RETAILER_ASKED_DELIVERY_ADDRESS_CHANGE",
            "SHIPPING_ADDRESS_MISMATCHES_PICKUP_ADDRESS",
            "OTHER",
        }
    ),
}
REASON_LENGTH_MAX = {"rejectReason": 1000, "reason": 300}


def read_object(ask: Ask) -> dict[str, Any]:
    """Return the body as an object; anything else is refused."""
    try:
        document = ask.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise invalid([("data", "The body must be a JSON object.")])
    return document


def read_transition(ask: Ask) -> tuple[str, dict[str, Any]]:
    """Return the kind of transition and its attributes."""
    data = read_object(ask).get("data")
    kind = data.get("type") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(kind, str) or kind not in KINDS:
        raise invalid([("data.type", "The selected type is invalid.")])
    attributes = data.get("attributes", {})
    if not isinstance(attributes, dict):
        raise invalid([("data.attributes", "The attributes must be an object.")])
    return kind, attributes


def read_reason(attributes: dict[str, Any], type_key: str, reason_key: str) -> str:
    """Return the reason of a reject or reset: the text if there is one, else the type."""
    reason_type, reason = attributes.get(type_key), attributes.get(reason_key)
    if not isinstance(reason_type, str) or reason_type not in REASON_TYPES[type_key]:
        raise invalid([(f"data.attributes.{type_key}", "The selected value is invalid.")])
    if reason is None:
        if reason_type == "OTHER":
            raise invalid([(f"data.attributes.{reason_key}", "The field is required.")])
        return reason_type
    if not isinstance(reason, str) or not 1 <= len(reason) <= REASON_LENGTH_MAX[reason_key]:
        detail = f"The text must be 1 to {REASON_LENGTH_MAX[reason_key]} characters."
        raise invalid([(f"data.attributes.{reason_key}", detail)])
    return reason


def read_reductions(attributes: dict[str, Any], order: Order) -> dict[str, int]:
    """Return the packs to keep by line id; lines not named stay as they are."""
    entries = attributes.get("orderItems", [])
    if not isinstance(entries, list):
        raise invalid([("data.attributes.orderItems", "The field must be a list.")])
    ordered = {line.id: line.packs for line in order.lines}
    kept: dict[str, int] = {}
    for index, entry in enumerate(entries):
        pointer = f"data.attributes.orderItems.{index}"
        line_id, packs = _read_entry(entry, pointer)
        if line_id not in ordered or line_id in kept:
            raise invalid([(f"{pointer}.id", "The selected order item is invalid.")])
        if packs > ordered[line_id]:
            detail = "The quantity may not be greater than the ordered quantity."
            raise invalid([(f"{pointer}.attributes.quantity", detail)])
        kept[line_id] = packs
    if not any((ordered | kept).values()):
        raise invalid([("data.attributes.orderItems", "All items removed: reject the order.")])
    return kept


def _read_entry(entry: object, pointer: str) -> tuple[str, int]:
    if not isinstance(entry, dict) or entry.get("type") != "order-items":
        raise invalid([(f"{pointer}.type", "The selected type is invalid.")])
    attributes = entry.get("attributes")
    packs = attributes.get("quantity") if isinstance(attributes, dict) else None
    if not isinstance(packs, int) or isinstance(packs, bool) or packs < 0:
        raise invalid([(f"{pointer}.attributes.quantity", "The quantity must be at least 0.")])
    return str(entry.get("id")), packs
