"""Situations no call leads to: made by doings and mishaps, over the control endpoints too."""

import json
from typing import Any

import pytest

from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.exchange import Ask
from tests.simulator.conftest import Caller, Shop


def control(company: Any, path: str, **wanted: Any) -> Any:
    """Post to a control endpoint; return its answer."""
    ask = Ask("POST", path, "", {}, json.dumps(wanted).encode())
    handler = company.control.find(ask)
    assert handler is not None
    return json.loads(handler(ask).body)


async def shown(caller: Caller, order_id: str) -> dict[str, Any]:
    """Return what the marketplace shows of an order."""
    answer = await caller.get(f"/api/v1/orders/{order_id}")
    return dict(answer.json()["data"]["attributes"])


DOINGS: tuple[tuple[dict[str, Any], tuple[str, ...], Any], ...] = (
    ({"do": "set_status", "status": "rejected"}, ("status",), "rejected"),
    (
        {"do": "choose_shipping_method", "method": "ankorstore"},
        ("shippingMethod",),
        "ankorstore",
    ),
    (
        {"do": "offer_shipping_methods", "methods": ["ankorstore"]},
        ("shippingOverview", "availableShippingMethods"),
        ["ankorstore"],
    ),
    ({"do": "leave_quote"}, ("shippingOverview", "latestQuote", "provider"), "ups"),
    ({"do": "forget_submission"}, ("submittedAt",), None),
    (
        {"do": "ask_for_cancellation", "reason": "twice"},
        ("retailerCancellationRequestReason",),
        "twice",
    ),
    ({"do": "withdraw_cancellation"}, ("retailerCancellationRequestReason",), None),
    (
        {"do": "expect_shipping_by", "at": "2026-12-24T00:00:00+00:00"},
        ("shippingOverview", "expectedShippingDates", "maximum"),
        "2026-12-24",
    ),
)


@pytest.mark.parametrize(("wanted", "path", "value"), DOINGS, ids=lambda value: str(value)[:30])
async def test_what_happens_to_an_order_is_shown(
    caller: Caller,
    ankorstore: SimulatedAnkorstore,
    wanted: dict[str, Any],
    path: tuple[str, ...],
    value: Any,
) -> None:
    """Also where the order was read, and its document kept, before."""
    order = ankorstore.place_order()
    await shown(caller, order.id)

    control(ankorstore, "/_simulator/doings", order=order.id, **wanted)

    found: Any = await shown(caller, order.id)
    for name in path:
        found = found[name]
    assert (found[:10] if wanted["do"] == "expect_shipping_by" else found) == value


async def test_what_happens_to_the_rest(caller: Caller, ankorstore: SimulatedAnkorstore) -> None:
    """The address, the retailer, the SKU of a variant, and an order that is lost."""
    order = ankorstore.place_order()
    path = "/_simulator/doings"
    address = {"name": "Ina", "organisation_name": None, "street": "Neude 1"}
    address |= {"postal_code": "3512 AD", "city": "Utrecht", "country_code": "NL"}
    control(ankorstore, path, order=order.id, do="change_address", **address)
    control(ankorstore, path, order=order.id, do="change_retailer", email=None)
    sku = order.lines[0].variant.sku
    assert control(ankorstore, path, do="rename_sku", sku=sku, new_sku="NEW") == {"sku": "NEW"}
    assert (await shown(caller, order.id))["shippingOverview"]["shipToAddress"]["street"] == (
        "Neude 1"
    )
    assert (order.retailer.email, order.lines[0].variant.sku) == (None, "NEW")
    control(ankorstore, path, order=order.id, do="forget_order")
    assert (await caller.get(f"/api/v1/orders/{order.id}")).status_code == 404


async def test_a_confirm_that_does_not_show(
    caller: Caller, ankorstore: SimulatedAnkorstore
) -> None:
    ankorstore.habits.shows_confirms = False
    order = ankorstore.place_order(status="brand_confirmed")
    answer = await caller.confirm(await caller.brand_label(order.id))
    assert (answer.is_success, order.status) == (True, "brand_confirmed")


async def test_mishaps(shop: Shop, active_ants: SimulatedActiveAnts) -> None:
    """Shipments under other numbers, without goods, of another shop; products as they are."""
    path = "/_simulator/mishaps"
    control(active_ants, path, do="describe_product", sku="TOTE-NAT", weight_kg=20.0)
    assert active_ants.products["TOTE-NAT"].weight_kg == 20.0
    await shop.add("4711")
    shipment = active_ants.ship("4711")
    control(active_ants, path, do="tell_status", shipment=shipment.id, status="lost at sea")
    hidden = control(active_ants, path, do="hide_goods", shipment=shipment.id)
    seen = control(active_ants, path, do="show_goods", shipment=shipment.id)
    assert (hidden["shippedProducts"], len(seen["shippedProducts"])) == ([], len(shipment.items))
    row = control(
        active_ants,
        path,
        do="relabel_shipment",
        shipment=shipment.id,
        external_order_number="OLD-1",
        order_number=1,
    )
    assert (row["externalOrderNumber"], row["orderNumber"]) == ("OLD-1", 1)
    assert shipment.status == "lost at sea"
    assert control(active_ants, path, do="acknowledge_elsewhere") == {"acknowledged": 1}
    assert shipment.is_acknowledged

    taken = control(active_ants, path, do="occupy_number", order="4711", number="R1")
    assert (taken["external_order_number"], taken["extra1"]) == ("R1", None)
    assert active_ants.orders_numbered("4711") == []


async def test_goods_that_come_back(shop: Shop, active_ants: SimulatedActiveAnts) -> None:
    """A person books returns in, and lets labels be refused and made again."""
    path = "/_simulator/returns"
    await shop.add("4711")
    shipment = active_ants.ship("4711")
    items = [{"shipmentItemId": shipment.items[0].id, "quantity": 1}]
    answer = await shop.http.post(
        "/v2/rma/add", json={"shipmentId": shipment.id, "rmaItems": items}
    )
    rma = answer.json()["result"]

    booked = control(active_ants, path, do="book", rma=rma, pieces=1)
    assert booked == {"rma": rma, "booked_pieces": 1}
    for doing, makes in (("refuse_labels", False), ("make_labels", True)):
        assert control(active_ants, path, do=doing) == {"makes_return_labels": makes}
        assert active_ants.habits.makes_return_labels is makes


@pytest.mark.parametrize("order", ["no-such", 1])
async def test_an_order_nobody_has_is_refused(
    active_ants: SimulatedActiveAnts, order: str | int
) -> None:
    """A doing that makes no sense is answered 400, not an error of the program."""
    body = json.dumps({"order": order, "do": "cancel"}).encode()
    answer = await active_ants.answer(Ask("POST", "/_simulator/maya", "", {}, body), None)

    assert (answer.status, str(order) in answer.body.decode()) == (400, True)
