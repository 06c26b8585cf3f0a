"""Shipments and parcels, quotes and tracking: the way back to the marketplace."""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

FEED_WINDOW_ROWS = 100
"""The warehouse's feed never shows more rows than this at once."""


class ShipmentSource(StrEnum):
    """Which call told of a shipment: their rows prove different things."""

    FEED = "feed"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One box. `tracking_number` is the carrier's barcode."""

    parcel_number: str
    tracking_number: str | None
    tracking_link: str | None


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """Goods in a shipment, in warehouse SKU units; `weight_kg` is for one of them."""

    sku: str
    sent_quantity: int
    marketplace_line_id: str | None
    weight_kg: Decimal | None
    lot_number: str | None = None
    expires_at: date | None = None
    part_skus: tuple[str, ...] = ()
    """What a bundle is made of. The bundle was sent; its parts are no goods besides."""


@dataclass(frozen=True, slots=True)
class Shipment:
    """
    One row of the warehouse's feed or search.

    `order_mark` is the marketplace order id we sent along; rows found by search carry none and
    no `warehouse_order_number`.
    """

    warehouse_shipment_id: str
    external_order_number: str | None
    warehouse_order_number: str | None
    order_mark: str | None
    source: ShipmentSource
    shipped_at: datetime | None
    parcel_count: int
    """As the warehouse counts; may differ from the parcels it names."""
    parcels: tuple[Parcel, ...]
    lines: tuple[ShippedLine, ...]
    shipping_method_id: str | None
    main_shipping_method_id: str | None
    status_text: str | None
    problems: tuple[str, ...] = ()
    """What could not be read in the row; such a row is shown, never counted or acknowledged."""

    @property
    def lacks_tracking(self) -> bool:
        """Whether the row names fewer trackings than it has parcels."""
        known = {one.tracking_number or one.tracking_link for one in self.parcels} - {None}
        return len(known) < max(self.parcel_count, len(self.parcels))

    @property
    def goods(self) -> tuple[ShippedLine, ...]:
        """
        The lines without those that only repeat a bundle's parts.

        Such a line names no line of the order, and a bundle of the same row names its SKU.
        """
        parts = {sku for line in self.lines for sku in line.part_skus}
        return tuple(
            line
            for line in self.lines
            if line.marketplace_line_id is not None or line.sku not in parts
        )


@dataclass(frozen=True, slots=True)
class ParcelSize:
    """A parcel as a quote wants it: centimetres and kilograms."""

    length_cm: int
    width_cm: int
    height_cm: int
    weight_kg: Decimal


@dataclass(frozen=True, slots=True)
class ShippingQuote:
    """An offer that can be confirmed. The cost is shown, never reckoned with."""

    quote_id: str
    carrier_code: str
    service_code: str
    collection_methods: tuple[str, ...]
    amount_minor: int | None
    currency: str | None


@dataclass(frozen=True, slots=True)
class Tracking:
    """What is told of one parcel: either a link, or a carrier code with a number."""

    link: str | None = None
    carrier_code: str | None = None
    number: str | None = None

    def __post_init__(self) -> None:
        """Refuse both forms at once, and half a form."""
        by_link = self.link is not None
        by_number = self.carrier_code is not None and self.number is not None
        half = (self.carrier_code is None) != (self.number is None)
        assert by_link != by_number, "one form of tracking, not both or none"
        assert not half, "a form of tracking is whole"


@dataclass(frozen=True, slots=True)
class QuoteConfirmation:
    """The marketplace's answer to a confirm. A refund proves the brand's own label."""

    refund_text: str | None
    cost_text: str | None


@dataclass(frozen=True, slots=True)
class TrackedGoods:
    """What one parcel of the marketplace's parcel tracking holds, in units and whole packs."""

    variant_id: str
    pack_quantity: int
    unit_quantity: int
    lot_number: str | None = None
    expires_at: date | None = None


@dataclass(frozen=True, slots=True)
class TrackedParcel:
    """One parcel of the marketplace's parcel tracking."""

    tracked_parcel_id: str
    tracking_number: str | None
    tracking_link: str | None
    status: str
    goods: tuple[TrackedGoods, ...] = ()


@dataclass(frozen=True, slots=True)
class ParcelTracking:
    """The marketplace's parcel tracking of one master order."""

    tracking_id: str
    carrier: str | None
    tracking_number: str | None
    tracking_link: str | None
    status: str
    parcels: tuple[TrackedParcel, ...] = field(default=())
