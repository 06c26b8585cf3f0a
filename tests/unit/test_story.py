"""The sentences operators read about an order."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.domain.reasons import REASONS
from app.domain.record import OrderRecord
from app.domain.shipment import Parcel
from app.flow.moves import ask_person
from app.flow.story import tell_present, tell_shipments
from tests.fake_clock import START
from tests.shipment_samples import shipment

BLANK: dict[str, Any] = {
    name: None
    for name in OrderRecord.__dataclass_fields__
    if name not in ("attention_detail", "live")
}


def order(**values: Any) -> OrderRecord:
    return OrderRecord(attention_detail=(), **{**BLANK, "state": State.SHIPPED, **values})


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"link": "https://carrier.example/1", "carrier_code": None, "number": None}, "https://"),
        ({"link": None, "carrier_code": "ups", "number": "1Z9"}, "ups 1Z9"),
    ],
    ids=["link", "number"],
)
def test_what_was_told_is_told(sent: dict[str, Any], told: str) -> None:
    """The parcels' numbers and what Ankorstore got of them stand in the story."""
    parcels = (Parcel("1", "323200", None), Parcel("2", None, None))
    one = replace(shipment(), parcels=parcels, shipped_at=START)

    first, second = tell_shipments(order(tracking_sent=sent, confirmed_at=START), [one])

    assert first == "The warehouse sent it 2026-03-02 09:00 UTC: 323200, no number."
    assert second.startswith(f"Ankorstore was told: {told}")


def test_nothing_is_told_before_the_confirm() -> None:
    """An intended tracking is not told as sent."""
    sent = {"link": "https://carrier.example/1"}

    assert tell_shipments(order(tracking_sent=sent), []) == []


def test_a_newer_versions_state_is_told_as_such() -> None:
    """A state nobody here knows is no error."""
    newer: Any = "returned"

    assert tell_present(order(state=newer), START)[0] == (
        "It is returned, a state of a newer version."
    )


def test_a_reason_is_told_once() -> None:
    """What was found for the reason that is asked about has no second sentence; others have."""
    found = [
        {"reason": "sku_unknown", "field": "SKU VASE", "detail": "not a product there"},
        {"reason": "stock_short", "field": "SKU MUG", "detail": ""},
    ]
    asking = replace(
        order(attention_reason="sku_unknown", attention_since=START), attention_detail=tuple(found)
    )

    lines = tell_present(asking, START)

    assert "  - SKU VASE: not a product there" in lines
    assert f"  - {REASONS['stock_short'].sentence} [SKU MUG]" in lines
    assert "\n".join(lines).count(REASONS["sku_unknown"].sentence) == 1


def test_the_history_says_in_words_what_a_person_is_asked() -> None:
    """Not by the reason's code; a step's own words go before."""
    sentence = REASONS["sku_unknown"].sentence.removesuffix(".")

    assert ask_person("sku_unknown", field="order").message == sentence
    assert ask_person("sku_unknown", field="order", message="so it is").message == "so it is"
