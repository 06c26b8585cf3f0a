"""
Tens of thousands of hostile deliveries against the whole application, on each database.

`make fuzz` sends a million. What is compared with what stands in `attack.py` and `oracle.py`.
"""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ankorstore.webhook import UnreadableEvent, is_signed, read_event
from tests.conftest import Databases
from tests.fuzz import oracle
from tests.fuzz.deliveries import SECRETS, Deliveries
from tests.fuzz.delivery import Delivery
from tests.fuzz.run import GROWTH_BYTES, attack


@pytest.mark.parametrize(("database", "count"), [("sqlite", 16_000), ("postgres", 4_000)])
async def test_hostile_deliveries(databases: Databases, database: str, count: int) -> None:
    """
    Each is answered as the oracle says; what was signed and readable is stored once, byte for
    byte, and nothing else is; no answer or log line tells what was sent; memory does not grow.
    """
    url = databases.make(database)
    figures = await attack(url, count, seed=count)
    databases.drop(url)

    print("\n".join(figures.lines()))
    assert figures.sent == count
    assert figures.signed > count * 0.4
    assert figures.unsigned > count * 0.4
    assert figures.events_stored > count * 0.2
    assert {200, 307, 400, 401, 404, 405, 413} == set(figures.by_status)
    assert figures.memory_after_bytes - figures.memory_before_bytes < GROWTH_BYTES


def test_the_same_seed_sends_the_same() -> None:
    """A run that fails can be run again."""
    one, again, other = Deliveries(1), Deliveries(1), Deliveries(2)
    first = [one.draw() for _ in range(300)]
    assert first == [again.draw() for _ in range(300)]
    assert first != [other.draw() for _ in range(300)]


def _forms(secret: str, body: bytes) -> list[str]:
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return [digest.hex(), digest.hex().upper(), base64.b64encode(digest).decode(), "sha256="]


@given(st.data())
def test_both_judge_a_signature_alike(data: st.DataObject) -> None:
    """Whatever stands in whatever header, service and oracle say the same of the signature."""
    body = data.draw(st.binary(max_size=90))
    secret = data.draw(st.sampled_from([*SECRETS, "", "k" * 65]))
    near = st.sampled_from(_forms(secret, body))
    blanks = st.sampled_from(["", " ", "\t", "\xa0", "sha256=", "sha256= ", "SHA256="])
    value = st.tuples(blanks, near, blanks).map("".join) | st.text(
        st.characters(max_codepoint=255), max_size=70
    )
    names = st.sampled_from(["signature", "Signature", "X-Ankorstore-Hmac-SHA256", "x-signature"])
    headers = data.draw(st.dictionaries(names, value))

    raw = tuple((name.encode(), text.encode("latin-1")) for name, text in headers.items())
    assert is_signed(body, headers, SECRETS) == oracle.is_signed(Delivery(body, raw), SECRETS), (
        headers
    )


@given(
    st.binary(max_size=200) | st.integers(0, 2**32).map(lambda seed: Deliveries(seed).draw().body)
)
def test_both_read_an_event_alike(body: bytes) -> None:
    """Whatever the body, service and oracle read the same event in it, or none."""
    kept = oracle.read(body)
    try:
        event = read_event(body)
    except UnreadableEvent:
        assert kept is None
    else:
        assert kept == oracle.Kept(event.event_id, event.event_type, event.marketplace_order_id)
