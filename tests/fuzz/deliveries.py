"""Deliveries around a body: signed well, signed badly in every way, in pieces, with odd headers."""

import base64
import hashlib
import hmac
from random import Random

from tests.fuzz.bodies import Bodies
from tests.fuzz.delivery import WEBHOOK, Delivery, Header

SECRETS = ("first-webhook-secret", "second-webhook-secret")
FIRST, SECOND = b"signature", b"X-Ankorstore-Hmac-SHA256"
_PATHS = (
    WEBHOOK + "/",
    "/webhooks",
    "/webhooks//ankorstore",
    "/Webhooks/Ankorstore",
    WEBHOOK + "x",
)
_ODD_HEADERS: tuple[tuple[Header, ...], ...] = (
    ((b"content-encoding", b"gzip"),),
    ((b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"gzip")),
    ((b"content-type", b"multipart/form-data"),),
    ((b"content-type", b"application/json; charset=utf-16"), (b"content-type", b"\xff")),
    ((b"content-length", b"-1"),),
    ((b"content-length", b"\xb2"),),
    ((b"content-length", b"1048577"),),
    ((b"content-length", b"9" * 400),),
    ((b"content-length", b"0"),),
    ((b"authorization", b"Bearer \xff\xfe"),),
    ((b"user-agent", b"\x00\x07" + b"u" * 9000), (b"x-request-id", b"\xed\xa0\x80")),
    ((b"host", b"evil.example"), (b"x-forwarded-host", b"evil.example")),
    ((b"expect", b"100-continue"), (b"upgrade", b"websocket")),
    tuple((b"x-%d" % number, b"y" * 50) for number in range(200)),
    tuple((b"cf-ray", b"%d" % number) for number in range(50)),
)


class Deliveries:
    """Draws deliveries; half of them are signed well. One seed, one sequence."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._bodies = Bodies(self._random)
        self._another = b"{}"

    def draw(self) -> Delivery:
        """Return the next delivery."""
        random = self._random
        body = self._bodies.draw()
        is_signed = random.random() < 0.5
        headers = self._good(body) if is_signed else self._bad(body)
        self._another = body
        if random.random() < 0.15:
            headers += random.choice(_ODD_HEADERS)
        if random.random() < 0.1:
            random.shuffle(headers)
        chance = random.random()
        if chance < 0.01:
            return Delivery(body, tuple(headers), path=random.choice(_PATHS))
        if chance < 0.02:
            method = random.choice(("GET", "PUT", "HEAD", "OPTIONS", "TRACE", "post"))
            return Delivery(body, tuple(headers), method=method)
        query = b"a=%00&b=\xff" if chance < 0.03 else b""
        breaks_off = 0.03 < chance < 0.04
        parts = self._parts(body) if chance > 0.8 or breaks_off else ()
        return Delivery(body, tuple(headers), parts, query=query, breaks_off=breaks_off)

    def _parts(self, body: bytes) -> tuple[bytes, ...]:
        size = max(1, len(body) // self._random.choice((1, 2, 3, 16)))
        parts = [body[start : start + size] for start in range(0, len(body), size)]
        parts.insert(self._random.randrange(len(parts) + 1), b"")
        return tuple(parts)

    def _good(self, body: bytes) -> list[Header]:
        """Return headers of which one holds a right signature, in a form that header has."""
        random = self._random
        digest = hmac.digest(random.choice(SECRETS).encode(), body, "sha256")
        in_hex = digest.hex().encode()
        right: Header = random.choice(
            (
                (FIRST, in_hex),
                (FIRST, in_hex),
                (b"Signature", in_hex),
                (b"SIGNATURE", b" sha256=" + in_hex + b" "),
                (SECOND, in_hex),
                (SECOND.lower(), base64.b64encode(digest)),
                (SECOND, b"sha256= " + base64.b64encode(digest)),
            )
        )
        wrong = [(FIRST, b"0" * 64), (right[0], b""), (SECOND, b"\xff")]
        others = random.sample(wrong, random.choice((0, 0, 0, 1, 2)))
        return [*others, right]

    def _bad(self, body: bytes) -> list[Header]:
        """Return headers none of which is a right signature, near to one or far from it."""
        random = self._random
        secret = random.choice(SECRETS)
        digest = hmac.digest(secret.encode(), body, "sha256")
        in_hex = digest.hex().encode()
        other = hmac.new(secret.encode(), self._another + b"x", hashlib.sha256).hexdigest().encode()
        turned = bytearray(digest)
        turned[random.randrange(32)] ^= 1 << random.randrange(8)
        wrong: tuple[list[Header], ...] = (
            [],
            [(FIRST, b"")],
            [(FIRST, b"sha256=")],
            [(FIRST, other), (SECOND, other)],
            [(FIRST, bytes(turned).hex().encode()), (SECOND, base64.b64encode(turned))],
            [(FIRST, in_hex[:-1])],
            [(FIRST, in_hex.upper())],
            [(FIRST, in_hex + b"0")],
            [(FIRST, in_hex + b", " + in_hex)],
            [(FIRST, b"sha1=" + in_hex)],
            [(FIRST, base64.b64encode(digest))],
            [(SECOND, base64.b64encode(digest).rstrip(b"="))],
            [(SECOND, base64.b64encode(in_hex))],
            [(b"x-signature", in_hex), (b"signature2", in_hex)],
            [(FIRST, hmac.new(secret.encode(), body, hashlib.sha1).hexdigest().encode())],
            [(FIRST, hmac.new(b"", body, hashlib.sha256).hexdigest().encode())],
            [(FIRST, hmac.new(secret.encode(), b"", hashlib.sha256).hexdigest().encode())]
            if body
            else [],
            [(FIRST, hashlib.sha256(secret.encode() + body).hexdigest().encode())],
            [(FIRST, secret.encode())],
            [(FIRST, random.randbytes(random.choice((1, 32, 64))))],
            [(FIRST, b"\xff" * 9000)],
            [(FIRST, in_hex.decode().translate(_LOOK_ALIKES).encode())],
        )
        return list(random.choice(wrong))


_LOOK_ALIKES = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
