"""
Parcel tracking of a master order in the bridge's own words, and back. Pure both ways.

Ankorstore reads parcels as included resources and takes them inside the relationship, under
other type names; the ids are the caller's choice and the same in both (docs/rules/shipping.md).
"""

from app.ankorstore import wire
from app.ankorstore.fields import Fields
from app.domain.shipment import ParcelTracking, TrackedGoods, TrackedParcel
from app.jsonapi import Document, Resource, UnreadableDocument


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
