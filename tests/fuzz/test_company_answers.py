"""
Answers nobody should send, read by the real clients.

Each is the published answer with one value replaced, at every place there is, or no answer at
all. Whatever comes, the call gives a result any database can hold, or an error of that attempt.
"""

import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.active_ants.client import ActiveAntsWarehouse
from app.ankorstore.client import AnkorstoreMarketplace
from app.ankorstore.subscriptions import AnkorstoreSubscriptions
from app.domain.completeness import merge_rows, weigh_shipments
from app.domain.order import MarketplaceOrder
from app.domain.quoting import choose_quote
from app.domain.record import SentLine
from app.domain.shipment import ParcelSize, Shipment
from app.domain.tracking import choose_tracking
from app.errors import BridgeError
from app.ports import Turn
from tests.answering import AnsweringPeer, load_recorded
from tests.fuzz.odd_answers import BODIES, ODD_VALUES, places_in, replaced
from tests.order_samples import ORDER
from tests.warehouse_wire import ORDER_ID, Wire, build

TURN = Turn(send_before_monotonic=1e9)
PARCELS = (ParcelSize(40, 30, 20, Decimal("4.2")),)
SENT = (SentLine("62b263a8-00e1-1ecb-98d2-0242ac170007", "Product-Variant-001", 12, 1),)
JSON_VALUES = st.recursive(
    st.sampled_from(ODD_VALUES) | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
Call = Callable[[Any], Awaitable[Any]]


async def _list(marketplace: AnkorstoreMarketplace) -> list[Any]:
    return [order async for order in marketplace.list_orders("ankor_confirmed")]


MARKETPLACE: dict[str, tuple[str, int, Call]] = {
    "read order": ("order", 200, lambda m: m.read_order(ORDER_ID)),
    "list orders": ("order_list", 200, _list),
    "accept": ("order", 200, lambda m: m.accept_order(ORDER_ID, turn=TURN)),
    "accept, short": ("transition_answer", 200, lambda m: m.accept_order(ORDER_ID, turn=TURN)),
    "accept, refused": ("transition_refused", 409, lambda m: m.accept_order(ORDER_ID, turn=TURN)),
    "quotes": ("quotes", 200, lambda m: m.request_quotes(ORDER_ID, PARCELS)),
    "quotes, refused": ("quotes_refused", 422, lambda m: m.request_quotes(ORDER_ID, PARCELS)),
    "confirm": ("confirmation_refund", 200, lambda m: m.confirm_quote("q", None, turn=TURN)),
    "confirm, refused": ("quote_unknown", 404, lambda m: m.confirm_quote("q", None, turn=TURN)),
    "tracking": ("tracking", 200, lambda m: m.read_tracking("master")),
}
SUBSCRIPTIONS: dict[str, tuple[str, int, Call]] = {
    "applications": ("applications", 200, lambda s: s.list_applications()),
    "event names": ("webhook_events", 200, lambda s: s.list_webhook_events()),
}
WAREHOUSE: dict[str, tuple[str, str, Call]] = {
    "settings": ("GET /v2/settings/get", "settings", lambda w: w.read_settings()),
    "find order": (
        "GET /v2/order/search", "order_search_found", lambda w: w.find_order("3434273911"),
    ),
    "find no order": (
        "GET /v2/order/search", "order_search_not_found", lambda w: w.find_order("3434273911"),
    ),
    "create": (
        "POST /v2/order/add", "order_add_ok", lambda w: w.create_order({}, turn=TURN),
    ),
    "create, known": (
        "POST /v2/order/add", "order_add_already_exists", lambda w: w.create_order({}, turn=TURN),
    ),
    "create, no SKU": (
        "POST /v2/order/add", "order_add_unknown_sku", lambda w: w.create_order({}, turn=TURN),
    ),
    "product": ("GET /v2/product/search", "product_search_found", lambda w: w.knows_product("x")),
    "stock": ("GET /v2/stock/bulk/true", "stock_bulk", lambda w: w.read_all_stock()),
    "feed": (
        "POST /v2/shipment/byordertype", "shipments_by_type", lambda w: w.list_shipments(),
    ),
    "shipments": (
        "POST /v2/shipment/search", "shipment_search", lambda w: w.search_shipments("3434273911"),
    ),
    "acknowledge": (
        "POST /v2/shipment/sync", "shipment_ack_ok", lambda w: w.acknowledge_shipments(["1"]),
    ),
    "log in": ("POST /token", "token", lambda w: w.knows_product("x")),
}  # fmt: skip


def bodies_from(document: Any) -> list[bytes]:
    """Return *document* with each odd value at each place, and what is no answer at all."""
    bodies = list(BODIES)
    whole = json.dumps(document).encode()
    bodies += [whole[:length] for length in range(0, len(whole), 40)]
    for place in places_in(document):
        bodies += [json.dumps(replaced(document, place, odd)).encode() for odd in ODD_VALUES]
    return bodies


def drawn_body(data: st.DataObject, document: Any) -> bytes:
    """Draw a value for a place in *document*, then one more."""
    for _ in range(data.draw(st.integers(1, 2))):
        place = data.draw(st.sampled_from(places_in(document)))
        document = replaced(document, place, data.draw(JSON_VALUES))
    return json.dumps(document).encode()


def assert_storable(value: Any) -> None:
    """Every text and whole number in *value* is one that PostgreSQL holds too."""
    if isinstance(value, str):
        value.encode()
        assert "\x00" not in value
    elif isinstance(value, int):
        assert abs(value) < 2**63
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            assert_storable(getattr(value, field.name))
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            assert_storable(key)
            assert_storable(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            assert_storable(inner)


async def outcome_of(call: Awaitable[Any]) -> Any:
    """Return what *call* gave, None for an error of the attempt; any other error goes through."""
    try:
        result = await call
    except BridgeError as error:
        assert_storable((error.detail, getattr(error, "code", ""), str(error)))
        return None
    return result


class MarketplaceDesk:
    """The clients of the marketplace on a wire that gives one answer for ever."""

    def __init__(self) -> None:
        self._peer = AnsweringPeer("https://www.ankorstore.example")
        self._marketplace = AnkorstoreMarketplace(self._peer.connection)
        self._subscriptions = AnkorstoreSubscriptions(self._peer.connection)
        self._warehouse = build(Wire())

    async def ask(self, name: str, body: bytes) -> None:
        """Make one call that is answered with *body*, and go on with what it gave."""
        is_about_orders = name in MARKETPLACE
        _, status, call = (MARKETPLACE if is_about_orders else SUBSCRIPTIONS)[name]
        self._peer.answers = [httpx.Response(status, content=body) for _ in range(3)]
        result = await outcome_of(
            call(self._marketplace if is_about_orders else self._subscriptions)
        )
        assert_storable(result)
        if isinstance(result, MarketplaceOrder):
            await outcome_of(_prepare(self._warehouse, result))
        if name == "quotes" and result is not None:
            choose_quote(result, "ankorstore")


class WarehouseDesk:
    """The client of the warehouse on a wire that gives one answer for ever."""

    def __init__(self) -> None:
        self._wire = Wire()
        self._warehouse = build(self._wire)

    async def ask(self, name: str, body: bytes) -> None:
        """Make one call that is answered with *body*, and go on with what it gave."""
        path, recorded_name, call = WAREHOUSE[name]
        status = load_recorded(f"active_ants/{recorded_name}")["status"]
        if name in ("log in", "settings"):  # what the last answer left behind would stay in use
            self._wire = Wire()
            self._warehouse = build(self._wire)
        self._wire.on(path, httpx.Response(status, content=body))
        result = await outcome_of(call(self._warehouse))
        if name == "settings" and result is not None:
            self._warehouse.use_settings(result)
            self._warehouse.readiness_problems()
            await outcome_of(_prepare(self._warehouse, ORDER))
            return
        assert_storable(result)
        if name in ("feed", "shipments") and result:
            await _go_on_with(self._warehouse, result)


async def _prepare(warehouse: ActiveAntsWarehouse, order: MarketplaceOrder) -> None:
    number = warehouse.external_number(order)
    prepared = warehouse.prepare(order, number or "3434273911")
    assert_storable((prepared.payload, prepared.lines))
    json.dumps(prepared.payload, allow_nan=False).encode()


async def _go_on_with(warehouse: ActiveAntsWarehouse, shipments: tuple[Shipment, ...]) -> None:
    for shipment in shipments:
        warehouse.method_codes(shipment)
        warehouse.carrier_code(shipment)
    choose_tracking(shipments, warehouse.carrier_code)
    weigh_shipments(SENT, merge_rows(shipments))


def _run_all(ask: Callable[[str, bytes], Awaitable[None]], name: str, document: Any) -> None:
    async def run() -> None:
        for body in bodies_from(document):
            try:
                await ask(name, body)
            except Exception as error:
                error.add_note(f"the answer was {body[:3000]!r}")
                raise

    asyncio.run(run())


@pytest.mark.parametrize("name", sorted(MARKETPLACE.keys() - {"accept"}))  # reads the same order
def test_every_place_in_an_answer_of_the_marketplace(name: str) -> None:
    """Any odd value at any place costs the attempt at most."""
    _run_all(MarketplaceDesk().ask, name, load_recorded(f"ankorstore/{MARKETPLACE[name][0]}"))


@pytest.mark.parametrize("name", SUBSCRIPTIONS)
def test_every_place_in_an_answer_about_subscriptions(name: str) -> None:
    """Any odd value at any place costs the attempt at most."""
    _run_all(MarketplaceDesk().ask, name, load_recorded(f"ankorstore/{SUBSCRIPTIONS[name][0]}"))


@pytest.mark.parametrize("name", WAREHOUSE)
def test_every_place_in_an_answer_of_the_warehouse(name: str) -> None:
    """Any odd value at any place costs the attempt at most."""
    _run_all(WarehouseDesk().ask, name, load_recorded(f"active_ants/{WAREHOUSE[name][1]}")["body"])


@pytest.mark.parametrize("name", MARKETPLACE)
@settings(max_examples=40)
@given(data=st.data())
def test_drawn_answers_of_the_marketplace(name: str, data: st.DataObject) -> None:
    """Two values drawn at random, at places drawn at random, cost the attempt at most."""
    document = load_recorded(f"ankorstore/{MARKETPLACE[name][0]}")
    asyncio.run(MarketplaceDesk().ask(name, drawn_body(data, document)))


@pytest.mark.parametrize("name", WAREHOUSE)
@settings(max_examples=40)
@given(data=st.data())
def test_drawn_answers_of_the_warehouse(name: str, data: st.DataObject) -> None:
    """Two values drawn at random, at places drawn at random, cost the attempt at most."""
    document = load_recorded(f"active_ants/{WAREHOUSE[name][1]}")["body"]
    asyncio.run(WarehouseDesk().ask(name, drawn_body(data, document)))
