"""
The warehouse's client, call by call: the request built, the path called, the answer read, the
refusal read. Orders have a file of their own.
"""

import json

import httpx
import pytest

from app.active_ants.client import ActiveAntsWarehouse
from app.domain.shipment import ShipmentSource
from app.errors import (
    NotReady,
    Transient,
    Unauthorized,
)
from app.ports import StockFigure
from tests.shipment_samples import shipment
from tests.warehouse_wire import (
    HOST,
    NUMBER,
    ORDER_ID,
    PAYLOAD,
    TURN,
    Wire,
    build,
    envelope,
    recorded,
)


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def warehouse(wire: Wire) -> ActiveAntsWarehouse:
    return build(wire)


async def test_login_form_and_bearer(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """The password is posted once as a form, encoded, and its token goes on every call."""
    wire.on("GET /v2/settings/get", recorded("settings"))

    await warehouse.read_settings()
    await warehouse.read_settings()

    login, first, second = wire.requests
    assert str(login.url) == f"{HOST}/token"
    assert login.content == b"grant_type=password&username=shop&password=pass%26word"
    assert login.headers["Content-Type"] == "application/x-www-form-urlencoded"
    for call in (first, second):
        assert call.headers["Authorization"] == "Bearer WW91ckFjY2Vzc1Rva2Vu"
        assert call.headers["Accept"] == "application/json"


async def test_token_refused_once_is_renewed_once(
    wire: Wire, warehouse: ActiveAntsWarehouse
) -> None:
    """A 401 takes a new token and repeats the call, also for a create: it was not executed."""
    wire.on("POST /v2/order/add", httpx.Response(401), recorded("order_add_ok"))

    assert await warehouse.create_order(PAYLOAD, turn=TURN) == "470345326"
    assert [one.url.path for one in wire.requests].count("/token") == 2
    assert wire.calls == ["POST /v2/order/add"] * 2


@pytest.mark.parametrize("body", [b"", b'{"messageCode": "NOK", "message": "not found"}'])
async def test_token_refused_twice(wire: Wire, warehouse: ActiveAntsWarehouse, body: bytes) -> None:
    """Then the login is in trouble, whatever the body says; no order is judged by that."""
    wire.on("GET /v2/order/search", httpx.Response(401, content=body))

    with pytest.raises(Unauthorized):
        await warehouse.find_order(NUMBER)


async def test_login_refused(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A refused login is told apart, and not tried again at once."""
    wire.on("POST /token", recorded("token_refused"))

    for _ in range(2):
        with pytest.raises(Unauthorized):
            await warehouse.create_order(PAYLOAD, turn=TURN)

    assert len(wire.requests) == 1


async def test_settings(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """The lists come back as the warehouse sent them."""
    wire.on("GET /v2/settings/get", recorded("settings"))

    content = await warehouse.read_settings()

    assert content["orderTypes"] == [
        {"id": 3002, "name": "Ankorstore wholesale", "code": "ANKORSTORE"}
    ]
    assert wire.calls == ["GET /v2/settings/get"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(envelope("OK", None), id="nothing"),
        pytest.param(envelope("OK", []), id="a-list"),
        pytest.param(envelope("NOK", message="try later"), id="refused"),
        pytest.param(envelope("MAYBE", {"orderTypes": []}), id="unknown-code"),
        pytest.param(httpx.Response(200, text="<html>"), id="not-json"),
        pytest.param(httpx.Response(502, text="<html>"), id="server-error"),
        pytest.param(httpx.Response(200, content=b"\xff\xfe\x00"), id="bytes"),
    ],
)
async def test_settings_unusable(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: httpx.Response
) -> None:
    """Anything but lists is the warehouse's trouble, for a later attempt."""
    wire.on("GET /v2/settings/get", answer)

    with pytest.raises(Transient):
        await warehouse.read_settings()


async def test_without_settings(wire: Wire) -> None:
    """Before the settings were ever read nothing is asked that needs them."""
    warehouse = build(wire, knows_settings=False)

    assert warehouse.readiness_problems()
    assert warehouse.carrier_code(shipment()) is None
    with pytest.raises(NotReady):
        await warehouse.list_shipments()
    assert wire.requests == []


async def test_known_product(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A product is known by its SKU, in any case."""
    wire.on("GET /v2/product/search", recorded("product_search_found"))

    assert await warehouse.knows_product("product-variant-001")
    assert wire.calls == ["GET /v2/product/search?sku=product-variant-001"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(recorded("product_search_not_found"), id="nok"),
        pytest.param(envelope("OK", None), id="nothing"),
        pytest.param(envelope("OK", {"sku": "Product-Variant-0011"}), id="another-sku"),
        pytest.param(envelope("OK", {"sku": None, "barcode": None}), id="no-sku"),
    ],
)
async def test_unknown_product(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: httpx.Response
) -> None:
    """A product of another SKU is not the one that was asked for."""
    wire.on("GET /v2/product/search", answer)

    assert not await warehouse.knows_product("Product-Variant-001")


async def test_product_question_refused(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A refusal of the question says nothing about the product."""
    wire.on("GET /v2/product/search", envelope("NOK", message="Please log in."))

    with pytest.raises(Transient):
        await warehouse.knows_product("MUG")


async def test_stock_of_everything(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """All stock is asked for, never the changes only; less than nothing is nothing."""
    wire.on("GET /v2/stock/bulk/true", recorded("stock_bulk"))

    assert await warehouse.read_all_stock() == (
        StockFigure("Product-Variant-001", 120),
        StockFigure("Product-Variant-002", 0),
    )
    assert wire.calls == ["GET /v2/stock/bulk/true"]


async def test_stock_rows_without_a_figure(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A row that tells no figure is left out: its stock is not known."""
    rows = [None, {"sku": "A"}, {"stock": 1}, {"sku": "B", "stock": "7"}, {"sku": 9, "stock": 1.0}]
    wire.on("GET /v2/stock/bulk/true", envelope("OK", rows))

    assert await warehouse.read_all_stock() == (StockFigure("B", 7), StockFigure("9", 1))


@pytest.mark.parametrize(
    ("answer", "figure"),
    [
        pytest.param(envelope("OK", {"sku": "A/B 1", "stock": 5}), StockFigure("A/B 1", 5)),
        pytest.param(envelope("OK", {"stock": -5}), StockFigure("A/B 1", 0), id="below-nothing"),
        pytest.param(envelope("OK", 12), StockFigure("A/B 1", 12), id="bare-number"),
        pytest.param(envelope("OK", {"sku": "A/B 1", "stock": None}), None, id="no-figure"),
        pytest.param(envelope("NOK", message="Product not found."), None, id="not-found"),
    ],
)
async def test_stock_of_one(wire: Wire, answer: httpx.Response, figure: StockFigure | None) -> None:
    """Once its path is given, one SKU can be asked for; the SKU is one segment of the path."""
    warehouse = build(wire, paths={"stock_get": "/v2/stock/get/{sku}"})
    wire.on("GET /v2/stock/get/A%2FB%201", answer)

    assert warehouse.reads_single_stock
    assert await warehouse.read_stock("A/B 1") == figure


async def test_stock_of_one_is_off(warehouse: ActiveAntsWarehouse) -> None:
    """The call is known from hearsay only: it is off until its path is given."""
    assert not warehouse.reads_single_stock


async def test_shipments_by_type(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """The feed is read for our order type only."""
    wire.on("POST /v2/shipment/byordertype", recorded("shipments_by_type"))

    (row,) = await warehouse.list_shipments()

    assert (row.warehouse_shipment_id, row.source) == ("42434542", ShipmentSource.FEED)
    assert row.order_mark == ORDER_ID
    assert wire.calls == ["POST /v2/shipment/byordertype"]
    assert wire.last_body() == {"orderTypes": [3002]}


async def test_empty_feed(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """No rows are no trouble."""
    wire.on("POST /v2/shipment/byordertype", envelope("OK", None), envelope("OK", []))

    assert await warehouse.list_shipments() == ()
    assert await warehouse.list_shipments() == ()


async def test_feed_refused(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """An order type that is not found must not look like a day without shipments."""
    wire.on("POST /v2/shipment/byordertype", envelope("NOK", message="Order type not found."))

    with pytest.raises(Transient) as error:
        await warehouse.list_shipments()

    assert error.value.detail == "Order type not found."


async def test_search_of_shipments(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """All shipments of a number come back, marked as found by search."""
    wire.on("POST /v2/shipment/search", recorded("shipment_search"))

    rows = await warehouse.search_shipments(NUMBER)

    assert [row.warehouse_shipment_id for row in rows] == ["42434542", "42434577"]
    assert {row.source for row in rows} == {ShipmentSource.SEARCH}
    assert wire.last_body() == {"externalOrderNumber": NUMBER}


@pytest.mark.parametrize(
    "answer", [envelope("NOK", message="Shipment could not be found."), envelope("OK", [])]
)
async def test_search_without_shipments(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: httpx.Response
) -> None:
    """An order that has not left has no shipments."""
    wire.on("POST /v2/shipment/search", answer)

    assert await warehouse.search_shipments(NUMBER) == ()


async def test_acknowledge_in_batches(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """At most a hundred ids go out at once, as numbers."""
    wire.on("POST /v2/shipment/sync", recorded("shipment_ack_ok"))

    await warehouse.acknowledge_shipments([str(number) for number in range(1, 251)])

    sizes = [len(json.loads(one.content)["ids"]) for one in wire.requests[1:]]
    assert sizes == [100, 100, 50]
    assert wire.last_body()["ids"] == list(range(201, 251))


async def test_acknowledge_nothing(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """Without ids no call is made; a shipment without an id is never acknowledged."""
    await warehouse.acknowledge_shipments([])
    for no_id in ("", "unreadable-0123456789abcdef"):
        with pytest.raises(AssertionError):
            await warehouse.acknowledge_shipments([no_id])

    assert wire.requests == []


async def test_acknowledge_refused(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A refusal is an error of this attempt: the rows come again."""
    wire.on("POST /v2/shipment/sync", envelope("NOK", message="Unknown id."))

    with pytest.raises(Transient):
        await warehouse.acknowledge_shipments(["1"])


@pytest.mark.parametrize(
    ("name", "code", "carrier"),
    [
        ("DHL Express Worldwide", "X1", "dhl_express"),
        ("Worldwide", "dhl_express", "dhl_express"),
        ("DHL Parcel Connect", "BUSEU1", "dhl"),
        ("dpd classic", "D1", "dpd"),
        ("Standard", "UPS_STD", "ups"),
        ("GLS EuroBusinessParcel", "G", "gls"),
        ("TNT Economy", "T", "tnt"),
        ("La Poste Colissimo", "AA_CS", "colissimo"),
        ("Chronopost", "C", "chronopost"),
        ("bpost", "BELBE_BP", None),
        ("PostNL", "MAXAT_BPSC", None),
        ("FedEx", "F", None),
    ],
)
async def test_carrier_of_a_method(
    warehouse: ActiveAntsWarehouse, name: str, code: str, carrier: str | None
) -> None:
    """Name and code tell the carrier; one the marketplace has no code for has none."""
    warehouse.use_settings({"shippingMethods": [{"id": 10301, "name": name, "code": code}]})

    assert warehouse.method_codes(shipment()) == (name, code)
    assert warehouse.carrier_code(shipment()) == carrier


@pytest.mark.parametrize(
    ("carrier_map", "carrier"),
    [({"buseu1": "ups"}, "ups"), ({"BUSEU1": ""}, None), ({"OTHER": "ups"}, "dhl")],
)
async def test_carrier_by_the_operators_table(
    wire: Wire, carrier_map: dict[str, str], carrier: str | None
) -> None:
    """An entry for the method's code or name goes before the table; an empty one means none."""
    warehouse = build(wire, carrier_map=carrier_map)

    assert warehouse.carrier_code(shipment()) == carrier


async def test_carrier_of_an_unknown_method(warehouse: ActiveAntsWarehouse) -> None:
    """A method the settings do not know tells no carrier."""
    row = shipment(shipping_method_id="999", main_shipping_method_id="998")

    assert warehouse.carrier_code(row) is None
