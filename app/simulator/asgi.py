"""
The way in over real HTTP: a bare ASGI app.

There is no framework between the socket and the company, because benchmarks run against it.
"""

from collections.abc import Awaitable, Callable, MutableMapping
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from app.simulator.exchange import Answer, Ask
from app.simulator.losses import AnswerLost, ConnectionRefused

if TYPE_CHECKING:
    from app.simulator.company import Company

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]


class CompanyApp:
    """An ASGI app around one company."""

    def __init__(self, company: "Company") -> None:
        self._company = company

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP is left alone."""
        if scope["type"] == "lifespan":
            await _answer_lifespan(receive, send)
            return
        if scope["type"] != "http":
            return
        ask = Ask(
            method=scope["method"],
            path=scope["raw_path"].decode("ascii"),
            query_string=scope["query_string"].decode("ascii", "replace"),
            headers={
                name.decode("latin-1").lower(): value.decode("latin-1")
                for name, value in scope["headers"]
            },
            body=await _read_body(receive),
        )
        try:
            answer = await self._company.answer(ask)
        except (AnswerLost, ConnectionRefused):
            await _drop_connection(send)
            return
        answer.headers.append(("date", format_datetime(self._company.clock.now(), usegmt=True)))
        await _send_answer(send, answer)


async def _read_body(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        event = await receive()
        chunks.append(event.get("body", b""))
        if not event.get("more_body", False):
            return b"".join(chunks)


async def _send_answer(send: Send, answer: Answer) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.wire_headers()
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _drop_connection(send: Send) -> None:
    """
    Promise a body, send one byte of it and leave.

    An ASGI server closes the connection when an app returns with its response unfinished, which
    is the nearest an app can come to a network that fails.
    """
    await send(
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-length", b"1000"), (b"content-type", b"application/json")],
        }
    )
    await send({"type": "http.response.body", "body": b"{", "more_body": True})


async def _answer_lifespan(receive: Receive, send: Send) -> None:
    while True:
        event = await receive()
        await send({"type": f"{event['type']}.complete"})
        if event["type"] == "lifespan.shutdown":
            return
