"""Parcels held against a quote's limits, proposals, and what is news of a parcel."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.deliveries import has_news, is_delivered
from app.domain.quoting import ParcelRules, check_parcels, describe_parcels, quote_parcels
from app.domain.shipment import Parcel, ParcelSize
from app.errors import Finding
from tests.shipment_samples import boxes, goods, shipment

RULES = ParcelRules(default_sides_cm=(40, 30, 20), default_kg=Decimal(5))


def parcel(kg: str = "5", sides: tuple[int, int, int] = (40, 30, 20)) -> ParcelSize:
    return ParcelSize(*sides, Decimal(kg))


@pytest.mark.parametrize(
    ("parcels", "reason", "said"),
    [
        ((), "too_many_parcels", "0 parcels"),
        ((parcel(),) * 21, "too_many_parcels", "21 parcels"),
        ((parcel("30.001"),), "parcel_too_heavy", "30.001 kg"),
        ((parcel("0"),), "parcel_too_heavy", "0 kg"),
        ((parcel(sides=(275, 1, 1)),), "parcel_too_large", "275x1x1 cm"),
        ((parcel(sides=(200, 60, 41)),), "parcel_too_large", "402 cm with girth"),
        ((parcel(sides=(60, 41, 200)),), "parcel_too_large", "402 cm with girth"),
    ],
)
def test_what_no_quote_holds(parcels: tuple[ParcelSize, ...], reason: str, said: str) -> None:
    """The finding names the figure that is too much."""
    finding = check_parcels(parcels, field="--cm")

    assert finding is not None
    assert finding.reason == reason
    assert said in finding.detail


@pytest.mark.parametrize(
    "parcels",
    [
        (parcel("0.001"),),
        (parcel("30"),) * 20,
        (parcel(sides=(274, 62, 1)),),
        (parcel(sides=(60, 40, 200)),),
    ],
)
def test_what_a_quote_just_holds(parcels: tuple[ParcelSize, ...]) -> None:
    """Every limit may be reached."""
    assert check_parcels(parcels, field="--cm") is None


@pytest.mark.parametrize(
    ("pieces", "said"),
    [
        (61, "61 kg in 1 parcels, 61 kg each; a quote holds 30: 3 parcels of 20.334 kg would"),
        (60, "2 parcels of 30 kg would hold it"),
        (601, "no 20 parcels hold it all"),
    ],
)
def test_proposal_for_what_is_too_heavy(pieces: int, said: str) -> None:
    """As few parcels as hold the weight; none where twenty do not."""
    found = quote_parcels([goods(("MUG", pieces, None))], RULES, lambda _: ())

    assert isinstance(found, Finding)
    assert said in found.detail


def test_parcels_in_words() -> None:
    """Those alike are told together."""
    said = describe_parcels((parcel(), parcel("2.50"), parcel()))
    assert said == "2 of 40x30x20 cm, 5 kg; 1 of 40x30x20 cm, 2.5 kg"


def test_sizes_go_by_method_in_any_case() -> None:
    """A method with a size of its own has it; the others have the default."""
    rules = ParcelRules((40, 30, 20), Decimal(5), sides_by_method={"buseu1": (60, 40, 40)})

    def codes(one: Any) -> tuple[str, ...]:
        return ("BUSEU1",) if one.warehouse_shipment_id == "1" else ("DPD",)

    rows = [goods(("MUG", 1, None), id_="1"), goods(("MUG", 1, None), id_="2")]
    quoted = quote_parcels(rows, rules, codes)
    assert not isinstance(quoted, Finding)
    assert [one.length_cm for one in quoted] == [60, 40]


@pytest.mark.parametrize(
    ("status", "told", "is_news"),
    [
        ("labelled", None, False),
        ("on the road", None, False),
        ("Delivered", None, True),
        ("labelled", [["A", "PRE_TRANSIT"]], False),
        ("on the road", [["A", "PRE_TRANSIT"]], True),
        ("delivered", [["A", "TRANSIT"]], True),
        ("delivered", [["A", "DELIVERED"]], False),
        ("labelled", [["B", "TRANSIT"]], True),
    ],
)
def test_news_of_a_parcel(status: str, told: list[list[str]] | None, is_news: bool) -> None:
    """A status other than the one told, or a number not told; after a confirm only a delivery."""
    one = shipment(parcels=boxes("A"), status_text=status)

    assert has_news([one], told, is_tracking_told=True) is is_news
    assert is_delivered(one) is (status.casefold() == "delivered")


@pytest.mark.parametrize(
    ("parcels", "is_news"),
    [
        (boxes(None), False),
        (boxes(None, "A"), True),
        ((Parcel("1", None, "https://carrier.example/1"),), True),
        ((Parcel("1", None, "http://carrier.example/1"),), False),
    ],
)
def test_tracking_that_the_confirm_could_not_tell(
    parcels: tuple[Parcel, ...], is_news: bool
) -> None:
    """What comes later is news; what cannot be told never is."""
    one = shipment(parcels=parcels, status_text="labelled")

    assert has_news([one], None, is_tracking_told=False) is is_news
    assert not has_news([one], None, is_tracking_told=True)


def test_parcels_without_a_number_are_no_news() -> None:
    """Nothing could be told of them."""
    one = shipment(parcels=boxes(None), status_text="delivered")

    assert not has_news([one], None, is_tracking_told=True)
    assert not has_news([one], [[None, "TRANSIT"]], is_tracking_told=True)
