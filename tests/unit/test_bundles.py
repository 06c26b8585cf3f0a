"""Bundles in rows: which lines are goods, what they weigh, and whose they are."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.active_ants.shipment_rows import read_rows
from app.domain.completeness import weigh_shipments
from app.domain.dispatch import Ownership, PlacedNumbers, judge_row
from app.domain.quoting import ParcelRules, quote_parcels
from app.domain.shipment import ParcelSize, Shipment, ShipmentSource, ShippedLine
from tests.shipment_samples import NUMBER, ORDER_ID, SEARCH, sent, shipment

BOX = ShippedLine("BOX", 2, "line-1", Decimal("1.5"), part_skus=("MUG", "VASE"))
PART = ShippedLine("MUG", 4, None, Decimal(9))
ORDERED_MUG = ShippedLine("MUG", 1, "line-2", Decimal(1))
LOOSE_BOX = replace(BOX, marketplace_line_id=None)


def row(*lines: ShippedLine, **changes: Any) -> Shipment:
    return shipment(lines=lines, **changes)


@pytest.mark.parametrize(
    ("lines", "missing", "over"),
    [
        pytest.param((BOX,), {}, {}, id="parts-within"),
        pytest.param((BOX, PART), {}, {}, id="parts-besides"),
        pytest.param((LOOSE_BOX, PART), {}, {}, id="bundle-without-line"),
        pytest.param((PART,), {"BOX": 2}, {"MUG": 4}, id="parts-instead"),
        pytest.param((BOX, replace(PART, sku="PEN")), {}, {"PEN": 4}, id="no-part-of-it"),
    ],
)
def test_a_bundle_counts_once(
    lines: tuple[ShippedLine, ...], missing: dict[str, int], over: dict[str, int]
) -> None:
    """Parts in the bundle's own row count for nothing; parts alone are not the bundle."""
    weighed = weigh_shipments([sent("line-1", "BOX", 2)], [row(*lines)])

    assert (weighed.missing, weighed.over) == (missing, over)


def test_a_part_that_was_ordered_too_counts_by_its_line() -> None:
    """A line that names a line of the order is goods, whatever the bundle holds."""
    wanted = [sent("line-1", "BOX", 2), sent("line-2", "MUG", 1)]

    assert weigh_shipments(wanted, [row(BOX, PART, ORDERED_MUG)]).is_complete
    assert weigh_shipments(wanted, [row(BOX, PART)]).missing == {"MUG": 1}


def test_parts_weigh_nothing_besides() -> None:
    """The weight of the bundle is that of its parts already."""
    rules = ParcelRules(default_sides_cm=(40, 30, 20), default_kg=Decimal(5))

    assert quote_parcels([row(BOX, PART)], rules, lambda _: ()) == (
        ParcelSize(40, 30, 20, Decimal("3.000")),
    )


@pytest.mark.parametrize(
    ("lines", "ownership", "reason"),
    [
        pytest.param((LOOSE_BOX, PART), Ownership.OURS, None, id="parts-besides"),
        pytest.param((PART,), Ownership.NOT_MATCHED, "sku_not_ordered", id="parts-instead"),
    ],
)
def test_parts_are_no_sku_that_was_not_ordered(
    lines: tuple[ShippedLine, ...], ownership: Ownership, reason: str | None
) -> None:
    """A search row with a bundle and its parts is ours; parts alone need a person."""
    placed = PlacedNumbers(ORDER_ID, NUMBER, None, True, True, frozenset({"BOX"}))
    found = row(*lines, source=SEARCH, order_mark=None, warehouse_order_number=None)

    verdict = judge_row(found, [placed])
    assert (verdict.ownership, verdict.reason) == (ownership, reason)


@pytest.mark.parametrize(
    ("parts", "skus"),
    [
        ([], ()),
        (None, ()),
        ("MUG", ()),
        ([{"sku": "MUG", "quantity": 2}, {"Sku": "VASE"}, {"sku": "MUG"}], ("MUG", "VASE")),
        (["MUG", 7, None, {}, []], ("MUG", "7")),
    ],
)
def test_parts_are_read_with_patience(parts: Any, skus: tuple[str, ...]) -> None:
    """Objects or plain SKUs, each once; what is neither is left out and makes no problem."""
    raw = {"id": 1, "shippedProducts": [{"sku": "BOX", "quantity": 1, "parts": parts}]}
    (read,) = read_rows([raw], ShipmentSource.FEED)

    assert (read.problems, read.lines[0].part_skus) == ((), skus)
