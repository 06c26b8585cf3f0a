"""Answers to tasks, resend and close by command line and API: who, why, refusals, idempotence."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import httpx
from sqlalchemy import insert

from app.store.models import WarehouseOrder
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.test_cli import Run, filled, run
from tests.integration.test_operations import client
from tests.store_rows import add_order, attempts_of, order_row

__all__ = ["client", "filled", "run"]
Filled = Callable[[Callable[[Store], Awaitable[Any]]], Any]
LINK = "https://maya.activeants.nl/en/client/order/detail/4711"
ADDRESS = {"name": "Ina Smit", "street": "Oudegracht 25 bis", "city": "Utrecht"}


async def add_task(store: Store, reason: str = "address_changed_after_placing") -> int:
    order_id = await add_order(
        store,
        marketplace_reference="R1",
        state="placed",
        attention_reason=reason,
        attention_since=store.now(),
        attention_detail=[
            {
                "reason": reason,
                "field": "delivery address",
                "detail": "not as it was sent",
                "warehouse_order": "R1 (4711 there)",
                "link": LINK,
            }
        ],
        new_address=ADDRESS,
        next_attempt_at=None,
    )
    async with store.write() as connection:
        await connection.execute(
            insert(WarehouseOrder).values(
                order_id=order_id,
                external_order_number="R1",
                warehouse_order_id="4711",
                answer="created",
                intent_at=datetime.now(UTC),
                sent_before_at=datetime.now(UTC),
                payload={},
                lines=[],
            )
        )
    return order_id


def test_task_is_shown_whole(run: Run, filled: Filled) -> None:
    """`orders show` and `why` name the warehouse order, its place in Maya and the answers."""
    filled(add_task)

    _, shown, _ = run("orders", "show", "R1")
    assert LINK in shown
    assert "changed-in-maya, cancelled-in-maya, shipped-anyway, kept" in shown
    assert "Oudegracht 25 bis, Utrecht" in shown
    _, why, _ = run("why", "R1")
    assert f"Warehouse order: R1 (4711 there), {LINK}" in why
    assert "orders settle R1 changed-in-maya|cancelled-in-maya|shipped-anyway|kept" in why


def test_settle_by_command(run: Run, filled: Filled) -> None:
    """Recorded once, with who and why; repeated, nothing changes; nonsense is refused."""
    order_id = filled(add_task)

    status, _, err = run("orders", "settle", "R1", "released-in-maya", "--reason", "x")
    assert status == 1
    assert "possible: changed-in-maya, cancelled-in-maya, shipped-anyway, kept" in err
    assert run("orders", "settle", "R1", "burnt", "--reason", "x")[0] == 2
    status, out, _ = run("orders", "settle", "R1", "changed-in-maya", "--reason", "by phone")
    assert (status, "goes on from what they show" in out) == (0, True)
    status, out, _ = run("orders", "settle", "R1", "changed-in-maya", "--reason", "again")
    assert (status, "nothing changed" in out) == (0, True)

    row = filled(lambda store: order_row(store, order_id))
    assert (row.attention_reason, row.task_answer, row.task_reason) == (
        None,
        "changed-in-maya",
        "address_changed_after_placing",
    )
    (attempt,) = filled(lambda store: attempts_of(store, order_id))
    assert attempt.message.startswith("recorded changed-in-maya")
    assert attempt.message.endswith("(command line): by phone")


def test_close_and_resend_by_command(run: Run, filled: Filled) -> None:
    """Refused while the warehouse has it, naming the record that is missing."""
    order_id = filled(add_task)

    status, _, err = run("orders", "close", "R1", "--outcome", "cancelled", "--reason", "x")
    assert status == 1
    assert "record first what became of that: possible: antbridge orders settle R1 changed" in err
    status, _, err = run("orders", "resend", "R1", "--reason", "x")
    assert (status, "possible: antbridge orders settle R1" in err) == (1, True)
    assert run("orders", "close", "R1", "--outcome", "ignored", "--reason", "x")[0] == 2
    assert run("orders", "close", "R1", "--reason", "x")[0] == 2
    assert filled(lambda store: attempts_of(store, order_id)) == []


def test_a_record_nobody_waits_for_names_all_that_is_possible(run: Run, filled: Filled) -> None:
    """What a person held is released, not retried; the refusal names no command that is refused."""
    held = {"state": "accepted", "attention_reason": "held_by_operator"}
    filled(lambda store: add_order(store, marketplace_reference="R1", **held))

    status, _, err = run("orders", "settle", "R1", "kept", "--reason", "x")

    assert (status, err.count("possible")) == (1, 1)
    assert err.endswith("possible now: accept, release, correct, close\n")


async def test_settle_by_api(client: httpx.AsyncClient, store: Store, clock: FakeClock) -> None:
    """The same by API, with the answers that are possible shown before and refused otherwise."""
    order_id = await add_task(store)
    shown = (await client.get("/api/orders/R1")).json()
    assert shown["attention_answers"] == [
        "changed-in-maya",
        "cancelled-in-maya",
        "shipped-anyway",
        "kept",
    ]
    assert (shown["new_address"], shown["attention_findings"][0]["link"]) == (ADDRESS, LINK)
    listed = (await client.get("/api/orders")).json()["orders"][0]
    assert "new_address" not in listed

    for body, expected in (
        ({}, 422),
        ({"answer": "burnt"}, 422),
        ({"answer": "released-in-maya", "reason": "x"}, 409),
        ({"answer": "kept", "by": "Ina", "reason": "he collects it"}, 200),
        ({"answer": "kept", "by": "Ina", "reason": "again"}, 200),
    ):
        answer = await client.post("/api/orders/R1/settle", json=body)
        assert answer.status_code == expected, body
    assert "nothing changed" in answer.json()["message"]
    (attempt,) = await attempts_of(store, order_id)
    assert attempt.message.endswith("on purpose) by Ina: he collects it")


async def test_close_and_resend_by_api(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """An order nothing was placed for is closed; repeated it says so; otherwise it is refused."""
    order_id = await add_order(store, marketplace_reference="R2", attention_reason="stock_short")
    resend = await client.post("/api/orders/R2/resend", json={"reason": "x"})
    assert (resend.status_code, "nothing was placed" in resend.json()["detail"]) == (409, True)
    body = {"outcome": "rejected", "by": "Ina", "reason": "out of season"}
    assert (await client.post("/api/orders/R2/close", json=body | {"outcome": "x"})).is_error
    first = await client.post("/api/orders/R2/close", json=body)
    again = await client.post("/api/orders/R2/close", json=body)
    other = await client.post("/api/orders/R2/close", json=body | {"outcome": "completed"})

    assert (first.status_code, first.json()["outcome"]) == (200, "rejected")
    assert (again.status_code, "nothing changed" in again.json()["message"]) == (200, True)
    assert other.status_code == 409
    (attempt,) = await attempts_of(store, order_id)
    assert attempt.message == "closed as rejected by Ina: out of season"


async def test_two_records_at_once(client: httpx.AsyncClient, store: Store) -> None:
    """Two decisions at once: one wins, and the other is told that the order moved on."""
    await add_task(store)
    calls = [
        client.post("/api/orders/R1/settle", json={"answer": answer, "reason": "x"})
        for answer in ("kept", "changed-in-maya")
    ]
    statuses = sorted(answer.status_code for answer in await asyncio.gather(*calls))

    assert statuses == [200, 409]
