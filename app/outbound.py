"""
Calls to a company: timeouts, budget, deadline, login, and what an unusable answer means.

One `PeerConnection` per company. It decides which kind of error a missing answer is; what an
answer that did come means is decided by the company's own client, with `app/answers.py` as the
common table (docs/rules/errors.md).
"""

import asyncio
import json
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from app.answers import Answer, read_pause_seconds, read_remaining
from app.clock import Clock
from app.errors import BridgeError, OutcomeUnknown, RateLimited, Transient
from app.metrics import CALL_SECONDS, CALLS
from app.ports import Budget, Turn

MAX_ANSWER_BYTES = 32 * 1024 * 1024
UNSAID_PAUSE_SECONDS = 1.0
"""After a 429 that names no pause; whoever repeats the call waits longer each time."""
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


@dataclass(slots=True)
class PeerHealth:
    """What the last calls to a company told of its state."""

    last_success_at: datetime | None = None
    last_error_at: datetime | None = None
    last_error: str | None = None


calls_made: ContextVar[list[str] | None] = ContextVar("calls_made", default=None)
"""Where a caller who wants to know keeps the operations it has called."""


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
            await self._budget.take()
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
        max_in_flight: int | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        """Prepare calls to *base_url*; *transport* replaces the network in tests."""
        self.peer = peer
        self.base_url = base_url
        self.budget = budget
        self.health = PeerHealth()
        self._clock = clock
        self._timeout_seconds = timeout_seconds
        self._slot: AbstractAsyncContextManager[Any] = (
            asyncio.Semaphore(max_in_flight) if max_in_flight else nullcontext()
        )
        self._http = httpx.AsyncClient(
            base_url=base_url,
            auth=auth,
            headers=headers,
            timeout=httpx.Timeout(timeout_seconds, connect=min(5.0, timeout_seconds / 2)),
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
            transport=_LastLook(transport or httpx.AsyncHTTPTransport(), clock, budget),
            follow_redirects=False,
            trust_env=False,
            event_hooks={"request": [self._stay_with_peer]},
        )

    async def _stay_with_peer(self, request: httpx.Request) -> None:
        """Let nothing out to anybody else, wherever an address came from; logins included."""
        base = self._http.base_url
        there = (request.url.scheme, request.url.host, request.url.port)
        if there != (base.scheme, base.host, base.port):
            raise httpx.UnsupportedProtocol("not the configured host", request=request)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

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
        if turn is None:
            await self.budget.take()
        if (made := calls_made.get()) is not None:
            made.append(operation)
        started = self._clock.monotonic()
        try:
            answer = await self._send(request, operation, turn)
            self._read_pace(answer, operation)
        except BridgeError as error:
            self._note(operation, started, error)
            raise
        self._note(operation, started, None, answer.status)
        return answer

    async def _send(self, request: httpx.Request, operation: str, turn: Turn | None) -> Answer:
        if turn is not None:  # the wait for a slot counts too: nothing may be sent late
            return await self._send_until(
                turn.send_before_monotonic, request, operation, turn, slot=self._slot
            )
        async with self._slot:
            ends = self._clock.monotonic() + self._timeout_seconds
            return await self._send_until(ends, request, operation, None, slot=nullcontext())

    async def _send_until(
        self,
        ends: float,
        request: httpx.Request,
        operation: str,
        turn: Turn | None,
        *,
        slot: AbstractAsyncContextManager[Any],
    ) -> Answer:
        deadline = _Deadline(ends)
        token = _deadline.set(deadline)
        try:
            async with asyncio.timeout(max(0.0, ends - self._clock.monotonic())), slot:
                return await self._exchange(request)
        except _NEVER_SENT as error:
            raise self._no_answer(operation, error, is_sent=False, turn=turn) from error
        except (TooLate, TimeoutError, httpx.HTTPError, httpx.StreamError) as error:
            is_sent = deadline.may_have_been_sent
            raise self._no_answer(operation, error, is_sent=is_sent, turn=turn) from error
        finally:
            _deadline.reset(token)

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._http.send(request, stream=True)
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

    def _read_pace(self, answer: Answer, operation: str) -> None:
        remaining = read_remaining(answer.headers)
        if remaining is not None:
            self.budget.note_remaining(remaining)
        if answer.status == 429:
            pause = read_pause_seconds(answer.headers, self._clock.now())
            self.budget.pause(UNSAID_PAUSE_SECONDS if pause is None else pause)
            raise RateLimited(self.peer, operation, retry_after_seconds=pause)

    def _note(
        self, operation: str, started: float, error: BridgeError | None, status: int | None = None
    ) -> None:
        """Keep the peer's health: an answer of any kind but 401 and 5xx shows it alive."""
        is_failure = error is not None or (status is not None and (status >= 500 or status == 401))
        result = type(error).__name__ if error is not None else str(status)
        CALLS.labels(self.peer, operation, result).inc()
        CALL_SECONDS.labels(self.peer).observe(self._clock.monotonic() - started)
        if is_failure:
            self.health.last_error_at = self._clock.now()
            self.health.last_error = str(error) if error else f"{operation}: HTTP {status}"
        else:
            self.health.last_success_at = self._clock.now()
