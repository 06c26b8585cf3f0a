"""Recorded calls: shown to whoever is signed in, kept for so many days, masked and bounded."""

import json
import zlib
from typing import Any

import pytest
from sqlalchemy import insert

from app.flow.calls_shown import SHOWN_CHARACTERS
from app.flow.retention import RetentionRules, prune
from app.step_record import (
    CallRecord,
    ErrorRecord,
    SettingsInForce,
    StepRecord,
    UnreadableRecord,
    pack,
    unpack,
)
from app.store.models import Attempt, RecordedSettings
from app.store.operators import Role
from app.store.queries import find_order, load_history
from app.store.recorded_settings import keep_settings, load_settings_of
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.console import add_person, console, text_of
from tests.integration.web import OPERATOR, running_web
from tests.store_rows import add_order, change_order, order_id_of, rows_of

DAY_SECONDS = 86_400.0
RULES = RetentionRules(event_days=0, attempt_days=0, call_days=10)
CALLS = [
    CallRecord(
        "active_ants",
        "create order",
        "POST",
        "/v2/order/add",
        sent='{"name": "<b>Ina</b>"}',
        status=200,
        answer="y" * (SHOWN_CHARACTERS + 1),
    ),
    CallRecord(
        "ankorstore",
        "read order",
        "GET",
        "/api/v1/orders/1",
        error=ErrorRecord("Transient", "ankorstore", "read order"),
    ),
    CallRecord("ankorstore", "the next write", "RESERVE", ""),
    CallRecord(
        "ankorstore",
        "accept order",
        "POST",
        "/api/x",
        error=ErrorRecord("PeerAway", "ankorstore", "accept order", retry_after_seconds=1.0),
    ),
]


async def _record(store: Store, **columns: Any) -> int:
    """Add an order with one attempt whose calls are recorded."""
    order_id = await add_order(store, 1, marketplace_reference="R1", **columns)
    held = await find_order(store, "R1")
    assert held is not None
    record = StepRecord(held, store.now(), calls=CALLS, settings="d1")
    async with store.write() as connection:
        await keep_settings(store, connection, SettingsInForce("d1", {"settings": {"a": 1}}))
        await connection.execute(
            insert(Attempt).values(
                order_id=order_id,
                happened_at=store.now(),
                step="place order",
                outcome="done",
                attempt_number=1,
                duration_ms=1,
                message="created",
                recorded=pack(record),
            )
        )
    return order_id


async def test_calls_are_shown_by_the_api(
    store: Store, database_url: str, clock: FakeClock
) -> None:
    """With the token only; what was never sent is left out, what is long is cut."""
    order_id = await _record(store)
    async with running_web(database_url, clock) as client:
        assert (await client.get("/api/orders/R1/calls")).status_code == 401
        client.headers.update(OPERATOR)
        assert (await client.get("/api/orders/R2/calls")).status_code == 404
        (attempt,) = (await client.get("/api/orders/R1/calls")).json()["attempts"]
    assert (attempt["step"], attempt["outcome"]) == ("place order", "done")
    sent, lost = attempt["calls"]
    assert (sent["operation"], sent["status"], sent["problem"]) == ("create order", 200, None)
    assert sent["sent"] == CALLS[0].sent
    assert sent["answer"].endswith(f"({SHOWN_CHARACTERS + 1} characters in all)")
    assert (lost["status"], lost["problem"], lost["answer"]) == (None, "Transient", None)
    assert "recorded" not in (await load_history(store, order_id))[0]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR])
async def test_calls_are_shown_in_the_console(
    store: Store, database_url: str, clock: FakeClock, role: Role
) -> None:
    """To whoever is signed in and to nobody else; no text becomes markup."""
    await _record(store)
    await add_person(store, role=role)
    async with console(database_url, clock) as browser:
        assert "v2/order/add" not in (await browser.get(f"/orders/{order_id_of(1)}")).text
        await browser.sign_in()
        page = await browser.get(f"/orders/{order_id_of(1)}")
    assert "active_ants, create order: POST /v2/order/add, answered 200" in text_of(page)
    assert "read order: GET /api/v1/orders/1, no answer (Transient)" in text_of(page)
    assert "<b>Ina" not in page.text
    assert "the next write" not in page.text


async def test_records_go_after_their_days(store: Store, clock: FakeClock) -> None:
    """Of a closed order only; the attempt stays, settings go with the last record of them."""
    order_id = await _record(store, next_attempt_at=None)
    clock.advance(30 * DAY_SECONDS)
    await prune(store, RULES)
    assert (await rows_of(store, Attempt))[0].recorded is not None

    await change_order(store, order_id, state="closed", closed_at=store.now())
    clock.advance(9.9 * DAY_SECONDS)
    await prune(store, RULES)
    assert (await rows_of(store, Attempt))[0].recorded is not None
    assert await load_settings_of(store, "d1") == {"settings": {"a": 1}}
    clock.advance(0.2 * DAY_SECONDS)
    assert "1 records of calls emptied" in await prune(store, RULES)

    (attempt,) = await rows_of(store, Attempt)
    assert (attempt.recorded, attempt.message) == (None, "created")
    assert await rows_of(store, RecordedSettings) == []


async def test_settings_in_use_stay(store: Store, clock: FakeClock) -> None:
    """What was kept anew lately is in use, whatever else is forgotten."""
    order_id = await _record(store, next_attempt_at=None)
    await change_order(store, order_id, state="closed", closed_at=store.now())
    clock.advance(11 * DAY_SECONDS)
    async with store.write() as connection:
        await keep_settings(store, connection, SettingsInForce("d1", {}))
    await prune(store, RULES)
    assert await load_settings_of(store, "d1") == {"settings": {"a": 1}}


async def test_a_record_of_another_version(store: Store) -> None:
    """Columns there were not are None, those there are no more are left out; else it says so."""
    await _record(store)
    packed = (await rows_of(store, Attempt))[0].recorded
    content = json.loads(zlib.decompress(packed))
    del content["held"]["verdict"]
    content["held"]["gone"] = content["gone"] = 1
    record = unpack(zlib.compress(json.dumps(content).encode()))
    assert (record.held.verdict, record.held.marketplace_reference) == (None, "R1")

    content["held"]["state"] = "floating"
    for damaged in (zlib.compress(json.dumps(content).encode()), packed[:50], b""):
        with pytest.raises(UnreadableRecord):
            unpack(damaged)
