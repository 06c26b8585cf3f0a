"""
What the warehouse has sent of an order, each shipment counted once.

Pure rules; docs/rules/shipments.md, 'Completeness', tells them in full. Whose a shipment is must
be settled before (`dispatch.py`).
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from app.domain.record import SentLine
from app.domain.shipment import Parcel, Shipment, ShipmentSource


def merge_rows(shipments: Iterable[Shipment]) -> tuple[Shipment, ...]:
    """
    Return each shipment once, in the order they left the warehouse; give the oldest news first.

    The feed repeats a row until it is acknowledged and a search shows it again. A feed row knows
    more than a search row and wins; of the same kind the newer one wins. The newest status counts,
    and parcels found by search fill in where the feed named no tracking.
    """
    merged: dict[str, Shipment] = {}
    for shipment in shipments:
        earlier = merged.get(shipment.warehouse_shipment_id)
        newest = shipment if earlier is None else _merge(earlier, shipment)
        merged[shipment.warehouse_shipment_id] = newest
    return tuple(sorted(merged.values(), key=_leaving_order))


def outranks(earlier: Shipment, later: Shipment) -> bool:
    """Tell whether *earlier* tells more of a shipment than the newer row does."""
    return _worth(earlier) > _worth(later)


def _merge(earlier: Shipment, later: Shipment) -> Shipment:
    base, other = (earlier, later) if outranks(earlier, later) else (later, earlier)
    return replace(
        base,
        parcels=_merge_parcels(base.parcels, other.parcels),
        parcel_count=max(base.parcel_count, other.parcel_count),
        status_text=later.status_text or earlier.status_text,
    )


def _merge_parcels(told: tuple[Parcel, ...], also: tuple[Parcel, ...]) -> tuple[Parcel, ...]:
    """Fill in what *told* lacks: all of it, or the link of a parcel of the same number."""
    if not _has_tracking(told):
        return also or told
    links = {parcel.tracking_number: parcel.tracking_link for parcel in also}
    return tuple(
        replace(parcel, tracking_link=parcel.tracking_link or links.get(parcel.tracking_number))
        for parcel in told
    )


def _worth(shipment: Shipment) -> tuple[bool, bool]:
    """Rank rows of one shipment: what can be read first, then what knows more."""
    return (not shipment.problems, shipment.source is ShipmentSource.FEED)


def _has_tracking(parcels: Sequence[Parcel]) -> bool:
    return any(parcel.tracking_number or parcel.tracking_link for parcel in parcels)


def _leaving_order(shipment: Shipment) -> tuple[bool, float, int, str]:
    id_ = shipment.warehouse_shipment_id
    left_at = shipment.shipped_at
    return (left_at is None, left_at.timestamp() if left_at else 0.0, len(id_), id_)


@dataclass(frozen=True, slots=True)
class Completeness:
    """What has been sent of an order, in warehouse SKU units; `missing` and `over` by SKU."""

    shipped: dict[str, int]
    """Pieces sent per line of the order."""
    missing: dict[str, int]
    over: dict[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether every line has been sent whole, perhaps with too much of something."""
        return not self.missing and any(self.shipped.values())


def weigh_shipments(sent: Sequence[SentLine], shipments: Iterable[Shipment]) -> Completeness:
    """
    Compare what was shipped with what was *sent* to the warehouse to be shipped.

    Only shipments of the live warehouse order may be given; one given twice counts once, one
    that could not be read not at all. Goods count for the line they name; goods that name no
    line of ours, and what a line got too much of, count for whichever line of the same SKU
    still lacks some. A
    bundle counts under its own SKU, its parts for nothing.
    """
    wanted = {line.marketplace_line_id: line.sent_quantity for line in sent}
    shipped = dict.fromkeys(wanted, 0)
    loose: Counter[str] = Counter()
    for shipment in merge_rows(shipments):
        for goods in () if shipment.problems else shipment.goods:
            line_id = goods.marketplace_line_id
            taken = 0
            if line_id is not None and line_id in wanted:
                taken = min(goods.sent_quantity, wanted[line_id] - shipped[line_id])
                shipped[line_id] += taken
            loose[goods.sku] += goods.sent_quantity - taken
    missing: Counter[str] = Counter()
    for line in sent:
        line_id = line.marketplace_line_id
        taken = min(loose[line.sku], wanted[line_id] - shipped[line_id])
        shipped[line_id] += taken
        loose[line.sku] -= taken
        missing[line.sku] += wanted[line_id] - shipped[line_id]
    return Completeness(shipped, dict(+missing), dict(+loose))
