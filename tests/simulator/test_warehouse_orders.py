"""Orders at the simulated warehouse: what is taken, what is refused, and when it is found."""

from typing import Any

import pytest

from app.simulator import SimulatedActiveAnts

from .conftest import HandClock, Shop, order_body


async def test_order_is_taken_and_found(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """The answer is the order number; search shows the same and gives extra1 back."""
    taken = await shop.add("3434273911")
    found = await shop.search("3434273911")

    (order,) = active_ants.orders.values()
    assert (taken["messageCode"], taken["result"]) == ("OK", order.order_number)
    assert found["result"] == {
        "orderNumber": order.order_number,
        "externalOrderNumber": "3434273911",
        "extra1": "order-1",
        "extra2": None,
        "extra3": None,
        "extra4": None,
        "extra5": None,
    }


async def test_member_names_in_any_case(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """Names are bound without regard to case, in items as well."""
    body = {name[0].upper() + name[1:]: value for name, value in order_body("AB-1").items()}
    body["OrderItems"] = [{"SKU": "MUG-01", "Quantity": 2, "EXTRA6": "line-1"}]
    response = await shop.http.post("/v2/order/add", json=body)
    assert response.json()["messageCode"] == "OK"
    (order,) = active_ants.orders_numbered("AB-1")
    assert (order.items[0].quantity, order.items[0].extra6) == (2, "line-1")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"orderItems": [{"sku": "NO-SUCH", "quantity": 1}]}, id="unknown sku"),
        pytest.param({"orderItems": [{"sku": "MUG-01", "quantity": "1"}]}, id="text quantity"),
        pytest.param({"orderItems": [{"sku": "MUG-01", "quantity": 0}]}, id="nothing of it"),
        pytest.param({"orderItems": [{"sku": "MUG-01"}]}, id="no quantity"),
        pytest.param({"orderItems": []}, id="no items"),
        pytest.param({"orderTypeId": 9}, id="unknown order type"),
        pytest.param({"orderTypeId": None}, id="no order type"),
        pytest.param({"languageId": 99}, id="unknown language"),
        pytest.param({"shippingMethodId": 1}, id="unknown shipping method"),
        pytest.param({"deliveryAddressCountryIso": "US"}, id="unknown country"),
        pytest.param({"billingAddressCountryIso": "XX"}, id="unknown billing country"),
        pytest.param({"warehouseId": 5}, id="unknown warehouse"),
        pytest.param({"deliveryAddressLastName": None}, id="no last name"),
        pytest.param({"deliveryAddressStreet": ""}, id="empty street"),
        pytest.param({"paymentMethodId": None}, id="no payment method"),
        pytest.param({"externalOrderNumber": "12"}, id="short number"),
        pytest.param({"externalOrderNumber": 3434273911}, id="number as a number"),
        pytest.param({"deliveryAddressHouseNumber": "101"}, id="house number as text"),
        pytest.param({"deliveryAddressHouseNumber": True}, id="house number as a boolean"),
        pytest.param({"onHold": "yes"}, id="hold as text"),
    ],
)
@pytest.mark.parametrize("nok_status", [200, 400])
async def test_refused_orders_leave_nothing_behind(
    active_ants: SimulatedActiveAnts, shop: Shop, changes: dict[str, Any], nok_status: int
) -> None:
    """A refusal is NOK in an envelope, with either status; no order, no stock taken."""
    active_ants.habits.nok_status = nok_status
    body = order_body("3434273911") | {k: v for k, v in changes.items() if v is not None}
    body = {name: value for name, value in body.items() if changes.get(name, 0) is not None}

    response = await shop.http.post("/v2/order/add", json=body)

    assert (response.status_code, response.json()["messageCode"]) == (nok_status, "NOK")
    assert response.json()["result"] is None
    assert active_ants.orders == {}
    assert active_ants.products["MUG-01"].stock == 1000


@pytest.mark.parametrize(
    ("country", "street", "is_valid"),
    [
        pytest.param("NL", "Kortricklaan", False, id="needed and missing"),
        pytest.param("BE", "Veldstraat 12 bus 3", True, id="found in the street"),
        pytest.param("FR", "Place de la Mairie", True, id="not needed"),
    ],
)
async def test_missing_house_number(
    active_ants: SimulatedActiveAnts,
    shop: Shop,
    clock: HandClock,
    country: str,
    street: str,
    is_valid: bool,
) -> None:
    """Without the house number its country needs, an order is taken but never shipped."""
    answer = await shop.add(
        "3434273911",
        deliveryAddressHouseNumber=None,
        deliveryAddressCountryIso=country,
        deliveryAddressStreet=street,
    )
    clock.move(3600)
    active_ants.catch_up()

    assert answer["messageCode"] == "OK"
    (order,) = active_ants.orders.values()
    assert order.is_valid is is_valid
    assert len(active_ants.shipments) == int(is_valid)


async def test_number_is_refused_at_once(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """A second order of the same number is refused by its number, also by the older path."""
    await shop.add("3434273911")
    for path in ("/v2/order/add", "/order/add"):
        again = await shop.add("3434273911", path)
        assert again["messageCode"] == "NOK"
        assert "(3434273911) already exists" in again["message"]
    assert len(active_ants.orders) == 1


async def test_late_uniqueness_lets_a_double_through(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """Where uniqueness follows the search index, a number is free until the index knows it."""
    active_ants.habits.uniqueness = "late"
    active_ants.habits.search_lag_seconds = 20
    answers = [await shop.add("3434273911") for _ in range(2)]
    clock.move(20)
    answers.append(await shop.add("3434273911"))

    assert [one["messageCode"] for one in answers] == ["OK", "OK", "NOK"]
    assert len(active_ants.orders_numbered("3434273911")) == 2


async def test_no_uniqueness_at_all(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """A warehouse that never compares numbers takes the same order as often as it is sent."""
    active_ants.habits.uniqueness = "off"
    for _ in range(3):
        await shop.add("3434273911")
    assert len(active_ants.orders_numbered("3434273911")) == 3


async def test_search_lags_behind(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """Search knows an order only after the lag, though its number is refused at once."""
    active_ants.habits.search_lag_seconds = 20
    await shop.add("3434273911")
    clock.move(19.9)
    assert (await shop.search("3434273911"))["messageCode"] == "NOK"
    assert (await shop.add("3434273911"))["messageCode"] == "NOK"
    clock.move(0.1)
    assert (await shop.search("3434273911"))["messageCode"] == "OK"


@pytest.mark.parametrize(
    ("habit", "status", "code", "result"),
    [
        ("nok", 200, "NOK", None),
        ("null", 200, "OK", None),
        ("empty", 200, "OK", []),
        ("404", 404, "NOK", None),
    ],
)
async def test_ways_to_say_not_found(
    active_ants: SimulatedActiveAnts, shop: Shop, habit: Any, status: int, code: str, result: Any
) -> None:
    """Not found comes in four ways, all of them in an envelope, by GET and by POST."""
    active_ants.habits.not_found = habit
    by_get = await shop.http.get("/v2/order/search", params={"externalOrderNumber": "none"})
    by_post = await shop.http.post("/order/search", json={"ExternalOrderNumber": "none"})
    for response in (by_get, by_post):
        document = response.json()
        assert response.status_code == status
        assert (document["messageCode"], document["result"]) == (code, result)


async def test_hidden_extras_and_another_result(
    active_ants: SimulatedActiveAnts, shop: Shop
) -> None:
    """Search may keep extra1 to itself, and an add may answer another number than search."""
    active_ants.habits.search_shows_extras = False
    active_ants.habits.add_result = "another_number"
    taken = await shop.add("3434273911")
    found = await shop.search("3434273911")
    assert found["result"]["extra1"] is None
    assert found["result"]["orderNumber"] in active_ants.orders
    assert taken["result"] not in active_ants.orders


async def test_order_on_hold_waits_for_its_release(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """An order on hold ships only after its release."""
    await shop.add("3434273911", onHold=True)
    clock.move(3600)
    active_ants.catch_up()
    assert active_ants.shipments == {}

    body = {"externalOrderNumber": "3434273911"}
    released = await shop.http.post("/v2/order/release", json=body)
    clock.move(60)
    active_ants.catch_up()

    assert released.json()["messageCode"] == "OK"
    assert len(active_ants.shipments) == 1


async def test_login_and_token(
    active_ants: SimulatedActiveAnts, shop: Shop, clock: HandClock
) -> None:
    """A refused login is a 400; a token ends by the clock or when it is taken away."""
    wrong = {"grant_type": "password", "username": "x", "password": "y"}
    refused = await shop.http.post("/token", data=wrong)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    clock.move(56_499)
    expired = await shop.http.get("/v2/settings/get")
    assert (expired.status_code, "messageCode" in expired.json()) == (401, False)
    await shop.log_in()
    assert (await shop.http.get("/v2/settings/get")).status_code == 200
    active_ants.expire_tokens()
    assert (await shop.http.get("/v2/settings/get")).status_code == 401
    assert (await shop.http.get("/status/get")).json()["message"] == "Status is OK."


async def test_missing_versioned_paths(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """Without versioned paths only their older twins answer; the 404 has no envelope."""
    active_ants.habits.has_versioned_paths = False
    missing = await shop.http.get("/v2/settings/get")
    assert (missing.status_code, "messageCode" in missing.json()) == (404, False)
    assert (await shop.http.get("/settings/get")).json()["messageCode"] == "OK"
    assert (await shop.add("3434273911", "/order/add"))["messageCode"] == "OK"
    assert (await shop.http.post("/v2/order/add", json={})).status_code == 404
    assert await shop.feed() == []

    active_ants.habits.missing_paths = ("/v2/shipment/*", "/order/*")
    for path in ("/v2/shipment/byordertype", "/order/add"):
        assert (await shop.http.post(path, json={})).status_code == 404
    assert (await shop.http.delete("/v2/stock/get/X")).status_code == 405


async def test_settings_hold_every_id(active_ants: SimulatedActiveAnts, shop: Shop) -> None:
    """The lists a client resolves its codes with are all there."""
    result = (await shop.http.get("/v2/settings/get")).json()["result"]
    assert {one["code"] for one in result["orderTypes"]} == {"ANKORSTORE", "WEBSHOP"}
    assert {one["code"]: one["id"] for one in result["languages"]}["DE"] == 3
    assert all(set(one) == {"id", "name", "code"} for one in result["shippingMethods"])
