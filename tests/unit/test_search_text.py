"""What two spellings of a name share, and by which names an order can be found."""

from dataclasses import replace

import pytest

from app.domain.order import PostalAddress, Retailer
from app.domain.search_text import LONGEST_TEXT, fold, retailer_text
from tests.order_samples import ORDER

BUYER = Retailer("1", "Finchley Aviaries", "The Yellow Birdhouse", "Canaria", "Finchley")
TO = PostalAddress("Jo Smit", "THE YELLOW  BIRDHOUSE")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Café  Ångström\n", "cafe angstrom"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Ｗｉｎｋｅｌ", "winkel"),
        ("a\x00b", "a b"),
        (" \t", ""),
    ],
)
def test_folding(text: str, folded: str) -> None:
    """Case, accents, blanks and widths make no difference."""
    assert fold(text) == folded


def test_all_names_of_a_retailer_are_kept_once() -> None:
    """Shop, company, person, and who the parcel is for."""
    order = replace(ORDER, retailer=BUYER, ship_to=TO)

    names = "the yellow birdhouse | finchley aviaries | canaria finchley | jo smit"
    assert retailer_text(order) == names


def test_nobody_named_is_nothing() -> None:
    """An answer that names nobody takes nothing away; one that names a novel is cut."""
    order = replace(ORDER, retailer=None, ship_to=PostalAddress())
    assert retailer_text(order) is None
    novel = replace(order, ship_to=PostalAddress("x" * 900))
    assert retailer_text(novel) == "x" * LONGEST_TEXT
