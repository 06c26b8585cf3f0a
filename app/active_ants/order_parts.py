"""A payload for the warehouse in the parts that can change after it was sent, each for itself."""

from collections.abc import Mapping
from typing import Any

from app.domain.fingerprint import Part

_CONTACT = ("email", "phoneNumber", "vatNumber")
_GOODS = ("sku", "quantity", "extra6")
_MONEY = ("extra6", "price", "vat")


def parts_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return the values of *payload* by part; empty for a payload that was pruned.

    What is the same for every order, or chosen by settings alone (ids, language, the number), is
    in no part.
    """
    if not payload:
        return {}
    items = sorted(payload.get("orderItems", ()), key=lambda item: str(item.get("extra6")))
    billing = {name: payload[name] for name in payload if name.startswith("billingAddress")}
    contact = {name: payload[name] for name in _CONTACT if name in payload}
    return {
        Part.DELIVERY: {
            name: payload[name] for name in payload if name.lower().startswith("deliveryaddress")
        },
        Part.BILLING: billing | contact,
        Part.LINES: [[item.get(name) for name in _GOODS] for item in items],
        Part.PRICES: [
            payload.get("currency"),
            *([item.get(name) for name in _MONEY] for item in items),
        ],
    }
