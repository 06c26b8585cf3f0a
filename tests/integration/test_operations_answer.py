"""The operators' API for answers: accept, reject, hold, release, and the verdict they rest on."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from app.domain.policy import REJECT_TYPES
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.web import OPERATOR, running_web
from tests.store_rows import add_order, attempts_of, order_id_of, order_row

WHY = {"by": "Ann", "reason": "the retailer agreed"}
ORDER = f"/api/orders/{order_id_of(1)}"


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock) as made:
        made.headers.update(OPERATOR)
        yield made


async def held(store: Store, *reasons: str, **columns: Any) -> int:
    """Add an order that asks a person for *reasons*."""
    return await add_order(
        store,
        attention_reason=reasons[0],
        attention_since=store.now(),
        attention_detail=[{"reason": one, "field": "x", "detail": "y"} for one in reasons],
        next_attempt_at=None,
        waits_for="a person",
        **columns,
    )


async def test_accept(client: httpx.AsyncClient, store: Store) -> None:
    """It is written down with who, why and what is waived, and the order is due at once."""
    order_id = await held(store, "stock_short", "totals_mismatch")

    answer = await client.post(f"{ORDER}/accept", json=WHY)

    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["attention_reason"], shown["message"]) == (
        None,
        "it is accepted next, if nothing new is found",
    )
    row = await order_row(store, order_id)
    assert row.decision == {
        "kind": "accept",
        "waives": ["acceptance_manual", "stock_short", "totals_mismatch"],
        "waived": [
            {"reason": one, "field": "x", "needed": None, "detail": "y"}
            for one in ("stock_short", "totals_mismatch")
        ],
    }
    assert (row.next_attempt_at, row.fencing_token) == (store.now(), 1)
    (told,) = await attempts_of(store, order_id)
    assert (told.step, told.outcome) == ("accept", "decided")
    assert told.message == "to be accepted, decided by Ann: the retailer agreed"

    again = await client.post(f"{ORDER}/accept", json=WHY)
    assert again.json()["message"].startswith("that was decided before")
    assert len(await attempts_of(store, order_id)) == 1


async def test_accept_in_part(client: httpx.AsyncClient, store: Store) -> None:
    order_id = await held(store, "stock_short", "sku_unknown", "retailer_asked_to_cancel")

    answer = await client.post(f"{ORDER}/accept", json={**WHY, "partial": True})

    assert answer.json()["message"].startswith("what can be sent of it is accepted next")
    assert (await order_row(store, order_id)).decision == {
        "kind": "partial",
        "waives": ["acceptance_manual", "retailer_asked_to_cancel"],
        "waived": [
            *(
                {"reason": one, "field": "x", "needed": None, "detail": "y"}
                for one in ("stock_short", "sku_unknown")
            ),
            {
                "reason": "retailer_asked_to_cancel",
                "field": "x",
                "needed": None,
                "detail": hashlib.sha256(b"y").hexdigest(),  # never the retailer's words
            },
        ],
        "pieces": {},
    }


async def test_accept_of_what_no_accept_settles(client: httpx.AsyncClient, store: Store) -> None:
    """409 with each finding that stands in the way, and what is possible instead."""
    order_id = await held(store, "stock_short", "post_box", "pack_mode_unconfirmed")
    before = await order_row(store, order_id)

    answer = await client.post(f"{ORDER}/accept", json=WHY)

    assert answer.status_code == 409
    detail = answer.json()["detail"]
    assert "(post_box, pack_mode_unconfirmed)" in detail
    assert detail.endswith("possible now: reject, hold, retry, correct, close")
    assert await order_row(store, order_id) == before


async def test_findings_of_the_verdict_count_too(client: httpx.AsyncClient, store: Store) -> None:
    """In manual mode the order asks for its accept only; the verdict knows what else there is."""
    verdict = {
        "kind": "hold",
        "findings": [
            {"reason": "acceptance_manual", "action": "hold"},
            {"reason": "phone_missing", "action": "accept"},
            {"reason": "post_box", "action": "hold"},
        ],
    }
    await held(store, "acceptance_manual", verdict=verdict)

    answer = await client.post(f"{ORDER}/accept", json=WHY)

    assert (answer.status_code, "(post_box)" in answer.json()["detail"]) == (409, True)


async def test_reject(client: httpx.AsyncClient, store: Store) -> None:
    order_id = await held(store, "post_box")

    wrong: tuple[dict[str, Any], ...] = (
        {},
        *({**WHY, "reject_type": one} for one in ("TOO_FAR", None)),
        {**WHY, "type": "OTHER"},
        {"reject_type": "OTHER"},
    )
    for body in wrong:
        assert (await client.post(f"{ORDER}/reject", json=body)).status_code == 422, body
    assert (await order_row(store, order_id)).decision is None

    answer = await client.post(f"{ORDER}/reject", json={**WHY, "reject_type": "OTHER"})

    assert answer.json()["message"] == "it is rejected at Ankorstore next, which cannot be undone"
    assert (await order_row(store, order_id)).decision == {
        "kind": "reject",
        "reject_type": "OTHER",
        "reject_reason": "the retailer agreed",
    }


async def test_hold_and_release(client: httpx.AsyncClient, store: Store) -> None:
    order_id = await add_order(store)

    answer = (await client.post(f"{ORDER}/hold", json=WHY)).json()
    assert (answer["attention_reason"], answer["waits_for"]) == ("held_by_operator", "a person")
    assert (await order_row(store, order_id)).decision == {"kind": "hold"}

    answer = (await client.post(f"{ORDER}/release", json=WHY)).json()
    assert (answer["attention_reason"], answer["message"]) == (
        None,
        "it is judged again now, by the policy",
    )
    assert (await order_row(store, order_id)).decision is None
    steps = [row.step for row in await attempts_of(store, order_id)]
    assert steps == ["hold", "release"]


async def test_the_verdict_is_shown(client: httpx.AsyncClient, store: Store) -> None:
    """The detail of an order has its verdict, since when, the decision, and when a hold ends."""
    until = store.now() + timedelta(hours=2)
    verdict = {"kind": "hold", "findings": [], "needed": {"X": 2}}
    await held(
        store,
        "stock_short",
        verdict=verdict,
        verdict_at=store.now(),
        decision={"kind": "accept", "waives": []},
        hold_until_at=until,
    )

    shown = (await client.get(ORDER)).json()

    assert (shown["verdict"], shown["verdict_at"]) == (verdict, store.now().isoformat())
    assert (shown["decision"]["kind"], shown["hold_until_at"]) == ("accept", until.isoformat())


async def test_the_types_of_a_reject_are_published(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()

    field = document["components"]["schemas"]["WhyRejected"]["properties"]["reject_type"]
    assert field["enum"] == list(REJECT_TYPES)
