"""What a signed body tells, and which bodies tell nothing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ankorstore.webhook import MarketplaceEvent, UnreadableEvent, read_event
from tests.answering import load_recorded
from tests.unit.test_jsonapi import JSON_VALUES

EVENT_ID = "1ecdb3d8-4cc7-64b0-81e2-0242ac140007"
ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170007"


def event(
    data: Any = None,
    *,
    event_type: Any = "order.brand_accepted",
    event_id: Any = EVENT_ID,
    **more: Any,
) -> bytes:
    meta = {"event": {"id": event_id, "type": event_type, **more}}
    return json.dumps({"meta": meta, "data": data}).encode()


def order(order_id: Any = ORDER_ID, kind: Any = "orders") -> dict[str, Any]:
    return {"type": kind, "id": order_id, "attributes": {"status": "brand_confirmed"}}


def test_the_published_event_is_read() -> None:
    body = json.dumps(load_recorded("ankorstore/event_brand_accepted")).encode()

    assert read_event(body) == MarketplaceEvent(
        event_id=EVENT_ID,
        event_type="order.brand_accepted",
        occurred_at=datetime(2022, 5, 24, 8, 43, tzinfo=UTC),
        marketplace_order_id=ORDER_ID,
    )
    assert read_event(body).marketplace_order_id is not None


@pytest.mark.parametrize("kind", ["orders", "order", "Order", "ORDERS"])
@pytest.mark.parametrize(
    "event_type",
    [
        "order.brand_created",
        "order.shipped",
        "order.cancelled",
        "order.brand_confirmed",
        "order.received",
        "order.something_new",
        "something.else",
    ],
)
def test_any_event_about_an_order_names_it(kind: str, event_type: str) -> None:
    """Its type does not matter: the order is read again anyway."""
    read = read_event(event(order(kind=kind), event_type=event_type))
    assert (read.event_type, read.marketplace_order_id) == (event_type, ORDER_ID)


@pytest.mark.parametrize(
    ("data", "event_type"),
    [
        (order(), "external_order.created"),
        (order(), "external_order.shipped"),
        (order(kind="external-orders"), "external_order.created"),
        (order(kind="external-orders"), "order.shipped"),
        (order(kind="externalOrder"), "order.shipped"),
        (order(kind="master-orders"), "order.shipped"),
        (order(kind="order-items"), "order.shipped"),
        (order(kind=None), "order.shipped"),
        (order(kind=["orders"]), "order.shipped"),
        (None, "order.shipped"),
        ([], "order.shipped"),
        ([order(), order()], "order.shipped"),
        ("orders", "order.shipped"),
        (7, "order.shipped"),
        ({}, "application.tested"),
    ],
)
def test_other_events_name_no_order(data: Any, event_type: str) -> None:
    """External orders are shipped by Ankorstore's own centres."""
    read = read_event(event(data, event_type=event_type))
    assert read.marketplace_order_id is None


def test_a_list_of_one_order_is_that_order() -> None:
    assert read_event(event([order()])).marketplace_order_id == ORDER_ID


def test_an_event_without_data_is_an_event() -> None:
    body = json.dumps({"meta": {"event": {"id": "1", "type": "ping"}}}).encode()
    assert read_event(body) == MarketplaceEvent("1", "ping", None, None)


@pytest.mark.parametrize(
    ("given_id", "kept"),
    [
        (ORDER_ID.upper(), ORDER_ID),
        ("Order-7A", "Order-7A"),
        ("x" * 200, "x" * 200),
        ("{" + ORDER_ID.upper() + "}", "{" + ORDER_ID.upper() + "}"),
    ],
)
def test_order_ids_are_one_whatever_their_case(given_id: str, kept: str) -> None:
    """A UUID is normalised; a short id of another kind is kept as it is."""
    assert read_event(event(order(given_id))).marketplace_order_id == kept


@pytest.mark.parametrize(
    "timestamp",
    [None, "1653381780", True, [], 10**18, 1e308, -(10**18)],
)
def test_a_time_nobody_can_read_does_no_harm(timestamp: Any) -> None:
    """When it happened is shown only; the event counts."""
    assert read_event(event(order(), timestamp=timestamp)).occurred_at is None


def test_a_time_with_a_fraction_is_read() -> None:
    read = read_event(event(order(), timestamp=1653381780.5))
    assert read.occurred_at == datetime(2022, 5, 24, 8, 43, 0, 500_000, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xff\xff",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[]",
        b"null",
        b'"text"',
        b"7",
        b"{}",
        b'{"meta": null}',
        b'{"meta": []}',
        b'{"meta": {}}',
        b'{"meta": {"event": null}}',
        b'{"meta": {"event": "x"}}',
        b'{"meta": {"event": {}}}',
        b'{"meta": {"event": {"id": "1"}}}',
        b'{"meta": {"event": {"type": "order.shipped"}}}',
        b'{"meta": {"event": {"id": "1", "type": "x", "timestamp": NaN}}}',
        b'{"meta": {"event": {"id": "1", "type": "x", "timestamp": -Infinity}}}',
        b'{"meta": {"event": {"id": "1", "type": "x", "timestamp": ' + b"9" * 5000 + b"}}}",
        b'{"meta": {"event": {"id": "1", "type": "x"}}} trailing',
        event(order(), event_id=""),
        event(order(), event_id=None),
        event(order(), event_id=7),
        event(order(), event_id=["1"]),
        event(order(), event_id="x" * 201),
        event(order(), event_id="a\x00b"),
        event(order(), event_id="a\nb"),
        event(order(), event_id=" a"),
        event(order(), event_id="\ud800"),
        event(order(), event_type=""),
        event(order(), event_type=None),
        event(order(), event_type=7),
        event(order(), event_type="x" * 201),
        event(order(order_id=None)),
        event(order(order_id=7)),
        event(order(order_id="")),
        event(order(order_id="x" * 201)),
        event(order(order_id="a\x00b")),
        event(order(order_id={"a": 1})),
    ],
    ids=lambda body: str(body[:60]),
)
def test_a_signed_body_that_is_no_event_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableEvent):
        read_event(body)


def test_the_reason_never_quotes_the_body() -> None:
    with pytest.raises(UnreadableEvent) as caught:
        read_event(b'{"name": "Jane Doe"')
    assert "Jane" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_of_a_key_written_twice_the_last_counts() -> None:
    body = b'{"meta": {"event": {"id": "1", "id": "2", "type": "x"}}}'
    assert read_event(body).event_id == "2"


def test_a_body_with_a_byte_order_mark_is_read() -> None:
    assert read_event(b"\xef\xbb\xbf" + event(order())).event_id == EVENT_ID


@given(st.binary())
def test_no_bytes_break_the_reading(body: bytes) -> None:
    try:
        read_event(body)
    except UnreadableEvent:
        return


@given(JSON_VALUES, JSON_VALUES, JSON_VALUES, JSON_VALUES)
def test_no_values_break_the_reading(data: Any, event_id: Any, event_type: Any, time: Any) -> None:
    """Whatever is read can be stored as text."""
    try:
        read = read_event(event(data, event_id=event_id, event_type=event_type, timestamp=time))
    except UnreadableEvent:
        return
    for text in (read.event_id, read.event_type, read.marketplace_order_id or "x"):
        assert 0 < len(text) <= 200
        assert "\x00" not in text
        text.encode()
