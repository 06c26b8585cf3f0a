"""Countries, postcodes, languages and names, as the pages of docs/rules tell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.names import PersonName, recipient_name, split_name
from app.domain.order import PostalAddress, Retailer
from app.domain.places import (
    EU_MEMBERS,
    has_postal_code_form,
    is_special_territory,
    preferred_languages,
    tidy_country,
    tidy_postal_code,
)


@pytest.mark.parametrize(
    ("country", "postal_code", "tidied"),
    [
        ("NL", " 3333 hc ", "3333HC"),
        ("NL", "nl-3333\u00a0HC", "3333HC"),
        ("BE", "B-1000", "1000"),
        ("BE", "be-1000", "1000"),
        ("DE", "D-10115", "10115"),
        ("DE", "D - 10115", "10115"),
        ("DE", " 10115\t", "10115"),
        ("FR", "F-75001", "75001"),
        ("LU", "L-1234", "1234"),
        ("AT", "A 1040", "1040"),
        ("DK", "DK-2100", "2100"),
        ("IE", "D02 X285", "D02 X285"),
        ("PL", "00-950", "00-950"),
        ("GB", "sw1a 2aa", "SW1A 2AA"),
        ("LV", "LV-1010", "LV-1010"),
        ("DE", "F-75001", "F-75001"),
        ("FR", "75 001", "75 001"),
        ("FR", None, ""),
        ("", "B-1000", "B-1000"),
    ],
)
def test_tidy_postal_code(country: str, postal_code: str | None, tidied: str) -> None:
    """A postcode loses its own country's prefix, a Dutch one its blank, and nothing else."""
    assert tidy_postal_code(postal_code, country) == tidied


@given(st.text(max_size=12), st.sampled_from(["NL", "BE", "DE", "FR", "GB", "LV", ""]))
def test_tidying_a_postal_code_twice(postal_code: str, country: str) -> None:
    """A tidied postcode of a known form stays as it is."""
    tidied = tidy_postal_code(postal_code, country)
    if has_postal_code_form(tidied, country) and country in {"NL", "BE", "DE", "FR"}:
        assert tidy_postal_code(tidied, country) == tidied


@pytest.mark.parametrize(
    ("country", "good", "bad"),
    [
        ("NL", "3333HC", "3333H"),
        ("NL", "0000AA", "3333ÄÖ"),
        ("BE", "1000", "10000"),
        ("LU", "1234", "L1234"),
        ("AT", "1040", "104"),
        ("DK", "2100", "٢١٠٠"),
        ("DE", "01067", "1067"),
        ("FR", "75001", "75 001"),
        ("IT", "00100", "ABCDE"),
        ("ES", "28001", "280011"),
    ],
)
def test_postal_code_form(country: str, good: str, bad: str) -> None:
    """Eight countries' postcodes are checked by their form."""
    assert has_postal_code_form(good, country)
    assert not has_postal_code_form(bad, country)


def test_other_postal_codes_are_not_judged() -> None:
    """A country without a known form takes any postcode."""
    assert has_postal_code_form("D02 X285", "IE")


@pytest.mark.parametrize(
    ("country", "special", "ordinary"),
    [
        ("FR", "97100", "75001"),
        ("FR", "98000", "79800"),
        ("ES", "35001", "28035"),
        ("ES", "38001", "37001"),
        ("ES", "51001", "50001"),
        ("ES", "52001", "53001"),
        ("IT", "23041", "23042"),
        ("IT", "22061", "22060"),
        ("DE", "27498", "27499"),
        ("DE", "78266", "78265"),
    ],
)
def test_special_territories(country: str, special: str, ordinary: str) -> None:
    """Places with customs rules of their own are known by their postcode."""
    assert is_special_territory(special, country)
    assert not is_special_territory(ordinary, country)


def test_special_territories_belong_to_their_country() -> None:
    """The same digits elsewhere mean nothing; Great Britain is special everywhere."""
    assert not is_special_territory("35001", "FR")
    assert not is_special_territory("", "FR")
    assert is_special_territory("BT1 1AA", "GB")
    assert is_special_territory("", "GB")


@pytest.mark.parametrize(
    ("country", "postal_code", "languages"),
    [
        ("NL", "3333HC", ("NL", "EN")),
        ("DE", "", ("DE", "EN")),
        ("AT", "", ("DE", "EN")),
        ("LI", "", ("DE", "EN")),
        ("FR", "", ("FR", "EN")),
        ("LU", "", ("FR", "EN")),
        ("MC", "", ("FR", "EN")),
        ("ES", "", ("ES", "EN")),
        ("PT", "", ("PT", "EN")),
        ("IT", "", ("IT", "EN")),
        ("SM", "", ("IT", "EN")),
        ("VA", "", ("IT", "EN")),
        ("DK", "", ("DA", "EN")),
        ("CZ", "", ("CS", "EN")),
        ("PL", "", ("PL", "EN")),
        ("GB", "", ("EN",)),
        ("", "", ("EN",)),
        ("BE", "1000", ("brussels", "EN")),
        ("BE", "1299", ("brussels", "EN")),
        ("BE", "1300", ("FR", "EN")),
        ("BE", "1499", ("FR", "EN")),
        ("BE", "1500", ("NL", "EN")),
        ("BE", "3999", ("NL", "EN")),
        ("BE", "4000", ("FR", "EN")),
        ("BE", "4699", ("FR", "EN")),
        ("BE", "4700", ("DE", "FR", "EN")),
        ("BE", "4791", ("DE", "FR", "EN")),
        ("BE", "4792", ("FR", "EN")),
        ("BE", "7999", ("FR", "EN")),
        ("BE", "8000", ("NL", "EN")),
        ("BE", "9999", ("NL", "EN")),
        ("BE", "B1000", ("EN",)),
        ("CH", "1000", ("FR", "EN")),
        ("CH", "2000", ("FR", "EN")),
        ("CH", "2400", ("FR", "EN")),
        ("CH", "2500", ("DE", "EN")),
        ("CH", "2600", ("FR", "EN")),
        ("CH", "2900", ("FR", "EN")),
        ("CH", "3000", ("DE", "EN")),
        ("CH", "6400", ("DE", "EN")),
        ("CH", "6500", ("IT", "EN")),
        ("CH", "6900", ("IT", "EN")),
    ],
)
def test_preferred_languages(country: str, postal_code: str, languages: tuple[str, ...]) -> None:
    """The country says the language, in Belgium and Switzerland the postcode; English is last."""
    assert preferred_languages(country, postal_code, "brussels") == languages


def test_countries() -> None:
    """The EU has 27 members; country codes are upper case."""
    assert len(EU_MEMBERS) == 27
    assert {"GB", "CH", "NO", "MC"}.isdisjoint(EU_MEMBERS)
    assert tidy_country(" nl ") == "NL"
    assert tidy_country(None) == ""


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        (None, "", ""),
        ("  ", "", ""),
        ("Cher", "", "Cher"),
        (" Anna \u00a0 van  der Berg ", "Anna", "van der Berg"),
    ],
)
def test_split_name(name: str | None, first: str, last: str) -> None:
    """The first word is the first name, the rest the last name; one word is a last name."""
    assert split_name(name) == PersonName(first, last)


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("Test", "Retailer", PersonName("Test", "Retailer")),
        ("Test", None, PersonName("", "Test")),
        (None, " Retailer ", PersonName("", "Retailer")),
        (" ", None, PersonName("", "Shop")),
    ],
)
def test_retailer_stands_in_for_a_missing_name(
    first: str | None, last: str | None, expected: PersonName
) -> None:
    """A retailer with one name only gives it as last name, one without gives the organisation."""
    retailer = Retailer("r", first_name=first, last_name=last)
    address = PostalAddress(organisation="Shop")
    assert recipient_name(address, retailer) == expected
    assert recipient_name(address, None) == PersonName("", "Shop")


def test_a_name_is_not_in_its_repr() -> None:
    """Names never get into a log by way of their repr."""
    assert repr(PersonName("Anna", "Berg")) == "PersonName()"
