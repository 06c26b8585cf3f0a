"""One order and one set of warehouse settings, for tests to change what they are about."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.active_ants.rules import MappingRules
from app.domain.order import MarketplaceOrder, OrderLine, PostalAddress, Retailer

ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
MASTER_ORDER_ID = "52d7c518-b820-41af-9cc4-59dae40f2c73"
LINE_ID = "62b263a8-00e1-1ecb-98d2-0242ac170007"
VARIANT_ID = "2171bdc1-fa01-44fa-9342-d99bd1c2befa"
REFERENCE = "3434273911"

LINE = OrderLine(
    line_id=LINE_ID,
    variant_id=VARIANT_ID,
    sku="Product-Variant-001",
    product_name="Example Product",
    variant_name="Test Product Variant",
    pack_quantity=1,
    unit_quantity=12,
    unit_multiplier=12,
    currency="EUR",
    unit_price_minor=333,
    amount_minor=3996,
    amount_vat_minor=220,
    amount_with_vat_minor=4216,
    vat_rate=Decimal("5.5"),
)

RETAILER = Retailer(
    retailer_id="3b656e82-0260-1ecb-9e4c-0242ac170007",
    company_name=None,
    store_name="TEST RETAILER",
    first_name="Test",
    last_name="Retailer",
    email="test_retailer@example.com",
    phone="+33688615666",
    vat_number="FR52222470824",
)

ORDER = MarketplaceOrder(
    marketplace_order_id=ORDER_ID,
    marketplace_reference=REFERENCE,
    master_order_id=MASTER_ORDER_ID,
    status="brand_confirmed",
    shipping_method=None,
    available_shipping_methods=("custom", "ankorstore"),
    currency="EUR",
    ship_to=PostalAddress(
        name="John Smith",
        organisation="TEST RETAILER",
        street="Test Street 14",
        postal_code="3333HC",
        city="DEN HAAG",
        country_code="NL",
    ),
    billing=PostalAddress(
        name="Charles Attan",
        organisation="Jumbo",
        street="Kortricklaan 101",
        postal_code="8121 GW",
        city="Arnhem",
        country_code="NL",
    ),
    retailer=RETAILER,
    lines=(LINE,),
    submitted_at=datetime(2022, 3, 15, 10, 5, 9, tzinfo=UTC),
    updated_at=None,
    ship_from_at=None,
    ship_by_at=None,
)

RULES = MappingRules(pack_mode="unit")

_LANGUAGES = ("NL", "EN", "DE", "ES", "FR", "PT", "IT", None, "DA", "CS", "PL")
_COUNTRIES = ("NL", "BE", "DE", "FR", "GB", "IT", "ES", "CH", "LU", "AT")

SETTINGS: dict[str, Any] = {
    "orderTypes": [{"id": 3002, "name": "Ankorstore", "code": "ANKORSTORE"}],
    "languages": [
        {"id": index, "name": f"Language {code}", "code": code}
        for index, code in enumerate(_LANGUAGES, start=1)
        if code is not None
    ],
    "countries": [
        {"id": index, "name": f"Country {code}", "code": code}
        for index, code in enumerate(_COUNTRIES, start=1)
    ],
    "shippingMethods": [
        {"id": 10301, "name": "Business EU", "code": "BUSEU1"},
        {"id": 10400, "name": "DPD Classic", "code": "DPD_CL"},
    ],
    "mainShippingMethods": [
        {"id": 70, "name": "UPS Standard", "code": "UPS_STD", "shippingMethods": [{"id": 10301}]},
        {"id": 2, "name": "DHL Parcel", "code": "DHL_P", "shippingMethods": [{"id": 5}]},
        {"id": 2, "name": "GLS Parcel", "code": "GLS_P", "shippingMethods": [{"id": 6}]},
    ],
}


def make_order(*, ship_to: dict[str, Any] | None = None, **changes: Any) -> MarketplaceOrder:
    """Return the sample order with *changes*; `ship_to` changes single fields of the address."""
    if ship_to is not None:
        changes["ship_to"] = replace(ORDER.ship_to, **ship_to)
    return replace(ORDER, **changes)


def make_line(**changes: Any) -> OrderLine:
    """Return the sample line with *changes*."""
    return replace(LINE, **changes)


def make_rules(**changes: Any) -> MappingRules:
    """Return the rules that every SKU is a single unit, with *changes*."""
    return replace(RULES, **changes)
