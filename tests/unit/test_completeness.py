"""Each shipment once, and whether an order is complete."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from app.domain.completeness import Completeness, merge_rows, weigh_shipments
from app.domain.record import SentLine
from app.domain.shipment import (
    Parcel,
    Shipment,
    ShippedLine,
)
from tests.shipment_samples import (
    LEFT_AT,
    ROWS,
    SENT,
    found,
    goods,
    sent,
    shipment,
)


def test_feed_row_seen_again_by_search() -> None:
    """The feed's goods and the newest status count, and parcels fill in where there were none."""
    bare = shipment(parcels=(), parcel_count=2)
    again = found(
        parcels=(Parcel("1", "3232", None),),
        status_text="delivered",
        lines=(ShippedLine("MUG", 99, None, None),),
    )

    assert merge_rows([bare, again]) == (
        replace(bare, parcels=again.parcels, status_text="delivered"),
    )
    assert merge_rows([again, bare])[0].lines == bare.lines


def test_parcels_of_the_feed_stay() -> None:
    """A search row, which names one parcel, does not displace the two the feed named."""
    two = shipment(parcels=(Parcel("1", "A", None), Parcel("2", "B", None)), parcel_count=2)

    assert merge_rows([two, found()])[0].parcels == two.parcels


def test_unreadable_row_does_not_displace_a_readable_one() -> None:
    """What was once read stays read."""
    odd = shipment(problems=("shippedProducts: not a list",), lines=())

    assert merge_rows([found(), odd])[0].lines == found().lines


def test_shipments_come_in_the_order_they_left() -> None:
    """First by time, then by number; those without a time last."""
    rows = [
        shipment(warehouse_shipment_id="5", shipped_at=None),
        shipment(warehouse_shipment_id="10"),
        shipment(warehouse_shipment_id="9"),
        shipment(warehouse_shipment_id="11", shipped_at=LEFT_AT - timedelta(days=1)),
    ]

    assert [one.warehouse_shipment_id for one in merge_rows(rows)] == ["11", "9", "10", "5"]


TWO_LINES = [sent("a", "MUG", 6), sent("b", "MUG", 4), sent("c", "VASE", 1)]


@pytest.mark.parametrize(
    ("shipments", "missing", "over"),
    [
        pytest.param([], {"MUG": 10, "VASE": 1}, {}, id="nothing-sent"),
        pytest.param(
            [goods(("MUG", 6, "a"), ("MUG", 4, "b"), ("VASE", 1, "c"))], {}, {}, id="by-line"
        ),
        pytest.param([goods(("MUG", 10, None), ("VASE", 1, None))], {}, {}, id="by-sku"),
        pytest.param(
            [goods(("MUG", 6, "a")), goods(("MUG", 4, None), ("VASE", 1, None), id_="2")],
            {},
            {},
            id="two-shipments-both-ways",
        ),
        pytest.param(
            [goods(("MUG", 10, "a"), ("VASE", 1, "c"))], {}, {}, id="lines-of-one-sku-joined"
        ),
        pytest.param([goods(("MUG", 6, "a"))], {"MUG": 4, "VASE": 1}, {}, id="a-part"),
        pytest.param([goods(("MUG", 12, None), ("VASE", 1, "c"))], {}, {"MUG": 2}, id="too-much"),
        pytest.param(
            [goods(("MUG", 10, None), ("BOWL", 1, None))],
            {"VASE": 1},
            {"BOWL": 1},
            id="another-sku-instead",
        ),
        pytest.param(
            [goods(("MUG", 10, None), ("BOWL", 1, "c"))], {}, {}, id="another-sku-for-the-line"
        ),
        pytest.param([goods(("MUG", 10, "x"), ("VASE", 1, "y"))], {}, {}, id="lines-nobody-knows"),
        pytest.param(
            [goods(("MUG", 10, None), ("VASE", 1, None), problems=("id: missing",))],
            {"MUG": 10, "VASE": 1},
            {},
            id="unreadable-counts-for-nothing",
        ),
    ],
)
def test_completeness(
    shipments: list[Shipment], missing: dict[str, int], over: dict[str, int]
) -> None:
    """Goods count for the line they name, else for a line of their SKU."""
    weighed = weigh_shipments(TWO_LINES, shipments)

    assert (weighed.missing, weighed.over) == (missing, over)
    assert weighed.is_complete is (not missing)


def test_shipped_is_compared_with_what_was_sent() -> None:
    """Two SKUs that hold twelve units each are complete with two, not with twenty-four."""
    packs = [sent("a", "MUG", 2, 12)]
    assert weigh_shipments(packs, [goods(("MUG", 2, "a"))]).is_complete
    assert weigh_shipments(packs, [goods(("MUG", 1, "a"))]).missing == {"MUG": 1}


def test_order_without_lines_is_never_complete() -> None:
    """Nothing asked for and nothing sent is not the same as everything sent."""
    assert not weigh_shipments([], [shipment()]).is_complete
    assert not Completeness({}, {}, {}).is_complete


@given(lines=SENT, rows=ROWS)
def test_shipped_is_never_counted_twice(lines: list[SentLine], rows: list[Shipment]) -> None:
    """Every piece is shipped for one line or is over, and every piece asked for is one or two."""
    weighed = weigh_shipments(lines, rows)

    pieces = sum(line.sent_quantity for row in merge_rows(rows) for line in row.lines)
    asked = sum(line.sent_quantity for line in lines)
    assert sum(weighed.shipped.values()) + sum(weighed.over.values()) == pieces
    assert sum(weighed.shipped.values()) + sum(weighed.missing.values()) == asked
    for line in lines:
        assert 0 <= weighed.shipped[line.marketplace_line_id] <= line.sent_quantity
    assert all(count > 0 for count in (*weighed.missing.values(), *weighed.over.values()))


@given(lines=SENT, rows=ROWS)
def test_repeated_page_changes_nothing(lines: list[SentLine], rows: list[Shipment]) -> None:
    """The same rows again, which is what an unacknowledged feed shows, say the same."""
    assert merge_rows(rows + rows) == merge_rows(merge_rows(rows))
    assert weigh_shipments(lines, rows + rows) == weigh_shipments(lines, rows)
