"""What becomes of a call to a company when the answer is late, missing, odd or a refusal."""

import asyncio
import gzip
import itertools
from collections.abc import AsyncIterator, Callable

import httpx
import pytest

from app import outbound
from app.answers import (
    Answer,
    is_same_origin,
    raise_for_status,
    read_pause_seconds,
    unusable_answer,
)
from app.errors import BridgeError, OutcomeUnknown, RateLimited, Rejected, Transient, Unauthorized
from app.outbound import PeerConnection
from app.pacing import local_budget
from app.ports import Turn
from tests.fake_clock import START, FakeClock

Handler = Callable[[httpx.Request], httpx.Response]
BASE = "https://peer.example"


def connect(
    handler: Handler | httpx.AsyncBaseTransport,
    clock: FakeClock,
    *,
    timeout_seconds: float = 10,
    max_in_flight: int | None = None,
    auth: httpx.Auth | None = None,
    base_url: str = BASE,
) -> PeerConnection:
    is_transport = isinstance(handler, httpx.AsyncBaseTransport)
    return PeerConnection(
        "peer",
        base_url,
        budget=local_budget(clock, requests_per_minute=600, max_in_flight=max_in_flight),
        clock=clock,
        timeout_seconds=timeout_seconds,
        auth=auth,
        transport=handler if is_transport else httpx.MockTransport(handler),
    )


def raising(error: Exception) -> Handler:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error

    return handle


def turn_of(clock: FakeClock, seconds: float = 10) -> Turn:
    return Turn(send_before_monotonic=clock.monotonic() + seconds)


class Stalled(httpx.AsyncBaseTransport):
    """Never answers."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError


class Dripping(httpx.AsyncByteStream):
    """A body that breaks off, or never ends."""

    def __init__(self, *chunks: bytes, error: Exception | None = None) -> None:
        self.chunks, self.error, self.is_closed = chunks, error, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
        if self.error:
            raise self.error

    async def aclose(self) -> None:
        self.is_closed = True


NEVER_SENT = [
    httpx.ConnectError("refused"),
    httpx.ConnectTimeout("slow"),
    httpx.PoolTimeout("busy"),
    httpx.ProxyError("no"),
]
MAYBE_SENT = [
    httpx.ReadTimeout("slow"),
    httpx.WriteTimeout("slow"),
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.CloseError("odd"),
    httpx.RemoteProtocolError("not HTTP"),
    httpx.LocalProtocolError("not HTTP"),
    httpx.DecodingError("not gzip"),
]


@pytest.mark.parametrize("error", NEVER_SENT, ids=lambda error: type(error).__name__)
async def test_a_write_that_was_never_sent_may_be_repeated(error: Exception) -> None:
    """Without a connection nothing can have taken effect, deadline or not."""
    clock = FakeClock()
    peer = connect(raising(error), clock)

    with pytest.raises(Transient) as caught:
        await peer.call("POST", "/x", operation="write", turn=turn_of(clock), json_body={})

    assert type(caught.value) is Transient
    assert caught.value.detail == type(error).__name__


@pytest.mark.parametrize("error", MAYBE_SENT, ids=lambda error: type(error).__name__)
async def test_a_write_without_a_whole_answer_has_an_unknown_outcome(error: Exception) -> None:
    clock = FakeClock()
    peer = connect(raising(error), clock)

    with pytest.raises(OutcomeUnknown) as caught:
        await peer.call("POST", "/x", operation="write", turn=turn_of(clock), json_body={})

    assert (caught.value.peer, caught.value.operation) == ("peer", "write")


@pytest.mark.parametrize("error", NEVER_SENT + MAYBE_SENT, ids=lambda error: type(error).__name__)
async def test_a_repeatable_call_without_an_answer_is_only_trouble(error: Exception) -> None:
    peer = connect(raising(error), FakeClock())

    with pytest.raises(Transient):
        await peer.call("GET", "/x", operation="read")


async def test_an_answer_that_breaks_off_is_no_answer() -> None:
    """Half a body proves nothing; the connection is closed."""
    clock = FakeClock()
    streams: list[Dripping] = []

    def handle(request: httpx.Request) -> httpx.Response:
        streams.append(Dripping(b'{"a":', error=httpx.ReadError("reset")))
        return httpx.Response(200, stream=streams[-1])

    peer = connect(handle, clock)
    with pytest.raises(OutcomeUnknown):
        await peer.call("POST", "/x", operation="write", turn=turn_of(clock), json_body={})
    with pytest.raises(Transient):
        await peer.call("GET", "/x", operation="read")

    assert [stream.is_closed for stream in streams] == [True, True]


@pytest.mark.parametrize("compressed", [False, True])
async def test_an_oversize_answer_is_cut_off(
    monkeypatch: pytest.MonkeyPatch, compressed: bool
) -> None:
    """What counts is the size after unpacking."""
    monkeypatch.setattr(outbound, "MAX_ANSWER_BYTES", 1000)
    body = b"x" * 1001
    headers = {"content-encoding": "gzip"} if compressed else {}
    content = gzip.compress(body) if compressed else body
    peer = connect(
        lambda request: httpx.Response(200, headers=headers, content=content), FakeClock()
    )

    with pytest.raises(Transient):
        await peer.call("GET", "/x", operation="read")


async def test_a_repeatable_call_ends_by_the_timeout() -> None:
    """The time for the whole call is bounded, not only that between two bytes."""
    peer = connect(Stalled(), FakeClock(), timeout_seconds=0.02)

    with pytest.raises(Transient) as caught:
        await peer.call("GET", "/x", operation="read")

    assert caught.value.detail == "TimeoutError"


async def test_a_write_ends_by_its_deadline_whatever_the_timeout() -> None:
    clock = FakeClock()
    peer = connect(Stalled(), clock, timeout_seconds=60)

    with pytest.raises(OutcomeUnknown):
        await peer.call("POST", "/x", operation="write", turn=turn_of(clock, 0.02), json_body={})


async def test_nothing_is_sent_after_the_deadline() -> None:
    """A turn that is over before the call starts sends nothing and changes nothing."""
    clock = FakeClock()
    requests: list[httpx.Request] = []
    peer = connect(lambda request: requests.append(request) or httpx.Response(200), clock)
    turn = turn_of(clock, 5)
    clock.advance(5)

    with pytest.raises(Transient):
        await peer.call("POST", "/x", operation="write", turn=turn, json_body={})

    assert requests == []


async def test_the_last_look_comes_after_connecting() -> None:
    """A process that stalls between connecting and sending sends nothing late."""
    clock = FakeClock()
    server = await asyncio.start_server(_answer_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for event, kind in (
        ("connect_tcp.complete", Transient),
        ("send_request_headers.complete", OutcomeUnknown),
    ):
        peer = connect(_StallAt(event, clock), clock, base_url=f"http://127.0.0.1:{port}")
        with pytest.raises(BridgeError) as caught:
            await peer.call(
                "POST",
                f"http://127.0.0.1:{port}/",
                operation="write",
                turn=turn_of(clock),
                json_body={"a": 1},
            )
        assert type(caught.value) is kind, event
        assert caught.value.detail == "TooLate"
        await peer.close()
    server.close()


async def _answer_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


class _StallAt(httpx.AsyncHTTPTransport):
    """A real transport in a process that stalls at one moment of an exchange."""

    def __init__(self, event: str, clock: FakeClock) -> None:
        super().__init__()
        self._event, self._clock = event, clock

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        look = request.extensions["trace"]

        async def stall(event: str, info: dict[str, object]) -> None:
            if event.endswith(self._event):
                self._clock.advance(60)
            await look(event, info)

        request.extensions = {**request.extensions, "trace": stall}
        return await super().handle_async_request(request)


async def test_a_deadline_that_passes_while_connecting_leaves_no_doubt() -> None:
    """A real transport tells when it sends; before that nothing can have happened."""
    clock = FakeClock()

    class NeverConnects(httpx.AsyncHTTPTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            await asyncio.Event().wait()
            raise AssertionError

    peer = connect(NeverConnects(), clock)

    with pytest.raises(Transient):
        await peer.call("POST", "/x", operation="write", turn=turn_of(clock, 0.02), json_body={})


async def test_a_write_waits_for_its_slot_no_longer_than_its_deadline() -> None:
    """With one call in flight at most, a write that gets no slot in time was not sent."""
    clock = FakeClock()
    peer = connect(Stalled(), clock, timeout_seconds=0.1, max_in_flight=1)
    reading = asyncio.ensure_future(peer.call("GET", "/slow", operation="read"))
    await asyncio.sleep(0.01)

    with pytest.raises(Transient):
        await peer.call("POST", "/x", operation="write", turn=turn_of(clock, 0.02), json_body={})
    with pytest.raises(Transient):
        await reading


async def test_a_read_does_not_use_up_its_time_waiting_for_a_slot() -> None:
    clock = FakeClock()

    async def answer_slowly(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0.03)
        return httpx.Response(200)

    peer = connect(httpx.MockTransport(answer_slowly), clock, timeout_seconds=0.08, max_in_flight=1)

    answers = await asyncio.gather(*(peer.call("GET", "/x", operation="read") for _ in range(5)))

    assert [answer.status for answer in answers] == [200] * 5


@pytest.mark.parametrize("has_turn", [True, False])
async def test_too_many_requests_pauses_the_budget(has_turn: bool) -> None:
    """A 429 was not acted on, so a write may be repeated; everybody waits the pause."""
    clock = FakeClock()
    peer = connect(lambda request: httpx.Response(429, headers={"Retry-After": "17"}), clock)
    turn = turn_of(clock) if has_turn else None

    with pytest.raises(RateLimited) as caught:
        await peer.call("POST", "/x", operation="write", turn=turn, json_body={})

    assert caught.value.retry_after_seconds == 17
    assert await peer.budget.left() == 0
    await peer.budget.take()
    assert clock.monotonic() >= 17


async def test_a_pause_nobody_named_is_short() -> None:
    clock = FakeClock()
    peer = connect(lambda request: httpx.Response(429), clock)

    with pytest.raises(RateLimited) as caught:
        await peer.call("GET", "/x", operation="read")

    assert caught.value.retry_after_seconds is None
    await peer.budget.take()
    assert 1 <= clock.monotonic() < 2


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "30"}, 30),
        ({"Retry-After": " 1.5 "}, 1.5),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "99999"}, 3600),
        ({"Retry-After": "9" * 400}, 3600),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:20 GMT"}, 20),
        ({"Retry-After": "Mon, 02 Mar 2026 08:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 02 Mar 2026 09:00:20 -0000"}, 20),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": "-5"}, None),
        ({"Retry-After": "Mon, 99 Foo 2026 25:61:61 GMT"}, None),
        ({"X-RateLimit-Reset": str(int(START.timestamp()) + 40)}, 40),
        ({"X-RateLimit-Reset": str(int(START.timestamp()) - 40)}, 0),
        ({"X-RateLimit-Reset": "9" * 5000}, None),
        ({"Retry-After": "soon", "X-RateLimit-Reset": str(int(START.timestamp()) + 40)}, 40),
        ({"Retry-After": "3", "X-RateLimit-Reset": str(int(START.timestamp()) + 40)}, 3),
    ],
    ids=str,
)
def test_every_form_of_a_pause_is_read(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, a date, or the moment the limit is reset; nonsense names no pause."""
    assert read_pause_seconds(httpx.Headers(headers), START) == seconds


@pytest.mark.parametrize(
    ("value", "expected"), [("0", [0]), ("7", [7]), ("abc", []), ("", []), ("9" * 5000, [])]
)
async def test_the_peers_count_of_what_is_left_is_noted(
    value: str, expected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A figure is handed to the budget; nonsense is left alone."""
    noted: list[int] = []
    headers = {"X-RateLimit-Remaining": value}
    peer = connect(lambda request: httpx.Response(200, headers=headers), FakeClock())

    async def note(remaining: int) -> None:
        noted.append(remaining)

    monkeypatch.setattr(peer.budget, "note_remaining", note)

    await peer.call("GET", "/x", operation="read")

    assert noted == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(status: int) -> None:
    """Our login goes to the configured host and nowhere else."""
    requests: list[httpx.URL] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request.url)
        return httpx.Response(status, headers={"Location": "https://elsewhere.example/x"})

    clock = FakeClock()
    peer = connect(handle, clock)
    answer = await peer.call("POST", "/x", operation="write", turn=turn_of(clock), json_body={})

    assert answer.status == status
    assert [url.host for url in requests] == ["peer.example"]
    with pytest.raises(Transient) as read:
        raise_for_status("peer", "read", answer, turn=None, detail="")
    assert "base address" in read.value.resolution
    with pytest.raises(OutcomeUnknown):
        raise_for_status("peer", "write", answer, turn=turn_of(clock), detail="")


@pytest.mark.parametrize(
    ("status", "without_turn", "with_turn"),
    [
        (400, Rejected, Rejected),
        (401, Unauthorized, Unauthorized),
        (403, Rejected, Rejected),
        (404, Rejected, Rejected),
        (406, Rejected, Rejected),
        (409, Rejected, Rejected),
        (415, Rejected, Rejected),
        (418, Rejected, Rejected),
        (422, Rejected, Rejected),
        (500, Transient, OutcomeUnknown),
        (502, Transient, OutcomeUnknown),
        (503, Transient, OutcomeUnknown),
        (504, Transient, OutcomeUnknown),
        (599, Transient, OutcomeUnknown),
    ],
)
def test_what_each_status_means(
    status: int, without_turn: type[BridgeError], with_turn: type[BridgeError]
) -> None:
    answer = Answer(status, httpx.Headers(), b"")
    for turn, kind in ((None, without_turn), (Turn(1.0), with_turn)):
        with pytest.raises(BridgeError) as caught:
            raise_for_status("peer", "call", answer, turn=turn, detail="words")
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.detail) == (status, "words")
        assert "words" not in str(caught.value)


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success_raises_nothing(status: int) -> None:
    raise_for_status("peer", "call", Answer(status, httpx.Headers(), b""), turn=None, detail="")


def test_an_unusable_answer_to_a_write_leaves_the_outcome_open() -> None:
    answer = Answer(200, httpx.Headers(), b"<html>")
    assert type(unusable_answer("peer", "call", answer, turn=Turn(1.0))) is OutcomeUnknown
    assert type(unusable_answer("peer", "call", answer, turn=None)) is Transient


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe\xfa", b"[" * 100_000, b"9" * 5000])
def test_a_body_that_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any kind of it
        Answer(200, httpx.Headers(), body).json()


async def test_health_tells_of_the_last_success_and_the_last_error() -> None:
    """A refusal is a sign of life; 401, 5xx and silence are errors."""
    clock = FakeClock()
    statuses = iter([200, 404, 503, 401])
    peer = connect(lambda request: httpx.Response(next(statuses)), clock)

    await peer.call("GET", "/x", operation="read")
    assert (peer.health.last_success_at, peer.health.last_error_at) == (START, None)
    clock.advance(1)
    await peer.call("GET", "/x", operation="read")
    alive_at = clock.now()
    assert peer.health.last_success_at == alive_at
    clock.advance(1)
    await peer.call("GET", "/x", operation="read")
    assert peer.health.last_error_at == clock.now()
    assert peer.health.last_error == "read: HTTP 503"
    await peer.call("GET", "/x", operation="read")
    assert peer.health.last_error == "read: HTTP 401"
    assert peer.health.last_success_at == alive_at


async def test_health_tells_of_silence_without_quoting_anything() -> None:
    clock = FakeClock()
    peer = connect(raising(httpx.ReadTimeout("secret words")), clock)

    with pytest.raises(Transient):
        await peer.call("GET", "/x?email=a@b.example", operation="read")

    assert peer.health.last_error == "Transient: peer read"
    assert peer.health.last_error_at == clock.now()


async def test_a_body_is_sent_as_json_and_a_read_has_none() -> None:
    requests: list[httpx.Request] = []
    peer = connect(lambda request: requests.append(request) or httpx.Response(200), FakeClock())

    await peer.call("POST", "/x", operation="write", json_body={"a": "é"})
    await peer.call("GET", "/y", operation="read", params={"filter[status]": "a b"})

    assert requests[0].content == b'{"a":"\\u00e9"}'
    assert requests[0].headers["content-type"] == "application/json"
    assert requests[1].content == b""
    assert "content-type" not in requests[1].headers
    assert str(requests[1].url) == "https://peer.example/y?filter%5Bstatus%5D=a+b"


class _AskTwice(httpx.Auth):
    async def async_auth_flow(self, request: httpx.Request):
        response = yield httpx.Request("POST", BASE + "/login")
        await response.aread()
        yield request


async def test_what_a_call_sends_besides_takes_its_own_place_in_the_budget() -> None:
    """A login on the way counts like any other call, so the limit holds for all of them."""
    clock = FakeClock()
    times: list[float] = []

    def handle(request: httpx.Request) -> httpx.Response:
        times.append(clock.monotonic())
        return httpx.Response(200)

    peer = connect(handle, clock, auth=_AskTwice())
    await peer.call("GET", "/x", operation="read")
    await peer.call("GET", "/x", operation="read")

    spacing = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert len(times) == 4
    assert all(gap >= 60 / 600 for gap in spacing)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://peer.example/a", True),
        ("https://peer.example:443/a", True),
        ("https://PEER.example/a", True),
        ("http://peer.example/a", False),
        ("https://peer.example:444/a", False),
        ("https://peer.example.evil.example/a", False),
        ("https://peer.example@evil.example/a", False),
        ("https://user:word@peer.example/a", False),
        ("https://evil.example\\@peer.example/a", False),
    ],
)
def test_only_the_configured_host_is_the_same_origin(url: str, expected: bool) -> None:
    assert is_same_origin(httpx.URL(url), httpx.URL(BASE)) is expected


async def test_a_read_does_not_wait_for_the_slot_its_own_task_holds() -> None:
    """A reserved place that its task does not use for a write is free for the task's reads."""
    clock = FakeClock()
    peer = connect(lambda request: httpx.Response(200), clock, max_in_flight=1)
    await peer.reserve("write")

    async with asyncio.timeout(1):
        assert (await peer.call("GET", "/x", operation="read")).status == 200
        answer = await peer.call("POST", "/x", operation="write", turn=turn_of(clock), json_body={})
    assert answer.status == 200
