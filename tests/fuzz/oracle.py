"""
What the receiver must answer and keep, worked out a second time and in other ways.

It shares no line with the service: HMAC is built from SHA-256 as RFC 2104 writes it, and the
rules are those of docs/rules/signature.md. Whoever changes one side alone is told by the other.
"""

import base64
import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.fuzz.delivery import WEBHOOK, Delivery

CAP_BYTES = 1_048_576
BLOCK_BYTES = 64
LONGEST_WORD = 200
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Kept:
    """The row a delivery must leave behind, if its id is new."""

    event_id: str
    event_type: str
    marketplace_order_id: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """The answers that are right, and the row; without a row nothing may be stored."""

    statuses: frozenset[int]
    kept: Kept | None = None


def judge(delivery: Delivery, secrets: Sequence[str]) -> Due:
    """Return what is due to *delivery*."""
    if delivery.path != WEBHOOK or delivery.method != "POST":
        return Due(frozenset({307, 404, 405}))
    if delivery.breaks_off:
        return Due(frozenset({400, 413}))
    if len(delivery.body) > CAP_BYTES or _announces_too_much(delivery):
        return Due(frozenset({413}))
    if not is_signed(delivery, secrets):
        return Due(frozenset({401}))
    kept = read(delivery.body)
    return Due(frozenset({400})) if kept is None else Due(frozenset({200}), kept)


def mac(secret: str, body: bytes) -> bytes:
    """Return HMAC-SHA256 as RFC 2104 defines it."""
    key = secret.encode()
    if len(key) > BLOCK_BYTES:
        key = hashlib.sha256(key).digest()
    key = key.ljust(BLOCK_BYTES, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + body).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in key) + inner).digest()


def is_signed(delivery: Delivery, secrets: Sequence[str]) -> bool:
    """Tell whether any header holds the right digest of any secret, in a form of that header."""
    digests = [mac(secret, delivery.body) for secret in secrets]
    in_hex = {digest.hex() for digest in digests}
    in_base64 = {base64.encodebytes(digest).decode().replace("\n", "") for digest in digests}
    forms = {"signature": in_hex, "x-ankorstore-hmac-sha256": in_hex | in_base64}
    for name, value in delivery.headers:
        allowed = forms.get(name.decode("latin-1").lower(), set())
        text = value.decode("latin-1").strip()
        if text.startswith("sha256="):
            text = text[len("sha256=") :].strip()
        if text in allowed:
            return True
    return False


def read(body: bytes) -> Kept | None:
    """Return the row of a signed body, None where the body is no event."""
    odd_numbers: list[str] = []
    try:
        document = json.loads(body, parse_constant=odd_numbers.append)
    except (ValueError, RecursionError):
        return None
    event = document.get("meta") if isinstance(document, dict) else None
    event = event.get("event") if isinstance(event, dict) else None
    if odd_numbers or not isinstance(event, dict):
        return None
    event_id, event_type = event.get("id"), event.get("type")
    if not _is_word(event_id) or not _is_word(event_type):
        return None
    data = document.get("data")
    if isinstance(data, list):
        data = data[0] if len(data) == 1 else None
    if not _is_order(data) or event_type.lower().startswith("external_order."):
        return Kept(event_id, event_type, None)
    order_id = data.get("id")
    if not _is_word(order_id):
        return None
    return Kept(event_id, event_type, order_id.lower() if UUID.fullmatch(order_id) else order_id)


def _is_order(data: Any) -> bool:
    kind = data.get("type") if isinstance(data, dict) else None
    return isinstance(kind, str) and kind.lower().replace("-", "") in ("order", "orders")


def _is_word(value: Any) -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_WORD:
        return False
    if value[0] == " " or value[-1] == " ":
        return False
    return all(char == " " or unicodedata.category(char) not in UNPRINTABLE for char in value)


def _announces_too_much(delivery: Delivery) -> bool:
    for name, value in delivery.headers:
        if name.lower() == b"content-length" and re.fullmatch(rb"[0-9]+", value):
            return len(value.lstrip(b"0")) > 10 or int(value) > CAP_BYTES
    return False
