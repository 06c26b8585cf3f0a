"""
Placing and finding warehouse orders: what each answer proves, and what none of them proves.
"""

from typing import Any

import httpx
import pytest

from app.active_ants.client import ActiveAntsWarehouse
from app.errors import (
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    Unauthorized,
)
from app.ports import FoundOrder, Turn
from tests.warehouse_wire import (
    NUMBER,
    ORDER_ID,
    PAYLOAD,
    TURN,
    Answer,
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


async def test_create(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """The payload goes out as it is, and the warehouse's number comes back as a text."""
    wire.on("POST /v2/order/add", recorded("order_add_ok"))

    assert await warehouse.create_order(PAYLOAD, turn=TURN) == "470345326"
    assert wire.calls == ["POST /v2/order/add"]
    assert wire.last_body() == PAYLOAD
    assert wire.requests[-1].headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [200, 400, 404, 409])
async def test_create_of_a_number_that_is_taken(
    wire: Wire, warehouse: ActiveAntsWarehouse, status: int
) -> None:
    """The words name our number: that is `already_exists`, whatever the HTTP status."""
    body = recorded("order_add_already_exists")
    wire.on("POST /v2/order/add", httpx.Response(status, content=body.content))

    with pytest.raises(Rejected) as refused:
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert refused.value.code == "already_exists"
    assert refused.value.detail == f"Order with external order number ({NUMBER}) already exists."
    assert refused.value.status == status
    assert wire.calls == ["POST /v2/order/add"]


@pytest.mark.parametrize("status", [200, 400])
async def test_create_refused(wire: Wire, warehouse: ActiveAntsWarehouse, status: int) -> None:
    """A refusal keeps the warehouse's words for the operator, and stays a refusal."""
    body = recorded("order_add_unknown_sku")
    wire.on("POST /v2/order/add", httpx.Response(status, content=body.content))

    with pytest.raises(Rejected) as refused:
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert (refused.value.code, refused.value.status) == ("", status)
    assert refused.value.detail == "Product with sku (Product-Variant-001) does not exist."
    assert refused.value.detail not in str(refused.value)


@pytest.mark.parametrize(
    "words",
    [
        "Order (343427391) already exists.",
        "Order (13434273911) already exists.",
        "Barcode already exists for order (3434273911).",
        "The order already exists.",
    ],
)
async def test_create_refused_over_something_else(
    wire: Wire, warehouse: ActiveAntsWarehouse, words: str
) -> None:
    """Only our own number, named as taken, is a duplicate."""
    wire.on("POST /v2/order/add", envelope("NOK", message=words))

    with pytest.raises(Rejected) as refused:
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert refused.value.code == ""


@pytest.mark.parametrize(
    ("result", "kept"),
    [
        (470345326, "470345326"),
        ("470345326", "470345326"),
        (470345326.0, "470345326"),
        ("ORD-7", "ORD-7"),
        ({"id": 7}, '{"id":7}'),
        (True, "true"),
        (0, "0"),
        ("x" * 500, "x" * 100),
    ],
)
async def test_create_answered_with_something_else(
    wire: Wire, warehouse: ActiveAntsWarehouse, result: Any, kept: str
) -> None:
    """OK means created, also where the result is no whole number: it is kept as a text."""
    wire.on("POST /v2/order/add", envelope("OK", result))

    assert await warehouse.create_order(PAYLOAD, turn=TURN) == kept


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(envelope("OK", None), id="ok-without-a-result"),
        pytest.param(envelope("OK", ""), id="ok-with-an-empty-result"),
        pytest.param(envelope("PARTIAL", 7), id="unknown-code"),
        pytest.param(envelope("OK", 7, status=500), id="server-error-that-says-ok"),
        pytest.param(envelope("NOK", status=503), id="server-error-that-says-nok"),
        pytest.param(httpx.Response(500, text="<html>"), id="server-error"),
        pytest.param(httpx.Response(200, text="<html>"), id="not-json"),
        pytest.param(httpx.Response(200, json=["unexpected"]), id="no-object"),
        pytest.param(httpx.Response(200, json={"result": 7}), id="no-envelope"),
        pytest.param(httpx.Response(200), id="empty"),
        pytest.param(httpx.Response(400, text="<html>"), id="not-json-400"),
        pytest.param(httpx.Response(403, text="<html>"), id="not-json-403"),
        pytest.param(httpx.Response(408, json={"Message": "timeout"}), id="gateway-gave-up"),
        pytest.param(httpx.Response(302, headers={"Location": "/login"}), id="redirect"),
        pytest.param(httpx.ReadTimeout("no answer"), id="timeout"),
        pytest.param(httpx.ReadError("reset"), id="connection-lost"),
        pytest.param(httpx.RemoteProtocolError("cut off"), id="cut-off"),
    ],
)
async def test_create_without_a_usable_answer(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: Answer
) -> None:
    """Nothing is proven either way, and nothing is sent again."""
    wire.on("POST /v2/order/add", answer)

    with pytest.raises(OutcomeUnknown):
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert wire.calls == ["POST /v2/order/add"]


async def test_create_refused_readably_without_an_envelope(
    wire: Wire, warehouse: ActiveAntsWarehouse
) -> None:
    """A body the web server could not bind was not executed: that is a refusal."""
    wire.on("POST /v2/order/add", httpx.Response(400, json={"Message": "The request is invalid."}))

    with pytest.raises(Rejected) as refused:
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert refused.value.detail == "The request is invalid."


async def test_create_that_was_never_sent(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A connection that never stood sent nothing."""
    wire.on("POST /v2/order/add", httpx.ConnectError("refused"))

    with pytest.raises(Transient):
        await warehouse.create_order(PAYLOAD, turn=TURN)


async def test_create_asked_to_wait(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A 429 executed nothing and names a pause."""
    wire.on("POST /v2/order/add", httpx.Response(429, headers={"Retry-After": "7"}))

    with pytest.raises(RateLimited) as limited:
        await warehouse.create_order(PAYLOAD, turn=TURN)

    assert limited.value.retry_after_seconds == 7


async def test_create_after_its_turn(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """Nothing is sent once the turn is over."""
    with pytest.raises(Transient):
        await warehouse.create_order(PAYLOAD, turn=Turn(send_before_monotonic=-1.0))

    assert wire.calls == []


async def test_find(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """The number goes into the query, and the mark comes back."""
    wire.on("GET /v2/order/search", recorded("order_search_found"))

    assert await warehouse.find_order(NUMBER) == FoundOrder("6298945", NUMBER, ORDER_ID)
    assert wire.calls == [f"GET /v2/order/search?externalOrderNumber={NUMBER}"]


@pytest.mark.parametrize("status", [200, 400, 404])
async def test_find_an_order_whatever_the_status(
    wire: Wire, warehouse: ActiveAntsWarehouse, status: int
) -> None:
    """The body decides: an order that is there is there."""
    body = recorded("order_search_found")
    wire.on("GET /v2/order/search", httpx.Response(status, content=body.content))

    assert await warehouse.find_order(NUMBER) == FoundOrder("6298945", NUMBER, ORDER_ID)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(recorded("order_search_not_found"), id="nok-400"),
        pytest.param(envelope("NOK", message="No order with this number."), id="nok-200"),
        pytest.param(envelope("nok", message="ORDER NOT FOUND"), id="nok-other-case"),
        pytest.param(envelope("OK", None), id="ok-null"),
        pytest.param(envelope("OK", []), id="ok-empty-list"),
        pytest.param(envelope("OK", {}), id="ok-empty-object"),
        pytest.param(envelope("OK", ""), id="ok-empty-text"),
        pytest.param(envelope("NOK", message="Nope.", status=404), id="envelope-404-any-words"),
        pytest.param(envelope("OK", None, status=404), id="envelope-404-ok"),
    ],
)
async def test_order_surely_not_there(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: httpx.Response
) -> None:
    """These answers, all in an envelope, mean that the warehouse has no such order."""
    wire.on("GET /v2/order/search", answer)

    assert await warehouse.find_order(NUMBER) is None
    assert len(wire.calls) == 1


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(envelope("NOK", message="Database is busy."), id="nok-other-words"),
        pytest.param(envelope("NOK"), id="nok-without-words"),
        pytest.param(envelope("NOK", message="not found", status=500), id="server-error"),
        pytest.param(envelope("OK", None, status=503), id="server-error-that-says-ok"),
        pytest.param(envelope("HMM", None, status=404), id="unknown-code-404"),
        pytest.param(envelope("OK", 6298945), id="only-a-number"),
        pytest.param(envelope("OK", [None]), id="a-list-of-nothing"),
        pytest.param(envelope("OK", {"orderNumber": None}), id="an-order-of-no-number"),
        pytest.param(
            envelope("OK", [{"externalOrderNumber": "1"}, {"externalOrderNumber": "2"}]),
            id="several-others",
        ),
        pytest.param(httpx.Response(200, json=None), id="null"),
        pytest.param(httpx.Response(200), id="empty"),
        pytest.param(httpx.Response(400, json={"Message": "not found"}), id="no-envelope-400"),
        pytest.param(httpx.Response(302), id="redirect"),
        pytest.param(httpx.ReadTimeout("no answer"), id="timeout"),
    ],
)
async def test_search_that_proves_nothing(
    wire: Wire, warehouse: ActiveAntsWarehouse, answer: Answer
) -> None:
    """Anything else is trouble with this attempt, and never means that nothing is there."""
    wire.on("GET /v2/order/search", answer)

    with pytest.raises(Transient):
        await warehouse.find_order(NUMBER)


async def test_access_forbidden(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """A 403 without an envelope is about our login."""
    wire.on("GET /v2/order/search", httpx.Response(403, text="<html>"))

    with pytest.raises(Unauthorized):
        await warehouse.find_order(NUMBER)


async def test_our_order_among_several(wire: Wire, warehouse: ActiveAntsWarehouse) -> None:
    """Of a list the entry with exactly our number counts."""
    rows = [{"externalOrderNumber": f"{NUMBER}-2", "orderNumber": 8}]
    rows.append({"externalOrderNumber": NUMBER, "orderNumber": 9})
    wire.on("GET /v2/order/search", envelope("OK", rows))

    assert await warehouse.find_order(NUMBER) == FoundOrder("9", NUMBER, None)
