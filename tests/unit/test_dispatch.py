"""Whose a shipment row is."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.dispatch import Ownership, PlacedNumbers, Verdict, judge_row
from app.domain.reasons import REASONS
from app.domain.shipment import (
    ShipmentSource,
    ShippedLine,
)
from tests.shipment_samples import (
    FEED,
    NUMBER,
    ORDER_ID,
    OTHER_ID,
    SEARCH,
    WAREHOUSE_NUMBER,
    found,
    shipment,
)

LIVE = PlacedNumbers(
    marketplace_order_id=ORDER_ID,
    external_order_number=NUMBER,
    warehouse_order_number=WAREHOUSE_NUMBER,
    is_live=True,
    is_proven=True,
    skus=frozenset({"MUG"}),
)
REPLACED = replace(LIVE, is_live=False)
SECOND = replace(LIVE, external_order_number=f"{NUMBER}-2", warehouse_order_number="42375999")
"""The warehouse order that took the place of REPLACED."""


OURS, FOREIGN = Ownership.OURS, Ownership.FOREIGN
NOT_MATCHED, GONE = Ownership.NOT_MATCHED, Ownership.REPLACED


@pytest.mark.parametrize(
    ("changes", "placed", "ownership"),
    [
        pytest.param({}, [LIVE], OURS, id="our-mark"),
        pytest.param({"order_mark": ORDER_ID.upper()}, [LIVE], OURS, id="our-mark-in-capitals"),
        pytest.param(
            {"warehouse_order_number": "999"},
            [replace(LIVE, warehouse_order_number=None)],
            OURS,
            id="our-mark-and-search-never-gave-a-number",
        ),
        pytest.param({"warehouse_order_number": None}, [LIVE], OURS, id="our-mark-no-other-number"),
        pytest.param({}, [replace(LIVE, is_proven=False)], OURS, id="our-mark-proves-the-create"),
        pytest.param({"warehouse_order_number": "999"}, [LIVE], GONE, id="another-warehouse-order"),
        pytest.param({"external_order_number": "999"}, [LIVE], GONE, id="another-number"),
        pytest.param({}, [REPLACED, SECOND], GONE, id="of-the-replaced-one"),
        pytest.param({}, [REPLACED], GONE, id="none-is-live"),
        pytest.param(
            {"external_order_number": None, "warehouse_order_number": None},
            [LIVE],
            GONE,
            id="our-mark-without-any-number",
        ),
        pytest.param(
            {"external_order_number": f"{NUMBER}-2", "warehouse_order_number": "42375999"},
            [REPLACED, SECOND],
            OURS,
            id="of-the-one-that-replaced-it",
        ),
        pytest.param({"order_mark": None}, [LIVE], OURS, id="no-mark-both-numbers"),
        pytest.param({"order_mark": None}, [REPLACED, SECOND], GONE, id="no-mark-replaced-numbers"),
        pytest.param(
            {"order_mark": None, "warehouse_order_number": "999"},
            [LIVE],
            NOT_MATCHED,
            id="no-mark-external-number-only",
        ),
        pytest.param(
            {"order_mark": None, "external_order_number": "999"},
            [LIVE],
            NOT_MATCHED,
            id="no-mark-warehouse-number-only",
        ),
        pytest.param(
            {"order_mark": None},
            [replace(LIVE, warehouse_order_number=None)],
            NOT_MATCHED,
            id="no-mark-and-search-never-gave-a-number",
        ),
        pytest.param(
            {"order_mark": None, "warehouse_order_number": "42375999"},
            [REPLACED, SECOND],
            NOT_MATCHED,
            id="no-mark-numbers-of-two-orders",
        ),
        pytest.param({"order_mark": OTHER_ID}, [LIVE], NOT_MATCHED, id="foreign-mark-our-numbers"),
        pytest.param(
            {"order_mark": OTHER_ID, "external_order_number": "9", "warehouse_order_number": "9"},
            [LIVE],
            FOREIGN,
            id="foreign-mark-foreign-numbers",
        ),
        pytest.param(
            {"order_mark": None, "external_order_number": "9", "warehouse_order_number": "9"},
            [LIVE],
            FOREIGN,
            id="no-mark-foreign-numbers",
        ),
        pytest.param({}, [], FOREIGN, id="our-mark-but-never-placed"),
    ],
)
def test_whose_a_feed_row_is(
    changes: dict[str, Any], placed: list[PlacedNumbers], ownership: Ownership
) -> None:
    """A feed row is ours by its mark, or without one by both of its numbers together."""
    verdict = judge_row(shipment(**changes), placed)

    assert verdict.ownership is ownership
    assert (verdict.reason == "replaced_order_shipped") is (ownership is GONE)
    assert (verdict.marketplace_order_id == ORDER_ID) is (ownership is not FOREIGN)


@pytest.mark.parametrize(
    ("changes", "placed", "ownership", "reason"),
    [
        pytest.param({}, [LIVE], OURS, None, id="proven-number-and-our-skus"),
        pytest.param({"lines": ()}, [LIVE], OURS, None, id="no-goods-named"),
        pytest.param({}, [REPLACED, SECOND], GONE, "replaced_order_shipped", id="replaced"),
        pytest.param(
            {"lines": (ShippedLine("MUG", 1, None, None), ShippedLine("VASE", 1, None, None))},
            [LIVE],
            NOT_MATCHED,
            "sku_not_ordered",
            id="a-sku-never-sent",
        ),
        pytest.param(
            {"lines": (ShippedLine("VASE", 1, None, None),)},
            [REPLACED, SECOND],
            NOT_MATCHED,
            "sku_not_ordered",
            id="a-sku-never-sent-of-a-replaced-one",
        ),
        pytest.param({}, [replace(LIVE, is_proven=False)], NOT_MATCHED, None, id="unanswered"),
        pytest.param(
            {"external_order_number": f"0{NUMBER}"}, [LIVE], FOREIGN, None, id="not-the-very-number"
        ),
        pytest.param(
            {"external_order_number": f"{NUMBER}-2"}, [LIVE], FOREIGN, None, id="with-a-suffix"
        ),
        pytest.param({"external_order_number": None}, [LIVE], FOREIGN, None, id="no-number"),
    ],
)
def test_whose_a_search_row_is(
    changes: dict[str, Any], placed: list[PlacedNumbers], ownership: Ownership, reason: str | None
) -> None:
    """A search row is ours by a proven number with SKUs that were sent; none is acknowledged."""
    verdict = judge_row(found(**changes), placed)

    assert (verdict.ownership, verdict.reason) == (ownership, reason)


def test_mark_of_one_order_with_the_number_of_another() -> None:
    """The mark names the order; a number of another one is that order's urgent trouble."""
    other = replace(
        LIVE,
        marketplace_order_id=OTHER_ID,
        external_order_number="777",
        warehouse_order_number="888",
    )

    verdict = judge_row(shipment(order_mark=OTHER_ID), [LIVE, other])

    assert verdict == Verdict(GONE, FEED, OTHER_ID, "777", "replaced_order_shipped")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({}, "shipment_unreadable", id="ours"),
        pytest.param({"order_mark": None, "warehouse_order_number": None}, "shipment_unreadable"),
        pytest.param(
            {"order_mark": OTHER_ID, "external_order_number": "9", "warehouse_order_number": "9"},
            None,
            id="foreign",
        ),
    ],
)
def test_row_that_could_not_be_read(changes: dict[str, Any], reason: str | None) -> None:
    """It is never acknowledged, and asks for a person where it may be about an order of ours."""
    verdict = judge_row(shipment(problems=("id: missing",), **changes), [LIVE])

    assert verdict.ownership is Ownership.UNREADABLE
    assert verdict.reason == reason


def test_every_reason_is_in_the_table() -> None:
    """Whatever a verdict or a finding names can be explained to a person."""
    codes = {"replaced_order_shipped", "sku_not_ordered", "shipment_unreadable"}
    codes |= {"too_many_parcels", "parcel_too_heavy", "parcel_too_large", "quote_unclear"}

    assert codes <= REASONS.keys()


NUMBERS = st.sampled_from([None, NUMBER, f"{NUMBER}-2", WAREHOUSE_NUMBER, "42375999", "9"])


@given(
    mark=st.sampled_from([None, OTHER_ID, "something"]),
    external=NUMBERS,
    warehouse=NUMBERS,
    source=st.sampled_from([FEED, SEARCH]),
)
def test_nothing_without_proof_is_acknowledged(
    mark: str | None, external: str | None, warehouse: str | None, source: ShipmentSource
) -> None:
    """Without our mark only a feed row with both numbers of one warehouse order may be taken."""
    row = shipment(
        order_mark=mark,
        external_order_number=external,
        warehouse_order_number=warehouse,
        source=source,
    )
    pairs = {(one.external_order_number, one.warehouse_order_number) for one in (REPLACED, SECOND)}

    verdict = judge_row(row, [REPLACED, SECOND])

    is_proven = mark is None and source is FEED and (external, warehouse) in pairs
    is_ours = verdict.ownership in (Ownership.OURS, Ownership.REPLACED)
    assert (is_ours and source is FEED) is is_proven
