"""Corrections of one order: what they change, what they leave, and whose word counts."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.active_ants import translate
from app.domain.corrections import (
    NOTHING_CORRECTED,
    Corrections,
    check_phone,
    check_street,
    correct_order,
    mark_address,
    read_corrections,
)
from app.domain.differences import find_differences
from app.domain.sku_entries import SkuEntry
from app.errors import Unmappable
from tests.order_samples import LINE_ID, ORDER, SETTINGS, make_line, make_order, make_rules

SKU = "Product-Variant-001"
TEXTS = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=10)
MODES = st.sampled_from([None, "unit", "pack", "factor:2", "factor:3"])
ENTRIES = st.builds(SkuEntry, st.none() | TEXTS, MODES)
STREETS = st.builds(
    check_street,
    st.none() | TEXTS,
    st.none() | st.integers(1, 99_999),
    st.none() | TEXTS,
    st.none() | TEXTS,
)


def sent(corrections: Corrections, table: dict[str, SkuEntry], **rules: Any) -> dict[str, Any]:
    order = correct_order(ORDER, corrections, table)
    return dict(translate.prepare(order, "3434273911", SETTINGS, make_rules(**rules)).payload)


@given(STREETS, st.none() | st.integers(10**5, 10**14).map(lambda n: f"+{n}"))
def test_only_what_was_corrected_differs(street: Any, phone: str | None) -> None:
    """Each corrected part is sent as said, every other member as without the correction."""
    plain, corrected = sent(NOTHING_CORRECTED, {}), sent(Corrections(street, phone), {})

    said = {
        "deliveryAddressStreet": street and street.street,
        "deliveryAddressHouseNumber": street and street.house_number,
        "deliveryAddressHouseNumberAddition": street and street.addition,
        "deliveryAddressExtraAddress": street and street.extra,
        "phoneNumber": phone,
    }
    for name, value in said.items():
        assert corrected.get(name) == (plain.get(name) if value is None else value), name
    assert {one.path for one in find_differences(plain, corrected)} <= set(said)


@given(ENTRIES, ENTRIES, MODES, st.none() | TEXTS)
def test_whose_word_counts(
    own: SkuEntry, table: SkuEntry, setting: str | None, alias: str | None
) -> None:
    """The order's own word, then the table's, then the settings'; SKU and mode each for itself."""
    rules = {
        "pack_mode_by_sku": {SKU: setting} if setting else {},
        "sku_map": {SKU: alias} if alias else {},
    }

    (item,) = sent(Corrections(entries={SKU: own}), {SKU: table}, **rules)["orderItems"]

    pieces = {"unit": 12, "pack": 1, "factor:2": 6, "factor:3": 4}
    assert item["sku"] == (own.warehouse_sku or table.warehouse_sku or alias or SKU)
    assert item["quantity"] == pieces[own.pack_mode or table.pack_mode or setting or "unit"]


@given(STREETS, st.dictionaries(TEXTS, ENTRIES, max_size=3))
def test_what_is_stored_is_read(street: Any, entries: dict[str, SkuEntry]) -> None:
    """Corrections survive the database's JSON."""
    corrections = Corrections(street, "+31201234567", entries, made_for="mark")

    assert read_corrections(corrections.as_json()) == corrections
    assert read_corrections(None) == NOTHING_CORRECTED


def test_a_line_without_a_sku_is_named_by_its_id() -> None:
    """A line that has no SKU at the marketplace can be given one, for this order alone."""
    order = make_order(lines=(make_line(sku=None),))
    corrections = Corrections(entries={LINE_ID: SkuEntry("WH-1")})

    corrected = correct_order(order, corrections, {LINE_ID: SkuEntry("OTHER")})

    (item,) = translate.prepare(corrected, "343", SETTINGS, make_rules()).payload["orderItems"]
    assert item["sku"] == "WH-1"


@pytest.mark.parametrize("part", ["street", "postal_code", "city", "country_code"])
def test_a_street_is_corrected_for_one_address(part: str) -> None:
    """Once used, a correction of the street is not mixed with another address."""
    street = check_street(None, 99, None, None)
    corrections = Corrections(street, made_for=mark_address(ORDER.ship_to))
    moved = make_order(ship_to={part: "something else"})
    respelled = make_order(ship_to={part: f" {getattr(ORDER.ship_to, part).upper()} "})

    assert not corrections.is_outdated(respelled)
    assert corrections.is_outdated(moved)
    assert correct_order(moved, corrections, {}).ship_to.street_parts is None
    renewed = Corrections(street).over(corrections)
    assert not renewed.is_outdated(moved)
    assert replace(corrections, phone="1").over(corrections).is_outdated(moved) is False


def test_corrected_values_are_checked_as_the_orders_own() -> None:
    """A street corrected to a post box, or to nothing a carrier can find, is held all the same."""
    order = make_order(ship_to={"street": "Neue Straße", "country_code": "DE"})
    order = replace(order, ship_to=replace(order.ship_to, postal_code="10115"))

    def reasons(street: Any) -> list[str]:
        corrected = correct_order(order, Corrections(street), {})
        try:
            translate.prepare(corrected, "343", SETTINGS, make_rules())
        except Unmappable as error:
            return [finding.reason for finding in error.findings]
        return []

    assert reasons(None) == ["house_number_missing"]
    assert reasons(check_street(None, None, "A", None)) == ["house_number_missing"]
    assert reasons(check_street("Postfach", 12, None, None)) == ["post_box"]
    assert reasons(check_street(None, 12, None, None)) == []


@pytest.mark.parametrize("text", ["", "98765", "9" * 16, "+31 20\n1234567"])
def test_numbers_that_are_no_phone(text: str) -> None:
    """A number nobody can be called at is refused, and not quoted."""
    with pytest.raises(ValueError, match="6 to 15 digits") as refused:
        check_phone(text)
    assert text == "" or text not in str(refused.value)
