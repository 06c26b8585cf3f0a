"""
Which path a call goes to, and what it means that none exists.
"""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.active_ants.client import ActiveAntsWarehouse
from app.errors import (
    BridgeError,
    NotReady,
    Transient,
)
from tests.warehouse_wire import (
    NUMBER,
    PAYLOAD,
    TURN,
    Answer,
    Wire,
    build,
    envelope,
    missing,
    recorded,
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def warehouse(wire: Wire) -> ActiveAntsWarehouse:
    return build(wire)


async def test_alternative_path_is_remembered(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """After a 404 of the web server the other path is tried, in its own way, and kept."""
    wire.on("POST /order/search", recorded("order_search_found"))

    await warehouse.find_order(NUMBER)
    await warehouse.find_order(NUMBER)

    assert wire.calls == [
        f"GET /v2/order/search?externalOrderNumber={NUMBER}",
        "POST /order/search",
        "POST /order/search",
    ]
    assert wire.last_body() == {"externalOrderNumber": NUMBER}


@pytest.mark.parametrize("status", [404, 405])
@pytest.mark.parametrize("body", [b"", b"<html>", b'{"Message": "gone"}'], ids=repr)
async def test_create_at_the_alternative_path(
    wire: Wire, warehouse: ActiveAntsWarehouse, status: int, body: bytes
) -> None:
    """A path that does not exist executed nothing: the other one is part of the same turn."""
    wire.on("POST /v2/order/add", httpx.Response(status, content=body))
    wire.on("POST /order/add", recorded("order_add_ok"))

    assert await warehouse.create_order(PAYLOAD, turn=TURN) == "470345326"
    assert wire.calls == ["POST /v2/order/add", "POST /order/add"]
    assert wire.last_body() == PAYLOAD


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(envelope("NOK", message="no", status=404), id="envelope-404"),
        pytest.param(httpx.Response(500), id="server-error"),
        pytest.param(httpx.Response(400, json={"Message": "invalid"}), id="bad-request"),
        pytest.param(httpx.ReadTimeout("no answer"), id="timeout"),
    ],
)
async def test_alternative_path_is_for_missing_paths_only(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: Answer
) -> None:
    """After any other trouble nothing is sent a second time."""
    wire.on("POST /v2/order/add", answer).on("POST /order/add", recorded("order_add_ok"))

    with pytest.raises(BridgeError):
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert wire.calls == ["POST /v2/order/add"]


async def test_path_that_answered_without_an_envelope_is_not_remembered(
    wire: Wire, warehouse: ActiveAntsWarehouse
) -> None:
    """A server error at the alternative path does not prove that path."""
    wire.on("GET /settings/get", httpx.Response(502))
    with pytest.raises(Transient):
        await warehouse.read_settings()
    wire.on("GET /v2/settings/get", recorded("settings"))

    await warehouse.read_settings()

    assert wire.calls[-1] == "GET /v2/settings/get"


async def test_remembered_path_that_went_away(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """When the path that worked is gone, the other one is looked for again."""
    wire.on("GET /settings/get", recorded("settings"), missing())
    await warehouse.read_settings()
    wire.on("GET /v2/settings/get", recorded("settings"))

    await warehouse.read_settings()

    assert wire.calls[2:] == ["GET /settings/get", "GET /v2/settings/get"]


Ask = Callable[[ActiveAntsWarehouse], Any]


@pytest.mark.parametrize(
    ("ask", "setting", "calls"),
    [
        pytest.param(
            lambda w: w.find_order(NUMBER),
            "ACTIVE_ANTS_PATH_ORDER_SEARCH",
            [f"GET /v2/order/search?externalOrderNumber={NUMBER}", "POST /order/search"],
            id="find-order",
        ),
        pytest.param(
            lambda w: w.create_order(PAYLOAD, turn=TURN),
            "ACTIVE_ANTS_PATH_ORDER_ADD",
            ["POST /v2/order/add", "POST /order/add"],
            id="create-order",
        ),
        pytest.param(
            lambda w: w.list_shipments(),
            "ACTIVE_ANTS_PATH_SHIPMENT_LIST_BY_TYPE",
            ["POST /v2/shipment/byordertype"],
            id="list-shipments",
        ),
        pytest.param(
            lambda w: w.acknowledge_shipments(["1"]),
            "ACTIVE_ANTS_PATH_SHIPMENT_ACK",
            ["POST /v2/shipment/sync"],
            id="acknowledge-shipments",
        ),
        pytest.param(
            lambda w: w.search_shipments(NUMBER),
            "ACTIVE_ANTS_PATH_SHIPMENT_SEARCH",
            ["POST /v2/shipment/search", "POST /shipment/search"],
            id="search-shipments",
        ),
        pytest.param(
            lambda w: w.knows_product("MUG"),
            "ACTIVE_ANTS_PATH_PRODUCT_SEARCH",
            ["GET /v2/product/search?sku=MUG", "POST /product/search"],
            id="knows-product",
        ),
        pytest.param(
            lambda w: w.read_all_stock(),
            "ACTIVE_ANTS_PATH_STOCK_BULK",
            ["GET /v2/stock/bulk/true", "GET /stock/bulk/true"],
            id="all-stock",
        ),
        pytest.param(
            lambda w: w.read_stock("MUG"), "ACTIVE_ANTS_PATH_STOCK_GET", [], id="stock-switched-off"
        ),
    ],
)
async def test_no_path_exists(
    wire: Wire, warehouse: ActiveAntsWarehouse, ask: Ask, setting: str, calls: list[str]
) -> None:
    """That is a set-up to correct, which the error names; it is never "not found"."""
    with pytest.raises(NotReady) as error:
        await ask(warehouse)

    assert setting in error.value.resolution
    assert setting in error.value.detail
    assert wire.calls == calls


async def test_path_from_the_settings_stands_alone(wire: Wire) -> None:
    """A path an operator gave has no alternative."""
    warehouse = build(wire, paths={"order_add": "/v3/order", "settings": None, "stock_bulk": ""})
    wire.on("POST /order/add", recorded("order_add_ok"))

    with pytest.raises(NotReady):
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert wire.calls == ["POST /v3/order"]


async def test_search_by_post(wire: Wire) -> None:
    """An operator may have orders searched by POST, at a path of their own."""
    warehouse = build(wire, paths={"order_search_post": "/v2/order/search"})
    wire.on("POST /v2/order/search", recorded("order_search_found"))

    assert await warehouse.find_order(NUMBER) is not None
    assert wire.calls == ["POST /v2/order/search"]
