"""
Rows of the warehouse's shipment feed and shipment search, read into shipments.

The two calls tell of the same shipments in different rows: feed rows carry our marks, the
parcels and the weights, search rows carry neither marks nor weights and name one parcel. A row
that cannot be counted is returned with its `problems`, so that it is shown and the rows beside it
are not held up; whose a row is gets decided elsewhere (docs/rules/shipments.md).
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.active_ants.wire import Fields, as_text
from app.domain.shipment import Parcel, Shipment, ShipmentSource, ShippedLine

WAREHOUSE_ZONE = ZoneInfo("Europe/Amsterdam")
"""Dates come without a zone; they are the warehouse's own time."""
NO_EXPIRY_YEAR = 2099
"""The year the warehouse writes for goods that do not expire."""
MADE_UP_ID_PREFIX = "unreadable-"
"""Starts the id of a row without one; such an id is ours alone and never sent."""
MAX_COUNT = 1_000_000
"""More pieces or parcels than a row can really hold."""
MAX_WEIGHT_KG = 10_000
_FIRST_REAL_YEAR = 1970


def read_rows(rows: Sequence[Any], source: ShipmentSource) -> tuple[Shipment, ...]:
    """Read every row, the unreadable ones too: as many shipments come out as rows went in."""
    return tuple(_read_row(row, source) for row in rows)


def _read_row(row: Any, source: ShipmentSource) -> Shipment:
    if not isinstance(row, Mapping):
        return _shipment(_made_up_id(row), Fields({}), source, (), ("row: not an object",))
    fields = Fields(row)
    problems: list[str] = []
    shipment_id = fields.text("id")
    if shipment_id is None:
        shipment_id = _made_up_id(row)
        problems.append("id: missing")
    goods = "shippedProducts" if source is ShipmentSource.FEED else "shipmentItems"
    lines = _read_lines(fields, goods, problems)
    return _shipment(shipment_id, fields, source, lines, tuple(problems))


def _made_up_id(row: Any) -> str:
    """Return an id for a row that has none: the same for the same row, so that it shows once."""
    content = json.dumps(row, sort_keys=True, default=str).encode()
    return MADE_UP_ID_PREFIX + hashlib.sha256(content).hexdigest()[:16]


def _shipment(
    shipment_id: str,
    fields: Fields,
    source: ShipmentSource,
    lines: tuple[ShippedLine, ...],
    problems: tuple[str, ...],
) -> Shipment:
    is_feed = source is ShipmentSource.FEED
    return Shipment(
        warehouse_shipment_id=shipment_id,
        external_order_number=fields.text("externalOrderNumber"),
        warehouse_order_number=fields.text("orderNumber") if is_feed else None,
        order_mark=fields.text("extra1") if is_feed else None,
        source=source,
        shipped_at=read_moment(fields.text("shippingDate")),
        parcel_count=_read_count(fields.whole("numberOfColli")),
        parcels=_read_parcels(fields),
        lines=lines,
        shipping_method_id=fields.text("shippingMethodId"),
        main_shipping_method_id=fields.text("mainShippingMethodId"),
        status_text=fields.text("currentTrackTraceStatus"),
        problems=problems,
    )


def _read_lines(fields: Fields, name: str, problems: list[str]) -> tuple[ShippedLine, ...]:
    entries = fields.raw(name)
    if entries is None and not fields.whole("totalNumberOfProducts"):
        return ()
    if not isinstance(entries, list):
        problems.append(f"{name}: not a list")
        return ()
    lines = []
    for position, entry in enumerate(entries):
        goods = Fields(entry) if isinstance(entry, Mapping) else Fields({})
        sku, quantity = goods.text("sku"), goods.whole("quantity")
        if sku is None or quantity is None or not 0 <= quantity <= MAX_COUNT:
            problems.append(f"{name}[{position}]: no SKU with a whole quantity")
            continue
        if quantity > 0:
            lines.append(_read_line(goods, sku, quantity))
    return tuple(lines)


def _read_line(goods: Fields, sku: str, quantity: int) -> ShippedLine:
    weight = goods.decimal("weight")
    return ShippedLine(
        sku=sku,
        sent_quantity=quantity,
        marketplace_line_id=goods.text("extra6"),
        weight_kg=weight if weight is not None and 0 < weight <= MAX_WEIGHT_KG else None,
        lot_number=goods.text("lotNumber"),
        expires_at=read_expiry(goods.text("tht")),
        part_skus=_read_part_skus(goods.raw("parts")),
    )


def _read_part_skus(parts: Any) -> tuple[str, ...]:
    """Return the SKUs a bundle is made of, as far as they can be read; each once."""
    entries = parts if isinstance(parts, list) else []
    skus = (
        Fields(entry).text("sku") if isinstance(entry, Mapping) else as_text(entry)
        for entry in entries
    )
    return tuple(dict.fromkeys(sku for sku in skus if sku is not None))


def _read_count(count: int | None) -> int:
    return count if count is not None and 0 <= count <= MAX_COUNT else 0


def _read_parcels(fields: Fields) -> tuple[Parcel, ...]:
    """
    Return the parcels a row names.

    The parcels of a feed row come first; a search row has one at most, whose number is
    `packageNumber`, else the barcode. Its `trackingNumber` is a running number of the
    warehouse's own and no carrier knows it.
    """
    entries = fields.raw("shippedColli")
    if isinstance(entries, list) and entries:
        return _distinct_parcels(Fields(entry) for entry in entries if isinstance(entry, Mapping))
    number = fields.text("packageNumber", "trackAndTraceBarCode")
    link = _link_or_none(fields.text("trackAndTraceCode"))
    return (Parcel("1", number, link),) if number or link else ()


def _distinct_parcels(colli: Iterable[Fields]) -> tuple[Parcel, ...]:
    """Return the parcels under numbers that are unique in the row, whatever the row calls them."""
    parcels: dict[str, Parcel] = {}
    for position, entry in enumerate(colli, start=1):
        name = entry.text("colloNr") or str(position)
        tracking_number = entry.text("packageNumber")
        if name in parcels and parcels[name].tracking_number == tracking_number:
            continue
        if name in parcels:
            name = f"{name}#{position}"
        link = _link_or_none(entry.text("trackTraceUrl"))
        parcels[name] = Parcel(name, tracking_number, link)
    return tuple(parcels.values())


def _link_or_none(value: str | None) -> str | None:
    return value if value and value.lower().startswith(("https://", "http://")) else None


def read_moment(value: Any) -> datetime | None:
    """Return a time in UTC; one without zone is the warehouse's. None for what is no real time."""
    moment = _parse(value)
    return None if moment is None else moment.astimezone(UTC)


def read_expiry(value: Any) -> date | None:
    """Return the day goods expire at the warehouse, None where they do not."""
    moment = _parse(value)
    if moment is None or moment.astimezone(WAREHOUSE_ZONE).year >= NO_EXPIRY_YEAR:
        return None
    return moment.astimezone(WAREHOUSE_ZONE).date()


def _parse(value: Any) -> datetime | None:
    text = as_text(value)
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if not _FIRST_REAL_YEAR <= moment.year < 9999:
        return None  # what a date field nobody filled holds
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=WAREHOUSE_ZONE)
