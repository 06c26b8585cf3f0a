"""SKUs over the operators' API: said, shown, imported and taken back."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from app.store.models_skus import SkuRuleChange
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.integration.web import OPERATOR, running_web
from tests.store_rows import add_order, attempts_of, order_id_of, order_row, rows_of


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return an operator's client of the running web part."""
    async with running_web(database_url, clock, sku_map={"OLD": "WH-7"}) as made:
        made.headers.update(OPERATOR)
        yield made


async def asks_about(store: Store, number: int, reason: str, field: str, **columns: Any) -> int:
    values = {
        "attention_reason": reason,
        "attention_since": store.now(),
        "attention_detail": [{"reason": reason, "field": field, "detail": ""}],
        "next_attempt_at": None,
        "attempt_count": 3,
        **columns,
    }
    return await add_order(store, number, **values)


async def test_a_line_end_in_a_sku_is_refused_by_name(client: httpx.AsyncClient) -> None:
    """Such a SKU is a wrong SKU, not a page that does not exist."""
    answer = await client.put("/api/skus/MUG%0A01", json={"pack_mode": "pack"})
    assert answer.status_code == 422
    assert "SKU" in str(answer.json()["detail"])
    assert (await client.get("/api/skus/MUG%0A01")).json() == {
        "detail": "there is no entry of this SKU"
    }


async def test_a_null_character_in_a_name_is_no_error(
    client: httpx.AsyncClient, store: Store
) -> None:
    """No database takes one: it becomes a blank, as in every decision."""
    said = {"pack_mode": "pack", "by": "i\x00na"}
    assert (await client.put("/api/skus/MUG", json=said)).status_code == 200
    (change,) = await rows_of(store, SkuRuleChange)
    assert change.changed_by == "i na (API)"
    taken = await client.delete("/api/skus/MUG", params={"by": "j\x00o"})
    assert taken.status_code == 200
    await add_order(store, 1, state="received", ship_by_at=store.now())
    wanted = {"date": "2027-01-01", "by": "i\x00na", "reason": "l\x00ate"}
    answer = await client.post(f"/api/orders/{order_id_of(1)}/postpone", json=wanted)
    assert answer.status_code == 200
    wanted = {"house_number": 5, "by": "i\x00na", "reason": "l\x00ate"}
    answer = await client.post(f"/api/orders/{order_id_of(1)}/corrections", json=wanted)
    assert answer.status_code == 200


async def test_an_entry_is_said_shown_and_taken_back(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """PUT replaces what was said whole; every change stays in the table of changes."""
    path = "/api/skus/MUG/01%20red"
    said = {"warehouse_sku": " WH-1 ", "pack_mode": "factor:6", "note": "a  tray", "by": "ina"}
    answer = await client.put(path, json=said)
    assert answer.json()["changes"] == [
        "MUG/01 red: no entry -> is WH-1 at the warehouse, pack mode factor:6"
    ]
    entry = {
        "marketplace_sku": "MUG/01 red",
        "warehouse_sku": "WH-1",
        "pack_mode": "factor:6",
        "note": "a tray",
        "updated_at": clock.now().isoformat(),
        "updated_by": "ina (API)",
    }
    assert (await client.get(path)).json() == entry
    assert (await client.get("/api/skus")).json() == {"skus": [entry]}
    assert (await client.put(path, json=said)).json()["changes"] == []
    await client.put(path, json={"pack_mode": "pack"})
    assert (await client.get(path)).json()["warehouse_sku"] is None

    assert (await client.delete(path, params={"by": "jo"})).status_code == 200
    for method in ("GET", "DELETE"):
        assert (await client.request(method, path)).status_code == 404
    changes = [
        (one.changed_by, one.warehouse_sku_before, one.pack_mode_before, one.pack_mode)
        for one in await rows_of(store, SkuRuleChange)
    ]
    assert changes == [
        ("ina (API)", None, None, "factor:6"),
        ("API (API)", "WH-1", "factor:6", "pack"),
        ("jo (API)", None, "pack", None),
    ]


WRONG_BODIES: tuple[tuple[dict[str, Any], str], ...] = (
    ({}, "says nothing"),
    ({"warehouse_sku": "  "}, "says nothing"),
    ({"pack_mode": "factor:0"}, "pack_mode: must be unit, pack or factor:n"),
    ({"warehouse_sku": "a\u0000b"}, "warehouse_sku: holds a character"),
    ({"warehouse_sku": "x" * 201}, "warehouse_sku: has 201 characters"),
    ({"pack": "unit"}, "Extra inputs"),
)


@pytest.mark.parametrize(("body", "told"), WRONG_BODIES)
async def test_a_wrong_entry_is_refused(
    client: httpx.AsyncClient, body: dict[str, Any], told: str
) -> None:
    """What cannot be right is refused with what would be, and changes nothing."""
    answer = await client.put("/api/skus/MUG", json=body)

    assert (answer.status_code, told in answer.text) == (422, True), answer.text
    assert (await client.get("/api/skus")).json() == {"skus": []}


async def test_a_file_is_taken_whole_or_not_at_all(client: httpx.AsyncClient, store: Store) -> None:
    """A rehearsal changes nothing; a bad row spoils all; entries not named stay."""
    await client.put("/api/skus/STAYS", json={"pack_mode": "unit"})
    good = "marketplace_sku;pack_mode\nA;unit\nB;factor:3\n"
    bad = good + "C;packs\n"

    answer = await client.post("/api/skus/import", content=bad)
    assert answer.status_code == 422
    (problem,) = answer.json()["detail"]
    assert (problem["line"], problem["column"]) == (4, "pack_mode")
    rehearsed = await client.post("/api/skus/import?dry_run=true", content=good)
    assert len(rehearsed.json()["changes"]) == 2
    assert [one["marketplace_sku"] for one in (await client.get("/api/skus")).json()["skus"]] == [
        "STAYS"
    ]
    for count in (2, 0):
        taken = await client.post("/api/skus/import", content=good)
        assert len(taken.json()["changes"]) == count
    skus = (await client.get("/api/skus")).json()["skus"]
    assert [(one["marketplace_sku"], one["pack_mode"]) for one in skus] == [
        ("A", "unit"),
        ("B", "factor:3"),
        ("STAYS", "unit"),
    ]
    assert len(await rows_of(store, SkuRuleChange)) == 3


async def test_a_file_without_end_is_refused(client: httpx.AsyncClient) -> None:
    """A body longer than any real file is not read to its end."""
    body = b"marketplace_sku,pack_mode\n" + b"x,unit\n" * 700_000

    assert (await client.post("/api/skus/import", content=body)).status_code == 413


async def test_an_entry_wakes_whom_it_concerns(client: httpx.AsyncClient, store: Store) -> None:
    """Orders that ask about the SKU, under any name it has, are tried again; no others are."""
    woken = [
        await asks_about(store, 1, "pack_mode_unconfirmed", "line OLD"),
        await asks_about(store, 2, "sku_unknown", "SKU WH-7"),
        await asks_about(store, 3, "pack_mode_mismatch", "line OLD", state="accepted"),
    ]
    left = [
        await asks_about(store, 4, "stock_short", "SKU WH-7"),
        await asks_about(store, 5, "sku_unknown", "SKU OTHER"),
        await asks_about(store, 6, "sku_not_ordered", "SKU OLD", state="placed"),
        await asks_about(store, 7, "corrected_not_released", "line OLD"),
    ]

    answer = await client.put("/api/skus/OLD", json={"pack_mode": "unit", "by": "ina"})

    assert answer.json()["woken"] == len(woken)
    for order_id in woken:
        row = await order_row(store, order_id)
        assert (row.attention_reason, row.attempt_count, row.wake_seq) == (None, 0, 1)
        assert row.next_attempt_at == store.now()
        (attempt,) = await attempts_of(store, order_id)
        assert (attempt.step, attempt.outcome) == ("retry", "decided")
        assert attempt.message == "retried because the entry of SKU OLD was changed by ina (API)"
    for order_id in left:
        assert (await order_row(store, order_id)).attention_reason is not None
        assert await attempts_of(store, order_id) == []


async def test_without_the_token_nobody_gets_in(client: httpx.AsyncClient) -> None:
    """Calls about SKUs answer 401 without the token."""
    del client.headers["Authorization"]
    for method, path in (
        ("GET", "/api/skus"),
        ("GET", "/api/skus/A"),
        ("PUT", "/api/skus/A"),
        ("DELETE", "/api/skus/A"),
        ("POST", "/api/skus/import"),
    ):
        assert (await client.request(method, path)).status_code == 401
