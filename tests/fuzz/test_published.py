"""
The published OpenAPI, taken at its word: schemathesis calls everything in it, well and badly.

Whatever it sends, each answer is one that is published for that call, in the published form with
no member more or less, and never a 5xx. A real server and real sockets stand in between, on each
database.
"""

import asyncio
import base64
import hmac
import os
import tempfile
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from schemathesis import Case
from schemathesis.specs.openapi import checks
from sqlalchemy import insert, select

from app.clock import SystemClock
from app.main import create_app
from app.store.models import Event, WarehouseOrder
from app.store.session import Store
from tests.conftest import DATABASES, Databases
from tests.fuzz.deliveries import SECRETS
from tests.fuzz.oracle import read
from tests.fuzz.served import served_web
from tests.integration.web import OPERATOR, web_settings
from tests.store_rows import add_order, order_id_of

NEVER_OPENED = f"sqlite:///{tempfile.gettempdir()}/never-opened.db"


def published() -> dict[str, Any]:
    """Return the document as published, but nothing unpublished is allowed, and no bug."""
    document = create_app(web_settings(NEVER_OPENED), with_worker=False).openapi()
    for form in document["components"]["schemas"].values():
        if "properties" in form:
            form["additionalProperties"] = False
    for calls in document["paths"].values():
        for call in calls.values():
            del call["responses"]["default"]
    return document


SCHEMA = schemathesis.openapi.from_dict(published())
WEBHOOK = SCHEMA.include(path="/webhooks/ankorstore")
ONE_ORDER = SCHEMA.include(path_regex="{order}")
OTHERS = SCHEMA.exclude(path=["/webhooks/ankorstore", "/api/skus/check"])
"""The check asks both companies, neither of which is reachable here; it is tested by hand."""
NAMES = ("R1", "R2", "AK1", "%41K1", order_id_of(0), order_id_of(1).upper())
LENIENT = [checks.negative_data_rejection]
"""Parts of a query that nobody asked for are let pass; what the rest must be is tested by hand."""
BEYOND_FORM = frozenset(
    {
        "/api/skus/import",
        "/api/skus/{sku}",
        "/api/orders/{order}/corrections",
        "/api/pauses/{what}",
        "/api/schedules/{name}/pause",
        "/api/schedules/{name}/run",
        "/api/schedules/{name}/resume",
        "/api/events",
        "/api/events/window",
        "/api/events/window/replay",
        "/api/events/{event}/replay",
    }
)
"""
What may stand in these bodies and paths no schema can say (a whole CSV file, a SKU that can be
printed, a correction that corrects something, words that are not blank, a window that ends after
it begins); what is refused is tested by hand.
"""
SAYS_WHY = {
    f"/api/orders/{{order}}/{decision}"
    for decision in (
        *("accept", "reject", "hold", "release", "take", "settle", "resend", "close", "parcels"),
        *("confirm-partial", "reset-label", "postpone", "return", "return-close"),
        *("retry", "return-label"),
    )
}
"""
Decisions: whose they are, and why, is more than blanks and what cannot be printed. What is refused
is tested by hand.
"""
ASKS_A_COMPANY = "/api/orders/{order}/preview"
FUNCTION_SCOPED = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much]
few = settings(
    max_examples=40 if os.environ.get("TESTS") == "all" else 12,
    suppress_health_check=FUNCTION_SCOPED,
)


class Served:
    """One database and its web part behind a socket."""

    def __init__(self, database_url: str, port: int) -> None:
        self.database_url = database_url
        self.base_url = f"http://127.0.0.1:{port}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.signed: list[bytes] = []

    def sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign the very bytes that are sent, in one of the forms."""
        body = request.body.encode() if isinstance(request.body, str) else request.body or b""
        secret = SECRETS[len(body) % 2]
        digest = hmac.digest(secret.encode(), body, "sha256")
        for name in ("signature", "X-Ankorstore-Hmac-SHA256"):
            request.headers.pop(name, None)
        if len(body) % 3:
            request.headers["signature"] = digest.hex()
        else:
            request.headers["X-Ankorstore-Hmac-SHA256"] = base64.b64encode(digest).decode()
        self.signed.append(body)
        return request

    def events(self) -> dict[str, bytes]:
        """Return the body of every stored event by its id."""
        return asyncio.run(self._events())

    async def _events(self) -> dict[str, bytes]:
        store = Store(self.database_url, SystemClock())
        async with store.read() as connection:
            rows = await connection.execute(select(Event.event_id, Event.raw_body))
            found = {row.event_id: bytes(row.raw_body) for row in rows}
        await store.close()
        return found


@pytest.fixture(scope="module", params=DATABASES)
def served(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Served]:
    """Serve a database with orders in it."""
    url = databases.make(request.param)
    asyncio.run(_add_orders(url))
    with served_web(url) as port:
        yield Served(url, port)
    databases.drop(url)


async def _add_orders(database_url: str) -> None:
    store = Store(database_url, SystemClock())
    for number, reference in enumerate(("R1", "R2", "R2")):
        order_id = await add_order(store, number, marketplace_reference=reference)
        async with store.write() as connection:
            await connection.execute(
                insert(WarehouseOrder).values(
                    order_id=order_id,
                    external_order_number=f"AK{number}",
                    intent_at=store.now(),
                    sent_before_at=store.now(),
                    payload={},
                    lines=[],
                )
            )
    await store.close()


@OTHERS.parametrize()
@few
def test_every_answer_is_a_published_one(case: Case, served: Served) -> None:
    """Operators' API, health, status and metrics answer as published, whatever is asked."""
    answer = case.call_and_validate(
        base_url=served.base_url,
        session=served.session,
        headers=OPERATOR,
        excluded_checks=[
            *LENIENT,
            *([checks.positive_data_acceptance] if _is_beyond_form(case) else []),
        ],
    )

    assert answer.status_code < 500


@ONE_ORDER.parametrize()
@ONE_ORDER.given(name=st.sampled_from(NAMES))
@few
def test_every_answer_about_an_order_that_is_held(case: Case, name: str, served: Served) -> None:
    """An order shown whole, decided on, or not the only one of its name is as published too."""
    case.path_parameters, case.headers = {"order": name}, dict(OPERATOR)

    answer = case.call(base_url=served.base_url, session=served.session, headers=OPERATOR)

    if case.method == case.operation.method.upper():
        # No company is reachable here, which is said in the published form too.
        unreachable = (503,) if case.operation.path == ASKS_A_COMPANY else ()
        assert answer.status_code in (200, 400, 409, 422, *unreachable)
        case.validate_response(answer, checks=[checks.response_schema_conformance])


def _is_beyond_form(case: Case) -> bool:
    return case.operation.path in BEYOND_FORM | SAYS_WHY


@WEBHOOK.parametrize()
@few
def test_a_delivery_nobody_signed(case: Case, served: Served) -> None:
    """Without a right signature the answer is 401 and no event is stored."""
    before = served.events()

    answer = case.call_and_validate(base_url=served.base_url, session=served.session)

    assert answer.status_code in (401, 405)
    assert served.events() == before


@WEBHOOK.parametrize()
@few
def test_a_delivery_signed_well(case: Case, served: Served) -> None:
    """Signed, the very bytes are stored where they are an event, and refused where they are not."""
    answer = case.call_and_validate(
        base_url=served.base_url,
        session=served.session,
        auth=served.sign,
        excluded_checks=LENIENT,
    )

    kept = read(served.signed[-1])
    if answer.status_code == 405:
        return
    assert (answer.status_code == 200) == (kept is not None)
    if kept is not None and answer.json()["status"] != "duplicate":
        assert served.events()[kept.event_id] == served.signed[-1]
