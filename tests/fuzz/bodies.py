"""Bodies of deliveries: the published samples, with anything in place of anything in them."""

import gzip
import json
import re
from random import Random
from typing import Any

from tests.answering import load_recorded

CANARY = "Canary Lane 7"
"""Stands in the address of every sample; whatever is said or logged must not hold it."""
CAP_BYTES = 1_048_576
_DIGITS = "@digits@"
_ENDLESS_DIGITS = b"9" * 5000
_KEY = re.compile(rb'"(?:id|type|event|meta|data)":')
_EVENT_TYPES = (
    "order.brand_created",
    "order.brand_accepted",
    "order.cancelled",
    "order.shipped",
    "order.tomorrow",
    "external_order.created",
)
_ODD_VALUES = tuple(map(json.dumps, (
    None, True, False, 0, -1, 2**63, 10**40, -(10**15), 1.5, 1e308, float("inf"), float("nan"),
    "", " ", "x ", "\x00", "a\x00b", "\ud800", "\udfff\ud800", "\u202e", "\u200b", "\u2028",
    "é", "e\u0301", "𝒳", "\U0010ffff", "ORDERS", "or-ders", "order", "null", "' OR 1=1 --",
    "{{7*7}}", "../../etc/passwd", "x" * 200, "x" * 201, "x" * 5000, "\n", _DIGITS,
    [], {}, [[]], [None], {"": ""}, {"id": 1}, {"id": "i", "type": "orders"},
    [{"id": "i", "type": "orders"}], [{"id": "i", "type": "orders"}] * 2,
)))  # fmt: skip
_ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "latin-1",
    "utf-7",
)


def _samples() -> list[dict[str, Any]]:
    event = load_recorded("ankorstore/event_brand_accepted")
    event["data"]["attributes"]["shipToAddress"] = {"street": CANARY}
    order = load_recorded("ankorstore/order")
    order["data"]["attributes"]["billingStreet"] = CANARY
    whole = {**order, "meta": event["meta"]}
    listed = {**event, "data": [event["data"]]}
    bare = {"meta": event["meta"]}
    return [event, event, event, event, listed, bare, whole]


_SAMPLES = [json.dumps(sample) for sample in _samples()]


class Bodies:
    """Draws bodies. The same random numbers give the same bodies."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._known_ids: list[str] = ["1ecdb3d8-4cc7-64b0-81e2-0242ac140007"]
        self._drawn = 0
        self._kinds = (self._document, self._changed, self._bytes_changed, self._odd, self._large)
        self._weights = (30, 45, 20, 5, 0.08)

    def draw(self) -> bytes:
        """Return the next body."""
        self._drawn += 1
        (kind,) = self._random.choices(self._kinds, self._weights)
        return kind()

    def _sample(self) -> dict[str, Any]:
        """Return a good event with a new id, or now and then with one that was drawn before."""
        random = self._random
        document: dict[str, Any] = json.loads(random.choice(_SAMPLES))
        event = document["meta"]["event"]
        event["type"] = random.choice(_EVENT_TYPES)
        event["timestamp"] = random.randrange(0, 2_000_000_000)
        if random.random() < 0.12:
            event["id"] = random.choice(self._known_ids)
        else:
            event["id"] = f"{random.getrandbits(64):016x}-{self._drawn}"
            self._remember(event["id"])
        data = document.get("data")
        for resource in data if isinstance(data, list) else [data] if data else []:
            resource["id"] = f"1ecb023e-7ec0-6d5c-a477-{random.randrange(5000):012d}"
        return document

    def _remember(self, event_id: str) -> None:
        if len(self._known_ids) < 500:
            self._known_ids.append(event_id)
        else:
            self._known_ids[self._random.randrange(500)] = event_id

    def _document(self) -> bytes:
        return _encode(self._sample())

    def _changed(self) -> bytes:
        """Return a sample with a value, a key, its spelling or its encoding changed."""
        random = self._random
        document = self._sample()
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            self._change(document)
        text = json.dumps(
            document,
            ensure_ascii=random.random() < 0.7,
            indent=random.choice((None, None, None, 1)),
            separators=random.choice((None, (",", ":"))),
        )
        chance = random.random()
        if chance < 0.15:
            return text.encode(random.choice(_ENCODINGS), "replace")
        body = text.encode("utf-8", "surrogatepass").replace(b'"@digits@"', _ENDLESS_DIGITS)
        return self._with_a_key_twice(body) if chance < 0.25 else body

    def _change(self, document: dict[str, Any]) -> None:
        """Replace or remove one value, or add one nobody asked for, anywhere in *document*."""
        random = self._random
        node: Any = document
        while True:
            step = random.choice(list(node) if isinstance(node, dict) else range(len(node)))
            if not isinstance(node[step], dict | list) or not node[step] or random.random() < 0.3:
                break
            node = node[step]
        action = random.random()
        if action < 0.75:
            node[step] = self._odd_value()
        elif action < 0.9:
            del node[step]
        elif isinstance(node, dict):
            name = random.choice(("id", "type", "x" * 300, "\x00", "__proto__"))
            node[name] = self._odd_value()
        if not document:
            document["meta"] = None

    def _odd_value(self) -> Any:
        return json.loads(self._random.choice(_ODD_VALUES))

    def _with_a_key_twice(self, body: bytes) -> bytes:
        places = [match.start() for match in _KEY.finditer(body)]
        if not places:
            return body
        at = self._random.choice(places)
        end = body.index(b":", at) + 1
        value = self._random.choice((b"null", b'"other"', b"{}", b"7"))
        return body[:at] + body[at:end] + value + b"," + body[at:]

    def _bytes_changed(self) -> bytes:
        """Return a sample with bits turned, bytes cut out, put in or taken twice, or cut short."""
        random = self._random
        body = bytearray(_encode(self._sample()))
        for _ in range(random.choice((1, 1, 2, 8))):
            if not body:
                break
            at = random.randrange(len(body))
            until = min(len(body), at + random.choice((1, 2, 9, 60)))
            action = random.randrange(6)
            if action == 0:
                body[at] ^= 1 << random.randrange(8)
            elif action == 1:
                body[at:until] = random.randbytes(until - at)
            elif action == 2:
                del body[at:until]
            elif action == 3:
                body[at:at] = body[at:until]
            elif action == 4:
                body[at:at] = random.choice((b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80"))
            else:
                del body[at:]
        return bytes(body)

    def _odd(self) -> bytes:
        """Return what was never a sample: nothing, noise, other formats, deep nesting."""
        random = self._random
        whole = _encode(self._sample())
        deep = random.choice((20, 150, 100_000))
        return random.choice(
            (
                lambda: b"",
                lambda: random.randbytes(random.randrange(400)),
                lambda: random.choice((b"null", b"[]", b"{}", b'"x"', b"1", b"NaN", b"-Infinity")),
                lambda: _ENDLESS_DIGITS,
                lambda: gzip.compress(whole),
                lambda: whole + whole,
                lambda: whole + b"\n\n ",
                lambda: b"\xef\xbb\xbf" + whole,
                lambda: b"payload=" + whole,
                lambda: whole[:-1] + b',"x":' + b"[" * deep + b"]" * deep + b"}",
                lambda: whole[:-1] + b',"x":' + b'{"a":' * deep + b"1" + b"}" * deep + b"}",
                lambda: b"[" * deep,
                lambda: b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
            )
        )()

    def _large(self) -> bytes:
        """Return a body around the largest that is taken."""
        size = CAP_BYTES + self._random.choice((-1, 0, 0, 1, 70_000))
        body = _encode(self._sample())
        start = body[:-1] + b',"x":"'
        return start + b"y" * (size - len(start) - 2) + b'"}'


def _encode(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
