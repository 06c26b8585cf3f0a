"""Bodies nobody should send: both companies refuse them, none of them trips."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.exchange import Ask

from .conftest import JSON_API, HandClock, order_body

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
JSON_VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
PARCEL_ID = "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01"


def paths_into(document: Any, prefix: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every value inside *document*."""
    steps = document.items() if isinstance(document, dict) else enumerate(document)
    found = [prefix] if prefix else []
    for step, value in steps:
        here = (*prefix, step)
        found += paths_into(value, here) if isinstance(value, dict | list) else [here]
    return found


def replaced(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of *document* with one value exchanged."""
    copy = json.loads(json.dumps(document))
    node = copy
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = value
    return copy


def marketplace_calls(company: SimulatedAnkorstore) -> dict[str, tuple[str, str, Any]]:
    """A good body for every call of the marketplace that takes one."""
    order = company.place_order(status="brand_confirmed")
    line = {"id": order.lines[0].id, "type": "order-items", "attributes": {"quantity": 1}}
    parcel = {
        "type": "shipping-shipment-parcel",
        "id": PARCEL_ID,
        "attributes": {
            "status": "TRANSIT",
            "trackingNumber": "1",
            "weight": 3,
            "shippedItems": [
                {"productVariantUuid": PARCEL_ID, "batchQuantity": 1, "unitQuantity": 1}
                | {"lotNumber": "L1"}
            ],
        },
    }
    sender = {"name": "a", "street": "b", "city": "c", "postalCode": "d", "countryCode": "FR"}
    tracking = {
        "type": "shipping-shipment",
        "id": PARCEL_ID,
        "attributes": {
            "carrier": "ups",
            "status": "TRANSIT",
            "trackingNumber": "1",
            "fromAddress": {"data": sender},
        },
        "relationships": {"shipmentParcel": {"data": [parcel]}},
    }
    subscription = {
        "type": "webhook-subscription",
        "attributes": {"url": "https://a.b/c", "events": ["order.shipped"]},
        "relationships": {
            "applications": {"data": {"type": "applications", "id": company.application_id}}
        },
    }
    variant = {"id": order.lines[0].variant.id, "itemQuantity": 2}
    promise = {"expected_maximum_shipping_date": "2026-03-30"}
    root = f"/api/v1/orders/{order.id}"
    master = f"/api/v1/master-orders/{order.master_order_id}"
    accept = {"type": "brand-validates", "attributes": {"orderItems": [line]}}
    return {
        "accept": ("POST", f"{root}/-actions/transition", {"data": accept}),
        "quotes": ("POST", f"{root}/shipping-quotes", {"parcels": [{"kg": 1, "length": 1}]}),
        "tracking": ("POST", f"{master}/tracking", {"data": tracking}),
        "promise": ("PATCH", master, {"data": {"type": "internal-order", "attributes": promise}}),
        "subscribe": ("POST", "/api/v1/webhook-subscriptions", {"data": subscription}),
        "test order": ("POST", "/api/testing/orders/create", {"productVariants": [variant]}),
    }


def answer_of(company: Any, ask: Ask) -> int:
    """Return the status a company answers."""
    return int(asyncio.run(company.answer(ask)).status)


def log_in(company: Any) -> dict[str, str]:
    """Return the headers of a caller that has a token."""
    if isinstance(company, SimulatedAnkorstore):
        path, form = "/oauth/token", "grant_type=client_credentials"
        form += f"&client_id={company.client_id}&client_secret={company.client_secret}"
    else:
        path = "/token"
        form = f"grant_type=password&username={company.username}&password={company.password}"
    answer = asyncio.run(company.answer(Ask("POST", path, "", {}, form.encode())))
    token = json.loads(answer.body)["access_token"]
    headers = {"authorization": f"Bearer {token}", "accept": JSON_API}
    return headers | {"content-type": JSON_API}


@pytest.mark.parametrize(
    "name", ["accept", "quotes", "tracking", "promise", "subscribe", "test order"]
)
@settings(max_examples=60)
@given(data=st.data())
def test_marketplace_never_trips(name: str, data: st.DataObject) -> None:
    """Whatever stands in place of a good value, the answer is a success or a 4xx."""
    company = SimulatedAnkorstore(clock=HandClock())
    headers = log_in(company)
    method, path, body = marketplace_calls(company)[name]
    odd = data.draw(JSON_VALUES)
    where = data.draw(st.sampled_from(paths_into(body)))
    for document in (odd, replaced(body, where, odd)):
        ask = Ask(method, path, "", headers, json.dumps(document).encode())
        assert answer_of(company, ask) < 500


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v2/order/add", order_body("3434273911", preferredShippingDate="2026-03-03")),
        ("/v2/order/search", {"externalOrderNumber": "x"}),
        ("/v2/order/release", {"externalOrderNumber": "x"}),
        ("/v2/shipment/byordertype", {"orderTypes": [3002]}),
        ("/v2/shipment/sync", {"ids": [1]}),
        (
            "/v2/shipment/search",
            {"externalOrderNumber": "x", "id": 1, "shippingDate": "2026-03-02"},
        ),
        ("/v2/product/search", {"sku": "x", "barcode": "y"}),
    ],
)
@settings(max_examples=60)
@given(data=st.data())
def test_warehouse_never_trips(path: str, body: Any, data: st.DataObject) -> None:
    """Whatever stands in place of a good value, the answer is an envelope."""
    company = SimulatedActiveAnts(clock=HandClock())
    headers = log_in(company)
    odd = data.draw(JSON_VALUES)
    where = data.draw(st.sampled_from(paths_into(body)))
    for document in (odd, replaced(body, where, odd)):
        ask = Ask("POST", path, "", headers, json.dumps(document).encode())
        assert answer_of(company, ask) in (200, 400)
