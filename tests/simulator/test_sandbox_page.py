"""The sandbox's page over HTTP: its forms make the situations, and refuse what makes no sense."""

import re
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import cli
from app.clock import MovedClock
from app.settings import SettingsError
from app.simulator import Fault, Order, WarehouseOrder
from app.simulator.goods import RANGE
from app.simulator.sandbox import Sandbox, build_sandbox, console_app, write_new_file
from app.simulator.sandbox.situations import PREORDER_SKU, SITUATIONS
from tests.simulator.conftest import JSON_API, Caller, Shop

DAY_SECONDS = 86_400.0


@pytest.fixture
def sandbox() -> Sandbox:
    return build_sandbox("http://127.0.0.1:9/webhooks/ankorstore", shipping_delay_seconds=3600)


@pytest.fixture
async def page(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(console_app(sandbox))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8800") as visitor:
        yield visitor


async def place(page: httpx.AsyncClient, sandbox: Sandbox, kind: str = "plain") -> Order:
    """Place one order of a kind by the form and return it."""
    answer = await page.post("/orders", data={"kind": kind, "count": 1})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    return list(sandbox.ankorstore.orders.values())[-1]


async def take_in(sandbox: Sandbox, order: Order) -> WarehouseOrder:
    """Place *order* at the warehouse, as the service does."""
    shop = Shop(sandbox.active_ants)
    await shop.log_in()
    items = [{"sku": one.variant.sku, "quantity": one.units, "price": 1} for one in order.lines]
    await shop.add(str(order.reference), extra1=order.id, orderItems=items)
    await shop.http.aclose()
    (placed,) = sandbox.orders_at_warehouse(order.id)
    return placed


async def do(
    page: httpx.AsyncClient, order: Order, action: str, **fields: object
) -> httpx.Response:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}  # also for a bare button
    answer = await page.post(f"/orders/{order.id}/{action}", data=fields, headers=headers)
    if answer.status_code == 303:
        assert answer.headers["location"] == f"/orders/{order.id}"
    return answer


@pytest.mark.parametrize("path", ["/", "/?look=on", "/breaking", "/nowhere", "/sandbox.css"])
async def test_no_page_runs_a_script_or_loads_from_elsewhere(
    page: httpx.AsyncClient, path: str
) -> None:
    """The policy forbids both, and no page would want to."""
    answer = await page.get(path)

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; form-action 'self';")
    assert "script" not in policy
    assert not re.search(r"<script|javascript:|\son\w+=|https?://(?!127\.0\.0\.1)", answer.text)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("kind", SITUATIONS)
async def test_every_kind_can_be_placed_and_is_shown(
    page: httpx.AsyncClient, sandbox: Sandbox, kind: str
) -> None:
    """On the page of all orders, and on one of its own."""
    order = await place(page, sandbox, kind)
    overview = (await page.get("/")).text
    own = await page.get(f"/orders/{order.id}")

    assert str(order.reference) in overview
    assert SITUATIONS[kind].title in overview
    assert (own.status_code, str(order.reference) in own.text) == (200, True)


async def test_kinds_are_what_they_say(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Each sets up at both companies what makes it so."""
    stock = sandbox.active_ants.products
    deliveries = sandbox.ankorstore.deliveries

    partial = await place(page, sandbox, "partial_stock")
    assert 0 < stock["MUG-02"].stock < partial.lines[1].units
    await place(page, sandbox, "no_stock")
    assert stock["MUG-02"].stock == 0
    assert (await place(page, sandbox, "no_house_number")).ship_to.street == "Damstraat"
    unknown = await place(page, sandbox, "unknown_sku")
    assert [one.variant.sku in stock for one in unknown.lines] == [True, False]
    assert (await place(page, sandbox, "accepted")).status == "brand_confirmed"
    assert (await place(page, sandbox, "late")).ships_until_at < sandbox.clock.now()
    silent = await place(page, sandbox, "no_webhook")
    twice = await place(page, sandbox, "told_twice")
    assert [len([d for d in deliveries if d.order_id == o.id]) for o in (silent, twice)] == [0, 2]
    await place(page, sandbox, "lost_answer")
    (plan,) = sandbox.active_ants.faults.plans
    assert (plan.pattern, plan.fault) == ("POST */order/add", Fault.LOSE_ANSWER_AFTER)


async def test_preorder_tells_when_its_goods_will_exist(
    page: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """In the variant the marketplace includes, and nowhere else; it may be shipped then."""
    await place(page, sandbox)
    order = await place(page, sandbox, "pre_order")
    caller = Caller(sandbox.ankorstore)
    await caller.log_in()
    caller.http.headers["Accept"] = JSON_API
    include = {"include": "orderItems.productVariant"}
    answer = await caller.http.get(f"/api/v1/orders/{order.id}", params=include)
    listed = await caller.http.get("/api/v1/product-variants")
    await caller.http.aclose()

    def dates(resources: list[Any]) -> dict[str, str | None]:
        named = [one["attributes"] for one in resources if "sku" in one["attributes"]]
        return {one["sku"]: one.get("availableAt") for one in named}

    assert order.ships_until_at > sandbox.clock.now() + timedelta(days=31)
    day = f"{sandbox.clock.now() + timedelta(days=30):%Y-%m-%d}"
    assert dates(answer.json()["included"]) == {PREORDER_SKU: day}
    assert dates(listed.json()["data"]) == {
        **{goods.sku: None for goods in RANGE},
        PREORDER_SKU: day,
    }


async def test_order_in_two_parcels_leaves_in_two(
    page: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """By itself, in as many as wanted, once its time has come on the moved clock."""
    order = await place(page, sandbox, "two_parcels")
    wanted = sandbox.active_ants.floor.parcels_wanted
    assert wanted == {order.id: 2}
    wanted[order.id] = 5  # which is never drawn
    placed = await take_in(sandbox, order)
    await page.post("/set/clock", data={"count": 2, "unit": "hours"})
    sandbox.active_ants.catch_up()

    (shipment,) = sandbox.active_ants.shipments.values()
    assert (placed.is_complete, len(shipment.parcels)) == (True, 5)


async def test_shipping_a_part_and_tracking_later(
    page: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """Some pieces leave in two parcels without numbers; the numbers come, the rest follows."""
    order = await place(page, sandbox)
    placed = await take_in(sandbox, order)
    number = placed.order_number
    part = {"number": number, "parcels": 2, "sku": "MUG-01", "pieces": 5, "tracking_later": "on"}
    await do(page, order, "ship", **part)
    (first,) = sandbox.active_ants.shipments.values()
    bare = [(one.number, one.track_url) for one in first.parcels]
    await do(page, order, "give-tracking", number=number)
    await do(page, order, "ship", number=number, parcels=1, sku="", pieces="")
    await do(page, order, "deliver", number=number)
    again = await do(page, order, "ship", number=number, parcels=1, sku="", pieces="")

    assert bare == [("", None), ("", None)]
    assert all(one.number and one.track_url for one in first.parcels)
    assert [(one.sku, one.quantity) for one in first.items] == [("MUG-01", 5)]
    assert placed.is_complete
    assert [one.status for one in sandbox.active_ants.shipments.values()] == ["delivered"] * 2
    assert (again.status_code, "everything was shipped" in again.text) == (409, True)


async def test_buttons_of_an_order(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Only what the status allows is offered; what was possible a moment ago is refused."""
    order = await place(page, sandbox)
    before = (await page.get(f"/orders/{order.id}")).text
    await do(page, order, "accept")
    await do(page, order, "revert")
    reverted = order.status
    address = {"street": "Neude 11", "postal_code": "3512 AE", "city": "Utrecht", "country": "nl"}
    await do(page, order, "change-address", **address)
    await do(page, order, "expect-shipping", hours=48)
    await do(page, order, "wish-to-cancel", reason="Ordered by mistake")
    await do(page, order, "cancel")
    refused = await do(page, order, "accept")

    assert "/accept" in before
    assert "/revert" not in before
    assert reverted == "ankor_confirmed"
    assert (order.ship_to.street, order.ship_to.country_code) == ("Neude 11", "NL")
    assert order.ships_until_at > sandbox.clock.now() + timedelta(hours=47)
    assert order.retailer_cancellation_request_reason == "Ordered by mistake"
    assert order.status == "cancelled"
    assert (refused.status_code, "not possible from cancelled" in refused.text) == (409, True)


async def test_maya(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """The back office cancels, and tells what it has no button for."""
    order = await place(page, sandbox)
    early = await do(page, order, "cancel-in-maya", number=1)
    placed = await take_in(sandbox, order)
    number = placed.order_number
    release = await do(page, order, "release-in-maya", number=number)
    await do(page, order, "cancel-in-maya", number=number)
    ship = await do(page, order, "ship", number=number, parcels=1, sku="", pieces="")

    assert (early.status_code, "does not have this order yet" in early.text) == (409, True)
    assert (release.status_code, "not on hold" in release.text) == (400, True)
    assert placed.is_cancelled
    assert (ship.status_code, "is cancelled" in ship.text) == (409, True)


async def test_breaking_and_mending(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Each form sets what it says at the company it says."""
    fault = {"call": "ankorstore accept", "fault": "latency", "seconds": "2,5", "status": 503}
    await page.post("/set/break", data={**fault, "times": 3})
    always = {"call": "active_ants any", "fault": "server_error_before", "always": "on"}
    await page.post("/set/break", data={**always, "seconds": 1, "status": 502, "times": ""})
    await page.post("/set/webhooks", data={"lose": 1, "double": 2, "delay": 9})
    await page.post("/set/webhook-url", data={"url": ""})
    habits = {"lag": 4, "delay": 5, "uniqueness": "late"}
    await page.post("/set/warehouse", data=habits)
    await page.post("/set/stock", data={"sku": "MUG-01", "stock": 3})
    await page.post("/set/foreign", data={"count": 2})
    shown = (await page.get("/breaking")).text
    (slow,), (broken,) = sandbox.ankorstore.faults.plans, sandbox.active_ants.faults.plans
    await page.post("/set/mend", data={"company": "active_ants"})

    assert (slow.fault, slow.times, slow.seconds) == (Fault.LATENCY, 3, 2.5)
    assert (broken.fault, broken.times, broken.status) == (Fault.SERVER_ERROR_BEFORE, None, 502)
    assert "until stopped" in shown
    assert (len(sandbox.ankorstore.faults.plans), sandbox.active_ants.faults.plans) == (1, [])
    assert sandbox.ankorstore.webhook_url is None
    warehouse = sandbox.active_ants.habits
    assert (warehouse.search_lag_seconds, warehouse.shipping_delay_seconds) == (4, 5)
    assert (warehouse.uniqueness, warehouse.ships_by_itself) == ("late", False)
    assert sandbox.active_ants.products["MUG-01"].stock == 3
    assert len(sandbox.active_ants.shipments) == 2


async def test_tokens_can_be_made_worthless(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Those of the company that is named."""
    shop = Shop(sandbox.active_ants)
    await shop.log_in()
    await page.post("/set/expire-tokens", data={"company": "ankorstore"})
    kept = (await shop.http.get("/v2/settings/get")).status_code
    await page.post("/set/expire-tokens", data={"company": "active_ants"})
    gone = (await shop.http.get("/v2/settings/get")).status_code
    await shop.http.aclose()

    assert (kept, gone) == (200, 401)


REFUSED = [
    ("/orders", {"kind": "odd", "count": "1"}, "Kind is not one of those on offer"),
    ("/orders", {"kind": "plain", "count": "0"}, "How many is no whole number from 1 to 50"),
    ("/orders", {"kind": "plain", "count": "many"}, "How many is no whole number from 1 to 50"),
    ("/orders", {"kind": "plain", "count": "1e3"}, "How many is no whole number from 1 to 50"),
    ("/orders", {"kind": "plain"}, "How many is no whole number from 1 to 50"),
    ("/set/clock", {"count": "-1", "unit": "days"}, "How many is no whole number from 1 to 366"),
    ("/set/clock", {"count": "1", "unit": "years"}, "Unit is not one of those on offer"),
    ("/set/stock", {"sku": " ", "stock": "1"}, "SKU is empty"),
    ("/set/stock", {"sku": "A\nB", "stock": "1"}, "SKU is no text of one line"),
    ("/set/stock", {"sku": "A" * 201, "stock": "1"}, "SKU is no text of one line"),
    ("/set/stock", {"sku": "A", "stock": "1.5"}, "Pieces is no whole number from 0 to 1000000"),
    ("/set/break", {"call": "x", "fault": "latency"}, "Call is not one of those on offer"),
    ("/set/webhooks", {"lose": "0", "double": "0", "delay": "nan"}, "Delay is no number from 0"),
    ("/set/webhook-url", {"url": "ftp://x"}, "Address is no web address"),
    (
        "/set/warehouse",
        {"lag": "1", "delay": "inf", "uniqueness": "off"},
        "Ships after is no number from 0 to 600",
    ),
    ("/set/warehouse", {"lag": "1", "delay": "1", "uniqueness": "x"}, "Second order is not one"),
    ("/set/mend", {"company": "both"}, "Company is not one of those on offer"),
    ("/set/nothing", {"a": "b"}, "there is no such form"),
]


@pytest.mark.parametrize(("path", "fields", "problem"), REFUSED)
async def test_bad_input_names_the_field_and_does_nothing(
    page: httpx.AsyncClient, sandbox: Sandbox, path: str, fields: dict[str, str], problem: str
) -> None:
    """Below the problem stands the cure; neither company nor the clock is touched."""
    answer = await page.post(path, data=fields)

    assert answer.status_code in (400, 404)
    assert re.search(
        rf"<h1>Not done: {re.escape(problem)}[^<]*</h1>\n<p>[A-Z][^<]+\.?", answer.text
    )
    assert sandbox.ankorstore.orders == {}
    assert sandbox.clock.ahead_seconds == 0
    assert "A" not in sandbox.active_ants.products
    assert sandbox.active_ants.habits.search_lag_seconds == 0
    assert list(sandbox.notes) == []


async def test_more_than_is_left_is_not_shipped(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Nor is an address that is none taken, nor a warehouse order that is another's."""
    order = await place(page, sandbox)
    number = (await take_in(sandbox, order)).order_number
    address = {"street": "Neude 11", "postal_code": "3512", "city": "Utrecht", "country": "N1"}
    answers = [
        await do(page, order, "ship", number=number, parcels=1, sku="MUG-01", pieces=13),
        await do(page, order, "ship", number=number, parcels=0, sku="", pieces=""),
        await do(page, order, "ship", number=4711, parcels=1, sku="", pieces=""),
        await do(page, order, "change-address", **address),
        await do(page, order, "explode"),
        await page.post("/orders/nobody/accept", data={"a": "b"}),
    ]

    assert [one.status_code for one in answers] == [400, 400, 400, 400, 404, 404]
    assert "only 12 of MUG-01 are left" in answers[0].text
    assert sandbox.active_ants.shipments == {}
    assert order.ship_to.street == "Damstraat 12"


async def test_other_sites_cannot_use_the_forms(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """Nor can a page under a name that merely leads to this machine, nor what is no form."""
    fields = {"kind": "plain", "count": "1"}
    foreign = await page.post("/orders", data=fields, headers={"Origin": "https://evil.example"})
    renamed = await page.post("/orders", data=fields, headers={"Host": "evil.example"})
    no_form = await page.post("/orders", json=fields)
    large = await page.post("/orders", data={"kind": "x" * 20_000})
    own = await page.post("/orders", data=fields, headers={"Origin": "http://127.0.0.1:8800"})

    statuses = [one.status_code for one in (foreign, renamed, no_form, large, own)]
    assert statuses == [403, 400, 415, 413, 303]
    assert len(sandbox.ankorstore.orders) == 1


async def test_what_people_wrote_is_shown_as_text(
    page: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """Markup in a field stays text."""
    await page.post("/set/stock", data={"sku": "<b>&", "stock": "1"})

    text = (await page.get("/")).text
    assert "&lt;b&gt;&amp;" in text
    assert "<b>" not in text


async def test_clock_of_the_page_is_that_of_both_companies(
    page: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """It is told over HTTP, with how far it is ahead; ten years is as far as it goes."""
    await page.post("/set/clock", data={"count": 2, "unit": "days"})
    shown = (await page.get("/")).text
    told = []
    for company in (sandbox.ankorstore, sandbox.active_ants):
        async with httpx.AsyncClient(transport=company.transport(), base_url="http://c") as http:
            told.append((await http.get("/_simulator/clock")).json())
    answers = [
        await page.post("/set/clock", data={"count": 366, "unit": "days"}) for _ in range(11)
    ]

    assert "2 d 0 h ahead" in shown
    assert [one["ahead_seconds"] for one in told] == [2 * DAY_SECONDS] * 2
    at = datetime.fromisoformat(told[0]["now"])
    assert abs((at - datetime.now(UTC)).total_seconds() - 2 * DAY_SECONDS) < 60
    assert [one.status_code for one in answers].count(400) == 2
    assert "ten years" in answers[-1].text


def test_sandboxes_do_not_repeat_each_other() -> None:
    """A service may still hold the orders of an earlier one."""
    first, second = (build_sandbox(None, 0) for _ in range(2))
    second.clock.move_to(0)
    ids = [one.ankorstore.place_order().id for one in (first, second)]

    assert ids[0] != ids[1]
    assert isinstance(first.clock, MovedClock)
    assert first.ankorstore.clock is first.active_ants.clock is first.clock


def test_written_settings_are_the_owner_s_alone(tmp_path: Path) -> None:
    """And nothing is ever written over."""
    path = tmp_path / "new.env"
    write_new_file(path, ["A=1", "B=2"])
    with pytest.raises(FileExistsError):
        write_new_file(path, ["C=3"])

    assert (path.read_text(), path.stat().st_mode & 0o777) == ("A=1\nB=2\n", 0o600)


def test_wrong_options_are_told_in_one_line(tmp_path: Path) -> None:
    """Each names the option and the cure; a file that is there stays as it is."""
    there = tmp_path / ".env"
    there.write_text("OPERATOR_TOKEN=mine\n")
    problems = {
        ("--write-env", str(there)): "is there already and is not overwritten; name a new file",
        ("--write-env", str(tmp_path / "gone" / ".env")): "cannot be written: No such file",
        ("--webhook-url", "ftp://here"): "--webhook-url: no web address; for example http",
    }
    for options, problem in problems.items():
        told = CliRunner().invoke(cli, ["simulate", *options]).exception
        assert isinstance(told, SettingsError)
        assert problem in str(told)
        assert "\n" not in str(told)
    assert there.read_text() == "OPERATOR_TOKEN=mine\n"


def test_port_that_somebody_has_is_named() -> None:
    """With the cure."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        told = CliRunner().invoke(cli, ["simulate", "--console-port", port]).exception

    assert isinstance(told, SettingsError)
    assert str(told).startswith(f"port {port} cannot be used")
    assert "0 for a free one" in str(told)


async def pass_time(page: httpx.AsyncClient, sandbox: Sandbox, hours: int = 1) -> None:
    """Let both companies and the connector do what became due, and once more what follows of it."""
    for _ in range(3):
        await page.post("/set/clock", data={"count": hours, "unit": "hours"})
        sandbox.active_ants.catch_up()
        sandbox.ankorstore.catch_up()


async def test_todays_connector_carries_orders_until_it_is_stopped(
    page: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """Those that wait, and those that come; what it placed it confirms after that too."""
    answered = await place(page, sandbox, "accepted")
    before = await place(page, sandbox)
    await page.post("/set/connector", data={"carries": "on"})
    carried = await place(page, sandbox, "two_parcels")
    by_a_person = await place(page, sandbox, "accepted")
    cancelled = await place(page, sandbox)
    await page.post("/set/clock", data={"count": 1, "unit": "hours"})
    sandbox.ankorstore.catch_up()
    (placed,) = sandbox.orders_at_warehouse(carried.id)
    shown = (await page.get("/")).text
    sandbox.ankorstore.cancel_order(cancelled.id)
    sandbox.active_ants.cancel_in_maya(sandbox.connector.placed[cancelled.id])
    await page.post("/set/connector", data={"carries": "off"})
    after = await place(page, sandbox)
    await pass_time(page, sandbox)

    assert placed.external_order_number == f"OLD-{carried.reference}"
    assert f"{placed.order_number} " in shown
    assert [one.status for one in (before, carried, by_a_person)] == ["shipped"] * 3
    (shipment,) = (
        one
        for one in sandbox.active_ants.shipments.values()
        if one.order_number == placed.order_number
    )
    assert len(shipment.parcels) == 2
    assert carried.tracking is not None
    assert carried.tracking["number"] == shipment.parcels[0].number
    assert (answered.status, after.status) == ("brand_confirmed", "ankor_confirmed")
    assert [sandbox.orders_at_warehouse(one.id) for one in (answered, after)] == [[], []]
    assert cancelled.status == "cancelled"


async def test_todays_connector_checks_nothing(page: httpx.AsyncClient, sandbox: Sandbox) -> None:
    """It accepts what the warehouse does not know or cannot send, and gives up once."""
    sandbox.connector.start()
    unknown = await place(page, sandbox, "unknown_sku")
    numberless = await place(page, sandbox, "no_house_number")
    await pass_time(page, sandbox)

    assert (unknown.status, numberless.status) == ("brand_confirmed", "brand_confirmed")
    assert sandbox.orders_at_warehouse(unknown.id) == []
    (placed,) = sandbox.orders_at_warehouse(numberless.id)
    assert (placed.is_valid, placed.is_complete) == (False, False)
    told = [note.text for note in sandbox.notes if "gives up" in note.text]
    assert len(told) == 1
    assert told[0].startswith(f"{unknown.reference}: today's connector gives up: the warehouse")


def test_todays_connector_is_started_by_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """And by nothing else."""
    started = []

    async def note(sandbox: Sandbox, *_: object) -> None:
        started.append(sandbox.connector.takes_orders)

    monkeypatch.setattr("app.cli_simulate._simulate", note)
    for options in ([], ["--with-connector"]):
        assert CliRunner().invoke(cli, ["simulate", *options]).exit_code == 0
    assert started == [False, True]
