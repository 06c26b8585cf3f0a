"""How the marketplace shows the parcel tracking of a master order."""

from collections.abc import Iterable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from app.simulator.ankorstore.documents import Document, with_version
from app.simulator.ankorstore.records import Order

INCLUDES = frozenset({"shipmentParcel", "shipmentQuote", "shippedItems"})


def tracking_document(order: Order, paths: Iterable[str]) -> Document:
    """Return the tracking of *order*, its parcels and items included where asked for."""
    tracking = order.parcel_tracking
    if tracking is None:
        return with_version({"data": None})
    wanted = set(paths)
    items = [item for parcel in tracking["parcels"] for item in _item_resources(parcel)]
    relationships: Document = {
        "shipmentParcel": {
            "data": [
                {"type": "tracked-packages", "id": parcel["id"]} for parcel in tracking["parcels"]
            ]
        }
    }
    if items:
        references = [{"type": item["type"], "id": item["id"]} for item in items]
        relationships["shippedItems"] = {"data": references}
    if tracking["quote"] is not None:
        quote = {"type": "shipping-quotes", "id": tracking["quote"]}
        relationships["shipmentQuote"] = {"data": quote}
    data = {
        "type": "shipment-trackings",
        "id": tracking["id"],
        "attributes": {
            "carrier": tracking["carrier"],
            "serviceCode": None,
            "trackingNumber": tracking["trackingNumber"] or "",
            "trackingLink": tracking["trackingLink"],
            "status": tracking["status"],
        },
        "relationships": relationships,
    }
    document: Document = {"data": data}
    if wanted:
        parcels = [_parcel_resource(parcel) for parcel in tracking["parcels"]]
        document["included"] = [
            *(parcels if "shipmentParcel" in wanted else []),
            *(items if "shippedItems" in wanted else []),
        ]
    return with_version(document)


def _parcel_resource(parcel: dict[str, Any]) -> Document:
    names = ("height", "width", "length", "weight", "serialShippingContainerCode")
    return {
        "type": "tracked-packages",
        "id": parcel["id"],
        "attributes": {
            **{name: parcel.get(name) for name in names},
            "trackingNumber": parcel["trackingNumber"] or "",
            "trackingLink": parcel["trackingLink"] or "",
            "status": parcel["status"],
            "label": None,
        },
    }


def _item_resources(parcel: dict[str, Any]) -> list[Document]:
    return [
        {
            "type": "shipping-shipment-shipped-item",
            "id": str(uuid5(NAMESPACE_URL, f"{parcel['id']}/{index}")),
            "attributes": {
                "parcelId": parcel["id"],
                "productVariantId": item["productVariantUuid"],
                "batchQuantity": item["batchQuantity"],
                "unitQuantity": item["unitQuantity"],
                "lotNumber": item.get("lotNumber"),
                "expiryDate": item.get("expiryDate"),
            },
        }
        for index, item in enumerate(parcel.get("items", ()))
    ]
