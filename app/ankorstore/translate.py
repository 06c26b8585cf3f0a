"""
Ankorstore's documents in the bridge's own words, and back. Pure both ways.

Quantities: `quantity` counts packs, `multipliedQuantity` single units; neither is ever worked
out from the other, because an edited line can hold units that are no multiple of its pack.
"""

from collections.abc import Sequence

from app.ankorstore.fields import Fields
from app.domain.order import (
    ListedOrder,
    MarketplaceOrder,
    OrderLine,
    PostalAddress,
    Retailer,
    ShownTracking,
)
from app.jsonapi import Document, Resource, UnreadableDocument


def read_order(document: Document) -> MarketplaceOrder:
    """
    Return the order a document shows.

    Raises:
        UnreadableDocument: It shows no single order with an id and a status.
    """
    resource = document.one()
    problems: list[str] = []
    order = Fields("attributes", resource.attributes, problems)
    status = order.text("status")
    if not resource.id or status is None:
        raise UnreadableDocument("an order without id or status")
    overview = order.object("shippingOverview")
    dates = overview.object("expectedShippingDates")
    lines = _read_lines(document, resource, problems)
    retailer = _read_retailer(document, resource, problems)
    return MarketplaceOrder(
        marketplace_order_id=resource.id,
        marketplace_reference=order.text_or_number("reference"),
        master_order_id=order.text("masterOrderId"),
        status=status,
        shipping_method=order.text("shippingMethod"),
        available_shipping_methods=overview.texts("availableShippingMethods"),
        currency=order.text("brandCurrency"),
        ship_to=_read_ship_to(overview.object("shipToAddress")),
        billing=_read_billing(order),
        retailer=retailer,
        lines=lines,
        submitted_at=order.moment("submittedAt"),
        updated_at=order.moment("updatedAt"),
        ship_from_at=dates.moment("minimum"),
        ship_by_at=dates.moment("updatedMaximum") or dates.moment("maximum"),
        cancellation_request_reason=order.shown("retailerCancellationRequestReason") or None,
        amount_minor=order.integer("brandTotalAmount"),
        amount_vat_minor=order.integer("brandTotalAmountVat"),
        amount_with_vat_minor=order.integer("brandTotalAmountWithVat"),
        tracking=_read_shown_tracking(overview),
        problems=tuple(problems),
    )


def read_listed_order(resource: Resource, *, listed_status: str) -> ListedOrder | None:
    """
    Return what a list tells of one order, None where it does not even tell its id.

    An entry without a status stands in the status that was asked for.
    """
    order = Fields("attributes", resource.attributes, [])
    if not resource.id:
        return None
    return ListedOrder(
        marketplace_order_id=resource.id,
        marketplace_reference=order.text_or_number("reference"),
        status=order.text("status") or listed_status,
        updated_at=order.moment("updatedAt"),
        submitted_at=order.moment("submittedAt"),
    )


def _read_lines(document: Document, order: Resource, problems: list[str]) -> tuple[OrderLine, ...]:
    """Return the lines in the order they are named; one that is not included is a problem."""
    ids = order.related_ids("orderItems")
    if ids is None:
        items: Sequence[Resource] = tuple(document.included_of_type("orderitem"))
        if not items:
            problems.append("relationships.orderItems: missing")
    else:
        items = [document.included[each] for each in ids if each in document.included]
        if len(items) < len(ids):
            problems.append(f"orderItems: {len(ids) - len(items)} of {len(ids)} not included")
    return tuple(_read_line(document, item, problems) for item in items)


def _read_line(document: Document, item: Resource, problems: list[str]) -> OrderLine:
    path = f"orderItems[{item.id[:40]}]"
    line = Fields(path, item.attributes, problems)
    variant_resource = _related(document, item, "productVariant", "productVariants")
    if variant_resource is None:
        line.note("productVariant", "not included")
    variant = Fields(
        f"{path}.productVariant",
        variant_resource.attributes if variant_resource else None,
        problems,
    )
    product_resource = (
        _related(document, variant_resource, "product", "products") if variant_resource else None
    )
    product = Fields(
        f"{path}.product", product_resource.attributes if product_resource else None, problems
    )
    packs, units = line.count("quantity"), line.count("multipliedQuantity")
    for name, quantity in (("quantity", packs), ("multipliedQuantity", units)):
        if quantity is None:
            line.note(name, "no usable quantity")
    return OrderLine(
        line_id=item.id,
        variant_id=variant_resource.id if variant_resource else None,
        sku=variant.text_or_number("sku"),
        product_name=product.text("name"),
        variant_name=variant.text("name"),
        pack_quantity=packs or 0,
        unit_quantity=units or 0,
        unit_multiplier=product.count("unitMultiplier") or None,
        currency=line.text("brandCurrency"),
        unit_price_minor=line.integer("brandUnitPrice"),
        amount_minor=line.integer("brandAmount"),
        amount_vat_minor=line.integer("brandAmountVat"),
        amount_with_vat_minor=line.integer("brandAmountWithVat"),
        vat_rate=line.decimal("vatRate"),
        available_at=variant.moment("availableAt"),
        is_archived=variant.has("archivedAt"),
    )


def _related(document: Document, resource: Resource, *names: str) -> Resource | None:
    """Return the first included resource under one of the relationships *names*."""
    for name in names:
        for each in resource.related_ids(name) or ():
            if each in document.included:
                return document.included[each]
    return None


def _read_retailer(document: Document, order: Resource, problems: list[str]) -> Retailer | None:
    resource = _related(document, order, "retailer", "retailers")
    if resource is None and order.related_ids("retailer") is None:
        resource = next(document.included_of_type("retailer"), None)
    if resource is None:
        return None
    retailer = Fields("retailer", resource.attributes, problems)
    return Retailer(
        retailer_id=resource.id,
        company_name=retailer.text("companyName"),
        store_name=retailer.text("storeName"),
        first_name=retailer.text("firstName"),
        last_name=retailer.text("lastName"),
        email=retailer.text("email"),
        phone=retailer.text("phoneNumberE164"),
        vat_number=retailer.text("vatNumber"),
    )


def _read_ship_to(address: Fields) -> PostalAddress:
    return PostalAddress(
        name=address.text("name"),
        organisation=address.text("organisationName"),
        street=address.text("street"),
        postal_code=address.text("postalCode"),
        city=address.text("city"),
        country_code=address.text("countryCode"),
    )


def _read_billing(order: Fields) -> PostalAddress:
    return PostalAddress(
        name=order.text("billingName"),
        organisation=order.text("billingOrganisationName"),
        street=order.text("billingStreet"),
        postal_code=order.text("billingPostalCode"),
        city=order.text("billingCity"),
        country_code=order.text("billingCountryCode"),
    )


def _read_shown_tracking(overview: Fields) -> ShownTracking | None:
    tracking = overview.object("tracking")
    number, link = tracking.text_or_number("number"), tracking.text("link")
    return ShownTracking(number, link) if number or link else None
