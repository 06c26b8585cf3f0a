"""Both companies over real HTTP: dropped connections, webhooks, controls, and the instant pair."""

import ast
import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

import app.simulator
from app.clock import SystemClock
from app.simulator import (
    Fault,
    ServedCompanies,
    SimulatedActiveAnts,
    SimulatedAnkorstore,
    instant_companies,
    serve_companies,
)

from .conftest import JSON_API, order_body


@pytest.fixture
async def served() -> AsyncIterator[ServedCompanies]:
    clock = SystemClock()
    ankorstore = SimulatedAnkorstore(clock=clock, webhook_retry_seconds=(0.01,))
    active_ants = SimulatedActiveAnts(clock=clock, shipping_delay_seconds=0.05)
    async with serve_companies(ankorstore, active_ants, tick_seconds=0.01) as both:
        yield both


async def log_in(served: ServedCompanies, http: httpx.AsyncClient) -> None:
    """Log in to both companies and keep the marketplace's token on the client."""
    company = served.ankorstore
    form = {
        "grant_type": "client_credentials",
        "client_id": company.client_id,
        "client_secret": company.client_secret,
    }
    answer = await http.post(f"{served.ankorstore_url}/oauth/token", data=form)
    token = answer.json()["access_token"]
    http.headers.update({"Authorization": f"Bearer {token}", "Accept": JSON_API})


async def wait_until(condition: object) -> None:
    """Wait until *condition* holds, two seconds at most."""
    assert callable(condition)
    async with asyncio.timeout(2):
        while not condition():  # noqa: ASYNC110 - looks at state nobody signals
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.LOSE_ANSWER_AFTER, "brand_confirmed"),
        (Fault.LOSE_ANSWER_BEFORE, "ankor_confirmed"),
        (Fault.REFUSE_CONNECTION, "ankor_confirmed"),
    ],
)
async def test_lost_answer_drops_the_connection(
    served: ServedCompanies, fault: Fault, status: str
) -> None:
    """Over real HTTP a lost answer is a connection that ends; the next call works again."""
    order = served.ankorstore.place_order()
    served.ankorstore.faults.once("POST */-actions/transition", fault)
    url = f"{served.ankorstore_url}/api/v1/orders/{order.id}"
    async with httpx.AsyncClient() as http:
        await log_in(served, http)
        body = json.dumps({"data": {"type": "brand-validates"}})
        headers = {"Content-Type": JSON_API}
        with pytest.raises(httpx.TransportError):
            await http.post(f"{url}/-actions/transition", content=body, headers=headers)
        answer = await http.get(url)

    assert answer.json()["data"]["attributes"]["status"] == order.status == status


async def test_slow_answer_over_http_takes_effect_late(served: ServedCompanies) -> None:
    """A caller that gave up on a slow answer finds the effect afterwards."""
    order = served.ankorstore.place_order()
    served.ankorstore.faults.once("POST */-actions/transition", Fault.LATENCY, seconds=0.3)
    url = f"{served.ankorstore_url}/api/v1/orders/{order.id}/-actions/transition"
    async with httpx.AsyncClient(timeout=0.1) as http:
        await log_in(served, http)
        body = json.dumps({"data": {"type": "brand-validates"}})
        with pytest.raises(httpx.ReadTimeout):
            await http.post(url, content=body, headers={"Content-Type": JSON_API})
    assert order.status == "ankor_confirmed"
    await wait_until(lambda: order.status == "brand_confirmed")


async def test_links_are_absolute_on_the_served_address(served: ServedCompanies) -> None:
    """The links of a page name the address the company is served on."""
    for _ in range(3):
        served.ankorstore.place_order()
    async with httpx.AsyncClient() as http:
        await log_in(served, http)
        url = f"{served.ankorstore_url}/api/v1/orders"
        first = (await http.get(url, params={"page[limit]": 2})).json()
        second = (await http.get(first["links"]["next"])).json()
    assert len(second["data"]) == 1
    assert first["links"]["next"].startswith("http://127.0.0.1:")


async def test_webhook_is_delivered_over_http(served: ServedCompanies) -> None:
    """A subscriber on the network gets the event; a refused one comes again."""
    received: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.split(b":")[1])
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"content-length")
        )
        received.append(await reader.readexactly(length))
        status = b"500 Error" if len(received) == 1 else b"200 OK"
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(listen, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        served.ankorstore.webhook_url = f"http://127.0.0.1:{port}/webhooks/ankorstore"
        order = served.ankorstore.place_order()
        await wait_until(lambda: served.ankorstore.deliveries[0].is_delivered)

    assert received[0] == received[1] == served.ankorstore.deliveries[0].body
    assert json.loads(received[0])["data"]["id"] == order.id
    assert [one.status for one in served.ankorstore.deliveries[0].attempts] == [500, 200]


async def test_controls(served: ServedCompanies) -> None:
    """Orders, doings, faults, shipments and calls can be steered and read over HTTP."""
    ankorstore, active_ants = served.ankorstore_url, served.active_ants_url
    async with httpx.AsyncClient() as http:
        assert "now" in (await http.get(f"{ankorstore}/_simulator/clock")).json()
        wanted = {"lines": [{"sku": "MUG-01", "packs": 2}], "emit": False}
        placed = await http.post(f"{ankorstore}/_simulator/orders", json=wanted)
        assert (await http.post(f"{ankorstore}/_simulator/orders")).status_code == 201
        order_id = placed.json()["id"]
        accept = f"{ankorstore}/_simulator/orders/{order_id}/accept"
        assert (await http.post(accept)).json()["status"] == "brand_confirmed"
        assert (await http.post(accept)).status_code == 400
        fault = {"pattern": "GET /status/get", "fault": "server_error_before", "status": 503}
        assert (await http.post(f"{active_ants}/_simulator/faults", json=fault)).status_code == 201
        assert (await http.get(f"{active_ants}/status/get")).status_code == 503
        form = {
            "grant_type": "password",
            "username": served.active_ants.username,
            "password": served.active_ants.password,
        }
        token = (await http.post(f"{active_ants}/token", data=form)).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        await http.post(f"{active_ants}/v2/order/add", json=order_body("AB-1"), headers=headers)
        shipment = {"order": "AB-1", "parcels": 2}
        shipped = await http.post(f"{active_ants}/_simulator/ship", json=shipment)
        counts = (await http.get(f"{active_ants}/_simulator/calls")).json()["counts"]

    order = served.ankorstore.orders[order_id]
    assert (placed.json()["lines"], order.lines[0].packs) == (
        [{"sku": "MUG-01", "packs": 2, "units": 12}],
        2,
    )
    assert shipped.json()["numberOfColli"] == 2
    assert counts == {"GET /status/get": 1, "POST /token": 1, "POST /v2/order/add": 1}


async def test_signal_handlers_are_left_alone() -> None:
    """Serving the companies inside a process does not take its signals away."""
    before = signal.getsignal(signal.SIGTERM)
    clock = SystemClock()
    both = SimulatedAnkorstore(clock=clock), SimulatedActiveAnts(clock=clock)
    async with serve_companies(*both):
        assert signal.getsignal(signal.SIGTERM) is before


async def test_instant_pair_ships_at_once() -> None:
    """The pair for benchmarks has no delay, no limit and keeps no calls."""
    clock = SystemClock()
    ankorstore, active_ants = instant_companies(clock)
    http = httpx.AsyncClient(transport=active_ants.transport(), base_url=active_ants.base_url)
    form = {
        "grant_type": "password",
        "username": active_ants.username,
        "password": active_ants.password,
    }
    token = (await http.post("/token", data=form)).json()["access_token"]
    http.headers["Authorization"] = f"Bearer {token}"
    await http.post("/v2/order/add", json=order_body("AB-1"))
    rows = await http.post("/v2/shipment/byordertype", json={"orderTypes": [3002]})
    assert len(rows.json()["result"]) == 1
    assert active_ants.calls == []
    assert ankorstore.habits.requests_per_minute is None


def test_simulator_knows_nothing_of_the_bridge() -> None:
    """Of the bridge itself the simulator imports the clock and the logs, nothing else."""
    folder = Path(app.simulator.__file__).parent
    allowed = ("app.simulator", "app.clock", "app.logs")
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [one.name for one in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                assert not name.startswith("app") or name.startswith(allowed), (path, name)
