"""Logs: one JSON object a line, one line an attempt, and nobody's data or secret in any of it."""

import asyncio
import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import structlog
from prometheus_client import generate_latest
from structlog.contextvars import clear_contextvars

import app.flow.carry as carry_module
from app.domain.search_text import fold
from app.errors import (
    Finding,
    NotReady,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Transient,
    Unauthorized,
    Unmappable,
)
from app.logs import MASK, configure_logs
from app.metrics import REGISTRY
from app.simulator import Address, Fault, Order, Retailer
from app.store.inbox import Inbox
from app.store.models import Attempt
from app.store.session import Store
from app.wiring import known_secrets, traced
from tests.collector import collecting
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world
from tests.integration.console import add_person, console
from tests.integration.web import OPERATOR, running_web
from tests.store_rows import add_order, make_event, rows_of

PERSON = "Canaria Finchley"
SHOP = "The Yellow Birdhouse"
MAIL = "canaria@birdhouse.example"
PHONE = "+31206241234"
ADDRESS = Address(PERSON, SHOP, "Vogelgracht 4711", "1012 JS", "Kanariestad", "NL")
RETAILER = Retailer(
    id="3b656e82-0260-1ecb-9e4c-0242ac170007",
    store_name=SHOP,
    company_name="Finchley Aviaries",
    first_name="Canaria",
    last_name="Finchley",
    email=MAIL,
    phone_number=PHONE,
    vat_number="NL123123123B01",
    tax_number="123123123",
    created_at=datetime(2025, 1, 1, tzinfo=UTC),
)
PERSONAL = (
    PERSON,
    "Canaria",
    "Finchley",
    SHOP,
    MAIL,
    PHONE,
    "6241234",
    "Vogelgracht",
    "Kanariestad",
    "1012 JS",
    "NL123123123B01",
)
TOKEN = "operator-token-canary"


@pytest.fixture
def json_logs(capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., None]]:
    """Return what switches the service's logs on; everything is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level

    def switch_on(log_format: Any = "json", secrets: Any = ()) -> None:
        capsys.readouterr()  # what was logged before, in another form
        configure_logs(log_format, secrets)
        structlog.configure(cache_logger_on_first_use=False)

    yield switch_on
    structlog.reset_defaults()
    clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines_of(text: str) -> list[dict[str, Any]]:
    """Return the log lines in *text*, each of which is one JSON object."""
    lines = [json.loads(line) for line in text.splitlines()]
    for line in lines:
        assert {"event", "level", "timestamp"} <= set(line)
    return lines


def assert_clean(text: str, world: World) -> None:
    """Fail if anybody's data or a secret stands in *text*."""
    tokens = {"Bearer", "access_token", *known_secrets(world.settings)} - {""}
    found = {canary for canary in (*PERSONAL, *tokens) if canary in text}
    assert found == set()


def place(world: World, **changes: Any) -> Order:
    values: dict[str, Any] = {"ship_to": ADDRESS, "billing": ADDRESS, "retailer": RETAILER}
    return world.ankorstore.place_order(**{**values, **changes})


async def carry_everything(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Order]:
    """Carry orders to their ends, with every kind of trouble on the way."""
    faults = world.active_ants.faults
    orders = [place(world)]
    await world.tell(orders[-1])
    await world.work()
    for pattern, fault, options in (
        ("POST */order/add", Fault.LOSE_ANSWER_AFTER, {}),
        ("POST */order/add", Fault.NOT_JSON, {}),
        ("POST */order/add", Fault.SERVER_ERROR_BEFORE, {"status": 422}),
        ("* */order/search*", Fault.WRONG_TYPE, {}),
    ):
        faults.once(pattern, fault, **options)
        orders.append(place(world))
        await world.tell(orders[-1])
        await world.work()
    for fault in (Fault.UNAUTHORIZED, Fault.TOO_MANY_REQUESTS, Fault.TRUNCATE_BODY):
        world.ankorstore.faults.once("GET */api/v1/orders/*", fault)
        orders.append(place(world))
        await world.tell(orders[-1])
        await world.work()
    po_box = Address(PERSON, SHOP, "Postbus 4711", "1012 JS", "Kanariestad", "NL")
    orders.append(place(world, ship_to=po_box))
    await world.tell(orders[-1])
    await world.work()

    advance = carry_module.advance

    async def break_down(desk: Any, rules: Any) -> Any:
        raise ValueError(f"cannot handle {PERSON}, {MAIL}")

    monkeypatch.setattr(carry_module, "advance", break_down)
    orders.append(place(world))
    await world.tell(orders[-1])
    await world.work()
    monkeypatch.setattr(carry_module, "advance", advance)
    await world.pass_time(1200, steps=4)
    return orders


async def test_a_whole_service_logs_nothing_personal(
    store: Store,
    clock: FakeClock,
    json_logs: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Over orders carried through every trouble no line, metric, trace or repr names anybody."""
    async with build_world(store, clock, operator_token=TOKEN) as world:
        json_logs(secrets=known_secrets(world.settings))
        with collecting() as collector:
            asked_for = {"otel_exporter_otlp_endpoint": collector.url}
            with traced(world.settings.model_copy(update=asked_for)):
                orders = await carry_everything(world, monkeypatch)

        output = capsys.readouterr()
        assert len(collector.called("step ")) >= len(orders)
        assert_clean(collector.text(), world)
        assert_clean(output.out + output.err, world)
        lines = lines_of(output.out)
        assert "Postbus" not in output.out
        finished = [line for line in lines if line["event"] == "attempt.finished"]
        attempts = await rows_of(store, Attempt)
        assert len(finished) == len(attempts)
        ids = {(await world.held(order)).order_id: order.id for order in orders}
        assert Counter(line["correlation_id"] for line in finished) == Counter(
            ids[attempt.order_id] for attempt in attempts
        )
        assert Counter((line["step"], line["outcome"], line["message"]) for line in finished) == (
            Counter((attempt.step, attempt.outcome, attempt.message) for attempt in attempts)
        )
        outcomes = {attempt.outcome for attempt in attempts}
        assert {"done", "waiting", "closed", "failed", "attention"} <= outcomes
        broke = [line for line in lines if line["event"] == "step.broke"]
        assert len(broke) == 1, broke
        (broken,) = broke
        assert (broken["error"], broken["correlation_id"]) == ("ValueError", orders[-1].id)
        assert "break_down" in broken["passed_through"]

        assert_clean(generate_latest(REGISTRY).decode(), world)
        for order in orders:
            assert_clean(repr(await world.held(order)), world)
        seen = await world.companies.marketplace.read_order(orders[0].id)
        for value in (seen, seen.ship_to, seen.retailer, seen.lines, world.settings):
            assert_clean(repr(value), world)


async def test_a_delivery_and_its_order_share_an_id(
    store: Store,
    clock: FakeClock,
    database_url: str,
    json_logs: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """From the webhook to the last attempt every line about an order carries its id."""
    async with build_world(store, clock) as world:
        secret = world.ankorstore.webhook_secret
        changes = {"ankorstore_webhook_secrets": secret, "operator_token": TOKEN}
        async with running_web(database_url, clock, **changes) as client:
            json_logs(secrets=[secret, TOKEN])
            world.ankorstore.webhook_url = "http://antbridge.test/webhooks/ankorstore"
            order = place(world)
            delivery = world.ankorstore.deliveries[-1]
            headers = {**delivery.headers, **OPERATOR, "cookie": "session=canary-cookie"}
            answer = await client.post(
                "/webhooks/ankorstore", content=delivery.body, headers=headers
            )
            assert answer.json() == {"status": "stored"}
            refused = await client.post("/webhooks/ankorstore", content=delivery.body)
            unreadable = await client.get(f"/api/orders/{PERSON}", headers=OPERATOR)
            await world.work()

        output = capsys.readouterr().out
        assert_clean(output + refused.text + unreadable.headers.get("location", ""), world)
        assert "canary-cookie" not in output
        lines = lines_of(output)
        about = [line["event"] for line in lines if line.get("correlation_id") == order.id]
        assert about[0] == "event.stored"
        assert set(about[1:]) == {"attempt.finished"}
        assert len(about) >= 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_search_for_a_retailer_is_not_logged(
    store: Store,
    database_url: str,
    clock: FakeClock,
    json_logs: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Neither what was searched for nor what was found, by whomever; nor counted by it."""
    await add_order(store, retailer_text=fold(f"{SHOP} | {PERSON}"))
    await add_person(store)
    json_logs()
    async with console(database_url, clock) as browser:
        for _ in range(2):
            for name in (SHOP, PERSON.lower()):
                await browser.http.get("/search", params={"q": name})
            await browser.sign_in()

    output = capsys.readouterr()
    told = (output.out + output.err + generate_latest(REGISTRY).decode()).lower()
    assert "operator.signed_in" in told
    assert [name for name in PERSONAL if name.lower() in told] == []


async def test_a_bug_tells_the_caller_nothing(
    database_url: str,
    clock: FakeClock,
    json_logs: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A call that breaks answers 500 without a trace; the log names the error's type only."""

    async def break_down(*_: Any, **__: Any) -> None:
        raise ValueError(f"cannot handle {PERSON}")

    monkeypatch.setattr("app.web.operations.list_orders", break_down)
    json_logs()
    async with running_web(database_url, clock) as client:
        answer = await client.get("/api/orders", headers=OPERATOR)

    assert answer.status_code == 500
    output = capsys.readouterr().out
    for text in (answer.text, output):
        assert PERSON not in text
        assert "Traceback" not in text
    assert [line["error"] for line in lines_of(output)] == ["ValueError"]


async def test_a_statement_that_fails_does_not_quote_the_delivery(store: Store) -> None:
    """An error of the database tells the statement, and nothing of what was to be stored."""
    event = make_event("one", raw_body=PERSON.encode(), event_type=None)  # type: ignore[arg-type]

    with pytest.raises(Exception, match="event_type") as caught:
        await Inbox(store).store_event(event)

    if not store.is_postgres:  # whose own message quotes the row
        assert PERSON not in f"{caught.value!s} {caught.value!r}"
    assert "parameters hidden" in str(caught.value) or "SQL" not in str(caught.value)


def test_errors_do_not_tell_what_was_sent() -> None:
    """The text of an error is safe to log; the company's own words stay in its detail."""
    words = f"no such street: {ADDRESS.street}"
    finding = Finding("street_missing", "street", words)
    for error in (
        Transient("ankorstore", "read order", detail=words),
        RateLimited("ankorstore", "read order", detail=words),
        Unauthorized("ankorstore", "read order", detail=words),
        NotReady("ankorstore", "read order", detail=words),
        OutcomeUnknown("active_ants", "create order", detail=words),
        Rejected("active_ants", "create order", status=422, detail=words),
        Unmappable("active_ants", "create order", (finding,)),
    ):
        assert "Vogelgracht" not in f"{error!s} {error!r} {finding!r}"


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_lines_of_libraries_are_as_clean(
    json_logs: Callable[..., None], capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    """Known secrets, fields with telling names and exceptions' texts are hidden everywhere."""
    json_logs(log_format, ["a-long-secret", "short"])
    log = structlog.get_logger("app.somewhere")

    log.info("call.made", authorization="x", client_secret="x", email=MAIL, url="?k=a-long-secret")
    log.info("call.made", recipient={"name": PERSON}, payload=[PERSON], fencing_token=7)
    logging.getLogger("some.library").warning("sent a-long-secret to %s", "a-long-secret")
    try:
        raise ValueError(f"{PERSON} lives at {ADDRESS.street}")
    except ValueError:
        log.exception("step.broke")
        logging.getLogger("some.library").exception("oh")
    logging.getLogger("httpx").info("GET https://example.com?mail=%s", MAIL)

    output = capsys.readouterr().out
    for canary in ("a-long-secret", *PERSONAL):
        assert canary not in output
    assert output.count(MASK) >= 7
    assert "fencing_token" in output
    if log_format == "json":
        lines = lines_of(output)
        assert [line["event"] for line in lines] == [
            "call.made",
            "call.made",
            f"sent {MASK} to {MASK}",
            "step.broke",
            "oh",
        ]
        assert [line.get("error") for line in lines][3:] == ["ValueError", "ValueError"]
        assert lines[1]["fencing_token"] == 7


async def test_a_forgotten_task_does_not_quote_its_error(
    json_logs: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    """What the event loop says of an error nobody fetched names its type only."""
    json_logs()
    error = ValueError(f"cannot handle {PERSON}")

    future = asyncio.get_running_loop().create_future()
    future.set_exception(error)
    asyncio.get_running_loop().call_exception_handler(
        {"message": "never retrieved", "exception": error, "future": future}
    )
    future.exception()

    output = capsys.readouterr()
    assert PERSON not in output.out + output.err
    assert lines_of(output.out)[0]["error"] == "ValueError"
