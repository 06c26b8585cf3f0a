"""
The receiver: verify the raw bytes, store the event, answer 2xx. Nothing else happens here.

A sender that is not sure is refused before anything of it is read as more than bytes; a store
that is away means 503, so that the sender comes again (docs/rules/signature.md).
"""

import time
from collections.abc import Iterable
from functools import partial

import structlog
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app import tracing
from app.ankorstore.webhook import UnreadableEvent, is_signed, read_event, stored_headers
from app.metrics import DELIVERIES
from app.sentinel import Sightings, Watch, load_form
from app.store.inbox import Disposition, Inbox
from app.store.inbox_writing import IncomingEvent
from app.web.signing_secrets import SecretsNotRead, SigningSecrets

WEBHOOK_PATH = "/webhooks/ankorstore"
MAX_BODY_BYTES = 1024 * 1024
MAX_HELD_BYTES = 128 * 1024 * 1024
"""All bodies together that are being read or wait for their commit; there is no more memory."""
STORE_TIMEOUT_SECONDS = 2.5
"""The sender may give up after three seconds; better a clear 503 than silence."""
RETRY_AFTER_SECONDS = 10
SOURCE = "ankorstore"
_STATUSES = (200, 400, 401, 413, 503)
_ANSWERED = {status: DELIVERIES.labels(str(status)) for status in _STATUSES}
_TAKEN = {disposition: JSONResponse({"status": disposition}) for disposition in Disposition}

log = structlog.get_logger(__name__)


class Receiver:
    """Takes deliveries of the marketplace's events."""

    def __init__(
        self, inbox: Inbox, secrets: SigningSecrets, sightings: Sightings | None = None
    ) -> None:
        """
        Accept what any of *secrets* signed; without a secret nothing is accepted.

        What a delivery holds that is not documented is noted in *sightings*.
        """
        self._inbox = inbox
        self._secrets = secrets
        self._held_bytes = 0
        self._watch = Watch(load_form(SOURCE), sightings) if sightings is not None else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI app of its own: nothing of a framework stands in between."""
        response = await self.answer(scope, receive)
        await response(scope, receive, send)

    async def answer(self, scope: Scope, receive: Receive) -> Response:
        """Answer one delivery."""
        started = time.perf_counter()
        body = bytearray()
        try:
            headers = SentHeaders(scope["headers"])
            refusal = await self._read_body(headers, receive, body)
            response = refusal or await self._judge(headers, bytes(body))
        finally:
            self._held_bytes -= len(body)
        _ANSWERED[response.status_code].observe(time.perf_counter() - started)
        return response

    async def _read_body(
        self, headers: "SentHeaders", receive: Receive, body: bytearray
    ) -> Response | None:
        """Read into *body*; refuse as soon as it proves too large, announced or not."""
        if headers.announced_bytes() > MAX_BODY_BYTES:
            return _refuse(413, f"the body exceeds {MAX_BODY_BYTES} bytes")
        has_more = True
        while has_more:
            message = await receive()
            if message["type"] != "http.request":
                return _refuse(400, "the body ended early")
            chunk = message.get("body", b"")
            has_more = message.get("more_body", False)
            body += chunk
            self._held_bytes += len(chunk)
            if len(body) > MAX_BODY_BYTES:
                return _refuse(413, f"the body exceeds {MAX_BODY_BYTES} bytes")
            if self._held_bytes > MAX_HELD_BYTES:
                return _come_again("too much comes at once; send it again")
        return None

    async def _judge(self, headers: "SentHeaders", body: bytes) -> Response:
        try:
            is_known = await self._secrets.recognise(partial(is_signed, body, headers), len(body))
        except SecretsNotRead:
            return _come_again("whose it is cannot be told now; send it again")
        if not is_known:
            return _refuse(401, "the signature is missing or wrong")
        try:
            event = read_event(body, self._watch)
        except UnreadableEvent as error:
            log.warning("event.unreadable", problem=str(error), size_bytes=len(body))
            return _refuse(400, str(error))
        incoming = IncomingEvent(
            source=SOURCE,
            event_id=event.event_id,
            event_type=event.event_type,
            marketplace_order_id=event.marketplace_order_id,
            raw_body=body,
            headers=stored_headers(headers),
            occurred_at=event.occurred_at,
        )
        started_ns = tracing.started_ns()
        try:
            disposition = await self._inbox.store_event(incoming, STORE_TIMEOUT_SECONDS)
        except Exception as error:
            log.error("event.not_stored", error=type(error).__name__, event_id=event.event_id)
            return _come_again("the event could not be stored; send it again")
        log.info(
            f"event.{disposition}",
            correlation_id=event.marketplace_order_id,
            event_id=event.event_id,
            event_type=event.event_type,
        )
        if started_ns:
            told = {
                "antbridge.order_id": event.marketplace_order_id,
                "antbridge.event_id": event.event_id,
                "antbridge.event_type": event.event_type,
                "antbridge.disposition": str(disposition),
            }
            tracing.record_delivery(started_ns, told, event.marketplace_order_id)
        return _TAKEN[disposition]


class SentHeaders:
    """The headers of a delivery, made text once; a name may come more than once."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]]) -> None:
        """Take them as the server gives them, names in small letters."""
        self._pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]

    def items(self) -> Iterable[tuple[str, str]]:
        """Return every name with its value."""
        return self._pairs

    def announced_bytes(self) -> int:
        """Return how long the body is said to be, 0 where nothing usable is said."""
        for name, value in self._pairs:
            if name == "content-length" and value.isdecimal():
                return int(value[:20])
        return 0


class ReceiverFirst:
    """Hands deliveries to the receiver before the framework, which has nothing to add to them."""

    def __init__(self, app: ASGIApp, receiver: Receiver) -> None:
        """Stand before *app*."""
        self._app = app
        self._receiver = receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through whatever is no delivery."""
        is_delivery = (
            scope["type"] == "http" and scope["path"] == WEBHOOK_PATH and scope["method"] == "POST"
        )
        await (self._receiver if is_delivery else self._app)(scope, receive, send)


def _refuse(status: int, problem: str) -> Response:
    return JSONResponse({"error": problem}, status_code=status)


def _come_again(problem: str) -> Response:
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return JSONResponse({"error": problem}, status_code=503, headers=headers)
