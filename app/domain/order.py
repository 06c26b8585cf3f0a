"""
An order as the marketplace shows it, in the bridge's own words.

Everything a peer may leave out is optional here: absence is a finding of the review, never an
exception of the parser. Personal data is kept out of every repr.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from app.domain.address import StreetParts


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Where somebody is. `street` is one line as the marketplace gives it, number included."""

    name: str | None = field(default=None, repr=False)
    organisation: str | None = field(default=None, repr=False)
    street: str | None = field(default=None, repr=False)
    postal_code: str | None = field(default=None, repr=False)
    city: str | None = field(default=None, repr=False)
    country_code: str | None = None
    street_parts: StreetParts | None = field(default=None, repr=False)
    """The street in its parts where an operator corrected them; they go before the line."""


@dataclass(frozen=True, slots=True)
class Retailer:
    """The buyer."""

    retailer_id: str
    company_name: str | None = field(default=None, repr=False)
    store_name: str | None = field(default=None, repr=False)
    first_name: str | None = field(default=None, repr=False)
    last_name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    phone: str | None = field(default=None, repr=False)
    vat_number: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """
    One item of an order.

    `pack_quantity` counts packs, `unit_quantity` single units (never recompute one from the
    other: an edited line can hold units that are no multiple of the pack). Amounts are in the
    currency's smallest unit, for the whole line; `unit_price_minor` is for one single unit
    without VAT. `vat_rate` is a percentage.
    """

    line_id: str
    variant_id: str | None
    sku: str | None
    product_name: str | None
    variant_name: str | None
    pack_quantity: int
    unit_quantity: int
    unit_multiplier: int | None
    """Units in one pack, None where the product could not be read."""
    currency: str | None
    unit_price_minor: int | None
    amount_minor: int | None
    amount_vat_minor: int | None
    amount_with_vat_minor: int | None
    vat_rate: Decimal | None
    available_at: datetime | None = None
    """Set for a pre-order line: when the goods will exist."""
    is_archived: bool = False
    warehouse_sku: str | None = None
    """The SKU at the warehouse where an operator said so; it goes before the settings."""
    pack_mode: str | None = None
    """What one warehouse SKU holds where an operator said so, likewise."""


@dataclass(frozen=True, slots=True)
class ShownTracking:
    """The one tracking the marketplace shows on an order."""

    number: str | None
    link: str | None


@dataclass(frozen=True, slots=True)
class MarketplaceOrder:
    """
    One reading of an order at the marketplace.

    `status` and `shipping_method` stay the peer's own text: a value nobody knows yet is kept,
    shown and never mapped to a default.
    """

    marketplace_order_id: str
    marketplace_reference: str | None
    master_order_id: str | None
    status: str
    shipping_method: str | None
    available_shipping_methods: tuple[str, ...] | None
    """None where the answer had no shipping overview."""
    currency: str | None
    ship_to: PostalAddress
    billing: PostalAddress
    retailer: Retailer | None
    lines: tuple[OrderLine, ...]
    submitted_at: datetime | None
    updated_at: datetime | None
    ship_from_at: datetime | None
    """Earliest expected shipping date."""
    ship_by_at: datetime | None
    """Latest expected shipping date, the updated one where there is one."""
    cancellation_request_reason: str | None = field(default=None, repr=False)
    amount_minor: int | None = None
    amount_vat_minor: int | None = None
    amount_with_vat_minor: int | None = None
    tracking: ShownTracking | None = None
    problems: tuple[str, ...] = ()
    """What could not be read in the answer, as `path: what was there` (no personal data)."""


@dataclass(frozen=True, slots=True)
class ListedOrder:
    """What a list of orders tells of one of them: too little to act on."""

    marketplace_order_id: str
    marketplace_reference: str | None
    status: str
    updated_at: datetime | None
    submitted_at: datetime | None
