"""The simulated marketplace answers as the published OpenAPI file says."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

import httpx
import pytest

from app.ankorstore.wire import postpone_body
from app.simulator import AnkorstoreHabits, Order, SimulatedAnkorstore

from .openapi import (
    JSON_API,
    CheckedTransport,
    ContractBreach,
    check_request,
    check_response,
)
from .openapi_file import VARIABLE, openapi_dir

if openapi_dir() is None:
    reason = f"{VARIABLE} is not set: it names the folder of Ankorstore's OpenAPI files"
    pytest.skip(reason, allow_module_level=True)

HEADERS = {"accept": JSON_API, "content-type": JSON_API}
ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
BOX = {"length": 40, "width": 30, "height": 20, "kg": 4.2}
FULL_INCLUDE = "retailer,billingItems,orderItems.productVariant.product"


class StillClock:
    """Time moves only when a test moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class CheckedCaller:
    """A caller whose every exchange is held against the description."""

    def __init__(self, company: SimulatedAnkorstore) -> None:
        self.company = company
        self.transport = CheckedTransport(company.transport())
        self.http = httpx.AsyncClient(transport=self.transport, base_url=company.base_url)

    async def log_in(self) -> None:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.company.client_id,
            "client_secret": self.company.client_secret,
            "scope": "*",
        }
        token = (await self.http.post("/oauth/token", data=form)).json()["access_token"]
        self.http.headers.update({"Authorization": f"Bearer {token}", "Accept": JSON_API})

    async def call(self, method: str, path: str, body: Any = None, **query: Any) -> httpx.Response:
        request = self.http.build_request(method, path, params=query or None)
        if body is not None:
            request = self.http.build_request(
                method,
                path,
                params=query or None,
                content=json.dumps(body),
                headers={"Content-Type": JSON_API},
            )
        return await self.http.send(request)

    async def transition(self, order: Order, kind: str, **attributes: Any) -> httpx.Response:
        data = {"type": kind} | ({"attributes": attributes} if attributes else {})
        path = f"/api/v1/orders/{order.id}/-actions/transition"
        return await self.call("POST", path, {"data": data}, include=FULL_INCLUDE)


@pytest.fixture(params=["plural", "singular"])
async def caller(request: pytest.FixtureRequest) -> AsyncIterator[CheckedCaller]:
    spelling: Literal["plural", "singular"] = request.param
    habits = AnkorstoreHabits(type_names=spelling)
    checked = CheckedCaller(SimulatedAnkorstore(clock=StillClock(), seed=3, habits=habits))
    await checked.log_in()
    yield checked
    await checked.http.aclose()


async def test_lists_and_single_reads(caller: CheckedCaller) -> None:
    """Lists on every page and single reads with every include fit the description."""
    for _ in range(4):
        caller.company.place_order()
    order = caller.company.place_order()

    query: dict[str, Any] = {"page[limit]": 2, "include": FULL_INCLUDE}
    first = await caller.call("GET", "/api/v1/orders", **query)
    assert len(first.json()["data"]) == 2
    second = await caller.http.get(first.json()["links"]["next"])
    assert second.json()["links"]["prev"]
    await caller.call("GET", "/api/v1/orders", **{"filter[status]": "ankor_confirmed"})
    for include in ("retailer", "orderItems", FULL_INCLUDE):
        one = await caller.call("GET", f"/api/v1/orders/{order.id}", include=include)
        assert one.status_code == 200


async def test_the_body_that_announces_a_later_date(caller: CheckedCaller) -> None:
    """What the service sends is described, and answered as described; a past day is refused."""
    order = caller.company.place_order(status="brand_confirmed")
    path = f"/api/v1/master-orders/{order.master_order_id}"
    for day, status in ((date(2026, 3, 12), 200), (date(2026, 3, 1), 422)):
        answer = await caller.call("PATCH", path, postpone_body(day))
        assert answer.status_code == status
    assert order.ships_until_updated_at is not None


async def test_the_catalogue(caller: CheckedCaller) -> None:
    """Every page of variants fits the description, archived ones and their products too."""
    for number in range(5):
        variant = caller.company.add_variant(f"SKU-{number}", unit_multiplier=6)
    variant.archived_at = caller.company.clock.now()
    query: dict[str, Any] = {"page[limit]": 2, "include": "product"}

    first = await caller.call("GET", "/api/v1/product-variants", **query)
    second = await caller.http.get(first.json()["links"]["next"])
    third = await caller.http.get(second.json()["links"]["next"])

    pages = [first.json(), second.json(), third.json()]
    skus = [one["attributes"]["sku"] for page in pages for one in page["data"]]
    assert sorted(skus) == [f"SKU-{number}" for number in range(5)]
    assert "next" not in pages[2]["links"]
    assert pages[2]["included"][0]["attributes"]["unitMultiplier"] == 6
    assert (await caller.call("GET", "/api/v1/product-variants")).status_code == 200


async def test_every_transition_and_its_refusal(caller: CheckedCaller) -> None:
    """Transitions answer as described, and so do their 409, 422 and 404."""
    company = caller.company
    accepted, rejected = company.place_order(), company.place_order()

    assert (await caller.transition(accepted, "brand-validates")).status_code == 200
    assert (await caller.transition(accepted, "brand-validates")).status_code == 409
    wanted = {"rejectType": "OTHER", "rejectReason": "No stock"}
    assert (await caller.transition(rejected, "brand-rejects", **wanted)).status_code == 200
    company.generate_labels(accepted.id)
    kind, reset = "brand-resets-shipping-labels-generation", {"resetType": "OTHER", "reason": "x"}
    assert (await caller.transition(accepted, kind, **reset)).status_code == 200
    assert (await caller.transition(accepted, "brand-requests-fulfillment")).status_code == 200
    assert accepted.shipping_method == "fulfillment"
    incomplete = {"rejectType": "OTHER"}
    other = company.place_order()
    assert (await caller.transition(other, "brand-rejects", **incomplete)).status_code == 422
    missing = await caller.call("GET", f"/api/v1/orders/{ORDER_ID}")
    assert missing.status_code == 404


async def test_accept_with_fewer_packs(caller: CheckedCaller) -> None:
    """A reduced accept is described, sent and answered as the description says."""
    order = caller.company.place_order()
    line = {"id": order.lines[0].id, "type": "order-items", "attributes": {"quantity": 1}}

    answer = await caller.transition(order, "brand-validates", orderItems=[line])

    assert answer.status_code == 200
    assert order.lines[0].packs == 1


@pytest.mark.parametrize(
    "tracking",
    [
        pytest.param(None, id="no tracking"),
        pytest.param({"trackingProvider": "ups", "trackingNumber": "1Z"}, id="number"),
        pytest.param({"trackingLink": "https://postnl.nl/tracktrace/?B=3S"}, id="link"),
    ],
)
async def test_quotes_and_confirm(caller: CheckedCaller, tracking: Any) -> None:
    """Quotes, their confirmation and the order afterwards fit, with each form of tracking."""
    order = caller.company.place_order(status="brand_confirmed")
    path = f"/api/v1/orders/{order.id}/shipping-quotes"
    quotes = (await caller.call("POST", path, {"parcels": [BOX]})).json()["data"]
    brand_label = next(one for one in quotes if one["carrierCode"] == "ankorstore")
    quoted = await caller.call("GET", f"/api/v1/orders/{order.id}")
    assert quoted.json()["data"]["attributes"]["shippingOverview"]["latestQuote"] is not None

    confirm = f"/api/v1/shipping-quotes/{brand_label['quoteUuid']}/confirm"
    body = {} if tracking is None else {"tracking": tracking}
    assert "refund" in (await caller.call("POST", confirm, body)).json()["data"]
    assert (await caller.call("POST", confirm, body)).status_code == 404
    await caller.call("GET", f"/api/v1/orders/{order.id}", include=FULL_INCLUDE)
    assert order.status == "shipped"


async def test_master_orders_and_parcel_tracking(caller: CheckedCaller) -> None:
    """Master orders, their promised date and their parcel tracking fit the description."""
    order = caller.company.place_order(status="brand_confirmed")
    caller.company.ship_by_person(order.id, provider="ups", number="1Z")
    root = f"/api/v1/master-orders/{order.master_order_id}"
    parcel = {
        "type": "shipping-shipment-parcel",
        "id": "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01",
        "attributes": {
            "status": "TRANSIT",
            "trackingNumber": "1Z",
            "length": 40,
            "shippedItems": [
                {
                    "productVariantUuid": order.lines[0].variant.id,
                    "batchQuantity": 1,
                    "unitQuantity": 6,
                    "lotNumber": "T1",
                    "expiryDate": "2027-01-01",
                }
            ],
        },
    }
    data = {
        "type": "shipping-shipment",
        "id": ORDER_ID,
        "attributes": {"carrier": "ups", "trackingNumber": "1Z", "status": "TRANSIT"},
        "relationships": {"shipmentParcel": {"data": [parcel]}},
    }
    promise = {
        "type": "internal-order",
        "attributes": {"expected_maximum_shipping_date": "2026-03-30"},
    }

    await caller.call("GET", "/api/v1/master-orders", include="internalOrder,shipment")
    await caller.call("GET", root, include="internalOrder,shipment")
    assert (await caller.call("PATCH", root, {"data": promise})).status_code == 200
    assert (await caller.call("GET", f"{root}/tracking")).json()["data"] is None
    query = {"include": "shipmentParcel,shippedItems"}
    created = await caller.call("POST", f"{root}/tracking", {"data": data}, **query)
    assert created.status_code == 201
    changed = await caller.call("PATCH", f"{root}/tracking", {"data": data}, **query)
    assert changed.status_code == 200
    assert len((await caller.call("GET", f"{root}/tracking", **query)).json()["included"]) == 2


async def test_application_and_subscriptions(caller: CheckedCaller) -> None:
    """The application and the life of a subscription fit the description."""
    application = (await caller.call("GET", "/api/v1/applications")).json()["data"]
    await caller.call("GET", "/api/v1/webhook-subscriptions/events")
    attributes = {"url": "https://bridge.example.com/webhooks", "events": ["order.brand_created"]}
    linked = {"applications": {"data": {"type": "applications", "id": application["id"]}}}
    data = {
        "type": "webhook-subscription",
        "attributes": attributes,
        "relationships": linked,
    }
    root = "/api/v1/webhook-subscriptions"

    created = await caller.call("POST", root, {"data": data})
    subscription_id = created.json()["data"][0]["id"]
    await caller.call("GET", "/api/v1/applications", include="webhookSubscriptions")
    change = {"type": "webhook-subscriptions", "id": subscription_id, "attributes": attributes}
    changed = await caller.call("PATCH", f"{root}/{subscription_id}", {"data": change})
    gone = await caller.call("DELETE", f"{root}/{subscription_id}")
    again = await caller.call("DELETE", f"{root}/{subscription_id}")

    statuses = [one.status_code for one in (created, changed, gone, again)]
    assert statuses == [201, 200, 200, 404]


async def test_sandbox_calls(caller: CheckedCaller) -> None:
    """The caller's configuration and a test order fit the description."""
    assert (await caller.call("GET", "/api/v1/me/config")).status_code == 200
    answer = await caller.call("POST", "/api/testing/orders/create", {"itemQuantity": 3})
    assert answer.status_code == 200


async def test_refusals_at_the_door(caller: CheckedCaller) -> None:
    """401 and 429 are error documents like any other."""
    caller.company.expire_tokens()
    assert (await caller.call("GET", "/api/v1/orders")).status_code == 401
    caller.company.habits.requests_per_minute = 0
    assert (await caller.call("GET", "/api/v1/orders")).status_code == 429


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        pytest.param("GET", "/api/v1/orders?sort=reference", HEADERS, None, id="unknown query"),
        pytest.param("GET", "/api/v1/orders?include=retailer,x", HEADERS, None, id="include"),
        pytest.param("GET", "/api/v1/orders", {"accept": "*/*"}, None, id="accept"),
        pytest.param("GET", "/api/v1/nowhere", HEADERS, None, id="unknown path"),
        pytest.param("GET", "/api/v1/orders/17", HEADERS, None, id="id is no uuid"),
        pytest.param(
            "POST",
            f"/api/v1/orders/{ORDER_ID}/-actions/transition",
            HEADERS,
            None,
            id="no transition",
        ),
        pytest.param(
            "POST",
            f"/api/v1/orders/{ORDER_ID}/shipping-quotes",
            HEADERS,
            {"parcels": []},
            id="no parcels",
        ),
        pytest.param(
            "POST",
            f"/api/v1/orders/{ORDER_ID}/shipping-quotes",
            HEADERS,
            {"parcels": [BOX] * 21},
            id="too many parcels",
        ),
        pytest.param(
            "POST",
            f"/api/v1/shipping-quotes/{ORDER_ID}/confirm",
            HEADERS,
            {"tracking": {"trackingLink": "https://x.y", "trackingProvider": "ups"}}
            | {"labelFormat": "odd"},
            id="label format",
        ),
        pytest.param(
            "POST",
            f"/api/v1/shipping-quotes/{ORDER_ID}/confirm",
            HEADERS,
            {
                "tracking": {
                    "trackingLink": "https://x.y",
                    "trackingProvider": "ups",
                    "trackingNumber": "1",
                }
            },
            id="both forms of tracking",
        ),
    ],
)
def test_a_request_outside_the_description_is_caught(
    method: str, path: str, headers: dict[str, str], body: Any
) -> None:
    """The checker refuses what the description does not allow, the mended quirks included."""
    raw = None if body is None else json.dumps(body).encode()
    with pytest.raises(ContractBreach):
        check_request(method, f"https://www.ankorstore.com{path}", headers, raw)


@pytest.mark.parametrize(
    ("status", "document"),
    [
        pytest.param(200, {"data": {"type": "orders"}}, id="no id"),
        pytest.param(200, {"data": {"type": "orders", "id": "17"}}, id="id is no uuid"),
        pytest.param(
            200,
            {"data": {"type": "orders", "id": ORDER_ID, "attributes": {"reference": "17"}}},
            id="reference is text",
        ),
        pytest.param(
            200,
            {"data": {"type": "orders", "id": ORDER_ID, "attributes": {"odd": 1}}},
            id="unknown attribute",
        ),
        pytest.param(
            200,
            {"data": {"type": "orders", "id": ORDER_ID, "attributes": {"status": "odd"}}},
            id="unknown status",
        ),
        pytest.param(
            200,
            {"data": {"type": "orders", "id": ORDER_ID, "attributes": {"createdAt": "now"}}},
            id="time",
        ),
        pytest.param(404, {"error": "no"}, id="error without a list"),
        pytest.param(204, {}, id="status not described"),
    ],
)
def test_an_answer_outside_the_description_is_caught(status: int, document: Any) -> None:
    """The checker refuses answers the description does not allow."""
    url, headers = (
        f"https://www.ankorstore.com/api/v1/orders/{ORDER_ID}",
        {"content-type": JSON_API},
    )
    with pytest.raises(ContractBreach):
        check_response("GET", url, status, headers, json.dumps(document).encode())
