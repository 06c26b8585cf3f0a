"""What the memory of the process can be filled with from outside: nothing, without a secret."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from random import Random

import httpx
import pytest

import app.web.webhooks as webhooks_module
from app.clock import SystemClock
from app.store.models import Event
from app.store.session import Store
from app.web.bounded_http import MAX_HEAD_BYTES
from tests.conftest import Databases
from tests.fuzz.delivery import WEBHOOK
from tests.fuzz.served import served_web
from tests.integration.web import deliver, event_body, running_web, sign
from tests.store_rows import rows_of

MUCH_BYTES = 48 * 1024 * 1024
CHUNKED = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
ENDLESS = {
    "a header": (f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nX-A: ".encode(), b"a"),
    "headers": (f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\n".encode(), b"X-A: b\r\n"),
    "a path": (b"GET /", b"a"),
    "a method": (b"", b"A"),
    "blank lines": (b"", b"\r\n"),
    "an extension of a chunk": (CHUNKED + b"5;", b"a"),
    "a trailer": (CHUNKED + b"1\r\na\r\n0\r\nX-A: ", b"a"),
    "trailers": (CHUNKED + b"1\r\na\r\n0\r\n", b"X-A: b\r\n"),
}


@pytest.fixture(scope="module")
def port(databases: Databases) -> Iterator[int]:
    """Serve the web part on a real socket."""
    with served_web(databases.make("sqlite")) as made:
        yield made


def _push(port: int, start: bytes, piece: bytes) -> int:
    """Send *start* and then *piece* without end; return after how many bytes that was stopped."""
    block = piece * (65_536 // len(piece))
    sent = 0
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(start)
        try:
            while sent < MUCH_BYTES:
                connection.sendall(block)
                sent += len(block)
        except OSError:
            pass
    return sent


@pytest.mark.parametrize("what", ENDLESS)
def test_what_never_ends_is_cut_off(port: int, what: str) -> None:
    """Whatever part of a request goes on for ever, the connection is closed; others work on."""
    start, piece = ENDLESS[what]

    assert _push(port, start, piece) < MUCH_BYTES / 2

    assert httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False).status_code == 200


def test_a_header_too_large_is_told(port: int) -> None:
    """Large headers are let through up to the limit; above it the answer is 431."""
    address = f"http://127.0.0.1:{port}/health/live"
    for size, status in ((MAX_HEAD_BYTES // 2, 200), (4 * MAX_HEAD_BYTES, 431)):
        headers = [("x-part", "a" * 4096)] * (size // 4096)
        with httpx.Client(trust_env=False) as client:
            assert client.get(address, headers=headers).status_code == status


def test_a_body_is_no_header(port: int) -> None:
    """The largest body comes through, in one piece or many, again and again on one connection."""
    body = event_body("large")
    body = body[:-1] + b" " * (1024 * 1024 - len(body)) + b"}"

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 1500):
            yield body[start : start + 1500]

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        for _ in range(3):
            assert client.post(WEBHOOK, content=body, headers=sign(body)).status_code == 200
            assert client.post(WEBHOOK, content=pieces(), headers=sign(body)).status_code == 200


def test_noise_on_the_socket(port: int) -> None:
    """Bytes that are no HTTP, or nearly, get a 4xx or a closed connection, never a 5xx."""
    random = Random(7)
    body = event_body("noise")
    good = f"POST {WEBHOOK} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    statuses = set()
    for _ in range(400):
        request = bytearray(good + body)
        for _ in range(random.choice((1, 2, 5))):
            at = random.randrange(len(good))
            request[at : at + random.choice((0, 1, 3))] = random.randbytes(random.randrange(4))
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(bytes(request))
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
        if answer:
            statuses.add(int(answer[9:12]))
    assert max(statuses) < 500
    assert {400, 401, 404} <= statuses


async def test_bodies_that_are_held_together_have_a_limit(
    databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While too much is under way others are asked to come again; afterwards all is free."""
    monkeypatch.setattr(webhooks_module, "MAX_HELD_BYTES", 1000)
    goes_on, under_way = asyncio.Event(), asyncio.Semaphore(0)

    async def slowly() -> AsyncIterator[bytes]:
        yield b" " * 400
        under_way.release()  # asked for more: the first piece is held
        await goes_on.wait()

    async with running_web(databases.make("sqlite")) as client:
        slow = [asyncio.create_task(client.post(WEBHOOK, content=slowly())) for _ in range(2)]
        for _ in slow:
            await under_way.acquire()
        answer = await deliver(client, event_body())
        assert (answer.status_code, int(answer.headers["retry-after"]) > 0) == (503, True)

        goes_on.set()
        assert [(await each).status_code for each in slow] == [401, 401]
        for number in range(20):
            assert (await deliver(client, event_body(f"e{number}"))).status_code == 200


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/Los_Angeles"])
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_a_moment_any_database_can_show(
    database_url: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever moment an event names, its row can be read in every time zone of a database."""
    monkeypatch.setenv("PGTZ", zone)
    moments = (0, 1, 253_402_300_799, 253_370_764_799, -62_135_596_800, 1e300, -1e300)
    async with running_web(database_url) as client:
        for number, moment in enumerate(moments):
            meta = {"event": {"id": f"e{number}", "type": "order.shipped", "timestamp": moment}}
            assert (await deliver(client, event_body(meta=meta))).status_code == 200

    store = Store(database_url, SystemClock())
    years = [row.occurred_at and row.occurred_at.year for row in await rows_of(store, Event)]
    await store.close()
    assert years == [1970, 1970, None, 9998, None, None, None]
