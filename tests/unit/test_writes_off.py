"""In shadow mode no call that writes gets out, whoever makes it and by whatever path."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from decimal import Decimal
from typing import Any

import httpx
import pytest

from app.active_ants.client import ActiveAntsWarehouse
from app.active_ants.paths import DEFAULTS, PathTable
from app.active_ants.reads import READ_KEYS, reads_of
from app.active_ants.returns import WarehouseReturns
from app.ankorstore import reads as ankorstore_reads
from app.ankorstore.client import AnkorstoreMarketplace
from app.ankorstore.subscriptions import AnkorstoreSubscriptions
from app.domain.returns import ReturnItem
from app.domain.shipment import ParcelSize, ParcelTracking, Tracking
from app.errors import BridgeError, WritesOff
from app.ports import Turn
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.wiring import ANKORSTORE, Companies, Transports, build_companies
from tests.fake_clock import FakeClock
from tests.flow.world import make_settings

ORDER = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
PARCEL = ParcelSize(40, 30, 20, Decimal(5))
TRACKING = Tracking(link="https://track.example/1")
Call = Callable[[Any, Turn], Awaitable[Any]]

WRITES: dict[type, dict[str, Call]] = {
    AnkorstoreMarketplace: {
        "reserve_call": lambda api, turn: api.reserve_call(),
        "accept_order": lambda api, turn: api.accept_order(ORDER, turn=turn),
        "reject_order": lambda api, turn: api.reject_order(ORDER, "OTHER", "why", turn=turn),
        "reset_label": lambda api, turn: api.reset_label(ORDER, turn=turn),
        "request_quotes": lambda api, turn: api.request_quotes(ORDER, [PARCEL]),
        "confirm_quote": lambda api, turn: api.confirm_quote("1", TRACKING, turn=turn),
        "write_tracking": lambda api, turn: api.write_tracking(
            ORDER, ParcelTracking(ORDER, "ups", "1Z", None, "TRANSIT"), exists=True
        ),
        "postpone_shipping": lambda api, turn: api.postpone_shipping(ORDER, date(2026, 4, 1)),
    },
    AnkorstoreSubscriptions: {},
    ActiveAntsWarehouse: {
        "reserve_call": lambda api, turn: api.reserve_call(),
        "create_order": lambda api, turn: api.create_order(
            {"externalOrderNumber": "100"}, turn=turn
        ),
        "release_order": lambda api, turn: api.release_order("100", turn=turn),
        "acknowledge_shipments": lambda api, turn: api.acknowledge_shipments(["7"]),
    },
    WarehouseReturns: {
        "reserve_call": lambda api, turn: api.reserve_call(),
        "add_rma": lambda api, turn: api.add_rma(
            "7", [ReturnItem("1", "TOTE-NAT", 1)], reference="r", remark=None, turn=turn
        ),
        # It makes a label at a carrier.
        "read_label": lambda api, turn: api.read_label("7"),
    },
}
READS: dict[type, dict[str, Call]] = {
    AnkorstoreMarketplace: {
        "read_order": lambda api, turn: api.read_order(ORDER),
        "list_orders": lambda api, turn: _walk(api.list_orders("ankor_confirmed")),
        "walk_orders": lambda api, turn: _walk(api.walk_orders()),
        "walk_variants": lambda api, turn: _walk(api.walk_variants()),
        "read_tracking": lambda api, turn: api.read_tracking(ORDER),
    },
    AnkorstoreSubscriptions: {
        "list_applications": lambda api, turn: api.list_applications(),
        "list_webhook_events": lambda api, turn: api.list_webhook_events(),
        # Not reads, but they change no order, and without events there is little to try.
        "create_subscription": lambda api, turn: api.create_subscription(
            "app", "https://us.example/webhooks/ankorstore", ["order.shipped"]
        ),
        "update_subscription": lambda api, turn: api.update_subscription(
            "one", "https://us.example/webhooks/ankorstore", ["order.shipped"]
        ),
        "delete_subscription": lambda api, turn: api.delete_subscription("one"),
    },
    ActiveAntsWarehouse: {
        "read_settings": lambda api, turn: api.read_settings(),
        "find_order": lambda api, turn: api.find_order("100"),
        "knows_product": lambda api, turn: api.knows_product("TOTE-NAT"),
        "read_stock": lambda api, turn: api.read_stock("TOTE/NAT"),
        "read_all_stock": lambda api, turn: api.read_all_stock(),
        "list_shipments": lambda api, turn: api.list_shipments(),
        "search_shipments": lambda api, turn: api.search_shipments("100"),
    },
    WarehouseReturns: {
        "list_items": lambda api, turn: api.list_items("100", "7"),
        "count_booked": lambda api, turn: api.count_booked("100"),
        "read_carrier_statuses": lambda api, turn: api.read_carrier_statuses(),
    },
}


async def _walk(entries: AsyncIterator[Any]) -> None:
    async for _ in entries:
        pass


def pairs(table: dict[type, dict[str, Call]]) -> list[Any]:
    return [
        pytest.param(kind, call, id=f"{kind.__name__}.{name}")
        for kind, calls in table.items()
        for name, call in calls.items()
    ]


class Set:
    """Both simulated companies, and the clients in shadow mode before them."""

    def __init__(self, clock: FakeClock, **settings: Any) -> None:
        self.clock = clock
        self.ankorstore = SimulatedAnkorstore(clock=clock)
        self.ankorstore.base_url = "http://127.0.0.1:1"
        self.active_ants = SimulatedActiveAnts(clock=clock)
        transports = Transports(self.ankorstore.transport(), self.active_ants.transport())
        known = {"mode": "shadow", "active_ants_path_stock_get": "/v2/stock/get/{sku}", **settings}
        made = make_settings(self.ankorstore, self.active_ants, **known)
        self.companies: Companies = build_companies(made, clock, transports)

    @property
    def calls(self) -> list[str]:
        """Every request that got out, logins apart."""
        calls = [*self.ankorstore.calls, *self.active_ants.calls]
        told = [f"{call.method} {call.path}" for call in calls]
        return [one for one in told if one not in ("POST /oauth/token", "POST /token")]

    def client(self, kind: type) -> Any:
        """Return the client of this kind."""
        warehouse = self.companies.warehouse
        known: dict[type, Any] = {
            AnkorstoreMarketplace: self.companies.marketplace,
            AnkorstoreSubscriptions: AnkorstoreSubscriptions(
                self.companies.connections[ANKORSTORE]
            ),
            ActiveAntsWarehouse: warehouse,
            WarehouseReturns: warehouse.returns,
        }
        return known[kind]

    def turn(self) -> Turn:
        """Return leave to write for ten seconds."""
        return Turn(self.clock.monotonic() + 10)


ALL_PATHS = {
    "active_ants_path_order_release": "/v2/order/release",
    "active_ants_path_return_items": "/v2/returnitem/get",
    "active_ants_path_tracktrace_status": "/v2/tracktrace/status",
}


@pytest.mark.parametrize("kind", WRITES)
def test_every_call_of_a_client_is_known_as_read_or_write(kind: type) -> None:
    """A new method is in one of the two tables, or this fails."""
    methods = {
        name
        for name, one in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
        and (inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one))
    }

    assert methods == WRITES[kind].keys() | READS[kind].keys()


@pytest.mark.parametrize(("kind", "call"), pairs(WRITES))
async def test_a_write_is_refused_before_anything_is_sent(
    clock: FakeClock, kind: type, call: Call
) -> None:
    """Called directly, with leave to write, each write raises, and no company hears of it."""
    shadow = Set(clock, **ALL_PATHS)

    with pytest.raises(WritesOff):
        await call(shadow.client(kind), shadow.turn())

    assert [*shadow.ankorstore.calls, *shadow.active_ants.calls] == []  # not even a login
    assert all(one.circuit.away_since is None for one in shadow.companies.connections.values())
    await shadow.companies.close()


@pytest.mark.parametrize(("kind", "call"), pairs(READS))
async def test_a_read_gets_out(clock: FakeClock, kind: type, call: Call) -> None:
    """Every read reaches its company, whatever that answers."""
    shadow = Set(clock, **ALL_PATHS)
    shadow.companies.warehouse.use_settings(await shadow.companies.warehouse.read_settings())
    before = len(shadow.calls)

    try:
        await call(shadow.client(kind), shadow.turn())
    except WritesOff:
        raise
    except BridgeError:
        pass

    assert len(shadow.calls) > before
    await shadow.companies.close()


async def test_live_mode_writes(clock: FakeClock) -> None:
    """The same calls get out where the mode is live."""
    live = Set(clock, mode="live")
    order = live.ankorstore.place_order()

    await live.companies.marketplace.accept_order(order.id, turn=live.turn())

    assert order.status == "brand_confirmed"
    await live.companies.close()


async def test_what_gets_around_the_client_is_refused_as_well(clock: FakeClock) -> None:
    """The last lock is on the connection's own HTTP client, which sends logins too."""
    shadow = Set(clock)
    connection = shadow.companies.connections[ANKORSTORE]

    with pytest.raises(WritesOff):
        await connection._http.post(f"/api/v1/orders/{ORDER}/-actions/transition")

    assert shadow.calls == []
    await shadow.companies.close()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v2/stock/bulk/false"),
        ("GET", "/v2/stock/bulk/False"),
        ("GET", "/stock/bulk/false/"),
        ("GET", "/v2/stock/bulk/%66alse"),
        ("GET", "/v2/stock/bulk/0"),
        ("POST", "/v2/stock/bulk/true"),
        ("POST", "/v2/shipment/sync"),
        ("POST", "/v2/Shipment/SYNC"),
        ("GET", "/v2/shipment/sync"),
        ("POST", "/v2/shipment/synclabelled"),
        ("POST", "/v2/stockmutation/sync"),
        ("POST", "/v2/order/add"),
        ("POST", "/order/add"),
        ("GET", "/v2/returnlabel/get/7"),
        ("POST", "/v2/product/edit"),
        ("POST", "/v2/nobody/knows"),
        ("GET", "/v2/nobody/knows"),
        ("PUT", "/v2/order/search"),
        ("POST", "/v2/token"),
    ],
)
def test_what_the_warehouse_is_never_sent(method: str, path: str) -> None:
    """Whatever is not known as a read is none; a router takes other spellings for the same."""
    assert not reads_of(PathTable(), "/token")(method, path)


def test_paths_of_reads_are_reads() -> None:
    """Each default path of a read, the login, and all stock at once; and none of a write."""
    is_read = reads_of(PathTable(), "/token")

    assert is_read("POST", "/token")
    for key, paths in DEFAULTS.items():
        for path in paths:
            filled = path.fill({"all": "true", "sku": "A/B 1", "shipmentId": "7"})
            assert is_read(path.method, filled) is (key in READ_KEYS), key


def test_a_setting_makes_no_read_of_a_write() -> None:
    """The path of a write stays one, also where a setting names it as the path of a read."""
    known = PathTable({"order_search_post": "/v2/order/add"})
    given = PathTable({"order_search_post": "/v9/an/order", "order_add": "/v9/an/order"})

    assert not reads_of(known, "/token")("POST", "/v2/order/add")
    assert not reads_of(given, "/token")("POST", "/v9/an/order")


@pytest.mark.parametrize(
    ("method", "path", "reads"),
    [
        ("GET", "/api/v1/orders", True),
        ("POST", "/oauth/token", True),
        ("POST", f"/api/v1/orders/{ORDER}/shipping-quotes", False),
        ("PATCH", "/api/v1/master-orders/1", False),
        ("DELETE", "/api/v1/webhook-subscriptions/1", True),
        ("POST", "/api/v1/webhook-subscriptions", True),
        ("POST", "/api/v1/webhook-subscriptions-else", False),
        ("POST", "/api/v1/webhook-subscriptions/../orders/1/-actions/transition", False),
        ("POST", "/api/v1/webhook-subscriptions/%2e%2e/orders", False),
        ("PUT", "/oauth/token", False),
    ],
)
def test_what_ankorstore_is_sent(method: str, path: str, reads: bool) -> None:
    """Asking for quotes is a write; logins and our own subscription touch no order."""
    assert ankorstore_reads.leaves_orders_alone(method, path) is reads


def test_the_path_looked_at_is_the_path_sent() -> None:
    """A query or a fragment cannot hide a write: they are no part of the path."""
    url = httpx.URL("https://warehouse.example/v2/stock/bulk/false?x=/v2/stock/bulk/true")

    assert not reads_of(PathTable(), "/token")("GET", url.raw_path.decode())
