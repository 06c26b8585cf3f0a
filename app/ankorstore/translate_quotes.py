"""
Shipping quotes and their confirmation in the bridge's own words, and back. Pure both ways.

Which quote is the brand's own carrier is not decided here: a quote is only told apart, never
chosen, and a value of an unexpected kind never reads as an absent one (docs/rules/shipping.md).
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from app.ankorstore import wire
from app.ankorstore.fields import Fields
from app.domain.shipment import (
    ParcelSize,
    QuoteConfirmation,
    ShippingQuote,
    Tracking,
)
from app.jsonapi import UnreadableDocument, read_data

_PARCEL_FIELD = re.compile(r"parcels\.(\d+)(?:\.(\w+))?")

TOO_MANY_PARCELS = "too_many_parcels"
TOO_HEAVY = "parcel_too_heavy"
TOO_LARGE = "parcel_too_large"
NO_PARCELS = "parcels_missing"
UNUSABLE_WEIGHT = "parcel_weight_unusable"
UNUSABLE_SIZE = "parcel_size_unusable"


def parcels_refusal(parcels: Sequence[ParcelSize]) -> str | None:
    """Return why Ankorstore would refuse to quote *parcels*, None if it would not."""
    if not parcels:
        return NO_PARCELS
    if len(parcels) > wire.MAX_PARCELS:
        return TOO_MANY_PARCELS
    return next((refusal for each in parcels if (refusal := _parcel_refusal(each))), None)


def _parcel_refusal(parcel: ParcelSize) -> str | None:
    sides = sorted((parcel.length_cm, parcel.width_cm, parcel.height_cm))
    if not parcel.weight_kg.is_finite() or parcel.weight_kg < Decimal(wire.MIN_WEIGHT_KG):
        return UNUSABLE_WEIGHT
    if parcel.weight_kg > Decimal(wire.MAX_WEIGHT_KG):
        return TOO_HEAVY
    if sides[0] < 1:
        return UNUSABLE_SIZE
    length_and_girth = sides[2] + 2 * (sides[0] + sides[1])
    if sides[2] > wire.MAX_SIDE_CM or length_and_girth > wire.MAX_LENGTH_AND_GIRTH_CM:
        return TOO_LARGE
    return None


def quotes_body(parcels: Sequence[ParcelSize]) -> wire.QuotesBody:
    """Return the request for quotes of *parcels*."""
    return {
        "parcels": [
            {
                "length": parcel.length_cm,
                "width": parcel.width_cm,
                "height": parcel.height_cm,
                "kg": float(parcel.weight_kg),
            }
            for parcel in parcels
        ]
    }


def quotes_refusal_code(pointers: Sequence[str]) -> str:
    """
    Return which limit a refused quote request broke, empty where the pointers do not tell.

    Ankorstore points at `shipping.parcels.0.kg`, with a prefix the request does not have.
    """
    for pointer in pointers:
        if match := _PARCEL_FIELD.search(pointer):
            return TOO_HEAVY if match[2] == "kg" else TOO_LARGE
    return ""


def read_quotes(body: Any) -> tuple[ShippingQuote, ...]:
    """
    Return every quote that names its id and carrier.

    Raises:
        UnreadableDocument: There is no list of quotes.
    """
    entries = read_data(body)
    if not isinstance(entries, list):
        raise UnreadableDocument("no list of quotes")
    quotes = (_read_quote(entry) for entry in entries)
    return tuple(quote for quote in quotes if quote is not None)


def _read_quote(entry: object) -> ShippingQuote | None:
    quote = Fields("quote", entry, [])
    quote_id, carrier_code = quote.text("quoteUuid"), quote.text("carrierCode")
    if quote_id is None or carrier_code is None:
        return None
    cost = quote.object("shippingCost")
    return ShippingQuote(
        quote_id=quote_id,
        carrier_code=carrier_code,
        service_code=quote.shown("serviceCode") or "",
        collection_methods=_read_collection_methods(quote),
        amount_minor=cost.integer("amount"),
        currency=cost.text("currency"),
    )


def _read_collection_methods(quote: Fields) -> tuple[str, ...]:
    """Return the collection methods; something that is no list of texts still counts as one."""
    problems_before = quote.problem_count
    methods = quote.texts("collectionMethod") or ()
    if not methods and quote.problem_count > problems_before:
        return (quote.shown("collectionMethod") or "(value)",)
    return methods


def confirm_body(tracking: Tracking | None) -> wire.ConfirmBody:
    """Return the body that confirms a quote with at most one tracking."""
    if tracking is None:
        return {}
    if tracking.link is not None:
        return {"tracking": {"trackingLink": tracking.link}}
    assert tracking.carrier_code is not None
    assert tracking.number is not None
    return {
        "tracking": {
            "trackingProvider": tracking.carrier_code,
            "trackingNumber": tracking.number,
        }
    }


def read_confirmation(body: Any) -> QuoteConfirmation:
    """
    Return what a confirm was answered with.

    Raises:
        UnreadableDocument: There is no object to read.
    """
    data = read_data(body)
    if not isinstance(data, dict):
        raise UnreadableDocument("no confirmation")
    confirmation = Fields("data", data, [])
    return QuoteConfirmation(
        refund_text=confirmation.shown("refund") or None,
        cost_text=confirmation.shown("shippingCost") or None,
    )
