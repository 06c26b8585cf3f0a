"""The brand's choices that the flow reads, as `wiring.py` takes them from the settings."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


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
    pushes_all_parcels: bool
    stale_working_days: int
    warehouse_country: str
