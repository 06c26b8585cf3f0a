"""
How the marketplace writes its records down: JSON:API documents, and nothing decided.

Resource type names differ between the published schemas and the published examples, and so they
do here: an order is written throughout in one spelling or in the other.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from app.simulator.ankorstore.records import Address, Order, Quote

Document = dict[str, Any]

INCLUDES = frozenset(
    {
        "retailer",
        "billingItems",
        "orderItems",
        "orderItems.productVariant",
        "orderItems.productVariant.product",
    }
)
SINGULAR = {
    "orders": "order",
    "retailers": "retailer",
    "product-variants": "productVariant",
    "products": "product",
}
VERSION: Document = {"version": "1.0"}


def write_time(at: datetime | None) -> str | None:
    """Write a time as orders show it."""
    return None if at is None else at.isoformat(timespec="seconds")


def write_micro_time(at: datetime | None) -> str | None:
    """Write a time as retailers and items show it."""
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Spelled(Protocol):
    """What is written in one of the two spellings."""

    @property
    def has_singular_types(self) -> bool:
        """Whether it is the spelling of the published examples."""


def type_name(order: Spelled, plural: str) -> str:
    """Return the type name in the spelling this order is written in."""
    return SINGULAR.get(plural, plural) if order.has_singular_types else plural


def order_resource(
    order: Order, *, has_overview: bool = True, has_master: bool = True, singular: bool = False
) -> Document:
    """Return the order as a resource. Lists leave the shipping overview out."""
    total = sum(line.amount_minor for line in order.lines) + order.total_off_minor
    vat = sum(line.vat_minor for line in order.lines)
    attributes: Document = {"masterOrderId": order.master_order_id} if has_master else {}
    attributes |= {
        "status": order.status,
        "reference": order.reference,
        "brandCurrency": order.currency,
        "brandNetAmount": total - total * 15 // 100,
        "brandTotalAmount": total,
        "brandTotalAmountVat": vat,
        "brandTotalAmountWithVat": total + vat,
        "brandRejectReason": order.brand_reject_reason,
        "retailerRejectReason": order.retailer_reject_reason,
        "retailerCancellationRequestReason": order.retailer_cancellation_request_reason,
        "billingName": order.billing.name,
        "billingOrganisationName": order.billing.organisation_name,
        "billingStreet": order.billing.street,
        "billingPostalCode": order.billing.postal_code,
        "billingCity": order.billing.city,
        "billingCountryCode": order.billing.country_code,
        "submittedAt": write_time(order.submitted_at),
        "shippedAt": write_time(order.shipped_at),
        "brandPaidAt": write_time(order.brand_paid_at),
        "createdAt": write_time(order.created_at),
        "updatedAt": write_time(order.updated_at),
        "shippingMethod": order.shipping_method,
    }
    if has_overview:
        attributes["shippingOverview"] = shipping_overview(order)
    retailer = {"type": type_name(order, "retailers"), "id": order.retailer.id}
    return {
        "type": "order" if singular else type_name(order, "orders"),
        "id": order.id,
        "attributes": attributes,
        "relationships": {
            "retailer": {"data": retailer},
            "billingItems": {"data": [{"type": "billing-items", "id": order.billing_item_id}]},
            "orderItems": {
                "data": [{"type": "order-items", "id": line.id} for line in order.lines]
            },
        },
    }


def shipping_overview(order: Order) -> Document:
    """Return where, when and how the order ships."""
    return {
        "availableShippingMethods": order.shipping_methods,
        "shipToAddress": address_object(order.ship_to),
        "expectedShippingDates": {
            "minimum": write_time(order.ships_from_at),
            "maximum": write_time(order.ships_until_at),
            "updatedMaximum": write_time(order.ships_until_updated_at),
        },
        "provider": order.provider,
        "tracking": order.tracking,
        "latestQuote": order.latest_quote,
        "parcels": [
            {
                "length": round(parcel["length"]),
                "width": round(parcel["width"]),
                "height": round(parcel["height"]),
                "distanceUnit": "cm",
                "weight": max(1, round(parcel["kg"] * 1000)),
                "massUnit": "g",
                "trackedPackage": None,
            }
            for parcel in order.parcels
        ],
        "transaction": None,
    }


def address_object(address: Address) -> Document:
    """Return a delivery address."""
    return {
        "name": address.name,
        "organisationName": address.organisation_name,
        "street": address.street,
        "city": address.city,
        "postalCode": address.postal_code,
        "countryCode": address.country_code,
    }


def quote_object(quote: Quote, currency: str) -> Document:
    """Return a quote; it is a flat object, not a resource."""
    return {
        "quoteUuid": quote.id,
        "carrierCode": quote.carrier_code,
        "serviceCode": quote.service_code,
        "serviceCommercialName": quote.service_name,
        "collectionMethod": list(quote.collection),
        "shippingCost": {"amount": quote.amount_minor, "currency": currency},
        "timeInTransit": quote.transit,
    }


def with_version(document: Mapping[str, Any]) -> Document:
    """Return *document* as a JSON:API document."""
    return {"jsonapi": VERSION, **document}
