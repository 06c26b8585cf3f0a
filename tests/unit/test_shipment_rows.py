"""Rows of the warehouse's feed and search, read into shipments; odd rows never stop the others."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.active_ants.shipment_rows import MADE_UP_ID_PREFIX, read_expiry, read_moment, read_rows
from app.domain.shipment import Parcel, Shipment, ShipmentSource, ShippedLine

RECORDED = Path(__file__).parents[1] / "recorded" / "active_ants"
ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
LINE_ID = "62b263a8-00e1-1ecb-98d2-0242ac170007"
LINK = (
    "https://www.dhl.com/fr-en/home/tracking/tracking-parcel.html"
    "?submit=1&tracking-id=1Z8A76E46801183396"
)
FEED, SEARCH = ShipmentSource.FEED, ShipmentSource.SEARCH


def recorded_rows(name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((RECORDED / name).read_text())["body"]["result"]
    return rows


def read_one(source: ShipmentSource = FEED, **changes: Any) -> Shipment:
    name = "shipments_by_type.json" if source is FEED else "shipment_search.json"
    (shipment,) = read_rows([recorded_rows(name)[0] | changes], source)
    return shipment


def test_published_feed_row() -> None:
    """The published row reads as one shipment with one parcel, our marks and the weight."""
    assert read_rows(recorded_rows("shipments_by_type.json"), FEED) == (
        Shipment(
            warehouse_shipment_id="42434542",
            external_order_number="3434273911",
            warehouse_order_number="42375131",
            order_mark=ORDER_ID,
            source=FEED,
            shipped_at=datetime(2025, 7, 11, 12, 57, 24, 540000, tzinfo=UTC),
            parcel_count=1,
            parcels=(Parcel("1", "323200935959943587046030", LINK),),
            lines=(ShippedLine("Product-Variant-001", 12, LINE_ID, Decimal("0.295")),),
            shipping_method_id="10301",
            main_shipping_method_id="70",
            status_text="labelled",
        ),
    )


def test_published_search_rows() -> None:
    """Search rows carry no marks and no weights; their barcode steps in for the number."""
    first, second = read_rows(recorded_rows("shipment_search.json"), SEARCH)

    assert (first.order_mark, first.warehouse_order_number) == (None, None)
    assert first.parcels == (Parcel("1", "323200935959943587046030", None),)
    assert first.lines == (ShippedLine("Product-Variant-001", 10, None, None),)
    assert second.parcels == (Parcel("1", "3SABCD1234567", None),)
    assert second.lines[0].lot_number == "T5113A"


def test_running_number_of_a_search_row_is_no_tracking_number() -> None:
    """A search row with nothing but the warehouse's running number names no parcel."""
    shipment = read_one(SEARCH, packageNumber="", trackAndTraceBarCode=None, trackingNumber=7714)

    assert shipment.parcels == ()


def test_number_of_a_search_row_goes_before_its_barcode() -> None:
    """Where a search row has both, the carrier knows the first."""
    shipment = read_one(SEARCH, packageNumber="3232", trackAndTraceBarCode="3SABCD")

    assert shipment.parcels[0].tracking_number == "3232"


@pytest.mark.parametrize(
    ("code", "link"),
    [
        pytest.param("https://carrier.example/t/1", "https://carrier.example/t/1", id="address"),
        pytest.param("3SABCD1234567", None, id="no-address"),
        pytest.param("", None, id="empty"),
    ],
)
def test_track_and_trace_code_of_a_search_row(code: str, link: str | None) -> None:
    """What a search row calls a code is a link where it is an address, and nothing elsewhere."""
    assert read_one(SEARCH, trackAndTraceCode=code).parcels[0].tracking_link == link


def test_parcels_without_a_link() -> None:
    """A parcel whose row lost the link still has its number."""
    shipment = read_one(shippedColli=[{"colloNr": "1", "packageNumber": "3232"}])

    assert shipment.parcels == (Parcel("1", "3232", None),)


def test_parcels_that_share_a_collo_number() -> None:
    """Boxes have names of their own however the row numbers them; one named twice is one."""
    colli = [
        {"colloNr": "1", "packageNumber": "A"},
        {"colloNr": "1", "packageNumber": "B"},
        {"colloNr": "1", "packageNumber": "A"},
        {"colloNr": None, "packageNumber": "C"},
        "not a box",
    ]

    parcels = read_one(shippedColli=colli).parcels

    assert [one.tracking_number for one in parcels] == ["A", "B", "C"]
    assert len({one.parcel_number for one in parcels}) == 3


@pytest.mark.parametrize("spelling", ["warehouseAbbrevation", "warehouseAbbreviation"])
def test_both_spellings_of_the_warehouse(spelling: str) -> None:
    """The warehouse's code is spelled in two ways, and neither is in anybody's way."""
    row = {"id": 1, "shippedProducts": [], spelling: "NN"}

    assert read_rows([row], FEED)[0].problems == ()


def test_values_in_other_shapes() -> None:
    """Texts for numbers, numbers for texts, other cases and unknown members change nothing."""
    row = {name[0].upper() + name[1:]: value for name, value in _plain_row().items()}
    odd = row | {"Id": "42434542", "OrderNumber": 42375131.0, "ShippingMethodId": "10301"}
    odd |= {"NumberOfColli": "1", "SomethingNew": {"x": [1]}}

    assert read_rows([odd], FEED) == read_rows([_plain_row()], FEED)


def _plain_row() -> dict[str, Any]:
    return recorded_rows("shipments_by_type.json")[0]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"id": None}, id="no-id"),
        pytest.param({"id": {"value": 1}}, id="id-is-an-object"),
        pytest.param({"shippedProducts": None}, id="goods-missing"),
        pytest.param({"shippedProducts": {"sku": "A"}}, id="goods-no-list"),
        pytest.param({"shippedProducts": [None]}, id="goods-null"),
        pytest.param({"shippedProducts": [{"sku": None, "quantity": 1}]}, id="no-sku"),
        pytest.param({"shippedProducts": [{"sku": "A", "quantity": None}]}, id="no-quantity"),
        pytest.param({"shippedProducts": [{"sku": "A", "quantity": 1.5}]}, id="half-a-piece"),
        pytest.param({"shippedProducts": [{"sku": "A", "quantity": -1}]}, id="less-than-nothing"),
        pytest.param({"shippedProducts": [{"sku": "A", "quantity": 10**9}]}, id="absurdly-many"),
        pytest.param({"shippedProducts": [{"sku": "A", "quantity": True}]}, id="true-is-no-number"),
    ],
)
def test_row_that_cannot_be_counted(changes: dict[str, Any]) -> None:
    """Such a row comes back with its problems, in its place, and the others are read."""
    good = _plain_row()

    before, odd, after = read_rows([good, good | changes, good], FEED)

    assert odd.problems
    assert odd.order_mark == ORDER_ID
    assert not before.problems
    assert before == after


@pytest.mark.parametrize("row", [None, 7, "row", [], True], ids=repr)
def test_row_that_is_no_object(row: Any) -> None:
    """Whatever stands in the list of rows comes out as a shipment with a problem."""
    (shipment,) = read_rows([row], FEED)

    assert shipment.problems == ("row: not an object",)


def test_rows_without_an_id() -> None:
    """Each gets a made-up id: its own, and the same whenever the row comes again."""
    rows = [_plain_row() | {"id": None}, _plain_row() | {"id": None, "orderNumber": 1}, None, 7]

    first, again = (read_rows(rows, FEED) for _ in range(2))

    ids = [row.warehouse_shipment_id for row in first]
    assert len(set(ids)) == 4
    assert all(id_.startswith(MADE_UP_ID_PREFIX) for id_ in ids)
    assert first == again


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"shippingDate": "soon", "numberOfColli": "?"}, id="texts"),
        pytest.param({"shippingDate": "0001-01-01T00:00:00", "numberOfColli": -3}, id="defaults"),
        pytest.param({"shippingDate": None, "numberOfColli": None}, id="nulls"),
        pytest.param({"shippingDate": "9999-12-31", "numberOfColli": 10**12}, id="absurd"),
    ],
)
def test_date_and_count_are_no_reason_to_refuse_a_row(changes: dict[str, Any]) -> None:
    """A row without a readable date or count is read all the same."""
    shipment = read_one(**changes)

    assert (shipment.problems, shipment.shipped_at, shipment.parcel_count) == ((), None, 0)


def test_row_of_nothing() -> None:
    """A row that says it holds nothing holds nothing, and that is no problem."""
    shipment = read_one(shippedProducts=None, totalNumberOfProducts=0)

    assert (shipment.problems, shipment.lines) == ((), ())


@pytest.mark.parametrize("mark", ["", "  ", None])
def test_empty_mark(mark: str | None) -> None:
    """A mark with nothing in it is no mark."""
    assert read_one(extra1=mark).order_mark is None


@pytest.mark.parametrize("weight", [0, -1, None, "heavy", float("nan"), 1e30], ids=repr)
def test_weight_that_says_nothing(weight: Any) -> None:
    """Weights of zero and weights that are none count as unknown."""
    goods = [{"sku": "A", "quantity": 1, "weight": weight}]

    shipment = read_one(shippedProducts=goods)

    assert (shipment.problems, shipment.lines[0].weight_kg) == ((), None)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-07-11T14:57:24.54", datetime(2025, 7, 11, 12, 57, 24, 540000, UTC)),
        ("2025-01-11T14:57:24", datetime(2025, 1, 11, 13, 57, 24, tzinfo=UTC)),
        ("2025-07-11T14:57:24Z", datetime(2025, 7, 11, 14, 57, 24, tzinfo=UTC)),
        ("2025-07-11", datetime(2025, 7, 10, 22, tzinfo=UTC)),
        ("9999-12-31T23:59:59", None),
        ("0001-01-01T00:00:00", None),
        ("yesterday", None),
        ("", None),
        (None, None),
        (20250711.5, None),
    ],
)
def test_moments(text: Any, moment: datetime | None) -> None:
    """Times without a zone are the warehouse's own; what is no real time is none."""
    assert read_moment(text) == moment


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-10-01T00:00:00", date(2026, 10, 1)),
        ("2026-09-30T22:00:00Z", date(2026, 10, 1)),
        ("2099-12-31T00:00:00", None),
        ("2099-01-01", None),
        ("2098-12-31", date(2098, 12, 31)),
        ("0001-01-01T00:00:00", None),
        (None, None),
    ],
)
def test_expiry_days(text: Any, day: date | None) -> None:
    """The day is the warehouse's; the year 2099 means that goods do not expire."""
    assert read_expiry(text) == day


def test_texts_no_database_takes() -> None:
    """Null characters and halves of characters are left out of what will be stored."""
    shipment = read_one(
        externalOrderNumber="343\x00", extra1="\x00", currentTrackTraceStatus="\ud800"
    )

    assert (shipment.external_order_number, shipment.order_mark) == ("343", None)
    assert shipment.status_text == "?"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    field=st.sampled_from(sorted(_plain_row())), value=JSON, source=st.sampled_from([FEED, SEARCH])
)
def test_any_value_anywhere(field: str, value: Any, source: ShipmentSource) -> None:
    """No value of any member keeps the rows beside it from being read, or makes pieces up."""
    good = _plain_row()

    odd, last = read_rows([good | {field: value}, good], source)

    assert last == read_rows([good], source)[0]
    assert all(line.sent_quantity > 0 for line in odd.lines)
    assert odd.problems or odd.warehouse_shipment_id
