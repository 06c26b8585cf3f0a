"""
The operators' API, health, status and metrics under requests no client would send.

Raw paths, queries and headers go into the application past every client and server that would
tidy them up, on each database: one of them refuses texts that the other takes.
"""

from random import Random

import pytest

from app.clock import SystemClock
from app.main import create_app
from app.store.models import Event
from app.store.session import Store
from tests.conftest import Databases
from tests.fuzz.delivery import Delivery, send
from tests.integration.web import TOKEN, running, web_settings
from tests.store_rows import add_order, count_rows, order_id_of

AUTHORIZATION = (b"authorization", f"Bearer {TOKEN}".encode())
PIECES = (
    b"", b"%00", b"a%00b", b"%", b"%zz", b"%ff", b"%ed%a0%80", b"%f0%9f%92%a9", b"\xff\xfe", b"+",
    b"'", b"' OR '1'='1", b"\\", b"%5c", b"%27--", b"%25", b"_", b"*", b"{}", b"[]", b"$1", b":x",
    b"..", b"../..", b"%2e%2e%2f", b"R1", b"r1", b"AK1", b"any", b"received", b"null", b"-1", b"0",
    b"1", b"200", b"201", b"9" * 18, b"9" * 19, b"9" * 20, b"9" * 400, b"1e9", b"0x10", b"1.0",
    "٣".encode(), b"%d9%a3", b"%20", b"%09", b"%0a", b"%e2%80%ae", b"x" * 199, b"x" * 5000,
    order_id_of(1).encode(), order_id_of(1).upper().encode(),
)  # fmt: skip
NAMES = (b"q", b"after", b"limit", b"state", b"attention", b"q%00", b"", b"Q", b"\xff", b"x")
REASON = b'{"reason": "asked"}'
STATUSES = {200, 303, 307, 400, 401, 404, 405, 409, 422}


def draw(random: Random) -> Delivery:
    """Return a request to some part of the application that is not the receiver."""
    query = b"&".join(
        random.choice(NAMES) + random.choice((b"=", b"=", b"=", b"", b"=="))
        + random.choice(PIECES) + random.choice((b"", b"", random.choice(PIECES)))
        for _ in range(random.choice((0, 1, 1, 2, 5)))
    )  # fmt: skip
    if random.random() < 0.4:  # among many parts one is always wrong, and the search never asked
        query = random.choice((b"q=", b"q=", b"after=")) + random.choice(PIECES)
    known = random.random() < 0.1  # among many names hardly one is an order's
    name = "R1" if known else random.choice(PIECES).decode("utf-8", "surrogateescape")
    path = random.choice(
        ("/api/orders", "/api/orders", f"/api/orders/{name}", f"/api/orders/{name}/retry",
         f"/api/orders/{name}/take", f"/api/{name}", "/status", "/metrics", "/health/ready",
         "/health/live", f"/{name}", "/openapi.json")
    )  # fmt: skip
    decoded = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    decoded = decoded.replace("%00", "\x00").replace("%0a", "\n")  # what a server decodes
    method = "POST" if path.endswith(("/retry", "/take")) else "GET"
    if random.random() < 0.05:
        method = random.choice(("PUT", "DELETE", "HEAD", "OPTIONS", "GET", "POST"))
    headers = [AUTHORIZATION] if random.random() < 0.85 else []
    if random.random() < 0.1:
        headers.append((random.choice((b"authorization", b"accept", b"cookie")), b"\xff\x00" * 9))
    body = random.choice((b"", b"{}", b"\xff", REASON, REASON))
    if body == REASON:
        headers.append((b"content-type", b"application/json"))
    return Delivery(body, tuple(headers), (), decoded, method, query)


@pytest.mark.parametrize(("database", "count"), [("sqlite", 1500), ("postgres", 1000)])
async def test_requests_no_client_sends(databases: Databases, database: str, count: int) -> None:
    """Never a 5xx, never a trace, nothing stored, and nobody without the token gets in."""
    url = databases.make(database)
    store = Store(url, SystemClock())
    for number, reference in enumerate(("R1", "R2", "R2")):
        await add_order(store, number, marketplace_reference=reference)
    app = create_app(web_settings(url), with_worker=False)
    random = Random(11)
    statuses = set()
    async with running(app):
        for _ in range(count):
            request = draw(random)
            answer = await send(app, request)
            assert answer.status in STATUSES, (request, answer)
            assert b"Traceback" not in answer.body, (request, answer)
            if request.path.startswith("/api/orders") and AUTHORIZATION not in request.headers:
                assert answer.status in (307, 401, 404, 405), (request, answer)
                assert b"marketplace" not in answer.body
            statuses.add(answer.status)
    assert {200, 401, 404, 405, 409, 422} <= statuses
    assert await count_rows(store, Event) == 0
    await store.close()
    databases.drop(url)
