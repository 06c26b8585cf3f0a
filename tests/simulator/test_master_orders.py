"""Master orders at the simulated marketplace: promised dates and parcel tracking."""

from typing import Any

import pytest

from app.simulator import Order, SimulatedAnkorstore

from .conftest import Caller

SHIPMENT_ID = "0b7f1c1e-4a2f-4f0b-9d35-1a1f3e6c1c11"
PARCEL_IDS = ("7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01", "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a02")


@pytest.fixture
def order(ankorstore: SimulatedAnkorstore) -> Order:
    placed = ankorstore.place_order(status="brand_confirmed")
    return ankorstore.ship_by_person(placed.id, "ups", "1Z1")


def tracking_body(*numbers: str, shipment_id: str = SHIPMENT_ID, **attributes: Any) -> Any:
    """Parcel tracking with one parcel for each number."""
    parcels = [
        {
            "type": "shipping-shipment-parcel",
            "id": parcel_id,
            "attributes": {"status": "TRANSIT", "trackingNumber": number},
        }
        for parcel_id, number in zip(PARCEL_IDS, numbers, strict=False)
    ]
    facts = {"carrier": "ups", "status": "TRANSIT", "trackingNumber": numbers[0]} | attributes
    return {
        "data": {
            "type": "shipping-shipment",
            "id": shipment_id,
            "attributes": facts,
            "relationships": {"shipmentParcel": {"data": parcels}},
        }
    }


async def test_tracking_is_created_once_and_then_changed(caller: Caller, order: Order) -> None:
    """A repeat with the same id changes nothing, another id is refused, a PATCH adds parcels."""
    path = f"/api/v1/master-orders/{order.master_order_id}/tracking"
    assert (await caller.get(path)).json()["data"] is None
    assert (await caller.send(path, tracking_body("1Z1"), "PATCH")).status_code == 404

    first = await caller.send(path, tracking_body("1Z1"))
    repeat = await caller.send(path, tracking_body("changed"))
    other = await caller.send(path, tracking_body("1Z1", shipment_id=PARCEL_IDS[0]))
    changed = await caller.send(path, tracking_body("1Z1", "1Z2", status="DELIVERED"), "PATCH")

    statuses = [one.status_code for one in (first, repeat, other, changed)]
    assert statuses == [201, 201, 422, 200]
    assert repeat.json() == first.json()
    shown = (await caller.get(path, include="shipmentParcel")).json()
    assert shown["data"]["attributes"]["status"] == "DELIVERED"
    assert shown["data"]["attributes"]["trackingLink"].endswith("1Z1")
    assert [one["attributes"]["trackingNumber"] for one in shown["included"]] == ["1Z1", "1Z2"]


async def test_patch_may_refuse_new_parcels(
    ankorstore: SimulatedAnkorstore, caller: Caller, order: Order
) -> None:
    """Whether a PATCH adds parcels is not documented; both can be had."""
    ankorstore.habits.patch_adds_parcels = False
    path = f"/api/v1/master-orders/{order.master_order_id}/tracking"
    await caller.send(path, tracking_body("1Z1"))

    assert (await caller.send(path, tracking_body("1Z1", "1Z2"), "PATCH")).status_code == 422
    assert order.parcel_tracking is not None
    assert len(order.parcel_tracking["parcels"]) == 1


async def test_tracking_may_not_be_allowed(
    ankorstore: SimulatedAnkorstore, caller: Caller, order: Order
) -> None:
    """A marketplace that takes no tracking after a confirm answers 403."""
    ankorstore.habits.allows_parcel_tracking = False
    path = f"/api/v1/master-orders/{order.master_order_id}/tracking"
    assert (await caller.send(path, tracking_body("1Z1"))).status_code == 403
    assert order.parcel_tracking is None


@pytest.mark.parametrize(
    ("spoil", "pointer"),
    [
        (lambda data: data["attributes"].pop("carrier"), "data.attributes.carrier"),
        (lambda data: data["attributes"].update(status="LOST"), "data.attributes.status"),
        (lambda data: data.update(id="17"), "data.id"),
        (
            lambda data: data["relationships"]["shipmentParcel"].update(data=[]),
            "data.relationships.shipmentParcel.data",
        ),
    ],
)
async def test_tracking_that_makes_no_sense(
    caller: Caller, order: Order, spoil: Any, pointer: str
) -> None:
    """Missing and wrong members are named, and nothing is stored."""
    body = tracking_body("1Z1")
    spoil(body["data"])

    answer = await caller.send(f"/api/v1/master-orders/{order.master_order_id}/tracking", body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["source"]["pointer"] == pointer
    assert order.parcel_tracking is None


async def test_promised_date_moves_forward_only(caller: Caller, order: Order) -> None:
    """The date must be today or later, and is then shown as updatedMaximum."""
    path = f"/api/v1/master-orders/{order.master_order_id}"

    async def promise(text: str) -> int:
        attributes = {"expected_maximum_shipping_date": text}
        body = {"data": {"type": "internal-order", "attributes": attributes}}
        return (await caller.send(path, body, "PATCH")).status_code

    statuses = [await promise(text) for text in ("2026-03-01", "soon", "2026-03-30")]
    assert statuses == [422, 422, 200]
    single = (await caller.get(f"/api/v1/orders/{order.id}")).json()["data"]["attributes"]
    dates = single["shippingOverview"]["expectedShippingDates"]
    assert dates["updatedMaximum"] == "2026-03-30T23:59:59+00:00"


async def test_masters_are_listed_with_their_orders(caller: Caller, order: Order) -> None:
    """A master order names its internal order, and its shipment once there is one."""
    listed = (await caller.get("/api/v1/master-orders", include="internalOrder,shipment")).json()
    assert [one["id"] for one in listed["data"]] == [order.master_order_id]
    assert {one["id"] for one in listed["included"]} == {order.id, order.shipment_id}
    assert (await caller.get(f"/api/v1/master-orders/{order.id}")).status_code == 404
