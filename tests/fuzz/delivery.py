"""One delivery as it comes over the wire, and the application called with it in this process."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message

WEBHOOK = "/webhooks/ankorstore"
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request, body and all. `parts` are the pieces in which the body arrives."""

    body: bytes
    headers: tuple[Header, ...] = ()
    parts: tuple[bytes, ...] = ()
    path: str = WEBHOOK
    method: str = "POST"
    query: bytes = b""
    breaks_off: bool = False
    """Whether the sender is gone before the body has come whole."""


@dataclass(slots=True)
class Answer:
    """What came back."""

    status: int = 0
    headers: list[Header] = field(default_factory=list)
    body: bytes = b""

    def word(self) -> str:
        """Return what is said: the status of a delivery, or why it was refused."""
        document: Any = json.loads(self.body)
        (text,) = document.values()
        return str(text)


async def send(app: ASGIApp, delivery: Delivery) -> Answer:
    """Call *app* with *delivery*, as a server does that lets every header through."""
    messages = _messages(delivery)
    answer = Answer()

    async def receive() -> Message:
        return next(messages, {"type": "http.disconnect"})

    async def take(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert answer.status == 0, "answered twice"
            answer.status = message["status"]
            answer.headers = list(message["headers"])
        else:
            answer.body += message.get("body", b"")

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": delivery.method,
        "scheme": "http",
        "path": delivery.path,
        "raw_path": delivery.path.encode(),
        "root_path": "",
        "query_string": delivery.query,
        "headers": list(delivery.headers),
        "client": ("192.0.2.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await app(scope, receive, take)
    return answer


def _messages(delivery: Delivery) -> Iterator[Message]:
    parts = delivery.parts or (delivery.body,)
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": True} for part in parts
    ]
    if delivery.breaks_off:
        messages.append({"type": "http.disconnect"})
    else:
        messages[-1]["more_body"] = False
    return iter(messages)
