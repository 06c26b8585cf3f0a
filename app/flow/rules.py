"""The brand's choices that the flow reads, as `wiring.py` takes them from the settings."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class FlowRules:
    """Durations are in seconds, sizes in centimetres, weights in kilograms."""

    accepts_by_itself: bool
    take_submitted_after: datetime | None
    requires_known_stock: bool
    verdict_seconds: float
    settle_seconds: float
    partial_wait_seconds: float
    tracking_wait_seconds: float
    tracking_look_seconds: float
    brand_label_carrier_code: str
    parcel_cm: tuple[int, int, int]
    parcel_cm_by_method: dict[str, tuple[int, int, int]]
    parcel_kg: Decimal
    clamps_overweight: bool
    confirms_by_itself: bool
    pushes_all_parcels: bool
    watches_deliveries: bool
    ship_by_margin_seconds: float
    policy: Policy
    maya_order_url: str
    """Where a person finds a warehouse order; `{orderNumber}` stands for its number there."""
    stale_working_days: int
    warehouse_country: str
    is_shadow: bool = False
    """Nothing is written to either company; orders are judged and then followed by reading."""
    shadow_numbers: tuple[str, ...] = ()
    """Under which numbers today's connector places orders; `{reference}` stands for theirs."""
    left_shadow_at: datetime | None = None
    """Orders submitted before are left to today's connector, unless they were begun here."""
