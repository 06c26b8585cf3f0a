"""What the marketplace is told of parcels, with the confirm and after it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import uuid5

import pytest

from app.domain.order import OrderLine
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
from app.domain.tracking import (
    ID_NAMESPACE,
    choose_tracking,
    needs_parcel_tracking,
    parcel_status,
    parcel_tracking,
    safe_link,
    track_parcel,
)
from tests.shipment_samples import (
    LEFT_AT,
    ORDER_ID,
    boxes,
    sent,
    shipment,
)

LINK = "https://carrier.example/3232"


@pytest.mark.parametrize(
    ("parcel", "carrier_code", "tracking"),
    [
        pytest.param(Parcel("1", "3232", LINK), "dhl", Tracking(link=LINK), id="link-first"),
        pytest.param(Parcel("1", None, LINK), None, Tracking(link=LINK), id="link-only"),
        pytest.param(
            Parcel("1", "3232", None),
            "dhl",
            Tracking(carrier_code="dhl", number="3232"),
            id="carrier-and-number",
        ),
        pytest.param(
            Parcel("1", "3232", "http://carrier.example/3232"),
            "dhl",
            Tracking(carrier_code="dhl", number="3232"),
            id="unsafe-link",
        ),
        pytest.param(Parcel("1", "3232", None), None, None, id="carrier-unknown"),
        pytest.param(Parcel("1", None, None), "dhl", None, id="nothing-known"),
        pytest.param(Parcel("1", None, "http://carrier.example"), None, None, id="unsafe-only"),
    ],
)
def test_tracking_of_a_parcel(
    parcel: Parcel, carrier_code: str | None, tracking: Tracking | None
) -> None:
    """A safe link, else carrier and number, else nothing; never both forms."""
    assert track_parcel(parcel, carrier_code) == tracking


@pytest.mark.parametrize(
    ("link", "is_safe"),
    [
        (LINK, True),
        ("HTTPS://carrier.example/t?a=1&b=2", True),
        ("http://carrier.example", False),
        ("https://", False),
        ("https:///path", False),
        ("https://carrier.example/a b", False),
        ("https://[carrier", False),
        ("javascript:alert(1)", False),
        ("carrier.example/3232", False),
        ("", False),
        (None, False),
    ],
)
def test_links_fit_to_be_clicked(link: str | None, is_safe: bool) -> None:
    """Only a whole https address is passed on."""
    assert safe_link(link) == (link if is_safe else None)


def test_first_parcel_that_left_is_told_of() -> None:
    """The first parcel of the first shipment counts, with its own carrier."""
    early = shipment(
        warehouse_shipment_id="2", shipped_at=LEFT_AT - timedelta(hours=1), parcels=boxes("A", "B")
    )
    carriers = {"1": "dhl", "2": "ups"}

    tracking = choose_tracking([shipment(), early], lambda one: carriers[one.warehouse_shipment_id])

    assert tracking == Tracking(carrier_code="ups", number="A")


def test_parcel_without_tracking_is_passed_over() -> None:
    """Where nothing can be told of the first parcel, the next one stands for the order."""
    two = shipment(parcels=boxes(None, "B"))

    assert choose_tracking([two], lambda _: "gls") == Tracking(carrier_code="gls", number="B")
    assert choose_tracking([two], lambda _: None) is None
    assert choose_tracking([], lambda _: "gls") is None


VARIANT_ID = "2171bdc1-fa01-44fa-9342-d99bd1c2befa"


def order_line(**changes: Any) -> OrderLine:
    values: dict[str, Any] = dict.fromkeys(OrderLine.__dataclass_fields__)
    values |= {
        "line_id": "line-1",
        "variant_id": VARIANT_ID,
        "pack_quantity": 1,
        "unit_quantity": 12,
        "unit_multiplier": 12,
        "is_archived": False,
    }
    return OrderLine(**(values | changes))


def told(
    shipments: Sequence[Shipment],
    *,
    existing: ParcelTracking | None = None,
    lines: Sequence[OrderLine] = (order_line(),),
    sent_lines: Sequence[SentLine] = (sent("line-1", "MUG", 12),),
    carrier: str | None = "dhl",
) -> ParcelTracking | None:
    return parcel_tracking(
        shipments,
        marketplace_order_id=ORDER_ID,
        lines=lines,
        sent=sent_lines,
        existing=existing,
        carrier_of=lambda _: carrier,
    )


def made_id(name: str = "") -> str:
    return str(uuid5(ID_NAMESPACE, ORDER_ID + name))


def test_namespace_of_our_ids_stays() -> None:
    """Another namespace would make every parcel ever told of look new."""
    assert str(ID_NAMESPACE) == "0f5a3ef2-6f0c-5a33-9a39-6a3c6a1c2b70"


def test_parcels_told_for_the_first_time() -> None:
    """Ids are made from order and parcel number; links that are not safe are left out."""
    parcels = (Parcel("1", "A", LINK), Parcel("2", "B", "http://carrier.example/B"))

    assert told([shipment(parcels=parcels, parcel_count=2)]) == ParcelTracking(
        tracking_id=made_id(),
        carrier="dhl",
        tracking_number="A",
        tracking_link=LINK,
        status="PRE_TRANSIT",
        parcels=(
            TrackedParcel(made_id("A"), "A", LINK, "PRE_TRANSIT"),
            TrackedParcel(made_id("B"), "B", None, "PRE_TRANSIT"),
        ),
    )


def test_parcels_told_again() -> None:
    """Ids that exist are kept where the tracking number is the same; the rest is as ever."""
    existing = ParcelTracking(
        tracking_id="theirs",
        carrier="other",
        tracking_number=None,
        tracking_link=None,
        status="TRANSIT",
        parcels=(
            TrackedParcel("their-a", "A", None, "TRANSIT"),
            TrackedParcel("their-none", None, None, "TRANSIT"),
        ),
    )

    again = told([shipment(parcels=boxes("A", "B", None), parcel_count=3)], existing=existing)

    assert again is not None
    assert again.tracking_id == "theirs"
    ids = [parcel.tracked_parcel_id for parcel in again.parcels]
    assert ids == ["their-a", made_id("B"), made_id("1/3")]


def test_telling_is_repeatable() -> None:
    """Told twice over, with a repeated page and its own answer at hand, nothing is different."""
    rows = [shipment(parcels=boxes("A", "B"), parcel_count=2)]
    first = told(rows)

    assert told(rows + rows, existing=first) == first


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("New", "PRE_TRANSIT"),
        ("labelled", "PRE_TRANSIT"),
        ("Delivered", "DELIVERED"),
        ("delivered ", "DELIVERED"),
        ("at the depot", "TRANSIT"),
        ("19", "TRANSIT"),
        (None, "TRANSIT"),
    ],
)
def test_status_of_a_parcel(text: str | None, status: str) -> None:
    """Three words are known; whatever else is said, the parcel is under way."""
    assert parcel_status(text) == status


@pytest.mark.parametrize(
    ("texts", "status"),
    [
        (("delivered", "delivered"), "DELIVERED"),
        (("New", "labelled"), "PRE_TRANSIT"),
        (("delivered", "labelled"), "TRANSIT"),
    ],
)
def test_status_of_the_whole(texts: tuple[str, str], status: str) -> None:
    """An order is delivered when every parcel is."""
    rows = [
        shipment(warehouse_shipment_id=str(i), parcels=boxes(f"P{i}"), status_text=text)
        for i, text in enumerate(texts)
    ]
    whole = told(rows)

    assert whole is not None
    assert whole.status == status


def test_unknown_carrier_is_called_other() -> None:
    """A carrier the marketplace has no code for still has its parcels told."""
    whole = told([shipment()], carrier=None)

    assert whole is not None
    assert whole.carrier == "other"


@pytest.mark.parametrize("parcels", [(), boxes(None), (Parcel("1", None, "http://x.example"),)])
def test_nothing_to_tell(parcels: tuple[Parcel, ...]) -> None:
    """Without a number or a safe link there is nothing to tell yet."""
    assert told([shipment(parcels=parcels)]) is None


TWELVE = ShippedLine("MUG", 12, "line-1", None, "T5113A", date(2026, 10, 1))


@pytest.mark.parametrize(
    ("row", "lines", "sent_lines", "goods_told"),
    [
        pytest.param(
            {"lines": (TWELVE,)},
            [order_line()],
            [sent("line-1", "MUG", 12)],
            (TrackedGoods(VARIANT_ID, 1, 12, "T5113A", date(2026, 10, 1)),),
            id="whole-packs",
        ),
        pytest.param(
            {"lines": (replace(TWELVE, sent_quantity=2, marketplace_line_id=None),)},
            [order_line()],
            [sent("line-1", "MUG", 2, 12)],
            (TrackedGoods(VARIANT_ID, 2, 24, "T5113A", date(2026, 10, 1)),),
            id="warehouse-counts-packs",
        ),
        pytest.param(
            {"lines": (replace(TWELVE, lot_number="L" * 120, expires_at=None),)},
            [order_line()],
            [sent("line-1", "MUG", 12)],
            (TrackedGoods(VARIANT_ID, 1, 12, "L" * 100),),
            id="long-lot-number",
        ),
        pytest.param(
            {"lines": (replace(TWELVE, sent_quantity=6), replace(TWELVE, sent_quantity=6))},
            [order_line()],
            [sent("line-1", "MUG", 12)],
            (TrackedGoods(VARIANT_ID, 1, 12, "T5113A", date(2026, 10, 1)),),
            id="one-lot-in-two-rows",
        ),
        pytest.param(
            {"lines": (replace(TWELVE, sent_quantity=7),)},
            [order_line()],
            [sent("line-1", "MUG", 12)],
            (),
            id="no-whole-pack",
        ),
        pytest.param(
            {"lines": (replace(TWELVE, sent_quantity=18),)},
            [order_line()],
            [sent("line-1", "MUG", 18)],
            (),
            id="a-pack-and-a-half",
        ),
        pytest.param(
            {"lines": (TWELVE, ShippedLine("VASE", 1, None, None))},
            [order_line()],
            [sent("line-1", "MUG", 12)],
            (),
            id="goods-of-no-line",
        ),
        pytest.param(
            {"lines": (TWELVE,)},
            [order_line(unit_multiplier=None)],
            [sent("line-1", "MUG", 12)],
            (),
            id="pack-unknown",
        ),
        pytest.param(
            {"lines": (TWELVE,)},
            [order_line(variant_id=None)],
            [sent("line-1", "MUG", 12)],
            (),
            id="variant-unknown",
        ),
        pytest.param(
            {"lines": (replace(TWELVE, marketplace_line_id=None),)},
            [order_line(), order_line(line_id="line-2")],
            [sent("line-1", "MUG", 12), sent("line-2", "MUG", 12)],
            (),
            id="two-lines-of-the-sku",
        ),
        pytest.param(
            {"lines": (TWELVE,), "parcel_count": 2},
            [order_line()],
            [sent("line-1", "MUG", 12)],
            (),
            id="more-parcels-than-named",
        ),
    ],
)
def test_goods_of_the_only_parcel(
    row: dict[str, Any],
    lines: list[OrderLine],
    sent_lines: list[SentLine],
    goods_told: tuple[TrackedGoods, ...],
) -> None:
    """What is in the only parcel is told in whole packs, wholly or not at all."""
    whole = told([shipment(**row)], lines=lines, sent_lines=sent_lines)

    assert whole is not None
    assert whole.parcels[0].goods == goods_told


@pytest.mark.parametrize(
    ("count", "push", "is_needed"), [(1, False, False), (1, True, True), (2, False, True)]
)
def test_when_parcels_are_told(count: int, push: bool, is_needed: bool) -> None:
    """The confirm tells of one parcel; more of them, or the operator's wish, need the rest."""
    rows = [shipment(parcel_count=count)]

    assert needs_parcel_tracking(rows, push_parcels=push) is is_needed
