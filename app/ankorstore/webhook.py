"""
A webhook delivery: whether Ankorstore signed it, and what it is about. Pure.

The rules of the signature stand in docs/rules/signature.md. An event is a hint only: its id
tells a repeat, its order id which order to look at, and nothing else in it is believed.
"""

import base64
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.jsonapi import clean_text, normalise_id, normalise_type

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


class UnreadableEvent(ValueError):
    """The body is signed, and yet it is no event. The text never quotes the body."""


@dataclass(frozen=True, slots=True)
class MarketplaceEvent:
    """What a delivery tells. `marketplace_order_id` is set where it is about an order."""

    event_id: str
    event_type: str
    occurred_at: datetime | None
    marketplace_order_id: str | None


def is_signed(body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """
    Tell whether *body* was signed with one of *secrets* (docs/rules/signature.md).

    Without a secret nothing is ever signed: an empty key is one anybody can sign with.
    """
    hex_given = _values_of(headers, HEX_HEADER)
    second_given = _values_of(headers, SECOND_HEADER)
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


def _values_of(headers: Mapping[str, str], name: str) -> list[bytes]:
    """Return the values of a header, without blanks and without the prefix some senders add."""
    return [
        value.strip().removeprefix(_PREFIX).strip().encode(errors="replace")
        for key, value in headers.items()
        if key.lower() == name
    ]


def read_event(body: bytes) -> MarketplaceEvent:
    """
    Return the event in a body whose signature was found good.

    Raises:
        UnreadableEvent: It is not JSON, or lacks an id or a type that could be kept.
    """
    document = _decode(body)
    event = _member(_member(document, "meta"), "event")
    event_type = _read_word(event, "type")
    return MarketplaceEvent(
        event_id=_read_word(event, "id"),
        event_type=event_type,
        occurred_at=_read_moment(event.get("timestamp")),
        marketplace_order_id=_read_order_id(document.get("data"), event_type),
    )


def stored_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the few headers worth keeping with a delivery; no credential is among them."""
    return {
        name.lower(): clean_text(value[:MAX_HEADER_CHARACTERS])
        for name, value in headers.items()
        if name.lower() in _HARMLESS_HEADERS
    }


def _decode(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise UnreadableEvent("the body is not JSON") from None
    if not isinstance(document, dict):
        raise UnreadableEvent("the body is no object")
    return document


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


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
