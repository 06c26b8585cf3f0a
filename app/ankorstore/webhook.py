"""
A webhook delivery: whether Ankorstore signed it, and what it is about. Pure.

The rules of the signature stand in docs/rules/signature.md. An event is a hint only: its id
tells a repeat, its order id which order to look at, and nothing else in it is believed.
"""

import base64
import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

from app.jsonapi import clean_text, normalise_id, normalise_type
from app.sentinel import Watch

HEX_HEADER = "signature"
SECOND_HEADER = "x-ankorstore-hmac-sha256"
MAX_ID_CHARACTERS = 200
MAX_HEADER_CHARACTERS = 200
LATEST_MOMENT_SECONDS = 253_370_764_800
"""The year 9999: no database client east of Greenwich can show the end of it."""

_PREFIX = "sha256="
_EXTERNAL_ORDER = "external_order."
_HARMLESS_HEADERS = frozenset(
    {
        "cf-ray",
        "content-length",
        "content-type",
        "date",
        "user-agent",
        "x-correlation-id",
        "x-request-id",
    }
)


class Headers(Protocol):
    """Headers in any case of letters; a name may come more than once."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return every name with its value."""


class UnreadableEvent(ValueError):
    """The body is signed, and yet it is no event. The text never quotes the body."""


@dataclass(frozen=True, slots=True)
class MarketplaceEvent:
    """What a delivery tells. `marketplace_order_id` is set where it is about an order."""

    event_id: str
    event_type: str
    occurred_at: datetime | None
    marketplace_order_id: str | None


def is_signed(body: bytes, headers: Headers, secrets: Sequence[str]) -> bool:
    """
    Tell whether *body* was signed with one of *secrets* (docs/rules/signature.md).

    Without a secret nothing is ever signed: an empty key is one anybody can sign with.
    """
    given_by_name: dict[str, list[bytes]] = {HEX_HEADER: [], SECOND_HEADER: []}
    for key, value in headers.items():
        if (values := given_by_name.get(key.lower())) is not None:
            values.append(_bare(value))
    hex_given, second_given = given_by_name[HEX_HEADER], given_by_name[SECOND_HEADER]
    is_valid = False
    for secret in secrets:
        if not secret.strip():
            continue
        digest = hmac.digest(secret.encode(), body, "sha256")
        in_hex, in_base64 = digest.hex().encode(), base64.b64encode(digest)
        for given in hex_given:
            is_valid |= hmac.compare_digest(given, in_hex)
        for given in second_given:
            is_valid |= hmac.compare_digest(given, in_hex)
            is_valid |= hmac.compare_digest(given, in_base64)
    return is_valid


def _bare(value: str) -> bytes:
    """Return a header's value without blanks and without the prefix some senders add."""
    return value.strip().removeprefix(_PREFIX).strip().encode(errors="replace")


def read_event(body: bytes, watch: Watch | None = None) -> MarketplaceEvent:
    """
    Return the event in a body whose signature was found good; *watch* looks at all it holds.

    Raises:
        UnreadableEvent: It is not JSON, or lacks an id or a type that could be kept.
    """
    document = _decode(body)
    event = _member(_member(document, "meta"), "event")
    event_type = _read_word(event, "type")
    if watch is not None:
        watch.look_at_document(document, "delivery", sees_event=True)
    return MarketplaceEvent(
        event_id=_read_word(event, "id"),
        event_type=event_type,
        occurred_at=_read_moment(event.get("timestamp")),
        marketplace_order_id=_read_order_id(document.get("data"), event_type),
    )


def stored_headers(headers: Headers) -> dict[str, str]:
    """Return the few headers worth keeping with a delivery; no credential is among them."""
    return {
        name: clean_text(value[:MAX_HEADER_CHARACTERS])
        for key, value in headers.items()
        if (name := key.lower()) in _HARMLESS_HEADERS
    }


def _decode(body: bytes) -> dict[str, Any]:
    try:
        document = _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        raise UnreadableEvent("the body is not JSON") from None
    if not isinstance(document, dict):
        raise UnreadableEvent("the body is no object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _member(parent: Mapping[str, Any], name: str) -> dict[str, Any]:
    member = parent.get(name)
    if not isinstance(member, dict):
        raise UnreadableEvent(f"no object {name}")
    return member


def _read_word(event: Mapping[str, Any], name: str) -> str:
    """Return a short text that any database can hold."""
    value = event.get(name)
    if not isinstance(value, str) or not value or len(value) > MAX_ID_CHARACTERS:
        raise UnreadableEvent(f"no usable {name}")
    if not value.isprintable() or value != value.strip():
        raise UnreadableEvent(f"no usable {name}")
    return value


def _read_order_id(data: object, event_type: str) -> str | None:
    """Return the id of the internal order in *data*; None where it is something else."""
    if isinstance(data, list) and len(data) == 1:
        data = data[0]
    if not isinstance(data, dict) or normalise_type(data.get("type")) != "order":
        return None
    if event_type.lower().startswith(_EXTERNAL_ORDER):
        return None
    return normalise_id(_read_word(data, "id"))


def _read_moment(timestamp: object) -> datetime | None:
    """Return when the event happened; it is shown and never reckoned with."""
    if isinstance(timestamp, bool) or not isinstance(timestamp, int | float):
        return None
    if not 0 <= timestamp < LATEST_MOMENT_SECONDS:
        return None
    return datetime.fromtimestamp(timestamp, UTC)
