"""What shadow mode found, as people see it: the command, the summary, /status, console, doctor."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.alerts.channels import WebhookChannel
from app.alerts.shadow_summary import ShadowSummary
from app.doctor.switch_checks import examine_switch
from app.settings import Settings
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.store.service_state import enter_mode, load_service_state, save_service_state
from app.store.session import Store
from app.store.shadow import save_shadow
from app.web.health import read_status
from app.wiring import backlog_pace
from tests.command_line import Run, command_line, forget_settings
from tests.fake_clock import FakeClock
from tests.flow.world import World, make_settings
from tests.integration.console import add_person, console
from tests.integration.test_alerts import by_chat
from tests.integration.web import web_settings
from tests.peer import Peer, running_peer
from tests.store_rows import add_order

HOUR, DAY = 3600, 86_400
AGREED: dict[str, Any] = {
    "decision": "accepted",
    "verdict": {"findings": []},
    "ordered": {"l1": 2},
    "would_send": {"number": "100", "pieces": {"TOTE": 2}, "packs": {}},
    "payload": {"deliveryAddressLastName": "Canaria"},
    "observed": {"answer": "accepted", "packs": {"l1": 2}, "pieces": {"TOTE": 2}},
}


@pytest.fixture
async def chat() -> AsyncIterator[Peer]:
    """Return the chat people look at."""
    async with running_peer() as made:
        made.answer = lambda _, __: (200, {}, b"ok")
        yield made


def told(chat: Peer) -> list[str]:
    return [json.loads(body)["text"] for _, _, body in chat.requests]


async def follow(store: Store, number: int, **changes: Any) -> None:
    """Add an order that shadow mode followed."""
    now = store.now()
    order_id = await add_order(store, number, shadowed_at=now, ship_by_at=now, next_attempt_at=now)
    columns = {"judged_at": store.now(), "ended_at": store.now(), **AGREED, **changes}
    async with store.write() as connection:
        await save_shadow(store, connection, order_id, columns)


async def test_the_summary_is_told_once_a_day(store: Store, clock: FakeClock, chat: Peer) -> None:
    """By whichever process runs it, to each channel; it names no order and nobody."""
    await enter_mode(store, "shadow")
    await follow(store, 1)
    await follow(store, 2, observed={**AGREED["observed"], "answer": "rejected"})
    for _ in range(30):
        await ShadowSummary(store, [by_chat(chat)]).run()
        clock.advance(HOUR)

    first, second = told(chat)
    assert first.splitlines() == [
        "antbridge: shadow mode, the day's summary",
        "The last 7 days. 2 orders: 1 differ, 0 not yet known, 1 agree, 0 not compared; "
        "parity 50.0 %.",
        "They differ first: 1 in decision.",
        "Each order: `antbridge shadow report --days 7` (docs/shadow.md)",
    ]
    assert second.splitlines()[1] == first.splitlines()[1]
    assert "Canaria" not in first
    status = await read_status(store, backlog_pace(web_settings("sqlite:///never-opened.db")))
    assert status["mode"] == "shadow"
    assert (status["shadow"]["orders"], status["shadow"]["parity_percent"]) == (2, 50.0)
    # Nothing is owed for what is only followed.
    assert status["oldest_unfinished_seconds"] == 0
    assert status["deadlines"] == {"at_risk": 0, "late": 0}
    assert status["backlog"]["orders"] == 0


async def test_a_channel_that_fails_is_told_later(
    store: Store, clock: FakeClock, chat: Peer
) -> None:
    """It holds nothing up, and the next run is another chance."""
    chat.answer = lambda _, __: (500, {}, b"")
    channel: WebhookChannel = by_chat(chat)
    await ShadowSummary(store, [channel]).run()
    chat.answer = lambda _, __: (200, {}, b"ok")
    for _ in range(2):
        clock.advance(HOUR)
        await ShadowSummary(store, [channel]).run()

    assert len(chat.requests) == 2
    assert (await load_service_state(store)).shadow_told is not None


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    database_url: str,
) -> Iterator[Run]:
    """Return what runs a command line on a database: exit status, standard output and error."""
    forget_settings(monkeypatch, tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    with command_line(monkeypatch, capsys, "shadow") as run_command:
        yield run_command


async def _fill(database_url: str, clock: FakeClock) -> None:
    store = Store(database_url, clock)
    await follow(store, 1)
    await follow(store, 2, observed={**AGREED["observed"], "pieces": {"TOTE": 1}})
    await store.close()


def test_the_command(run: Run, database_url: str, clock: FakeClock) -> None:
    """A line an order with the first difference, the totals, and exit status 1 for a difference."""
    asyncio.run(_fill(database_url, clock))
    day = f"{clock.now():%Y-%m-%d}"

    status, out, _ = run("report", day)
    assert status == 1
    assert "lines: pieces of TOTE: 2 would have been, 1 were" in out
    assert out.splitlines()[-1] == "They differ first: 1 in lines."
    status, out, _ = run("report", day, "--json")
    shown = json.loads(out)
    assert (status, shown["parity_percent"]) == (1, 50.0)
    assert [one["result"] for one in shown["by_order"]] == ["agree", "differ"]
    status, out, _ = run("report", "2020-01-01")
    assert status == 0
    assert "nothing could be compared yet" in out
    status, _, error = run("report", day, "--days", "3")
    assert (status, error) == (2, "antbridge: give a DATE or --days, not both\n")


async def test_the_doctor_asks_whose_orders_are(store: Store, clock: FakeClock) -> None:
    """Accepted orders at the first reconciling, and nothing says from when on orders are ours."""

    async def checks(**settings: Any) -> list[str]:
        read = Settings(_env_file=None, **settings)
        return [one.check for one in await examine_switch(read, store)]

    assert await checks() == []
    await save_service_state(store, first_reconcile_accepted=3)
    assert await checks() == ["take_orders_submitted_after"]
    assert await checks(take_orders_submitted_after="2026-03-01T00:00:00Z") == []
    assert await checks(mode="shadow") == []
    await save_service_state(store, left_shadow_at=clock.now())
    assert await checks() == []


async def test_the_first_reconcile_is_remembered(store: Store, clock: FakeClock) -> None:
    """Only accepted orders count, and only in the first run of all."""
    ankorstore = SimulatedAnkorstore(clock=clock)
    ankorstore.base_url = "http://127.0.0.1:1"
    active_ants = SimulatedActiveAnts(clock=clock)
    settings = make_settings(ankorstore, active_ants)
    world = World(store, clock, ankorstore, active_ants, settings)
    ankorstore.place_order(status="brand_confirmed", emit=False)
    ankorstore.place_order(status="brand_confirmed", emit=False)
    ankorstore.place_order(emit=False)
    await world.run_jobs()
    assert (await load_service_state(store)).first_reconcile_accepted == 2

    ankorstore.place_order(status="brand_confirmed", emit=False)
    clock.advance(DAY)
    await world.run_jobs()
    assert (await load_service_state(store)).first_reconcile_accepted == 2
    await world.companies.close()


async def test_the_console_says_so_on_every_page(store: Store, database_url: str) -> None:
    """In shadow mode nobody must take an order that waits for one that is stuck."""
    await add_person(store)
    for mode in ("live", "shadow"):
        async with console(database_url, mode=mode) as browser:
            await browser.sign_in()
            for path in ("/", "/orders", "/settings"):
                page = (await browser.get(path)).text
                assert ("Shadow mode: nothing is written" in page) is (mode == "shadow")
