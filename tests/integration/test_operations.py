"""The operators' API: who gets in, what is shown, and which decisions are refused."""

import hmac
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import insert

from app.domain.reasons import REASONS
from app.errors import LeaseLost
from app.store.decisions import Impossible, retry_order
from app.store.models import Attempt, WarehouseOrder
from app.store.orders import finish_step
from app.store.queries import find_order
from app.store.session import Store
from app.store.shipments import JudgedShipment, save_shipments
from tests.fake_clock import FakeClock
from tests.integration.web import OPERATOR, TOKEN, running_web
from tests.shipment_samples import LEFT_AT, shipment
from tests.store_rows import (
    LEASE_SECONDS,
    add_order,
    attempts_of,
    change_order,
    claim_one,
    finish_of,
    order_id_of,
    order_row,
)

TASK_REASONS = sorted(reason.code for reason in REASONS.values() if reason.is_task)


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock) as made:
        made.headers.update(OPERATOR)
        yield made


async def add_placing(store: Store, order_id: int, number: str, **columns: Any) -> None:
    values = {
        "external_order_number": number,
        "intent_at": store.now(),
        "sent_before_at": store.now(),
        "payload": {},
        "lines": [],
        **columns,
    }
    async with store.write() as connection:
        await connection.execute(insert(WarehouseOrder).values(order_id=order_id, **values))


async def needs_attention(store: Store, reason: str, **columns: Any) -> int:
    return await add_order(
        store,
        attention_reason=reason,
        attention_since=store.now(),
        attention_detail=[{"reason": reason, "field": "SKU X", "detail": "3 missing"}],
        next_attempt_at=None,
        waits_for="a person",
        **columns,
    )


CALLS = (
    ("GET", "/api/orders"),
    ("GET", "/api/orders?limit=0&state=nonsense"),
    ("GET", "/api/orders/unknown"),
    ("POST", "/api/orders/unknown/retry"),
    ("POST", "/api/orders/unknown/take"),
    ("POST", "/api/orders/unknown/accept"),
    ("POST", "/api/orders/unknown/reject"),
    ("POST", "/api/orders/unknown/hold"),
    ("POST", "/api/orders/unknown/release"),
    ("POST", "/api/orders/unknown/settle"),
    ("POST", "/api/orders/unknown/resend"),
    ("POST", "/api/orders/unknown/close"),
)


async def test_without_the_token_nobody_gets_in(client: httpx.AsyncClient) -> None:
    """Every call answers 401 without the right token, before anything else of it is judged."""
    wrong = ("", "Bearer", "Bearer ", "Bearer wrong", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN)
    odd = (f"Bearer {TOKEN[:-1]}é".encode(), b"Bearer \xff\xfe", b"bearer  " + b"x" * 5000)
    del client.headers["Authorization"]
    for method, path in CALLS:
        for value in (*wrong, *odd):
            answer = await client.request(method, path, headers={b"Authorization": value})
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert (await client.request(method, path)).status_code == 401


async def test_the_token_is_compared_in_constant_time(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is sent meets the token in `hmac.compare_digest` and nowhere else."""
    compared: list[tuple[bytes, bytes]] = []
    real = hmac.compare_digest

    def compare(given: bytes, right: bytes) -> bool:
        compared.append((given, right))
        return real(given, right)

    monkeypatch.setattr("app.web.operations.hmac.compare_digest", compare)
    client.headers["Authorization"] = "Bearer the-operators-t0ken"

    assert (await client.get("/api/orders")).status_code == 401
    assert compared == [(b"the-operators-t0ken", TOKEN.encode())]


async def test_without_a_configured_token_nobody_gets_in(
    database_url: str, clock: FakeClock
) -> None:
    """An empty OPERATOR_TOKEN opens the API to nobody."""
    async with running_web(database_url, clock, operator_token="") as client:
        for value in ("Bearer ", "Bearer"):
            answer = await client.get("/api/orders", headers={"Authorization": value})
            assert answer.status_code == 401


async def test_an_order_is_shown_whole(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """One order has its ids, state, attention with sentence and cure, times and attempts."""
    order_id = await needs_attention(store, "stock_short", marketplace_reference="R1")
    await add_placing(store, order_id, "AKR1", warehouse_order_id="w-7", answer="created")
    async with store.write() as connection:
        await connection.execute(
            insert(Attempt).values(
                order_id=order_id,
                happened_at=clock.now(),
                step="answer order",
                outcome="attention",
                attempt_number=2,
                duration_ms=12,
                message="the review holds the order",
                peer="ankorstore",
                call="read order",
                status=200,
            )
        )

    await save_shipments(store, [JudgedShipment(shipment(), "ours", order_id)], wakes=False)

    shown = (await client.get("/api/orders/R1")).json()

    now = clock.now().isoformat()
    assert (shown.pop("new_address"), shown.pop("attention_answers")) == (None, [])
    assert (shown.pop("shipments"), shown.pop("tracking_sent")) == (
        [
            {
                "warehouse_shipment_id": "1",
                "disposition": "ours",
                "shipped_at": LEFT_AT.isoformat(),
                "status_text": "labelled",
                "acknowledged_at": None,
                "parcels": [
                    {
                        "tracking_number": "3232",
                        "tracking_link": "https://carrier.example/3232",
                    }
                ],
            }
        ],
        None,
    )
    afterwards = ("confirmed_at", "refund_text", "parcels_agreed", "delivered_at")
    assert [shown.pop(name) for name in afterwards] == [None] * 4
    assert shown.pop("attempts") == [
        {
            "step": "answer order",
            "peer": "ankorstore",
            "call": "read order",
            "status": 200,
            "outcome": "attention",
            "attempt_number": 2,
            "message": "the review holds the order",
            "detail": None,
            "duration_ms": 12,
            "happened_at": now,
            "next_attempt_at": None,
        }
    ]
    assert shown == {
        "marketplace_order_id": order_id_of(1),
        "marketplace_reference": "R1",
        "marketplace_status": None,
        "external_order_number": "AKR1",
        "warehouse_order_id": "w-7",
        "warehouse_order_number": None,
        "state": "received",
        "outcome": None,
        "attention_reason": "stock_short",
        "attention_sentence": REASONS["stock_short"].sentence,
        "attention_cure": REASONS["stock_short"].cure,
        "attention_since": now,
        "attention_findings": [{"reason": "stock_short", "field": "SKU X", "detail": "3 missing"}],
        "hold_until_at": None,
        "verdict": None,
        "verdict_at": None,
        "decision": None,
        "waits_for": "a person",
        "next_attempt_at": None,
        "not_before_at": None,
        "attempt_count": 0,
        "ship_by_at": None,
        "submitted_at": None,
        "created_at": now,
        "found_by": "webhook",
    }


async def test_an_order_has_many_names(client: httpx.AsyncClient, store: Store) -> None:
    """Reference, marketplace id and every number at the warehouse lead to the order."""
    order_id = await add_order(store, 7, marketplace_reference="R7")
    old = {"replaced_at": store.now(), "warehouse_order_id": "w-old"}
    await add_placing(store, order_id, "AKR7-old", **old)
    await add_placing(store, order_id, "AKR7", warehouse_order_id="w", warehouse_order_number="m")

    names = ("R7", " R7 ", order_id_of(7), order_id_of(7).upper())
    for name in (*names, "AKR7-old", "w-old", "AKR7", "w", "m"):
        answer = await client.get(f"/api/orders/{name}")
        assert (answer.status_code, answer.json()["external_order_number"]) == (200, "AKR7"), name
        found = (await client.get("/api/orders", params={"q": name.strip()})).json()["orders"]
        assert [order["marketplace_order_id"] for order in found] == [order_id_of(7)], name


async def test_a_name_of_two_orders_is_refused(client: httpx.AsyncClient, store: Store) -> None:
    """A number that fits two orders answers 409 and names both; neither is touched."""
    await add_order(store, 1, marketplace_reference="555", next_attempt_at=None)
    other = await add_order(store, 2, marketplace_reference="777", next_attempt_at=None)
    await add_placing(store, other, "AK777", warehouse_order_id="555")

    for method, path in (("GET", ""), ("POST", "/retry"), ("POST", "/take")):
        answer = await client.request(method, f"/api/orders/555{path}", json={"reason": "x"})
        assert answer.status_code == 409
        for name in ("555", "777", order_id_of(1), order_id_of(2)):
            assert name in answer.json()["detail"]
    assert await attempts_of(store, other) == []


UNKNOWN = ("nothing", "%00", "R1%00", "%F0%9F%92%A9", "%ED%A0%80", "x" * 3000, "%", "' OR 1=1 --")


async def test_an_unknown_order_is_a_404(client: httpx.AsyncClient, store: Store) -> None:
    """What fits no order answers 404, whatever characters it is made of."""
    await add_order(store, marketplace_reference="R1")
    for name in UNKNOWN:
        for method, path in (("GET", ""), ("POST", "/retry"), ("POST", "/take")):
            where = f"/api/orders/{name}{path}"
            answer = await client.request(method, where, json={"reason": "x"})
            assert answer.status_code == 404, name
            assert len(answer.content) < 1000


WRONG_QUERIES = (
    "state=nonsense",
    "state=",
    "attention=nonsense",
    "limit=0",
    "limit=201",
    "limit=x",
    "after=x",
    "after=-1",
    "after=1.5",
    f"q={'x' * 201}",
)


async def test_a_wrong_query_is_a_422(client: httpx.AsyncClient) -> None:
    """A filter that cannot be right is refused rather than answered with nothing."""
    for query in WRONG_QUERIES:
        assert (await client.get(f"/api/orders?{query}")).status_code == 422, query


async def test_odd_filters_find_nothing(client: httpx.AsyncClient, store: Store) -> None:
    """A search for what no order can have finds no order, and breaks nothing."""
    await add_order(store)
    for query in ("q=%00", "q=nothing", "after=1", "after=" + "9" * 19):
        answer = await client.get(f"/api/orders?{query}")
        assert (answer.status_code, query) == (200, query)
        is_all = query.startswith("after=9")
        assert len(answer.json()["orders"]) == is_all


async def test_orders_are_listed_page_by_page(client: httpx.AsyncClient, store: Store) -> None:
    """Pages go from the newest to the oldest order, each order once, and end with no cursor."""
    for number in range(7):
        await add_order(store, number)
    seen: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        page = (await client.get("/api/orders", params={"limit": 3, "after": cursor})).json()
        seen += [order["marketplace_order_id"] for order in page["orders"]]
        cursor = page["next"]
        pages += 1

    assert seen == [order_id_of(number) for number in reversed(range(7))]
    assert pages == 3
    assert (await client.get("/api/orders", params={"limit": 7})).json()["next"] is None


async def test_orders_are_filtered(client: httpx.AsyncClient, store: Store) -> None:
    """State and attention, any or one reason, narrow the list."""
    await add_order(store, 1, state="placed")
    await needs_attention(store, "stock_short", number=2)
    await needs_attention(store, "sku_unknown", number=3, state="accepted")

    for query, numbers in (
        ("", [3, 2, 1]),
        ("?state=placed", [1]),
        ("?attention=any", [3, 2]),
        ("?attention=stock_short", [2]),
        ("?attention=any&state=accepted", [3]),
        ("?state=closed", []),
    ):
        orders = (await client.get(f"/api/orders{query}")).json()["orders"]
        ids = [order["marketplace_order_id"] for order in orders]
        assert ids == [order_id_of(number) for number in numbers], query


async def test_an_order_of_a_newer_version_is_shown(
    client: httpx.AsyncClient, store: Store
) -> None:
    """A state or reason this version does not know is shown as it is, and breaks no list."""
    await add_order(store, 1, state="negotiating", attention_reason="brand_new_reason")
    await add_order(store, 2)

    listed = (await client.get("/api/orders")).json()["orders"]
    shown = await client.get(f"/api/orders/{order_id_of(1)}")

    assert [order["state"] for order in listed] == ["received", "negotiating"]
    assert (shown.status_code, shown.json()["attention_reason"]) == (200, "brand_new_reason")
    assert (await client.post(f"/api/orders/{order_id_of(1)}/retry")).status_code == 409


async def test_a_retry_clears_the_attention(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """Retrying wipes what the order asks a person for, and makes it due now, from a fresh count."""
    order_id = await needs_attention(
        store,
        "stock_short",
        accept_blocked=True,
        attempt_count=7,
        first_failed_at=clock.now(),
        not_before_at=clock.now() + timedelta(hours=1),
    )

    answer = await client.post(f"/api/orders/{order_id_of(1)}/retry")

    assert answer.status_code == 200
    assert (answer.json()["attention_reason"], answer.json()["attention_sentence"]) == (None, None)
    assert answer.json()["message"]
    row = await order_row(store, order_id)
    assert (row.attention_reason, row.attention_since, row.attention_detail) == (None, None, None)
    assert (row.accept_blocked, row.attempt_count, row.first_failed_at) == (False, 0, None)
    assert (row.not_before_at, row.next_attempt_at, row.wake_seq) == (None, clock.now(), 1)
    (attempt,) = await attempts_of(store, order_id)
    assert (attempt.step, attempt.outcome, attempt.message) == (
        "retry",
        "decided",
        "retried by API",
    )


async def test_a_retry_twice_is_harmless(client: httpx.AsyncClient, store: Store) -> None:
    """Retrying an order that is being tried again anyway only wakes it once more."""
    order_id = await needs_attention(store, "stock_short")
    for _ in range(2):
        answer = await client.post(f"/api/orders/{order_id_of(1)}/retry")
        assert answer.status_code == 200

    assert (await order_row(store, order_id)).wake_seq == 2


async def test_a_retry_takes_the_order_from_its_worker(
    client: httpx.AsyncClient, store: Store
) -> None:
    """An order that is being worked on is due for anybody; what its worker found is dropped."""
    await add_order(store)
    held = await claim_one(store)

    await client.post(f"/api/orders/{order_id_of(1)}/retry")

    with pytest.raises(LeaseLost):
        await finish_step(store, held, finish_of(), LEASE_SECONDS)
    assert (await claim_one(store)).fencing_token > held.fencing_token


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"state": "closed", "outcome": "completed"}, "closed (completed)"),
        ({"state": "closed", "outcome": "ignored: before the switch"}, "closed"),
        *(
            ({"state": "placed", "attention_reason": code}, REASONS[code].cure)
            for code in TASK_REASONS
        ),
    ],
    ids=lambda value: str(value)[:60],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_retry_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, store: Store, columns: dict[str, Any], words: str
) -> None:
    """Closed orders and tasks answer 409 with the reason."""
    order_id = await add_order(store, **columns)
    before = await order_row(store, order_id)

    answer = await client.post(f"/api/orders/{order_id_of(1)}/retry")

    assert answer.status_code == 409
    assert words in answer.json()["detail"]
    assert await order_row(store, order_id) == before
    assert await attempts_of(store, order_id) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_retry_where_nothing_is_owed_changes_nothing(
    client: httpx.AsyncClient, store: Store
) -> None:
    """As when it is said twice: the order waits for the warehouse by now."""
    order_id = await add_order(store, state="placed")
    before = await order_row(store, order_id)
    answer = await client.post(f"/api/orders/{order_id_of(1)}/retry")
    assert (answer.status_code, "nothing to retry" in answer.json()["message"]) == (200, True)
    assert await order_row(store, order_id) == before


@pytest.mark.parametrize(
    "columns",
    [
        {"state": "closed", "outcome": "ignored: before the switch", "next_attempt_at": None},
        {"attention_reason": "before_switch", "waits_for": "a person", "next_attempt_at": None},
    ],
    ids=["closed", "needs attention"],
)
async def test_an_order_from_before_the_switch_is_taken(
    client: httpx.AsyncClient, store: Store, clock: FakeClock, columns: dict[str, Any]
) -> None:
    """Taking lifts both ways in which such an order is left alone, and starts it anew."""
    order_id = await add_order(store, closed_at=clock.now(), **columns)

    answer = await client.post(f"/api/orders/{order_id_of(1)}/take", json={"reason": "x"})

    assert (answer.status_code, answer.json()["state"]) == (200, "received")
    row = await order_row(store, order_id)
    assert (row.state, row.outcome, row.closed_at) == ("received", None, None)
    assert (row.attention_reason, row.waits_for) == (None, None)
    assert (row.taken_at, row.next_attempt_at) == (clock.now(), clock.now())
    assert [row.step for row in await attempts_of(store, order_id)] == ["take"]


@pytest.mark.parametrize(
    "columns",
    [{}, {"state": "closed", "outcome": "completed"}, {"attention_reason": "stock_short"}],
    ids=str,
)
async def test_only_an_order_from_before_the_switch_can_be_taken(
    client: httpx.AsyncClient, store: Store, columns: dict[str, Any]
) -> None:
    """Any other order answers 409 and stays as it is."""
    order_id = await add_order(store, **columns)
    before = await order_row(store, order_id)

    assert (
        await client.post(f"/api/orders/{order_id_of(1)}/take", json={"reason": "x"})
    ).status_code == 409

    assert await order_row(store, order_id) == before


async def test_a_decision_about_an_order_that_moved_on_is_refused(store: Store) -> None:
    """If the order changed between reading and deciding nothing is written."""
    order_id = await needs_attention(store, "stock_short")
    read = await find_order(store, order_id_of(1))
    assert read is not None
    await change_order(store, order_id, attention_reason="sku_unknown")
    before = await order_row(store, order_id)

    with pytest.raises(Impossible):
        await retry_order(store, read, by="test")

    assert await order_row(store, order_id) == before
    assert await attempts_of(store, order_id) == []
