"""The receiver over HTTP: every answer of the interface, and what is stored behind it."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

import app.store.inbox as inbox_module
import app.web.webhooks as webhooks_module
from app.clock import SystemClock
from app.store.claims import has_due_orders
from app.store.models import Event, Order
from app.store.session import Store
from app.web.webhooks import MAX_BODY_BYTES
from tests.fake_clock import FakeClock
from tests.integration.web import (
    SECOND_SECRET,
    SECRET,
    WEBHOOK,
    deliver,
    event_body,
    running_web,
    sign,
)
from tests.store_rows import ORDER_ID, count_rows, order_id_of, rows_of


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the running web part."""
    async with running_web(database_url, clock) as made:
        yield made


async def assert_nothing_stored(store: Store) -> None:
    assert (await count_rows(store, Event), await count_rows(store, Order)) == (0, 0)


async def test_a_signed_event_is_stored(client: httpx.AsyncClient, store: Store) -> None:
    """A signed event is answered `stored`; its raw body and its order are in the database."""
    body = event_body()

    answer = await deliver(client, body)

    assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
    (event,) = await rows_of(store, Event)
    assert (event.raw_body, event.marketplace_order_id) == (body, ORDER_ID)
    assert [order.marketplace_order_id for order in await rows_of(store, Order)] == [ORDER_ID]


async def test_a_repeat_is_a_duplicate(client: httpx.AsyncClient, store: Store) -> None:
    """The same event id again is answered `duplicate`, also with another body."""
    await deliver(client, event_body())

    again = await deliver(client, event_body())
    changed = await deliver(client, event_body(jsonapi={"version": "1.1"}))

    assert (again.json(), changed.json()) == ({"status": "duplicate"}, {"status": "duplicate"})
    assert {again.status_code, changed.status_code} == {200}
    assert await count_rows(store, Event) == 1


async def test_what_is_about_no_order_is_ignored(client: httpx.AsyncClient, store: Store) -> None:
    """A signed event without an order of ours is stored, answered `ignored`, and wakes nobody."""
    not_orders: list[object] = [
        None,
        [],
        {"type": "invoices", "id": "7"},
        {"type": "externalOrders"},
    ]
    for number, data in enumerate(not_orders):
        answer = await deliver(client, event_body(f"e{number}", data=data))
        assert (answer.status_code, answer.json()) == (200, {"status": "ignored"}), data

    assert {event.disposition for event in await rows_of(store, Event)} == {"ignored"}
    assert (await count_rows(store, Event), await count_rows(store, Order)) == (4, 0)


async def test_an_unknown_event_type_about_an_order_wakes_it(
    client: httpx.AsyncClient, store: Store
) -> None:
    """Whatever its type, an event whose data is an order is stored and wakes the order."""
    meta = {"event": {"id": "odd", "type": "order.teleported"}}

    answer = await deliver(client, event_body(meta=meta))

    assert answer.json() == {"status": "stored"}
    assert [order.wake_seq for order in await rows_of(store, Order)] == [1]


async def test_both_headers_and_all_secrets_count(client: httpx.AsyncClient) -> None:
    """Any configured secret may sign, in either header, the second one in hex or base64."""
    body = event_body()
    for secret in (SECRET, SECOND_SECRET):
        digest = hmac.new(secret.encode(), body, hashlib.sha256).digest()
        for headers in (
            {"signature": digest.hex()},
            {"X-Ankorstore-Hmac-SHA256": digest.hex()},
            {"X-Ankorstore-Hmac-SHA256": base64.b64encode(digest).decode()},
        ):
            answer = await client.post(WEBHOOK, content=body, headers=headers)
            assert answer.status_code == 200, headers


WRONG_SIGNATURES: list[dict[str, str]] = [
    {},
    {"signature": ""},
    {"signature": "0" * 64},
    sign(event_body("another")),
    sign(event_body(), "a secret of somebody else"),
    {"X-Ankorstore-Hmac-SHA256": "AAAA"},
    {"Authorization": "Bearer the-operators-token"},
]


async def test_a_wrong_signature_stores_nothing(client: httpx.AsyncClient, store: Store) -> None:
    """Without a right signature the answer is 401 and nothing of the delivery is kept."""
    for headers in WRONG_SIGNATURES:
        answer = await client.post(WEBHOOK, content=event_body(), headers=headers)
        assert answer.status_code == 401, headers
    await assert_nothing_stored(store)


async def test_without_a_secret_nothing_is_accepted(database_url: str, clock: FakeClock) -> None:
    """A service without a webhook secret takes no delivery, not even one signed with nothing."""
    async with running_web(database_url, clock, ankorstore_webhook_secrets=" , ") as client:
        body = event_body()
        for key in ("", " "):
            answer = await client.post(WEBHOOK, content=body, headers=sign(body, key))
            assert answer.status_code == 401


UNREADABLE_BODIES = [
    b"",
    b"not json",
    b"\xff\xfe\x00",
    b"[]",
    b"null",
    b"7",
    b'"text"',
    b"{}",
    b'{"meta": []}',
    b'{"meta": {"event": {"id": "x"}}}',
    b'{"meta": {"event": {"type": "order.shipped"}}}',
    b'{"meta": {"event": {"id": 7, "type": "t"}}}',
    b'{"meta": {"event": {"id": "", "type": "t"}}}',
    b'{"meta": {"event": {"id": "x\\u0000y", "type": "t"}}}',
    b'{"meta": {"event": {"id": "\\ud800", "type": "t"}}}',
    b'{"meta": {"event": {"id": "x", "type": "t"}}, "data": {"type": "orders"}}',
    b'{"meta": {"event": {"id": "x", "type": "t"}}, "data": {"type": "order", "id": "\\u0000"}}',
    json.dumps({"meta": {"event": {"id": "x" * 201, "type": "t"}}}).encode(),
    b'{"meta": {"event": {"id": "x", "type": "t", "timestamp": NaN}}}',
    b'{"meta": {"event": {"id": "x", "type": "t", "timestamp": ' + b"9" * 9000 + b"}}}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" * 100_000 + b"]" * 100_000,
    b'{"meta": {"event": {"id": "x", "type": "t"}}, "x": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
]


async def test_a_signed_body_that_is_no_event(client: httpx.AsyncClient, store: Store) -> None:
    """Signed and yet no readable event: 400, nothing stored, and none of it quoted back."""
    for body in UNREADABLE_BODIES:
        answer = await deliver(client, body)
        assert (answer.status_code, set(answer.json())) == (400, {"error"}), body[:80]
        assert len(answer.content) < 200
    await assert_nothing_stored(store)


def _padded(size: int) -> bytes:
    body = event_body()
    return body[:-1] + b" " * (size - len(body)) + b"}"


async def _in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), 65_536):
        yield body[start : start + 65_536]


@pytest.mark.parametrize("is_chunked", [False, True], ids=["announced", "chunked"])
async def test_the_body_has_a_largest_size(
    client: httpx.AsyncClient, store: Store, is_chunked: bool
) -> None:
    """A byte over 1 MiB is refused, announced or not; exactly 1 MiB is taken."""
    too_large, just_right = _padded(MAX_BODY_BYTES + 1), _padded(MAX_BODY_BYTES)

    refused = await client.post(
        WEBHOOK, content=_in_chunks(too_large) if is_chunked else too_large, headers=sign(too_large)
    )
    assert refused.status_code == 413
    await assert_nothing_stored(store)

    taken = await client.post(
        WEBHOOK,
        content=_in_chunks(just_right) if is_chunked else just_right,
        headers=sign(just_right),
    )
    assert taken.status_code == 200


async def test_a_body_too_large_is_refused_unread(client: httpx.AsyncClient) -> None:
    """An endless body is cut off as soon as it is too large; the rest is never read."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1
            yield b" " * 65_536

    answer = await client.post(WEBHOOK, content=endless())

    assert answer.status_code == 413
    assert read <= MAX_BODY_BYTES // 65_536 + 2


async def test_an_odd_content_length_breaks_nothing(client: httpx.AsyncClient) -> None:
    """What a sender claims of the length is believed only where it is a number."""
    for length, status in (("-1", 401), ("x", 401), ("٣", 401), ("9" * 400, 413)):
        headers = [(b"content-length", length.encode()), (b"signature", b"0")]
        answer = await client.post(WEBHOOK, content=_in_chunks(b"{}"), headers=headers)
        assert answer.status_code == status, length


async def test_credentials_are_not_stored(client: httpx.AsyncClient, store: Store) -> None:
    """Of the headers only harmless ones are kept with the event."""
    await deliver(
        client,
        event_body(),
        **{
            "Authorization": "Bearer canary",
            "Cookie": "session=canary",
            "X-Api-Key": "canary",
            "X-Forwarded-For": "203.0.113.7",
            "User-Agent": "Ankorstore/1.0",
            "X-Request-Id": "r-1",
            "Content-Type": "application/vnd.api+json",
        },
    )

    (event,) = await rows_of(store, Event)
    assert event.headers == {
        "content-length": str(len(event_body())),
        "content-type": "application/vnd.api+json",
        "user-agent": "Ankorstore/1.0",
        "x-request-id": "r-1",
    }


@pytest.mark.parametrize("table", ["events", "orders"])
async def test_a_store_that_fails_is_a_503(
    client: httpx.AsyncClient, store: Store, table: str
) -> None:
    """When the event cannot be committed the sender is asked to come again, and then it can be."""
    await _run(store, f"ALTER TABLE {table} RENAME TO away")

    answer = await deliver(client, event_body())
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert set(answer.json()) == {"error"}

    await _run(store, f"ALTER TABLE away RENAME TO {table}")
    await assert_nothing_stored(store)
    assert (await deliver(client, event_body())).json() == {"status": "stored"}


async def test_a_store_that_is_stuck_is_a_503(
    client: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the commit takes too long the sender is not left without an answer."""
    monkeypatch.setattr(webhooks_module, "STORE_TIMEOUT_SECONDS", 0.05)
    async with store.write() as connection:
        if store.is_postgres:
            await connection.execute(text("LOCK TABLE events"))
        async with asyncio.timeout(20):
            answer = await deliver(client, event_body())

    assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)
    monkeypatch.undo()
    assert (await deliver(client, event_body())).json()["status"] in ("stored", "duplicate")
    assert await count_rows(store, Event) == 1


async def test_a_full_queue_is_a_503(
    client: httpx.AsyncClient, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More deliveries than the queue holds are refused for now, not dropped in silence."""
    monkeypatch.setattr(inbox_module, "MAX_QUEUE", 0)

    answer = await deliver(client, event_body())

    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    await assert_nothing_stored(store)


async def test_many_deliveries_at_once(client: httpx.AsyncClient, store: Store) -> None:
    """Each of many deliveries is answered, and each answered event is in the database."""
    answers = await asyncio.gather(
        *(deliver(client, event_body(f"e{n}", order_id_of(n % 10))) for n in range(50))
    )

    assert {answer.status_code for answer in answers} == {200}
    assert (await count_rows(store, Event), await count_rows(store, Order)) == (50, 10)


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_receiver_whose_clock_is_fast(database_url: str, real_time_store: Store) -> None:
    """An order taken in by a process whose clock is wrong is due at once, by the database's."""

    class FastClock(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=2)

    async with running_web(database_url, FastClock()) as client:
        assert (await deliver(client, event_body())).status_code == 200

    assert await has_due_orders(real_time_store)


async def test_only_post_is_taken(client: httpx.AsyncClient) -> None:
    """The webhook is for posting."""
    for method in ("GET", "PUT", "DELETE", "HEAD"):
        assert (await client.request(method, WEBHOOK)).status_code == 405


async def _run(store: Store, statement: str) -> None:
    async with store.write() as connection:
        await connection.execute(text(statement))


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
EVENTS = st.fixed_dictionaries(
    {
        "meta": JSON_VALUES
        | st.fixed_dictionaries(
            {
                "event": st.fixed_dictionaries(
                    {"id": st.text(max_size=9), "type": st.text(max_size=9)},
                    optional={"timestamp": JSON_VALUES},
                )
            }
        )
    },
    optional={
        "data": JSON_VALUES
        | st.fixed_dictionaries(
            {"type": st.just("orders"), "id": JSON_VALUES | st.text(max_size=9)}
        )
    },
)
BODIES = st.binary(max_size=300) | EVENTS.map(lambda event: json.dumps(event).encode())


@given(body=BODIES, is_signed=st.booleans())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_no_body_breaks_the_receiver(
    client: httpx.AsyncClient, body: bytes, is_signed: bool
) -> None:
    """Whatever bytes come, the answer is one of the interface's, never a 5xx."""
    headers = sign(body) if is_signed else {"signature": "0"}

    answer = await client.post(WEBHOOK, content=body, headers=headers)

    assert answer.status_code in ((200, 400) if is_signed else (401,))
