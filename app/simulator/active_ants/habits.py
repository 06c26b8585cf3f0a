"""
What the contract leaves open about the warehouse, as switches a test can turn.

The defaults are the readings held most likely.
"""

from dataclasses import dataclass, field
from typing import Literal

from app.simulator.active_ants.records import OrderType, ShippingMethod

Uniqueness = Literal["immediate", "late", "off"]
"""When a second order of a number is refused; `late` is once searches show the first."""

DEFAULT_ORDER_TYPES = (
    OrderType(3002, "ANKORSTORE", "Ankorstore wholesale"),
    OrderType(3001, "WEBSHOP", "Web shop"),
)
LANGUAGES = {
    "NL": 1,
    "EN": 2,
    "DE": 3,
    "ES": 4,
    "FR": 5,
    "PT": 6,
    "IT": 7,
    "DA": 9,
    "CS": 10,
    "PL": 11,
}
COUNTRIES = [
    "NL",
    "BE",
    "DE",
    "FR",
    "LU",
    "AT",
    "ES",
    "IT",
    "PT",
    "IE",
    "DK",
    "SE",
    "FI",
    "PL",
    "CZ",
    "SK",
    "HU",
    "SI",
    "HR",
    "RO",
    "BG",
    "GR",
    "EE",
    "LV",
    "LT",
    "MT",
    "CY",
    "GB",
    "CH",
    "NO",
]
_DHL_PAGE = (
    "https://www.dhl.com/fr-en/home/tracking/tracking-parcel.html?submit=1&tracking-id={number}"
)
SHIPPING_METHODS = (
    ShippingMethod(10301, "BUSEU1", "DHL Parcel Connect", 70, _DHL_PAGE),
    ShippingMethod(
        10302, "DPD_CL", "DPD Classic", 71, "https://tracking.dpd.de/status/en_US/parcel/{number}"
    ),
    ShippingMethod(10303, "AA_CS", "Colissimo", 72, None),
    ShippingMethod(10304, "MAXAT_BPSC", "PostNL", 73, "https://postnl.nl/tracktrace/?B={number}"),
    ShippingMethod(10305, "BELBE_BP", "bpost", 74, None),
    ShippingMethod(10306, "UPS_STD", "UPS Standard", 75, None),
    ShippingMethod(10307, "GLS_EU", "GLS EuroBusinessParcel", 76, None),
)


@dataclass(slots=True)
class WarehouseHabits:
    """The habits of the simulated warehouse. They may be changed while it runs."""

    #: "late" refuses a second number only once search knows the first one.
    uniqueness: Uniqueness = "immediate"
    search_lag_seconds: float = 0.0
    shipping_delay_seconds: float = 60.0
    ships_by_itself: bool = True
    order_types: tuple[OrderType, ...] = DEFAULT_ORDER_TYPES
    shipping_methods: tuple[ShippingMethod, ...] = SHIPPING_METHODS
    languages: dict[str, int] = field(default_factory=lambda: dict(LANGUAGES))
    countries: tuple[str, ...] = tuple(COUNTRIES)
    #: Carrier used without a shippingMethodId, by code; None draws one for each shipment.
    default_shipping_method: str | None = None
    #: False: a path under /v2 that has an older twin answers 404 without an envelope.
    has_versioned_paths: bool = True
    #: Further paths that do not exist, as patterns such as ``/v2/stock/*``.
    missing_paths: tuple[str, ...] = ()
    nok_status: int = 200
    not_found: Literal["nok", "null", "empty", "404"] = "nok"
    add_result: Literal["order_number", "another_number"] = "order_number"
    search_shows_extras: bool = True
    feed_rows_max: int = 100
    token_seconds: int = 56_499
    requests_per_minute: int | None = None
    #: How a bundle shows in a shipment: its parts within its line, as lines besides, or instead.
    bundle_rows: Literal["within", "besides", "instead"] = "within"
    #: Whether carriers take goods back by a label.
    makes_return_labels: bool = True
    #: Seconds from shipping to delivery; None: nothing is delivered unless told to.
    delivery_seconds: float | None = None
