"""Which deliveries are Ankorstore's own."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ankorstore.webhook import is_signed, stored_headers

SECRET = "LQxZs6kiSyNr45hjT32OsntYddzH4BvToLIQcgSL"
OTHER = "whsec_abc123def456"
BODY = b'{"meta": {"event": {"id": "1"}}}'
FIRST = "signature"
SECOND = "X-Ankorstore-Hmac-SHA256"


def hex_of(body: bytes = BODY, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def base64_of(body: bytes = BODY, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"signature": hex_of()},
        {"Signature": hex_of()},
        {"SIGNATURE": hex_of()},
        {"signature": f"  {hex_of()} \t"},
        {"signature": f"sha256={hex_of()}"},
        {"signature": f" sha256= {hex_of()}"},
        {"X-Ankorstore-Hmac-SHA256": hex_of()},
        {"x-ankorstore-hmac-sha256": hex_of()},
        {"X-Ankorstore-Hmac-SHA256": base64_of()},
        {"X-Ankorstore-Hmac-SHA256": f"sha256={base64_of()} "},
        {"signature": "wrong", "X-Ankorstore-Hmac-SHA256": base64_of()},
        {"signature": hex_of(), "X-Ankorstore-Hmac-SHA256": "wrong"},
        {"signature": "", "Signature": hex_of()},
    ],
    ids=str,
)
def test_a_real_signature_passes(headers: Mapping[str, str]) -> None:
    """Either header is enough, in any case of its name, with blanks and the usual prefix."""
    assert is_signed(BODY, headers, [SECRET])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"signature": ""},
        {"signature": " "},
        {"signature": "sha256="},
        {"signature": base64_of()},
        {"signature": hex_of().upper()},
        {"signature": hex_of()[:-1]},
        {"signature": hex_of() + "0"},
        {"signature": hex_of(secret=OTHER)},
        {"signature": hex_of(BODY + b" ")},
        {"signature": f"{hex_of()},{hex_of()}"},
        {"signature": f"sha1={hex_of()}"},
        {"signature": "é" * 64},
        {"signature": "\ud800"},
        {"signature": "0" * 100_000},
        {"x-signature": hex_of()},
        {"Authorization": hex_of()},
        {"X-Ankorstore-Hmac-SHA256": base64_of()[:-1]},
        {"X-Ankorstore-Hmac-SHA256": base64_of().rstrip("=")},
        {"X-Ankorstore-Hmac-SHA256": base64_of(secret=OTHER)},
    ],
    ids=lambda headers: str(headers)[:60],
)
def test_a_missing_or_wrong_signature_fails(headers: Mapping[str, str]) -> None:
    assert not is_signed(BODY, headers, [SECRET])


@pytest.mark.parametrize("secrets", [[SECRET, OTHER], [OTHER, SECRET], ["", SECRET], (SECRET,)])
def test_any_of_several_secrets_may_match(secrets: list[str]) -> None:
    """While a secret is exchanged, deliveries signed with the old and the new one come in."""
    assert is_signed(BODY, {FIRST: hex_of()}, secrets)


@pytest.mark.parametrize("secrets", [[], [""], [" ", "\t"]])
def test_without_a_secret_nothing_is_signed(secrets: list[str]) -> None:
    """An empty key is one that anybody can sign with."""
    for secret in ("", " ", "\t"):
        headers = {FIRST: hex_of(secret=secret), SECOND: base64_of(secret=secret)}
        assert not is_signed(BODY, headers, secrets)


def test_an_empty_body_can_be_signed() -> None:
    assert is_signed(b"", {FIRST: hex_of(b"")}, [SECRET])


def test_the_signature_is_that_of_the_raw_bytes() -> None:
    """The same document written differently is another body."""
    assert not is_signed(b'{"meta":{"event":{"id":"1"}}}', {FIRST: hex_of()}, [SECRET])


def test_a_signature_made_by_another_program_passes() -> None:
    """Computed with `openssl dgst -sha256 -hmac key`."""
    given = "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9"  # a prefix would not do
    whole = "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8"
    body = b"The quick brown fox jumps over the lazy dog"
    assert is_signed(body, {FIRST: whole}, ["key"])
    assert not is_signed(body, {FIRST: given}, ["key"])


def flip(data: bytes, position: int) -> bytes:
    """Return *data* with one bit turned."""
    place, bit = divmod(position % (len(data) * 8), 8)
    return data[:place] + bytes([data[place] ^ (1 << bit)]) + data[place + 1 :]


@given(st.binary(min_size=1), st.text(min_size=1), st.integers(0))
def test_a_flipped_bit_of_the_body_never_verifies(body: bytes, secret: str, position: int) -> None:
    secret += "x"
    headers = {FIRST: hex_of(body, secret), SECOND: base64_of(body, secret)}
    assert is_signed(body, headers, [secret])
    assert not is_signed(flip(body, position), headers, [secret])


@given(
    st.binary(),
    st.sampled_from([(FIRST, hex_of), (SECOND, hex_of), (SECOND, base64_of)]),
    st.integers(0),
)
def test_a_flipped_bit_of_the_signature_never_verifies(
    body: bytes, form: tuple[str, Callable[..., str]], position: int
) -> None:
    """Also not one of those bits that base64 does not use."""
    header, sign = form
    tampered = flip(sign(body).encode(), position).decode("latin-1")
    assert not is_signed(body, {header: tampered}, [SECRET])


@given(st.binary(), st.text(min_size=1), st.text(min_size=1))
def test_another_secret_never_verifies(body: bytes, secret: str, other: str) -> None:
    headers = {FIRST: hex_of(body, "a" + secret), SECOND: base64_of(body, "a" + secret)}
    assert not is_signed(body, headers, ["b" + other])


@given(st.binary(), st.dictionaries(st.text(), st.text()), st.lists(st.text()))
def test_no_header_breaks_the_check(
    body: bytes, headers: dict[str, str], secrets: list[str]
) -> None:
    assert not is_signed(body, headers, secrets)


def test_only_harmless_headers_are_kept() -> None:
    """What proves who sent it is of no use later, and must not be found in a database."""
    assert stored_headers(
        {
            "Content-Type": "application/json",
            "User-Agent": "Ankorstore/1.0",
            "X-Request-Id": "r-1",
            "Signature": hex_of(),
            "X-Ankorstore-Hmac-SHA256": hex_of(),
            "Authorization": "Bearer x",
            "Cookie": "a=b",
            "X-Forwarded-For": "192.0.2.1",
            "X-Something-New": "x",
        }
    ) == {
        "content-type": "application/json",
        "user-agent": "Ankorstore/1.0",
        "x-request-id": "r-1",
    }


def test_kept_headers_are_short_and_can_be_stored() -> None:
    assert stored_headers({"user-agent": "a\x00b" + "x" * 1000}) == {
        "user-agent": "a b" + "x" * 197
    }
