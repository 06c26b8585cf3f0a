"""A clock moved by hand, both companies on it, and callers that have logged in."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore

JSON_API = "application/vnd.api+json"


class HandClock:
    """Time stands still until somebody sleeps or moves it."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Caller:
    """A client of the marketplace with a token and the right headers."""

    def __init__(self, company: SimulatedAnkorstore) -> None:
        self.company = company
        self.http = httpx.AsyncClient(transport=company.transport(), base_url=company.base_url)

    async def log_in(self) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.company.client_id,
            "client_secret": self.company.client_secret,
            "scope": "*",
        }
        response = await self.http.post("/oauth/token", data=form)
        token = response.json().get("access_token")
        self.http.headers.update({"Authorization": f"Bearer {token}", "Accept": JSON_API})
        return response

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self.http.get(path, params=query or None)

    async def send(self, path: str, body: Any, method: str = "POST") -> httpx.Response:
        headers = {"Content-Type": JSON_API}
        request = self.http.build_request(method, path, json=body, headers=headers)
        return await self.http.send(request)

    async def transition(self, order_id: str, kind: str, **attributes: Any) -> httpx.Response:
        data: dict[str, Any] = {"type": kind}
        if attributes:
            data["attributes"] = attributes
        return await self.send(f"/api/v1/orders/{order_id}/-actions/transition", {"data": data})

    async def quotes(self, order_id: str, *parcels: dict[str, float]) -> httpx.Response:
        box = {"length": 40, "width": 30, "height": 20, "kg": 4.2}
        body = {"parcels": list(parcels) or [box]}
        return await self.send(f"/api/v1/orders/{order_id}/shipping-quotes", body)

    async def confirm(self, quote_id: str, tracking: Any = None) -> httpx.Response:
        body = {} if tracking is None else {"tracking": tracking}
        return await self.send(f"/api/v1/shipping-quotes/{quote_id}/confirm", body)

    async def brand_label(self, order_id: str) -> str:
        quotes = (await self.quotes(order_id)).json()["data"]
        return next(one["quoteUuid"] for one in quotes if one["carrierCode"] == "ankorstore")


class Shop:
    """A client of the warehouse with a token."""

    def __init__(self, company: SimulatedActiveAnts) -> None:
        self.company = company
        self.http = httpx.AsyncClient(transport=company.transport(), base_url=company.base_url)

    async def log_in(self) -> httpx.Response:
        form = {
            "grant_type": "password",
            "username": self.company.username,
            "password": self.company.password,
        }
        response = await self.http.post("/token", data=form)
        self.http.headers["Authorization"] = f"Bearer {response.json().get('access_token')}"
        return response

    async def add(self, number: str, path: str = "/v2/order/add", **changes: Any) -> Any:
        response = await self.http.post(path, json=order_body(number, **changes))
        return response.json()

    async def search(self, number: str) -> Any:
        query = {"externalOrderNumber": number}
        return (await self.http.get("/v2/order/search", params=query)).json()

    async def feed(self, *order_types: int) -> Any:
        body = {"orderTypes": list(order_types or (3002,))}
        return (await self.http.post("/v2/shipment/byordertype", json=body)).json()["result"]

    async def acknowledge(self, *ids: int) -> Any:
        return (await self.http.post("/v2/shipment/sync", json={"ids": list(ids)})).json()


def order_body(number: str, **changes: Any) -> dict[str, Any]:
    """A complete order; None as a change leaves the member out."""
    body = {
        "externalOrderNumber": number,
        "extra1": "order-1",
        "email": "shop@example.com",
        "paymentMethodId": 1,
        "deliveryAddressFirstName": "Ada",
        "deliveryAddressLastName": "Attan",
        "deliveryAddressStreet": "Kortricklaan",
        "deliveryAddressHouseNumber": 101,
        "deliveryAddressPostalCode": "8121 GW",
        "DeliveryAddressCityName": "Arnhem",
        "deliveryAddressCountryIso": "NL",
        "languageId": 1,
        "orderTypeId": 3002,
        "orderItems": [{"sku": "MUG-01", "quantity": 12, "name": "Mug", "price": 3.33, "vat": 20}],
    }
    return {name: value for name, value in (body | changes).items() if value is not None}


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ankorstore(clock: HandClock) -> SimulatedAnkorstore:
    return SimulatedAnkorstore(clock=clock, seed=7)


@pytest.fixture
def active_ants(clock: HandClock) -> SimulatedActiveAnts:
    return SimulatedActiveAnts(clock=clock, seed=7)


@pytest.fixture
async def caller(ankorstore: SimulatedAnkorstore) -> AsyncIterator[Caller]:
    logged_in = Caller(ankorstore)
    await logged_in.log_in()
    yield logged_in
    await logged_in.http.aclose()


@pytest.fixture
async def shop(active_ants: SimulatedActiveAnts) -> AsyncIterator[Shop]:
    logged_in = Shop(active_ants)
    await logged_in.log_in()
    yield logged_in
    await logged_in.http.aclose()
