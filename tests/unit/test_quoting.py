"""Parcels as a quote wants them, and which quote is surely ours."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.quoting import ParcelRules, choose_quote, count_parcels, fits_quote, quote_parcels
from app.domain.shipment import (
    ParcelSize,
    Shipment,
    ShippedLine,
    ShippingQuote,
)
from app.errors import Finding
from tests.shipment_samples import (
    ROWS,
    boxes,
    goods,
    shipment,
)

RULES = ParcelRules(default_sides_cm=(40, 30, 20), default_kg=Decimal(5))


def quote(
    shipments: Sequence[Shipment], rules: ParcelRules = RULES, codes: Sequence[str] = ("BUSEU1",)
) -> tuple[ParcelSize, ...] | Finding:
    return quote_parcels(shipments, rules, lambda _: codes)


@pytest.mark.parametrize(
    ("changes", "count"),
    [
        pytest.param({"parcels": boxes("A"), "parcel_count": 1}, 1, id="one"),
        pytest.param({"parcels": boxes("A", "B"), "parcel_count": 1}, 2, id="more-named"),
        pytest.param({"parcels": boxes("A"), "parcel_count": 3}, 3, id="more-counted"),
        pytest.param({"parcels": boxes("A", "A"), "parcel_count": 1}, 1, id="one-number-twice"),
        pytest.param({"parcels": boxes(None, None), "parcel_count": 0}, 0, id="nothing-said"),
    ],
)
def test_parcels_of_a_shipment(changes: dict[str, Any], count: int) -> None:
    """The greater of the parcels counted and the numbers named."""
    assert count_parcels(shipment(**changes)) == count


def test_parcels_of_several_shipments_add_up() -> None:
    """Parcels are summed over the shipments, and the weight is spread over all of them."""
    heavy = goods(("MUG", 2, None), id_="1", parcels=boxes("A", "B"), parcel_count=2)
    light = goods(("VASE", 5, None), id_="2", parcels=boxes("C"), parcel_count=1)

    assert quote([heavy, light, heavy]) == (ParcelSize(40, 30, 20, Decimal("2.334")),) * 3


@pytest.mark.parametrize(
    ("weights", "kg"),
    [
        pytest.param(["0.295"], "0.295", id="as-said"),
        pytest.param(["0.0001"], "0.001", id="never-nothing"),
        pytest.param(["1.00001"], "1.001", id="rounded-up"),
        pytest.param(["1", None], "5", id="one-unknown"),
        pytest.param(["1", "0"], "5", id="one-zero"),
        pytest.param([], "5", id="no-lines"),
        pytest.param(["30"], "30.000", id="just-allowed"),
    ],
)
def test_kilograms_of_a_parcel(weights: list[str | None], kg: str) -> None:
    """Weights are summed and rounded up; one unknown weight makes it the default."""
    lines = tuple(
        ShippedLine("MUG", 1, None, Decimal(weight) if weight is not None else None)
        for weight in weights
    )

    assert quote([shipment(lines=lines)]) == (ParcelSize(40, 30, 20, Decimal(kg)),)


def test_no_parcel_named_or_counted_is_one_parcel() -> None:
    """What was shipped was shipped in something."""
    assert quote([shipment(parcels=(), parcel_count=0)]) == (
        ParcelSize(40, 30, 20, Decimal("1.000")),
    )


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"parcel_count": 21}, "too_many_parcels", id="too-many"),
        pytest.param({"parcel_count": 10**15}, "too_many_parcels", id="absurdly-many"),
        pytest.param({"lines": (ShippedLine("ANVIL", 31, None, Decimal(1)),)}, "parcel_too_heavy"),
    ],
)
def test_what_a_quote_cannot_hold(changes: dict[str, Any], reason: str) -> None:
    """More than 20 parcels or 30 kg each ask for a person."""
    finding = quote([shipment(**changes)])

    assert isinstance(finding, Finding)
    assert finding.reason == reason


def test_twenty_parcels_are_allowed() -> None:
    """The limit itself still fits."""
    parcels = quote([shipment(parcel_count=20)])

    assert isinstance(parcels, tuple)
    assert len(parcels) == 20


def test_overweight_clamped() -> None:
    """An operator may have the weight cut to what a quote holds."""
    anvil = shipment(lines=(ShippedLine("ANVIL", 31, None, Decimal(1)),))

    assert quote([anvil], replace(RULES, clamp_overweight=True)) == (
        ParcelSize(40, 30, 20, Decimal(30)),
    )


@pytest.mark.parametrize(
    ("sides", "fits"),
    [
        ((40, 30, 20), True),
        ((100, 75, 75), True),
        ((100, 76, 75), False),
        ((75, 75, 100), True),
        ((274, 31, 32), True),
        ((274, 32, 32), False),
        ((275, 1, 1), False),
        ((0, 10, 10), False),
    ],
)
def test_parcel_size_limits(sides: tuple[int, int, int], fits: bool) -> None:
    """No side above 274 cm, and the longest with twice the other two at most 400."""
    assert fits_quote(sides) is fits

    result = quote([shipment()], replace(RULES, default_sides_cm=sides))

    assert isinstance(result, tuple) is fits
    assert fits or (isinstance(result, Finding) and result.reason == "parcel_too_large")


@pytest.mark.parametrize(
    ("codes", "length"), [(("DHL", "buseu1"), 60), (("DHL",), 40), ((), 40)], ids=repr
)
def test_parcel_size_by_method(codes: tuple[str, ...], length: int) -> None:
    """A size can be given for the parcels of one shipping method."""
    parcels = quote([shipment()], replace(RULES, sides_by_method={"BUSEU1": (60, 40, 40)}), codes)

    assert isinstance(parcels, tuple)
    assert parcels[0].length_cm == length


@given(rows=ROWS, clamp=st.booleans())
def test_parcel_weights_are_bounded(rows: list[Shipment], clamp: bool) -> None:
    """Whatever was shipped, a quote is asked for 1 to 20 parcels of 0.001 to 30 kg, or not."""
    result = quote(rows, replace(RULES, clamp_overweight=clamp))

    if isinstance(result, Finding):
        assert not clamp or result.reason == "too_many_parcels"
    else:
        assert 1 <= len(result) <= 20
        assert all(Decimal("0.001") <= parcel.weight_kg <= 30 for parcel in result)


@given(rows=ROWS)
def test_repeated_page_asks_for_the_same_parcels(rows: list[Shipment]) -> None:
    """A feed that shows its rows again adds no parcel and no weight."""
    assert quote(rows + rows) == quote(rows)


def offer(code: str, service: str = "", collection: tuple[str, ...] = ()) -> ShippingQuote:
    return ShippingQuote(f"quote-{code}", code, service, collection, 1006, "EUR")


UPS = offer("ups", "11", ("pickup", "drop-off"))


@pytest.mark.parametrize(
    ("quotes", "is_clear"),
    [
        pytest.param([UPS, offer("ankorstore")], True, id="published-example"),
        pytest.param([offer("ankorstore")], True, id="alone"),
        pytest.param([offer("ankorstore", "11")], False, id="with-a-service"),
        pytest.param([offer("ankorstore", "", ("pickup",))], False, id="with-a-collection"),
        pytest.param([offer("ankorstore"), offer("ankorstore")], False, id="two"),
        pytest.param([offer("ankorstore"), offer("ankorstore", "11")], False, id="two-one-odd"),
        pytest.param([UPS], False, id="none"),
        pytest.param([offer("custom")], False, id="empty-service-of-another-code"),
        pytest.param([], False, id="no-quote"),
    ],
)
def test_quote_of_the_brands_own_carrier(quotes: list[ShippingQuote], is_clear: bool) -> None:
    """Exactly one quote has the carrier code, and that one offers no service and no collection."""
    chosen = choose_quote(quotes, "ankorstore")

    if is_clear:
        assert chosen == offer("ankorstore")
    else:
        assert isinstance(chosen, Finding)
        assert chosen.reason == "quote_unclear"
