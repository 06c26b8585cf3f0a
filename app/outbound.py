"""
Calls to a company: timeouts, budget, deadline, login, and what an unusable answer means.

One `PeerConnection` per company. It decides which kind of error a missing answer is; what an
answer that did come means is decided by the company's own client, with `app/answers.py` as the
common table (docs/rules/errors.md).
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx

from app import tracing
from app.answers import Answer, read_date, read_pause_seconds, read_remaining
from app.circuit import Circuit
from app.clock import Clock
from app.domain.pauses import Pausable
from app.errors import (
    BridgeError,
    OutcomeUnknown,
    Paused,
    PeerAway,
    RateLimited,
    Transient,
    WritesOff,
)
from app.metrics import CALL_SECONDS, CALLS
from app.pause_board import PauseBoard
from app.ports import Budget, CallPlace, Turn
from app.sentinel import Sightings
from app.step_record import LONGEST_BODY_BYTES, RESERVED, CallRecord, tell_error

MAX_ANSWER_BYTES = 32 * 1024 * 1024
UNSAID_PAUSE_SECONDS = 1.0
"""After a 429 that names no pause; whoever repeats the call waits longer each time."""
IsRead = Callable[[str, str], bool]
"""Tells whether a method and a path, as they would be sent, surely change nothing there."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(slots=True)
class PeerHealth:
    """What the last calls to a company told of its state."""

    last_success_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None
    clock_ahead: timedelta | None = None
    """How far our clock is ahead of the date its last answer bore."""


calls_made: ContextVar[list[CallRecord] | None] = ContextVar("calls_made", default=None)
"""Where a caller who wants to know keeps the calls it has made."""


@contextmanager
def _recorded(record: CallRecord) -> Iterator[None]:
    """Keep *record* for whoever wants to know, with the error that ends the block."""
    if (made := calls_made.get()) is not None:
        made.append(record)
    try:
        yield
    except BridgeError as error:
        record.error = tell_error(error)
        raise


def _kept(record: CallRecord, body: bytes) -> str:
    """Return so much of *body* as is kept, and note where that is not all of it."""
    text = body[:LONGEST_BODY_BYTES].decode("utf-8", "replace")
    record.is_cut |= len(body) > LONGEST_BODY_BYTES or "\ufffd" in text
    return text


class TooLate(Exception):
    """The deadline of a write passed before it was sent whole."""


@dataclass(slots=True)
class _Deadline:
    monotonic: float
    may_have_been_sent: bool = False
    has_place: bool = True
    """Whether the place in the budget granted for the call is still unused."""


_deadline: ContextVar[_Deadline | None] = ContextVar("deadline", default=None)


class _LastLook(httpx.AsyncBaseTransport):
    """
    Tests the deadline of a write right before anything of it is sent.

    The timeout around the call cancels it, but after a stall of the process a socket that is
    ready may run before the timer. This look comes after connecting, before the first byte, and
    once more before the body. What one call sends besides, a login or a repeat after 401, takes
    a place of its own in the budget.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, clock: Clock, budget: Budget) -> None:
        self._inner = inner
        self._clock = clock
        self._budget = budget
        self._tells_when_sending = isinstance(inner, httpx.AsyncHTTPTransport)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        deadline = _deadline.get()
        if deadline is None:
            return await self._inner.handle_async_request(request)
        if not deadline.has_place:
            await self._budget.take_besides()
        deadline.has_place = False
        self._look(deadline)
        is_the_call = bool(request.extensions.get("is_the_call"))

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            if event.endswith(("send_request_headers.started", "send_request_body.started")):
                self._look(deadline)
                deadline.may_have_been_sent |= is_the_call

        if self._tells_when_sending:
            request.extensions = {**request.extensions, "trace": trace}
        else:
            deadline.may_have_been_sent |= is_the_call
        response = await self._inner.handle_async_request(request)
        if response.status_code == 401:  # whoever asks was not even known: nothing happened
            deadline.may_have_been_sent = False
        return response

    def _look(self, deadline: _Deadline) -> None:
        if self._clock.monotonic() >= deadline.monotonic:
            raise TooLate

    async def aclose(self) -> None:
        await self._inner.aclose()


class PeerConnection:
    """One company, reached over HTTP."""

    def __init__(
        self,
        peer: str,
        base_url: str,
        *,
        budget: Budget,
        clock: Clock,
        timeout_seconds: float,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        circuit: Circuit | None = None,
        pauses: PauseBoard | None = None,
        only_reads: IsRead | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """
        Prepare calls to *base_url*, none while *pauses* stop the company.

        With *only_reads* whatever it does not know as a read is refused, a login by another name
        too. *transport* replaces the network in tests.
        """
        self.peer = peer
        self.base_url = base_url
        self.budget = budget
        self.health = PeerHealth()
        self.sightings = Sightings(peer, clock)
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self.circuit = circuit or Circuit(peer, clock)
        self._pauses = pauses
        self._only_reads = only_reads
        self._reserved: dict[asyncio.Task[Any], CallPlace] = {}
        self._http = httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            headers=headers,
            timeout=httpx.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds / 2)),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
            transport=_LastLook(transport or httpx.AsyncHTTPTransport(), clock, budget),
            follow_redirects=False,
            trust_env=False,
            event_hooks={"request": [self._stay_with_peer, self._only_read]},
        )

    async def _stay_with_peer(self, request: httpx.Request) -> None:
        """Let nothing out to anybody else, wherever an address came from; logins included."""
        base = self._http.base_url
        there = (request.url.scheme, request.url.host, request.url.port)
        if there != (base.scheme, base.host, base.port):
            raise httpx.UnsupportedProtocol("not the configured host", request=request)

    async def _only_read(self, request: httpx.Request) -> None:
        """Let no write out in shadow mode, whoever makes it: nothing gets around this."""
        self._require_read(request, "send")

    def _require_read(self, request: httpx.Request, operation: str) -> None:
        if self._only_reads is None:
            return
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        if not self._only_reads(request.method, path):
            raise WritesOff(self.peer, operation)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()
        await self.budget.close()

    async def reserve(self, operation: str) -> None:
        """
        Wait for the place of the next write of this task, and hold it ready.

        The intent of the write is committed in between. A place that is not used for as long as
        a call may take goes to others; so does one whose task ends.

        Raises:
            WritesOff: The service runs in shadow mode: there is no next write.
            Paused: A person paused the company, or everything.
            PeerAway: The company is away; no write is made to find out whether it is back.
        """
        if self._only_reads is not None:
            raise WritesOff(self.peer, operation)
        with _recorded(CallRecord(self.peer, operation, RESERVED, "")):
            await self._reserve(operation)

    async def _reserve(self, operation: str) -> None:
        await self._require_running(operation)
        self.circuit.admit(operation, may_probe=False)
        task = asyncio.current_task()
        assert task is not None, "calls are made by tasks"
        if task in self._reserved:
            return
        self._reserved[task] = place = await self.budget.take()
        asyncio.get_running_loop().call_later(self._timeout_seconds, self._lapse, task, place)
        task.add_done_callback(self._end_reservation)

    def _end_reservation(self, task: "asyncio.Task[Any]") -> None:
        if (place := self._reserved.pop(task, None)) is not None:
            place.give_back()

    def _lapse(self, task: "asyncio.Task[Any]", place: CallPlace) -> None:
        if self._reserved.get(task) is place:
            self._end_reservation(task)

    async def _take_place(self, turn: Turn | None) -> CallPlace:
        task = asyncio.current_task()
        assert task is not None, "calls are made by tasks"
        if turn is None:
            # The write did not come to it. Waiting for a slot that one holds oneself would hold up
            # everybody until the reservation lapses.
            self._end_reservation(task)
            return await self.budget.take()
        return self._reserved.pop(task, None) or await self.budget.take(is_paid=True)

    async def call(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        turn: Turn | None = None,
        json_body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Make one call and return whatever answer came.

        A call with a *turn* is a write that must not happen twice: its place in the budget is
        granted already and it ends by the turn's deadline. All other calls are repeatable.

        Raises:
            OutcomeUnknown: A write may have been sent and no whole answer came.
            RateLimited: The company answered 429; the budget is paused.
            WritesOff: It is a write, and the service runs in shadow mode; nothing was sent.
            Paused: A person paused the company, or everything; nothing was sent.
            PeerAway: The company is away; nothing was sent.
            Transient: Nothing was sent, or the call is repeatable and got no whole answer.
            Unauthorized: The login was refused.
        """
        content = None
        sent_headers = dict(headers or {})
        if json_body is not None:
            content = json.dumps(json_body, separators=(",", ":")).encode()
            sent_headers.setdefault("Content-Type", "application/json")
        request = self._http.build_request(
            method,
            url,
            params=params,
            content=content,
            headers=sent_headers,
            extensions={"is_the_call": True},
        )
        if turn is not None and self._only_reads is not None:
            raise WritesOff(self.peer, operation)
        self._require_read(request, operation)
        path = self._path_of(request.url)
        record = CallRecord(self.peer, operation, method, path, is_write=turn is not None)
        record.sent = _kept(record, content) if content is not None else None
        with _recorded(record):
            answer = await self._call_admitted(request, operation, turn)
            record.status, record.answer = answer.status, _kept(record, answer.body)
        return answer

    def _path_of(self, url: httpx.URL) -> str:
        """Return path and query below the company's base address."""
        return "/" + url.raw_path.removeprefix(self._http.base_url.raw_path).decode("ascii")

    async def _call_admitted(
        self, request: httpx.Request, operation: str, turn: Turn | None
    ) -> Answer:
        await self._require_running(operation)
        is_probe = self.circuit.admit(operation, may_probe=turn is None)
        try:
            return await self._call(request, operation, turn, is_probe)
        finally:
            if is_probe:
                self.circuit.end_probe()

    async def _require_running(self, operation: str) -> None:
        if self._pauses is not None:
            await self._pauses.require_running(Pausable(self.peer), operation, peer=self.peer)

    async def _call(
        self, request: httpx.Request, operation: str, turn: Turn | None, is_probe: bool
    ) -> Answer:
        place = await self._take_place(None) if turn is None else None
        started = self._clock.monotonic()
        # A write's wait for its place counts too: nothing of it may be sent late.
        ends = turn.send_before_monotonic if turn is not None else started + self._timeout_seconds
        try:
            answer = await self._send_until(ends, request, operation, turn, place, is_probe)
            await self._read_pace(answer, operation)
        except (PeerAway, Paused, WritesOff):
            raise
        except BridgeError as error:
            self._note(operation, started, error, is_probe=is_probe)
            if is_probe and self.circuit.is_away:
                raise self.circuit.refusal(operation) from error
            raise
        self._note(operation, started, None, answer.status, is_probe=is_probe)
        if is_probe and self.circuit.is_away:  # whoever probes for all fails at nothing himself
            raise self.circuit.refusal(operation)
        return answer

    async def _send_until(
        self,
        ends: float,
        request: httpx.Request,
        operation: str,
        turn: Turn | None,
        place: CallPlace | None,
        is_probe: bool,
    ) -> Answer:
        deadline = _Deadline(ends)
        token = _deadline.set(deadline)
        try:
            async with asyncio.timeout(max(0.0, ends - self._clock.monotonic())):
                place = place or await self._take_place(turn)
                await self._require_running(operation)  # the wait may have been long
                if not is_probe:  # it may have gone away while this call waited
                    self.circuit.admit(operation, may_probe=False)
                return await self._exchange(request, operation)
        except _NEVER_SENT as error:
            raise self._no_answer(operation, error, is_sent=False, turn=turn) from error
        except (TooLate, TimeoutError, httpx.HTTPError, httpx.StreamError) as error:
            is_sent = deadline.may_have_been_sent
            raise self._no_answer(operation, error, is_sent=is_sent, turn=turn) from error
        finally:
            _deadline.reset(token)
            if place is not None:
                place.give_back()

    async def _exchange(self, request: httpx.Request, operation: str) -> Answer:
        told = {
            "peer.service": self.peer,
            "antbridge.operation": operation,
            "http.request.method": request.method,
            "server.address": request.url.host,
        }
        with tracing.span(f"{self.peer} {operation}", told, kind="client") as span:
            response = await self._http.send(request, stream=True)
            span.set({"http.response.status_code": response.status_code})
            try:
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER_BYTES:
                        raise httpx.ReadError("answer too large")
                return Answer(response.status_code, response.headers, bytes(body))
            finally:
                await response.aclose()

    def _no_answer(
        self, operation: str, error: Exception, *, is_sent: bool, turn: Turn | None
    ) -> BridgeError:
        detail = type(error).__name__
        if is_sent and turn is not None:
            return OutcomeUnknown(self.peer, operation, detail=detail)
        return Transient(self.peer, operation, detail=detail)

    async def _read_pace(self, answer: Answer, operation: str) -> None:
        if (date := read_date(answer.headers)) is not None:
            self.health.clock_ahead = self._clock.now() - date
        remaining = read_remaining(answer.headers)
        if remaining is not None:
            await self.budget.note_remaining(remaining)
        if answer.status == 429:
            pause = read_pause_seconds(answer.headers, self._clock.now())
            await self.budget.pause(UNSAID_PAUSE_SECONDS if pause is None else pause)
            raise RateLimited(self.peer, operation, retry_after_seconds=pause)

    def _note(
        self,
        operation: str,
        started: float,
        error: BridgeError | None,
        status: int | None = None,
        *,
        is_probe: bool,
    ) -> None:
        """Keep the peer's health: an answer of any kind but 401 and 5xx shows it alive."""
        is_failure = error is not None or (status is not None and (status >= 500 or status == 401))
        result = type(error).__name__ if error is not None else str(status)
        CALLS.labels(self.peer, operation, result).inc()
        CALL_SECONDS.labels(self.peer).observe(self._clock.monotonic() - started)
        if not is_failure:
            self.health.last_success_at = self._clock.now()
            self.circuit.note_success()
            return
        told = str(error) if error else f"{operation}: HTTP {status}"
        self.health.last_error_at = self._clock.now()
        self.health.last_error = told
        if not isinstance(error, RateLimited):
            self.circuit.note_failure(told, was_probe=is_probe)
        elif error.status is not None:  # it asks for a pause: it is there
            self.circuit.note_success()
