"""What the simulated warehouse keeps: products, orders, shipments and parcels, and its settings."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Product:
    """A product in the warehouse. ``stock`` is what can be sold, ``physical`` what lies there."""

    sku: str
    stock: int = 1000
    name: str = ""
    barcode: str | None = None
    weight_kg: float = 0.25
    physical: int | None = None
    expected: int = 0
    is_flagged: bool = True
    #: Pieces of other SKUs in one of a bundle; empty for what is no bundle.
    parts: dict[str, int] = field(default_factory=dict)
    lot_number: str | None = None
    expires_at: str | None = None


@dataclass(frozen=True, slots=True)
class OrderType:
    """A kind of order; shops that share a login tell their orders apart by it."""

    id: int
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A carrier product. *track_page* None means its parcels come without a tracking page."""

    id: int
    code: str
    name: str
    main_id: int
    track_page: str | None


@dataclass(slots=True)
class OrderedItem:
    """One line of a warehouse order."""

    sku: str
    quantity: int
    extra6: str | None
    extra7: str | None
    shipped: int = 0


@dataclass(slots=True)
class WarehouseOrder:
    """An order as the warehouse holds it."""

    order_number: int
    external_order_number: str
    order_type_id: int
    shipping_method_id: int | None
    items: list[OrderedItem]
    extras: dict[str, str | None]
    created_at: datetime
    is_on_hold: bool
    is_valid: bool
    ships_from_at: datetime | None
    payload: dict[str, Any] = field(repr=False)
    is_cancelled: bool = False

    @property
    def is_complete(self) -> bool:
        """Everything ordered has been shipped."""
        return all(item.shipped >= item.quantity for item in self.items)


@dataclass(slots=True)
class Parcel:
    """One box (Active Ants: colli)."""

    number: str
    track_url: str | None


@dataclass(slots=True)
class ShippedItem:
    """Units of one line in a shipment."""

    id: int
    sku: str
    quantity: int
    weight_kg: float
    extra6: str | None
    extra7: str | None
    lot_number: str | None = None
    expires_at: str | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Shipment:
    """Goods handed to a carrier, of our order or of another shop's."""

    id: int
    order_number: int
    order_type_id: int
    external_order_number: str
    shipped_at: datetime
    method: ShippingMethod
    parcels: list[Parcel]
    items: list[ShippedItem]
    extras: dict[str, str | None]
    status: str
    is_acknowledged: bool = False
