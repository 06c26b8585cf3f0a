"""From a body with something new in it to the database, `/status` and `antbridge contract`."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import app.main as main_module
from app.clock import SystemClock
from app.sentinel import Kind, Seen
from app.sentinel.sightings import MAX_NAMES_PER_PLACE, OTHER
from app.store.models_contract import ContractSighting
from app.store.session import Store
from app.store.sightings import forget_sightings, load_sightings, save_sightings
from app.wiring import build_companies, write_down_sightings
from app.worker import Worker
from tests.command_line import Run, command_line, forget_settings
from tests.fake_clock import FakeClock
from tests.integration.conftest import until
from tests.integration.web import deliver, event_body, running_web, web_settings
from tests.store_rows import rows_of


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database_url: str,
) -> Iterator[Run]:
    """Return what runs a command line on a database."""
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    with command_line(monkeypatch, capsys) as run_command:
        yield run_command


def seen(store: Store, name: str = "loyaltyLevel", **changes: Any) -> Seen:
    values: dict[str, Any] = {
        "company": "ankorstore",
        "kind": Kind.FIELD,
        "place": "order",
        "name": name,
        "first_seen_at": store.now(),
        "last_seen_at": store.now(),
        "count": 1,
        "example": "read order: a number",
        **changes,
    }
    return Seen(**values)


async def test_sightings_add_up(store: Store, clock: FakeClock) -> None:
    """A row a name: the first time and example stay, the last time and the count go on."""
    first_at = store.now()
    await save_sightings(store, [seen(store, count=2)])
    clock.advance(60)
    await save_sightings(store, [seen(store, count=3, example="list orders: a text")])

    (row,) = await load_sightings(store)

    assert (row.count, row.example) == (5, "read order: a number")
    assert (row.first_seen_at, row.last_seen_at) == (first_at, store.now())
    assert await forget_sightings(store) == 1
    assert await load_sightings(store) == []


async def test_what_this_version_knows_is_not_shown(store: Store) -> None:
    """A row of an older version's about what is documented by now, or of a kind of a newer one."""
    await save_sightings(store, [seen(store, "masterOrderId"), seen(store, "gift")])
    await save_sightings(store, [seen(store, kind="mood")])
    assert [one.name for one in await load_sightings(store)] == ["gift"]


async def test_the_rows_are_bounded(store: Store) -> None:
    """Several processes with names of their own fill a place up to its bound and no further."""
    letters = "abcdefgh"
    names = [f"{one}{two}" for one in letters for two in letters]
    for start in range(0, len(names), 8):
        await save_sightings(store, [seen(store, name) for name in names[start : start + 8]])
    rows = await rows_of(store, ContractSighting)
    assert len(rows) == MAX_NAMES_PER_PLACE + 1
    assert sum(row.seen_count for row in rows) == len(names)
    assert OTHER in {row.name for row in rows}


async def test_a_delivery_with_news_is_stored_and_told(
    database_url: str, store: Store, monkeypatch: pytest.MonkeyPatch, clock: FakeClock
) -> None:
    """An unknown event is answered as any other, costs no commit of its own, and is in /status."""
    monkeypatch.setattr(main_module, "SIGHTINGS_SECONDS", 0.01)
    body = json.loads(event_body())
    body["meta"]["event"]["type"] = "order.flown"
    with patch("app.wiring.save_sightings", wraps=save_sightings) as saved:
        async with running_web(database_url, clock) as client:
            answer = await deliver(client, json.dumps(body).encode())
            assert (answer.status_code, answer.json()) == (200, {"status": "stored"})
            await until(lambda: saved.await_count)
            for _ in range(200):
                status = (await client.get("/status")).json()
                if status["contract_unknown"]["ankorstore"]:
                    break
            assert status["contract_unknown"] == {"ankorstore": 1, "active_ants": 0}
            metrics = (await client.get("/metrics")).text
    assert 'antbridge_contract_unknown_total{kind="event",peer="ankorstore"}' in metrics
    assert "flown" not in metrics
    (row,) = await load_sightings(store)
    assert (row.kind, row.place, row.name, row.count) == (Kind.EVENT, "event", "order.flown", 1)


async def test_what_was_noted_is_written_at_the_stop(database_url: str, store: Store) -> None:
    """A stop between two writings loses nothing."""
    body = json.loads(event_body()) | {"surprise": 1}
    async with running_web(database_url) as client:
        await deliver(client, json.dumps(body).encode())
    assert [one.name for one in await load_sightings(store)] == ["surprise"]


async def test_the_worker_writes_down_what_answers_hold(database_url: str, store: Store) -> None:
    """What either company's answers held is in the database after the worker's stop."""
    settings = web_settings(database_url)
    companies = build_companies(settings, store=store)
    for name, connection in companies.connections.items():
        connection.sightings.note(Kind.FIELD, "order", f"new_{name.split('_')[0]}", "read: a text")
    worker = Worker(settings, store, companies)
    worker.stop()
    await worker.run()
    await companies.close()
    assert sorted((one.company, one.name) for one in await load_sightings(store)) == [
        ("active_ants", "new_active"),
        ("ankorstore", "new_ankorstore"),
    ]


@pytest.mark.parametrize("trouble", [OSError("away"), asyncio.CancelledError()])
async def test_what_cannot_be_written_down_is_kept(
    trouble: BaseException, database_url: str, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away, or a stop half way, only delays it."""
    companies = build_companies(web_settings(database_url))
    companies.connections["ankorstore"].sightings.note(Kind.FIELD, "order", "gift", "x")

    async def fail(*_: Any) -> None:
        raise trouble

    with monkeypatch.context() as away:
        away.setattr("app.wiring.save_sightings", fail)
        with suppress(asyncio.CancelledError):
            await write_down_sightings(store, companies)
    before = store.commit_count
    await write_down_sightings(store, companies)
    await write_down_sightings(store, companies)
    await companies.close()

    assert [one.name for one in await load_sightings(store)] == ["gift"]
    assert store.commit_count == before + 1, "nothing to write is no commit"


def test_the_report(run: Run, database_url: str) -> None:
    """Nothing seen is 0; what was seen is told with its place, count and times, and is 1."""
    assert run("contract", "report")[:2] == (0, "Nothing came that is not documented.\n")

    async def add() -> None:
        made = Store(database_url, SystemClock())
        await save_sightings(made, [seen(made, count=7)])
        await made.close()

    asyncio.run(add())

    status, text, _ = run("contract", "report")
    assert status == 1
    assert "Ankorstore: field 'loyaltyLevel' at order" in text
    assert "7 times from" in text
    status, text, _ = run("contract", "report", "--json")
    (told,) = json.loads(text)["unknown"]
    assert (status, told["name"], told["count"]) == (1, "loyaltyLevel", 7)
    assert run("contract", "forget")[:2] == (0, "1 entries forgotten\n")
    assert run("contract", "report", "--json")[:2] == (0, '{\n  "unknown": []\n}\n')
