"""Answers of a company with anything in place of anything in them."""

import json
from random import Random
from typing import Any

DEEP = json.loads("[" * 200 + "]" * 200)
ODD_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**63, -(2**63) - 1, 10**30, 10**400, 0.1, -0.0, 1e308,
    float("nan"), float("inf"), "", " ", "0", "-1", "1e400", "NaN", "Infinity", "9" * 5000,
    "\x00", "a\x00b", "\ud800", "\udfff", "\u2028", "\u202e", "\ufeff", "x" * 20_000, "٣", "½",
    "0001-01-01T00:00:00", "9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59-23:59",
    "0000-00-00", "2026-02-30", "2026-01-01T25:00:00", "0001-01-01T00:00:00+14:00",
    [], {}, [[]], [None], [{}], {"": None}, {"id": None}, {"data": []}, {"data": {"id": 1}}, DEEP,
)  # fmt: skip
BODIES = (
    b"", b" ", b"null", b"true", b"7", b'"x"', b"[]", b"{}", b"[null]", b"\xff\xfe", b"\x00",
    b"<html><body>502 Bad Gateway</body></html>", b'{"data":', b"NaN", b"9" * 5000,
    b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000,
    b'{"data": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", b'{"data": ' + b"9" * 5000 + b"}",
    b'\xef\xbb\xbf{"data": null}', '{"data": null}'.encode("utf-16"),
)  # fmt: skip


def places_in(document: Any) -> list[tuple[Any, ...]]:
    """Return the way to every value in *document*, the document itself first."""
    found: list[tuple[Any, ...]] = [()]
    if isinstance(document, dict | list):
        steps = document.items() if isinstance(document, dict) else enumerate(document)
        for step, value in steps:
            found += [(step, *rest) for rest in places_in(value)]
    return found


def replaced(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """Return *document* with *value* at *place*; nothing is shared that would be changed."""
    if not place:
        return value
    copy = list(document) if isinstance(document, list) else dict(document)
    copy[place[0]] = replaced(document[place[0]], place[1:], value)
    return copy


def removed(document: Any, place: tuple[Any, ...]) -> Any:
    """Return *document* without what stands at *place*."""
    copy = list(document) if isinstance(document, list) else dict(document)
    if len(place) == 1:
        del copy[place[0]]
    else:
        copy[place[0]] = removed(document[place[0]], place[1:])
    return copy


def bend(body: bytes, random: Random) -> bytes:
    """Return *body* with one thing in it made odd, or another body altogether."""
    chance = random.random()
    if chance < 0.15:
        return random.choice(BODIES)
    if chance < 0.3:
        return body[: random.randrange(len(body) + 1)]
    try:
        document = json.loads(body)
    except ValueError:
        return body
    place = random.choice(places_in(document))
    if place and chance < 0.45:
        return json.dumps(removed(document, place)).encode()
    return json.dumps(replaced(document, place, random.choice(ODD_VALUES))).encode()
