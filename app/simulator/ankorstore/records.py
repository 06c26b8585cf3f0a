"""
What the simulated marketplace keeps about an order: plain records, no behaviour of the API.

Amounts are computed from packs and prices here, so that every document shows the same sums.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Address:
    """Where something goes. The street is one line, as the marketplace has it."""

    name: str | None
    organisation_name: str | None
    street: str | None
    postal_code: str | None
    city: str | None
    country_code: str | None


@dataclass(slots=True)
class Retailer:
    """A shop that buys on the marketplace."""

    id: str
    store_name: str
    company_name: str | None
    first_name: str | None
    last_name: str | None
    email: str | None
    phone_number: str | None
    vat_number: str | None
    tax_number: str | None
    created_at: datetime


@dataclass(slots=True)
class Variant:
    """A product variant together with its product; the product carries the pack size."""

    id: str
    product_id: str
    sku: str
    name: str
    unit_multiplier: int
    unit_price_minor: int
    vat_rate: float
    stock_quantity: int
    created_at: datetime
    archived_at: datetime | None = None
    available_at: datetime | None = None
    """Set for a pre-order: when its goods will exist."""
    reserved_quantity: int = 0
    is_always_in_stock: bool = False
    sequence: int = 0


@dataclass(slots=True)
class OrderedLine:
    """
    What to put on an order.

    *units* overrides packs times pack size, as on a line edited by hand, whose packs are then 1.
    """

    sku: str
    packs: int = 1
    unit_multiplier: int | None = None
    unit_price_minor: int | None = None
    vat_rate: float | None = None
    name: str | None = None
    units: int | None = None


@dataclass(slots=True)
class OrderLine:
    """One line of a stored order."""

    id: str
    variant: Variant
    packs: int
    units: int
    unit_price_minor: int
    vat_rate: float
    created_at: datetime

    @property
    def amount_minor(self) -> int:
        """Units times price."""
        return self.units * self.unit_price_minor

    @property
    def vat_minor(self) -> int:
        """The VAT on the amount, rounded to the cent."""
        return int(self.amount_minor * self.vat_rate / 100 + 0.5)

    def reduce_to(self, packs: int) -> None:
        """Keep *packs* of the line; its units shrink in proportion."""
        self.units = self.units * packs // self.packs
        self.packs = packs


@dataclass(slots=True)
class Quote:
    """An offer of one way to ship an order."""

    id: str
    order_id: str
    carrier_code: str
    service_code: str
    service_name: str
    collection: tuple[str, ...]
    amount_minor: int
    transit: Mapping[str, Any] | None
    parcels: Sequence[Mapping[str, float]]

    @property
    def is_brand_label(self) -> bool:
        """The brand ships with a carrier of its own and is refunded."""
        return self.carrier_code == "ankorstore"


@dataclass(slots=True)
class Order:
    """An internal order as the marketplace holds it."""

    id: str
    master_order_id: str
    sequence: int
    reference: int
    status: str
    lines: list[OrderLine]
    retailer: Retailer
    ship_to: Address
    billing: Address
    currency: str
    submitted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    ships_from_at: datetime
    ships_until_at: datetime
    has_singular_types: bool
    billing_item_id: str
    shipping_methods: list[str]
    shipping_method: str | None = None
    ships_until_updated_at: datetime | None = None
    shipped_at: datetime | None = None
    brand_paid_at: datetime | None = None
    brand_reject_reason: str | None = None
    retailer_reject_reason: str | None = None
    retailer_cancellation_request_reason: str | None = None
    provider: str | None = None
    tracking: dict[str, str] | None = None
    latest_quote: dict[str, Any] | None = None
    parcels: Sequence[Mapping[str, float]] = ()
    parcel_tracking: dict[str, Any] | None = None
    shipment_id: str | None = None
    total_off_minor: int = 0
    """By how much the totals shown differ from the lines."""
    history: list[tuple[datetime, str]] = field(default_factory=list)
    rendered: dict[str, bytes] = field(default_factory=dict, repr=False)

    def note_change(self, at: datetime, status: str | None = None) -> None:
        """Stamp a change of the order itself, and of its status if *status* is given."""
        self.updated_at = at
        self.rendered.clear()
        if status is not None:
            self.status = status
            self.history.append((at, status))
