"""What keeps an order from the warehouse: every reason by its code, and all of them at once."""

from dataclasses import replace
from typing import Any

import pytest

from app.active_ants import translate
from app.domain.reasons import REASONS
from app.errors import Finding, Unmappable
from tests.order_samples import (
    ORDER,
    REFERENCE,
    RETAILER,
    SETTINGS,
    make_line,
    make_order,
    make_rules,
)


def find(order: Any, number: str = REFERENCE, **rules: Any) -> tuple[Finding, ...]:
    try:
        translate.prepare(order, number, SETTINGS, make_rules(**rules))
    except Unmappable as error:
        return error.findings
    return ()


def reasons(order: Any, number: str = REFERENCE, **rules: Any) -> list[str]:
    return [finding.reason for finding in find(order, number, **rules)]


NOBODY = replace(RETAILER, store_name=None, first_name=None, last_name=None)
FRANCE = {"country_code": "FR", "postal_code": "75001"}


@pytest.mark.parametrize(
    ("order", "finding"),
    [
        (make_order(marketplace_order_id=" "), Finding("order_unreadable", "id", "")),
        (make_order(currency=None), Finding("currency_unsupported", "brandCurrency", "")),
        (
            make_order(currency="jpy", lines=(make_line(currency="JPY"),)),
            Finding("currency_unsupported", "brandCurrency", "JPY"),
        ),
        (
            make_order(lines=(make_line(currency="SEK"),)),
            Finding("currency_unsupported", "line currency", "SEK"),
        ),
        (
            make_order(retailer=replace(RETAILER, email=None)),
            Finding("email_missing", "retailer.email", ""),
        ),
        (
            make_order(retailer=NOBODY, ship_to={"name": " ", "organisation": None}),
            Finding("recipient_missing", "shipToAddress.name", ""),
        ),
        (
            make_order(ship_to={"street": " , "}),
            Finding("street_missing", "shipToAddress.street", ""),
        ),
        (
            make_order(ship_to={"street": "Neue Straße"}),
            Finding("house_number_missing", "shipToAddress.street", "Neue Straße"),
        ),
        (
            make_order(ship_to={"street": "Postbus 123"}),
            Finding("post_box", "shipToAddress.street", "Postbus 123"),
        ),
        (make_order(ship_to={"city": " "}), Finding("city_missing", "shipToAddress.city", "")),
        (
            make_order(ship_to={"postal_code": None}),
            Finding("postal_code_missing", "shipToAddress.postalCode", ""),
        ),
        (
            make_order(ship_to={"postal_code": "nl-3333h"}),
            Finding("postal_code_invalid", "shipToAddress.postalCode", "3333H"),
        ),
        (
            make_order(ship_to={"country_code": None}),
            Finding("country_missing", "shipToAddress.countryCode", ""),
        ),
        (
            make_order(ship_to={"country_code": "se"}),
            Finding(
                "country_not_served",
                "shipToAddress.countryCode",
                "SE: not a country of the warehouse",
            ),
        ),
        (
            make_order(ship_to={"country_code": "CH", "postal_code": "8000"}),
            Finding(
                "country_not_served", "shipToAddress.countryCode", "CH: not in ALLOWED_COUNTRIES"
            ),
        ),
        (
            make_order(ship_to={**FRANCE, "postal_code": "F-97100"}),
            Finding("special_territory", "shipToAddress.postalCode", "FR 97100"),
        ),
        (make_order(lines=()), Finding("lines_missing", "order lines", "0, none with goods")),
        (
            make_order(lines=(make_line(pack_quantity=0, unit_quantity=0),)),
            Finding("lines_missing", "order lines", "1, none with goods"),
        ),
        (
            make_order(lines=(make_line(sku=" "),)),
            Finding(
                "sku_missing",
                "line 62b263a8-00e1-1ecb-98d2-0242ac170007",
                "Example Product - Test Product Variant",
            ),
        ),
        (
            make_order(lines=(make_line(unit_quantity=-1),)),
            Finding("order_unreadable", "line Product-Variant-001", "1 packs, -1 units"),
        ),
        (
            make_order(lines=(make_line(amount_with_vat_minor=None),)),
            Finding("amount_missing", "line Product-Variant-001", "no price"),
        ),
        (
            make_order(lines=(make_line(vat_rate=None),)),
            Finding("amount_missing", "line Product-Variant-001", "no VAT"),
        ),
    ],
    ids=lambda value: value.reason if isinstance(value, Finding) else "",
)
def test_finding(order: Any, finding: Finding) -> None:
    """One thing wrong is one finding, with where it is and what is there."""
    assert find(order) == (finding,)


def test_everything_is_told_at_once() -> None:
    """An order that is wrong in every way says so in one go, each reason once."""
    order = make_order(
        marketplace_order_id="",
        currency=None,
        ship_to={"name": None, "organisation": None, "street": None, "postal_code": None,
                 "city": None, "country_code": None},
        retailer=None,
        lines=(make_line(sku=None, vat_rate=None), make_line(unit_quantity=13)),
    )  # fmt: skip

    found = reasons(order, "", pack_mode="pack")

    assert found == [
        "order_unreadable",
        "reference_missing",
        "sku_missing",
        "amount_missing",
        "pack_mode_mismatch",
        "currency_unsupported",
        "recipient_missing",
        "email_missing",
        "street_missing",
        "city_missing",
        "country_missing",
        "postal_code_missing",
        "phone_missing",
    ]
    assert set(found) <= set(REASONS)


@pytest.mark.parametrize(
    ("number", "found"),
    [(" ", ["reference_missing"]), ("12", ["order_number_too_short"]), ("123", [])],
)
def test_order_number(number: str, found: list[str]) -> None:
    """The warehouse wants an order number of at least three characters."""
    assert reasons(ORDER, number) == found


# Addresses.


@pytest.mark.parametrize("country", ["NL", "BE", "DE"])
def test_house_number_is_needed_where_the_warehouse_says_so(country: str) -> None:
    """NL, BE and DE need a number in the line, also where lines are sent unsplit."""
    postal_code = {"NL": "1234 AB", "BE": "2000", "DE": "10115"}[country]
    place = {"country_code": country, "postal_code": postal_code}
    without = make_order(ship_to={**place, "street": "Neue Straße"})

    assert reasons(without) == ["house_number_missing"]
    assert reasons(without, split_countries=("FR",)) == ["house_number_missing"]
    assert reasons(make_order(ship_to=place), split_countries=("FR",)) == []


def test_post_box_beside_a_street_is_fine() -> None:
    """Only a post box without a street holds an order up."""
    street = {"street": "12 rue de la Paix, BP 40"}
    assert reasons(make_order(ship_to={**FRANCE, **street})) == []
    assert reasons(make_order(ship_to={**FRANCE, "street": "BP 40"})) == ["post_box"]


def test_allowed_countries_replace_the_eu() -> None:
    """The operator's list stands in for the members of the EU, not beside them."""
    swiss = make_order(ship_to={"country_code": "CH", "postal_code": "8000"})
    assert reasons(swiss, allowed_countries=("ch",)) == []
    assert reasons(ORDER, allowed_countries=("CH",)) == ["country_not_served"]
    assert reasons(ORDER) == []


def test_great_britain_needs_its_papers_settled() -> None:
    """Great Britain is a special territory until the operator names it as allowed."""
    british = make_order(
        ship_to={"street": "10 Downing Street", "country_code": "GB", "postal_code": "SW1A 2AA"}
    )
    assert reasons(british) == ["country_not_served", "special_territory"]
    assert reasons(british, allowed_countries=("GB",)) == []


def test_naming_a_country_does_not_allow_its_special_territories() -> None:
    """An island with customs rules of its own stays with a person, whatever is allowed."""
    order = make_order(ship_to={**FRANCE, "postal_code": "97400"})
    assert reasons(order, allowed_countries=("FR",)) == ["special_territory"]


# Packs.

PACK = make_order()  # one pack of twelve
SINGLE = make_order(lines=(make_line(unit_multiplier=1, pack_quantity=12),))
UNREADABLE = make_order(lines=(make_line(unit_multiplier=None),))
TWO_PACKS = make_order(lines=(make_line(), make_line(sku="MUG")))
SKU = "Product-Variant-001"


@pytest.mark.parametrize(
    ("order", "entries", "found"),
    [
        (PACK, {}, ["pack_mode_unconfirmed"]),
        (UNREADABLE, {}, ["pack_mode_unconfirmed"]),
        (SINGLE, {}, []),
        (PACK, {SKU: "pack"}, []),
        (PACK, {"OTHER": "pack"}, ["pack_mode_unconfirmed"]),
        (TWO_PACKS, {SKU: "unit"}, ["pack_mode_unconfirmed"]),
        (TWO_PACKS, {SKU: "unit", "MUG": "factor:6"}, []),
    ],
)
def test_pack_guard(order: Any, entries: dict[str, str], found: list[str]) -> None:
    """While PACK_MODE is unset, every SKU sold in packs needs an entry of its own."""
    assert reasons(order, pack_mode=None, pack_mode_by_sku=entries) == found


def test_pack_guard_names_the_line_and_its_pack() -> None:
    """The finding says which SKU and how many units its pack holds."""
    assert find(PACK, pack_mode=None) == (
        Finding("pack_mode_unconfirmed", "line Product-Variant-001", "pack of 12"),
    )
    assert find(UNREADABLE, pack_mode=None) == (
        Finding("pack_mode_unconfirmed", "line Product-Variant-001", "pack of unknown size"),
    )


def test_pack_guard_goes_by_the_marketplaces_sku() -> None:
    """An entry for the warehouse's name of a SKU settles nothing."""
    renamed = {"sku_map": {SKU: "WH-1"}, "pack_mode": None}
    assert reasons(PACK, **renamed, pack_mode_by_sku={"WH-1": "pack"}) == ["pack_mode_unconfirmed"]
    assert reasons(PACK, **renamed, pack_mode_by_sku={SKU: "pack"}) == []


@pytest.mark.parametrize(
    ("mode", "changes", "detail"),
    [
        ("pack", {"unit_quantity": 13}, "1 packs, 13 units, mode pack"),
        ("pack", {"unit_multiplier": None}, "1 packs, 12 units, mode pack"),
        ("pack", {"unit_multiplier": 0, "unit_quantity": 0}, "1 packs, 0 units, mode pack"),
        ("factor:5", {}, "1 packs, 12 units, mode factor:5"),
    ],
)
def test_pack_mode_mismatch(mode: str, changes: dict[str, Any], detail: str) -> None:
    """Units that are no whole number of warehouse SKUs are for a person, never rounded."""
    order = make_order(lines=(make_line(**changes),))
    assert find(order, pack_mode=mode) == (
        Finding("pack_mode_mismatch", "line Product-Variant-001", detail),
    )


# Amounts.


@pytest.mark.parametrize(
    ("missing", "rules", "detail"),
    [
        ("amount_with_vat_minor", {"price_mode": "gross"}, "no price"),
        ("amount_with_vat_minor", {"price_mode": "net"}, None),
        ("amount_minor", {"price_mode": "net"}, "no price"),
        ("amount_minor", {"price_mode": "gross"}, None),
        ("vat_rate", {"vat_mode": "percent"}, "no VAT"),
        ("vat_rate", {"vat_mode": "fraction"}, "no VAT"),
        ("vat_rate", {"vat_mode": "amount"}, None),
        ("amount_vat_minor", {"vat_mode": "amount"}, "no VAT"),
        ("amount_vat_minor", {"vat_mode": "percent"}, None),
        ("amount_with_vat_minor", {"send_prices": False}, None),
        ("amount_vat_minor", {"vat_mode": "amount", "send_prices": False}, None),
        ("vat_rate", {"send_prices": False}, "no VAT"),
    ],
)
def test_only_amounts_that_are_sent_are_needed(
    missing: str, rules: dict[str, Any], detail: str | None
) -> None:
    """An amount the chosen modes do not use may be missing."""
    expected = () if detail is None else (
        Finding("amount_missing", "line Product-Variant-001", detail),
    )  # fmt: skip
    assert find(make_order(lines=(make_line(**{missing: None}),)), **rules) == expected


@pytest.mark.parametrize(
    ("country", "postal_code", "street", "doubts"),
    [
        ("NL", "3333HC", "Kerkstraat 5 12", "second_number_larger"),
        ("NL", "3333HC", "12 Provincieweg 4", "several_numbers"),
        ("BE", "1000", "Nationale 4 25", "number_of_unit, second_number_larger"),
        ("DE", "10115", "E 5", "street_without_name"),
    ],
)
def test_a_guess_at_the_house_number_is_held(
    country: str, postal_code: str, street: str, doubts: str
) -> None:
    """Where the warehouse wants the number apart, a line that reads two ways waits for a person."""
    order = make_order(
        ship_to={"country_code": country, "postal_code": postal_code, "street": street}
    )

    found = Finding("address_unsure", "shipToAddress.street", f"{street} ({doubts})")
    assert find(order) == (found,)


@pytest.mark.parametrize(
    ("country", "postal_code", "street"),
    [
        ("NL", "3333HC", "Keizersgracht 123 3"),
        ("NL", "3333HC", "Plein 1940-45 12"),
        ("FR", "75001", "12 rue Neuve 5"),
    ],
)
def test_likely_is_good_enough_and_elsewhere_no_number_is_needed(
    country: str, postal_code: str, street: str
) -> None:
    """A likely split is sent; in other countries an unsure line is sent whole."""
    order = make_order(
        ship_to={"country_code": country, "postal_code": postal_code, "street": street}
    )

    assert find(order) == ()


def test_a_line_that_is_sent_whole_is_no_guess() -> None:
    """Where lines are not split at all, only a missing number holds the order."""
    order = make_order(ship_to={"street": "12 Provincieweg 4"})

    assert find(order, split_countries=("FR",)) == ()
