"""
Quotes, confirmations and parcel tracking in the bridge's own words, and back. Pure both ways.

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
    ParcelTracking,
    QuoteConfirmation,
    ShippingQuote,
    TrackedGoods,
    TrackedParcel,
    Tracking,
)
from app.jsonapi import Document, Resource, UnreadableDocument, read_data

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


def read_tracking(document: Document) -> ParcelTracking | None:
    """
    Return the parcel tracking a document shows, None where it shows none.

    Raises:
        UnreadableDocument: There is one, without an id.
    """
    if not document.primary:
        return None
    resource = document.one()
    if not resource.id:
        raise UnreadableDocument("a tracking without id")
    shipment = Fields("attributes", resource.attributes, [])
    return ParcelTracking(
        tracking_id=resource.id,
        carrier=shipment.text("carrier"),
        tracking_number=shipment.text_or_number("trackingNumber"),
        tracking_link=shipment.text("trackingLink"),
        status=shipment.text("status") or "UNKNOWN",
        parcels=tuple(
            _read_parcel(document, parcel) for parcel in _find_parcels(document, resource)
        ),
    )


def _find_parcels(document: Document, shipment: Resource) -> list[Resource]:
    """Return the parcels named, with what is included of them."""
    ids = shipment.related_ids("shipmentParcel")
    if ids is None:
        return [
            *document.included_of_type("trackedpackage"),
            *document.included_of_type("shippingshipmentparcel"),
        ]
    return [document.included.get(each) or Resource("", each) for each in ids if each]


def _read_parcel(document: Document, resource: Resource) -> TrackedParcel:
    parcel = Fields("parcel", resource.attributes, [])
    return TrackedParcel(
        tracked_parcel_id=resource.id,
        tracking_number=parcel.text_or_number("trackingNumber"),
        tracking_link=parcel.text("trackingLink"),
        status=parcel.text("status") or "UNKNOWN",
        goods=_read_goods(document, resource.id),
    )


def _read_goods(document: Document, parcel_id: str) -> tuple[TrackedGoods, ...]:
    """Return what is said to be in a parcel; an entry without variant or counts is left out."""
    found: list[TrackedGoods] = []
    for resource in document.included_of_type("shippingshipmentshippeditem"):
        goods = Fields("goods", resource.attributes, [])
        variant_id = goods.text("productVariantId")
        packs, units = goods.count("batchQuantity"), goods.count("unitQuantity")
        if goods.text("parcelId") != parcel_id or not variant_id or not packs or not units:
            continue
        expires_at = goods.moment("expiryDate")
        found.append(
            TrackedGoods(
                variant_id=variant_id,
                pack_quantity=packs,
                unit_quantity=units,
                lot_number=goods.text("lotNumber"),
                expires_at=expires_at.date() if expires_at else None,
            )
        )
    return tuple(found)


def tracking_body(tracking: ParcelTracking) -> wire.TrackingBody:
    """
    Return the body that creates or changes parcel tracking; both calls take the same.

    Sizes and weights are left out: only estimates of them exist.
    """
    return {
        "data": {
            "type": "shipping-shipment",
            "id": tracking.tracking_id,
            "attributes": {
                "carrier": tracking.carrier or "other",
                "trackingNumber": tracking.tracking_number,
                "trackingLink": tracking.tracking_link,
                "status": tracking.status,
            },
            "relationships": {
                "shipmentParcel": {"data": [_parcel_data(each) for each in tracking.parcels]}
            },
        }
    }


def _parcel_data(parcel: TrackedParcel) -> wire.TrackedParcelData:
    attributes: wire.ParcelAttributes = {
        "trackingNumber": parcel.tracking_number,
        "trackingLink": parcel.tracking_link,
        "status": parcel.status,
    }
    if parcel.goods:
        attributes["shippedItems"] = [_shipped_item(goods) for goods in parcel.goods]
    return {
        "type": "shipping-shipment-parcel",
        "id": parcel.tracked_parcel_id,
        "attributes": attributes,
    }


def _shipped_item(goods: TrackedGoods) -> wire.ShippedItem:
    item: wire.ShippedItem = {
        "productVariantUuid": goods.variant_id,
        "batchQuantity": goods.pack_quantity,
        "unitQuantity": goods.unit_quantity,
    }
    if goods.lot_number:
        item["lotNumber"] = goods.lot_number[: wire.MAX_LOT_NUMBER_CHARACTERS]
    if goods.expires_at:
        item["expiryDate"] = goods.expires_at.isoformat()
    return item
