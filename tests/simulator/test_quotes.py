"""Shipping quotes at the simulated marketplace."""

from typing import Any

import pytest

from app.simulator import SimulatedAnkorstore

from .conftest import Caller, HandClock

BOX = {"length": 40, "width": 30, "height": 20, "kg": 4.2}


async def test_quotes_hold_one_brand_label_among_carriers(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """The brand label is there exactly once, beside one to three carriers, at any place."""
    places = set()
    for _ in range(30):
        order = ankorstore.place_order(status="brand_confirmed")
        quotes = (await caller.quotes(order.id)).json()["data"]
        codes = [one["carrierCode"] for one in quotes]
        assert codes.count("ankorstore") == 1
        assert 2 <= len(codes) <= 4
        places.add(codes.index("ankorstore"))
        brand_label = quotes[codes.index("ankorstore")]
        assert (brand_label["serviceCode"], brand_label["collectionMethod"]) == ("", [])
        assert brand_label["timeInTransit"] is None
    assert len(places) > 2


async def test_brand_label_ships_at_once(
    ankorstore: SimulatedAnkorstore, caller: Caller, clock: HandClock
) -> None:
    """Confirming the brand label answers a refund; the order is shipped when the call returns."""
    order = ankorstore.place_order(status="brand_confirmed")
    quote_id = await caller.brand_label(order.id)
    assert order.latest_quote is not None
    assert (order.latest_quote["id"], order.latest_quote["provider"]) == (quote_id, "custom")

    tracking = {"trackingProvider": "ups", "trackingNumber": "1Z9"}
    answer = (await caller.confirm(quote_id, tracking)).json()["data"]

    assert "refund" in answer
    assert "shippingCost" not in answer
    assert answer["orderUuid"] == order.id
    assert (order.status, order.shipping_method, order.provider) == ("shipped", "custom", "ups")
    assert order.shipped_at == clock.now()
    assert order.tracking == {
        "number": "1Z9",
        "link": "https://www.ups.com/track?tracknum=1Z9",
    }
    assert ankorstore.deliveries[-1].event_type == "order.shipped"


async def test_carrier_quote_makes_a_label_later(
    ankorstore: SimulatedAnkorstore, caller: Caller, clock: HandClock
) -> None:
    """The wrong quote answers a cost, and only afterwards shows what it has done."""
    order = ankorstore.place_order(status="brand_confirmed")
    quotes = (await caller.quotes(order.id)).json()["data"]
    wrong = next(one for one in quotes if one["carrierCode"] != "ankorstore")

    answer = (await caller.confirm(wrong["quoteUuid"])).json()["data"]

    assert "shippingCost" in answer
    assert "refund" not in answer
    assert (order.status, order.shipping_method) == ("brand_confirmed", None)
    clock.move(5)
    ankorstore.catch_up()
    assert (order.status, order.shipping_method) == ("shipping_labels_generated", "ankorstore")
    assert ankorstore.deliveries[-1].event_type == "order.shipping_labels_generated"


async def test_new_quotes_supersede_the_old_ones(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Only quotes of the latest call can be confirmed, and each only once."""
    order = ankorstore.place_order(status="brand_confirmed")
    old = await caller.brand_label(order.id)
    new = await caller.brand_label(order.id)

    assert (await caller.confirm(old)).status_code == 404
    assert order.status == "brand_confirmed"
    assert (await caller.confirm(new)).status_code == 200
    assert (await caller.confirm(new)).status_code == 404
    assert [one.event_type for one in ankorstore.deliveries].count("order.shipped") == 1


async def test_quotes_are_for_accepted_orders_only(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Neither a new nor a cancelled order is quoted, and a cancelled one is not confirmed."""
    order = ankorstore.place_order()
    assert (await caller.quotes(order.id)).status_code == 422
    ankorstore.accept_by_person(order.id)
    quote_id = await caller.brand_label(order.id)
    ankorstore.cancel_order(order.id)
    assert (await caller.confirm(quote_id)).status_code == 422
    assert order.status == "cancelled"


@pytest.mark.parametrize(
    ("parcels", "pointers"),
    [
        pytest.param([], ["shipping.parcels"], id="none"),
        pytest.param([BOX] * 21, ["shipping.parcels"], id="too many"),
        pytest.param([BOX | {"kg": 30.001}], ["shipping.parcels.0.kg"], id="heavy"),
        pytest.param([BOX | {"kg": 0}], ["shipping.parcels.0.kg"], id="weightless"),
        pytest.param(
            [BOX, {"kg": 1, "width": 1, "height": 1}], ["shipping.parcels.1.length"], id="no side"
        ),
        pytest.param(
            [BOX | {"length": 275}],
            ["shipping.parcels.0.length"],
            id="long",
        ),
        pytest.param(
            [BOX | {"length": 200, "width": 60, "height": 41}],
            ["shipping.parcels.0"],
            id="girth",
        ),
        pytest.param(
            [BOX | {"kg": 31}, BOX | {"width": 0.5}],
            ["shipping.parcels.0.kg", "shipping.parcels.1.width"],
            id="two problems",
        ),
    ],
)
async def test_parcels_outside_the_limits(
    ankorstore: SimulatedAnkorstore, caller: Caller, parcels: list[Any], pointers: list[str]
) -> None:
    """Every problem has its own pointer, and no quote comes of it."""
    order = ankorstore.place_order(status="brand_confirmed")

    answer = await caller.send(f"/api/v1/orders/{order.id}/shipping-quotes", {"parcels": parcels})

    assert answer.status_code == 422
    assert [one["source"]["pointer"] for one in answer.json()["errors"]] == pointers
    assert ankorstore.quotes == {}


async def test_parcels_at_the_limits_are_quoted(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """Twenty parcels, thirty kilograms and four metres of length and girth are still good."""
    order = ankorstore.place_order(status="brand_confirmed")
    large = {"length": 200, "width": 60, "height": 40, "kg": 30}
    small = {"length": 1, "width": 1, "height": 1, "kg": 0.001}
    assert (await caller.quotes(order.id, *[large] * 19, small)).status_code == 200


@pytest.mark.parametrize(
    "tracking",
    [
        pytest.param({"trackingLink": "https://a.b/c", "trackingNumber": "1"}, id="both"),
        pytest.param({"trackingProvider": "ups"}, id="no number"),
        pytest.param({"trackingNumber": "1"}, id="no provider"),
        pytest.param({"trackingLink": "see mail"}, id="no link"),
        pytest.param({}, id="neither"),
        pytest.param("1Z9", id="text"),
    ],
)
async def test_tracking_in_a_wrong_form(
    ankorstore: SimulatedAnkorstore, caller: Caller, tracking: Any
) -> None:
    """Tracking of both forms or of half a form is refused; the quote can still be confirmed."""
    order = ankorstore.place_order(status="brand_confirmed")
    quote_id = await caller.brand_label(order.id)

    assert (await caller.confirm(quote_id, tracking)).status_code == 422
    assert order.status == "brand_confirmed"
    assert (await caller.confirm(quote_id)).status_code == 200
    assert (order.status, order.tracking) == ("shipped", None)


async def test_unknown_carrier_keeps_the_number_without_a_link(
    ankorstore: SimulatedAnkorstore, caller: Caller
) -> None:
    """For a carrier the marketplace does not know there is no link to build."""
    order = ankorstore.place_order(status="brand_confirmed")
    quote_id = await caller.brand_label(order.id)
    await caller.confirm(quote_id, {"trackingProvider": "bpost", "trackingNumber": "32"})
    assert (order.provider, order.tracking) == (None, {"number": "32", "link": ""})
