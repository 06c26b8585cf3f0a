"""Reading what a caller sends as parcel tracking of a master order, and merging it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.simulator.ankorstore.refusals import invalid
from app.simulator.ankorstore.tracking_links import build_link
from app.simulator.ankorstore.transitions import read_object
from app.simulator.exchange import Ask

STATUSES = frozenset({"UNKNOWN", "PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE"})
SENDER_FIELDS = ("name", "street", "city", "postalCode", "countryCode")
LOT_NUMBER_LENGTH_MAX = 100
Tracking = dict[str, Any]


def read_parcel_tracking(ask: Ask, *, is_new: bool) -> Tracking:
    """Return the tracking a body describes, its parcels as a list of plain objects."""
    data = _object(read_object(ask).get("data"), "data")
    if data.get("type", "shipping-shipment") != "shipping-shipment":
        raise invalid([("data.type", "The selected type is invalid.")])
    attributes = _object(data.get("attributes"), "data.attributes")
    if "carrier" not in attributes:
        raise invalid([("data.attributes.carrier", "The field is required.")])
    if not is_new and "fromAddress" in attributes:
        raise invalid([("data.attributes.fromAddress", "The field is not allowed.")])
    _check_sender(attributes.get("fromAddress"))
    carrier = _text(attributes["carrier"], "data.attributes.carrier")
    relationships = _object(data.get("relationships"), "data.relationships")
    holder = _object(relationships.get("shipmentParcel"), "data.relationships.shipmentParcel")
    parcels = holder.get("data")
    if not isinstance(parcels, list) or not parcels:
        raise invalid([("data.relationships.shipmentParcel.data", "The field is required.")])
    number = _text(attributes.get("trackingNumber"), "data.attributes.trackingNumber")
    link = _text(attributes.get("trackingLink"), "data.attributes.trackingLink")
    return {
        "id": _uuid(data["id"], "data.id") if "id" in data else None,
        "carrier": carrier,
        "trackingNumber": number,
        "trackingLink": link or build_link(carrier, number) or None,
        "status": _status(attributes, "data.attributes.status"),
        "quote": _quote_id(relationships.get("shipmentQuote")),
        "parcels": [_read_parcel(index, one, carrier) for index, one in enumerate(parcels)],
    }


def merge_tracking(held: Tracking, wanted: Tracking, *, may_add: bool) -> Tracking:
    """Return *held* with the facts of *wanted*; parcels are matched by id."""
    parcels = {parcel["id"]: parcel for parcel in held["parcels"]}
    for index, parcel in enumerate(wanted["parcels"]):
        if parcel["id"] not in parcels and not may_add:
            pointer = f"data.relationships.shipmentParcel.data.{index}.id"
            raise invalid([(pointer, "The selected parcel is invalid.")])
        parcels[parcel["id"]] = parcels.get(parcel["id"], {}) | parcel
    facts = {name: wanted[name] for name in ("carrier", "trackingNumber", "trackingLink", "status")}
    return {**held, **facts, "parcels": list(parcels.values())}


def _read_parcel(index: int, parcel: object, carrier: str | None) -> Tracking:
    pointer = f"data.relationships.shipmentParcel.data.{index}"
    parcel = _object(parcel, pointer)
    if parcel.get("type") != "shipping-shipment-parcel":
        raise invalid([(f"{pointer}.type", "The selected type is invalid.")])
    attributes = _object(parcel.get("attributes"), f"{pointer}.attributes")
    number = _text(attributes.get("trackingNumber"), f"{pointer}.attributes.trackingNumber")
    link = _text(attributes.get("trackingLink"), f"{pointer}.attributes.trackingLink")
    read: Tracking = {
        "id": _uuid(parcel.get("id"), f"{pointer}.id"),
        "trackingNumber": number,
        "trackingLink": link or build_link(carrier, number),
        "status": _status(attributes, f"{pointer}.attributes.status"),
    }
    for name in ("length", "width", "height", "weight"):
        value = attributes.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            raise invalid([(f"{pointer}.attributes.{name}", "The value must be an integer.")])
        if value is not None:
            read[name] = value
    if attributes.get("sscc") is not None:
        read["serialShippingContainerCode"] = attributes["sscc"]
    if "shippedItems" in attributes:
        read["items"] = _read_items(attributes["shippedItems"], f"{pointer}.attributes")
    return read


def _read_items(items: object, pointer: str) -> list[Tracking]:
    if not isinstance(items, list):
        raise invalid([(f"{pointer}.shippedItems", "The field must be a list.")])
    for index, item in enumerate(items):
        at = f"{pointer}.shippedItems.{index}"
        item = _object(item, at)
        _uuid(item.get("productVariantUuid"), f"{at}.productVariantUuid")
        for name in ("batchQuantity", "unitQuantity"):
            if not isinstance(item.get(name), int) or item[name] < 1:
                raise invalid([(f"{at}.{name}", "The value must be at least 1.")])
        if len(_text(item.get("lotNumber"), f"{at}.lotNumber") or "") > LOT_NUMBER_LENGTH_MAX:
            raise invalid([(f"{at}.lotNumber", "The text may not exceed 100 characters.")])
        _text(item.get("expiryDate"), f"{at}.expiryDate")
    return items


def _check_sender(sender: object) -> None:
    if sender is None:
        return
    data = _object(sender, "data.attributes.fromAddress").get("data")
    for name in SENDER_FIELDS:
        if not isinstance(data, Mapping) or not data.get(name):
            raise invalid([(f"data.attributes.fromAddress.data.{name}", "The field is required.")])


def _quote_id(relationship: object) -> str | None:
    data = relationship.get("data") if isinstance(relationship, dict) else None
    return str(data["id"]) if isinstance(data, dict) and "id" in data else None


def _status(attributes: Tracking, pointer: str) -> str:
    status = attributes.get("status")
    if not isinstance(status, str) or status not in STATUSES:
        raise invalid([(pointer, "The selected status is invalid.")])
    return status


def _text(value: object, pointer: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise invalid([(pointer, "The value must be a text.")])
    return value


def _uuid(value: object, pointer: str) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError as problem:
        raise invalid([(pointer, "The value must be a UUID.")]) from problem


def _object(value: object, pointer: str) -> Tracking:
    if not isinstance(value, dict):
        raise invalid([(pointer, "The field is required.")])
    return value
