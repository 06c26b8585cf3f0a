"""The records of the outbox: who wants to hear, what was sent, and how a body is written."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(slots=True)
class Attempt:
    """One try at delivering an event: a status, or the name of the error."""

    at: datetime
    status: int | None
    error: str | None = None


@dataclass(slots=True)
class Delivery:
    """One event on its way to one address; without a URL it only lies here."""

    event_id: str
    event_type: str
    order_id: str
    url: str | None
    body: bytes
    signature: str
    headers: dict[str, str]
    emitted_at: datetime
    due_at: float
    attempts: list[Attempt] = field(default_factory=list)
    is_delivered: bool = False
    is_lost: bool = False

    @property
    def is_waiting(self) -> bool:
        """Another attempt is owed."""
        return self.url is not None and not self.is_delivered and not self.is_lost


@dataclass(slots=True)
class Subscription:
    """An address that wants to hear of some events; no event names means all."""

    id: str
    url: str | None
    events: tuple[str, ...]
    secret: str

    def wants(self, event_type: str) -> bool:
        """Say whether this event is subscribed to."""
        return not self.events or event_type in self.events


def write_body(document: dict[str, Any]) -> bytes:
    """
    Return *document* as the marketplace writes it.

    Slashes and everything outside ASCII are escaped, so that nobody can verify a signature over
    a body decoded and encoded again.
    """
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()
