"""
What the marketplace is told of parcels: one tracking with the confirm, all parcels afterwards.

Pure; docs/rules/shipments.md, 'Tracking', tells the rules in full.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit
from uuid import UUID, uuid5

from app.domain.completeness import merge_rows
from app.domain.order import OrderLine
from app.domain.quoting import count_parcels
from app.domain.record import SentLine
from app.domain.shipment import (
    Parcel,
    ParcelTracking,
    Shipment,
    ShippedLine,
    TrackedGoods,
    TrackedParcel,
    Tracking,
)

CarrierOf = Callable[[Shipment], str | None]
"""Gives the marketplace's carrier code of a shipment, None where it has none."""
ID_NAMESPACE = UUID("0f5a3ef2-6f0c-5a33-9a39-6a3c6a1c2b70")
"""Makes our ids; changing it would make every parcel look new."""
MAX_LOT_NUMBER_CHARACTERS = 100
UNKNOWN_CARRIER = "other"
DELIVERED = "DELIVERED"
_STATUSES = {"new": "PRE_TRANSIT", "labelled": "PRE_TRANSIT", "delivered": DELIVERED}
_UNDER_WAY = "TRANSIT"


def choose_tracking(shipments: Sequence[Shipment], carrier_of: CarrierOf) -> Tracking | None:
    """Return what to tell with the confirm: of the first parcel anything can be told of."""
    for shipment in merge_rows(shipments):
        carrier_code = carrier_of(shipment)
        for parcel in shipment.parcels:
            tracking = track_parcel(parcel, carrier_code)
            if tracking is not None:
                return tracking
    return None


def track_parcel(parcel: Parcel, carrier_code: str | None) -> Tracking | None:
    """Return a link if there is a safe one, else carrier and number if both are known."""
    link = safe_link(parcel.tracking_link)
    if link is not None:
        return Tracking(link=link)
    if carrier_code and parcel.tracking_number:
        return Tracking(carrier_code=carrier_code, number=parcel.tracking_number)
    return None


def safe_link(link: str | None) -> str | None:
    """Return *link* if it is a whole https address, else None: retailers will click on it."""
    if link is None or any(character.isspace() for character in link):
        return None
    try:
        parts = urlsplit(link)
    except ValueError:
        return None
    return link if parts.scheme == "https" and parts.hostname else None


def needs_parcel_tracking(shipments: Sequence[Shipment], *, push_parcels: bool) -> bool:
    """Tell whether the confirm alone leaves something untold."""
    return push_parcels or _total_parcels(merge_rows(shipments)) > 1


def parcel_tracking(
    shipments: Sequence[Shipment],
    *,
    marketplace_order_id: str,
    lines: Sequence[OrderLine],
    sent: Sequence[SentLine],
    existing: ParcelTracking | None,
    carrier_of: CarrierOf,
) -> ParcelTracking | None:
    """
    Return the parcel tracking as it should be, None while no parcel has any.

    Ids are taken over from *existing* where the tracking number is the same or came only now, and
    made from the order and the parcel's number elsewhere, so that telling it again changes nothing.
    """
    unique = merge_rows(shipments)
    boxes = distinct_boxes(unique)
    if not any(box.is_traceable for box in boxes):
        return None
    goods = _goods_of(unique, lines, sent) if _total_parcels(unique) == 1 == len(boxes) else ()
    ids = _KnownIds(marketplace_order_id, existing)
    parcels = tuple(
        TrackedParcel(
            tracked_parcel_id=ids.of(box),
            tracking_number=box.parcel.tracking_number,
            tracking_link=safe_link(box.parcel.tracking_link),
            status=parcel_status(box.shipment.status_text),
            goods=goods,
        )
        for box in boxes
    )
    own_id = str(uuid5(ID_NAMESPACE, marketplace_order_id))
    return ParcelTracking(
        tracking_id=existing.tracking_id if existing else own_id,
        carrier=carrier_of(boxes[0].shipment) or UNKNOWN_CARRIER,
        tracking_number=parcels[0].tracking_number,
        tracking_link=parcels[0].tracking_link,
        status=_joint_status([parcel.status for parcel in parcels]),
        parcels=parcels,
    )


def parcel_status(status_text: str | None) -> str:
    """Return the marketplace's word for the warehouse's; what nobody knows is under way."""
    return _STATUSES.get((status_text or "").strip().casefold(), _UNDER_WAY)


def _joint_status(statuses: Sequence[str]) -> str:
    return statuses[0] if len(set(statuses)) == 1 else _UNDER_WAY


@dataclass(frozen=True, slots=True)
class Box:
    """A parcel and the shipment it belongs to."""

    shipment: Shipment
    parcel: Parcel

    @property
    def is_traceable(self) -> bool:
        """Whether anything can be told of it: a number, or a link that is safe to follow."""
        return bool(self.parcel.tracking_number or safe_link(self.parcel.tracking_link))

    @property
    def place(self) -> str:
        """Its place in its shipment, all there is to know it by while it has no number."""
        return f"{self.shipment.warehouse_shipment_id}/{self.parcel.parcel_number}"

    @property
    def name(self) -> str:
        """What is the box's own: its number, else its place in its shipment."""
        return self.parcel.tracking_number or self.place


class _KnownIds:
    """The ids under which the marketplace has the parcels of an order already."""

    def __init__(self, marketplace_order_id: str, existing: ParcelTracking | None) -> None:
        self._order_id = marketplace_order_id
        shown = existing.parcels if existing else ()
        self._by_number = {
            one.tracking_number: one.tracked_parcel_id for one in shown if one.tracking_number
        }
        self._unnumbered = {one.tracked_parcel_id for one in shown if not one.tracking_number}

    def of(self, box: Box) -> str:
        """Return the id of a parcel; one that was told without its number keeps what it had."""
        if (known := self._by_number.get(box.parcel.tracking_number or "")) is not None:
            return known
        by_place = self._made_from(box.place)
        return by_place if by_place in self._unnumbered else self._made_from(box.name)

    def _made_from(self, name: str) -> str:
        return str(uuid5(ID_NAMESPACE, self._order_id + name))


def distinct_boxes(shipments: Sequence[Shipment]) -> list[Box]:
    """Return the parcels of *shipments*, each once."""
    boxes: dict[str, Box] = {}
    for shipment in shipments:
        for parcel in shipment.parcels:
            box = Box(shipment, parcel)
            boxes.setdefault(box.name, box)
    return list(boxes.values())


def _total_parcels(shipments: Sequence[Shipment]) -> int:
    return max(1, sum(count_parcels(shipment) for shipment in shipments))


def _goods_of(
    shipments: Sequence[Shipment], lines: Sequence[OrderLine], sent: Sequence[SentLine]
) -> tuple[TrackedGoods, ...]:
    """Return what the only parcel holds; nothing rather than a part of it."""
    order_lines = {line.line_id: line for line in lines}
    totals: dict[tuple[str, str | None, date | None], int] = {}
    for shipment in shipments:
        for shipped in shipment.goods:
            line = _sent_line_of(shipped, sent)
            if line is None:
                return ()
            key = (line.marketplace_line_id, shipped.lot_number, shipped.expires_at)
            totals[key] = totals.get(key, 0) + shipped.sent_quantity * line.units_per_sku
    goods = []
    for (line_id, lot_number, expires_at), units in totals.items():
        order_line = order_lines.get(line_id)
        if order_line is None or not order_line.variant_id or not order_line.unit_multiplier:
            return ()
        packs, rest = divmod(units, order_line.unit_multiplier)
        if rest or packs < 1:
            return ()
        lot = lot_number[:MAX_LOT_NUMBER_CHARACTERS] if lot_number else None
        goods.append(TrackedGoods(order_line.variant_id, packs, units, lot, expires_at))
    return tuple(goods)


def _sent_line_of(shipped: ShippedLine, sent: Sequence[SentLine]) -> SentLine | None:
    """Return the line goods belong to: the one they name, else the only one of their SKU."""
    for line in sent:
        if line.marketplace_line_id == shipped.marketplace_line_id:
            return line
    of_sku = [line for line in sent if line.sku == shipped.sku]
    return of_sku[0] if len(of_sku) == 1 else None
