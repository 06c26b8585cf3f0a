"""Shipments for tests: one of everything, changed by what a test is about."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from app.domain.record import SentLine
from app.domain.shipment import Parcel, Shipment, ShipmentSource, ShippedLine

ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
OTHER_ID = "1eda3cbb-983b-6a4a-b395-6a0440190584"
NUMBER = "3434273911"
WAREHOUSE_NUMBER = "42375131"
LEFT_AT = datetime(2025, 7, 11, 12, 57, tzinfo=UTC)
FEED, SEARCH = ShipmentSource.FEED, ShipmentSource.SEARCH


def shipment(**changes: Any) -> Shipment:
    values: dict[str, Any] = {
        "warehouse_shipment_id": "1",
        "external_order_number": NUMBER,
        "warehouse_order_number": WAREHOUSE_NUMBER,
        "order_mark": ORDER_ID,
        "source": FEED,
        "shipped_at": LEFT_AT,
        "parcel_count": 1,
        "parcels": (Parcel("1", "3232", "https://carrier.example/3232"),),
        "lines": (ShippedLine("MUG", 2, "line-1", Decimal("0.5")),),
        "shipping_method_id": "10301",
        "main_shipping_method_id": "70",
        "status_text": "labelled",
    }
    return Shipment(**(values | changes))


def found(**changes: Any) -> Shipment:
    """Return a row of shipment search: no mark, no warehouse number, no line ids, no weights."""
    values: dict[str, Any] = {
        "source": SEARCH,
        "order_mark": None,
        "warehouse_order_number": None,
        "lines": (ShippedLine("MUG", 2, None, None),),
    }
    return shipment(**(values | changes))


def boxes(*numbers: str | None) -> tuple[Parcel, ...]:
    return tuple(Parcel(str(i), number, None) for i, number in enumerate(numbers, start=1))


def sent(line_id: str, sku: str, quantity: int, units: int = 1) -> SentLine:
    return SentLine(line_id, sku, quantity, units)


def goods(*lines: tuple[str, int, str | None], id_: str = "1", **changes: Any) -> Shipment:
    shipped = tuple(ShippedLine(sku, count, line, Decimal(1)) for sku, count, line in lines)
    return shipment(warehouse_shipment_id=id_, lines=shipped, **changes)


SKUS = st.sampled_from(["MUG", "VASE", "BOWL"])
SENT = st.lists(st.tuples(SKUS, st.integers(1, 20)), min_size=1, max_size=4).map(
    lambda rows: [sent(str(index), sku, count) for index, (sku, count) in enumerate(rows)]
)
ROWS = st.lists(
    st.builds(
        lambda id_, lines, source: goods(*lines, id_=str(id_), source=source),
        st.integers(1, 5),
        st.lists(
            st.tuples(SKUS, st.integers(1, 20), st.sampled_from([None, "0", "1", "9"])), max_size=4
        ),
        st.sampled_from([FEED, SEARCH]),
    ),
    max_size=6,
)
