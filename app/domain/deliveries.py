"""
What is news of parcels that the marketplace was told of already.

Pure; docs/rules/shipments.md, 'Delivery', tells the rules in full.
"""

from collections.abc import Sequence

from app.domain.completeness import merge_rows
from app.domain.shipment import ParcelTracking, Shipment
from app.domain.tracking import DELIVERED, distinct_boxes, parcel_status


def is_delivered(shipment: Shipment) -> bool:
    """Tell whether the warehouse says that a shipment has arrived."""
    return parcel_status(shipment.status_text) == DELIVERED


def told_of(tracking: ParcelTracking) -> list[list[str | None]]:
    """Return number and status of each parcel, to be kept as what the marketplace was told."""
    return [[parcel.tracking_number, parcel.status] for parcel in tracking.parcels]


def has_news(
    shipments: Sequence[Shipment],
    told: Sequence[Sequence[str | None]] | None,
    *,
    is_tracking_told: bool,
) -> bool:
    """
    Tell whether a parcel fares otherwise than the marketplace was told, or was never told of.

    A confirm says that the parcels are under way. Until more than that was told, news is a
    delivery, or any number where the confirm had to go without (*is_tracking_told* false).
    """
    known = {entry[0]: entry[1] for entry in told or ()}
    for box in distinct_boxes(merge_rows(shipments)):
        number = box.parcel.tracking_number
        status = parcel_status(box.shipment.status_text)
        if told is None:
            if (status == DELIVERED and number) or (not is_tracking_told and box.is_traceable):
                return True
        elif number is not None and known.get(number) != status:
            return True
    return False
