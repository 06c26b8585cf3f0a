"""The service on a moved clock: the database is asked for no time of its own."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app import followed_clock
from app.answers import read_date
from app.clock import MovedClock, SystemClock
from app.followed_clock import follow_clock
from app.settings import SettingsError
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore, serve_companies
from app.store.session import Store
from app.wiring import ACTIVE_ANTS, build_companies, build_store, service_clock
from app.worker import Worker
from tests.conftest import Databases
from tests.integration.web import web_settings

DAY = timedelta(days=1)


@pytest.fixture
def moved() -> MovedClock:
    """Return a clock that is a day ahead."""
    clock = MovedClock()
    clock.move_to(DAY.total_seconds())
    return clock


async def test_statements_get_the_moved_time(database_url: str, moved: MovedClock) -> None:
    """On PostgreSQL too, whose own clock nobody can move."""
    store = Store(database_url, moved)
    try:
        assert await store.compare_clocks() == 0
        async with store.read() as connection:
            told = (await connection.execute(select(store.time(60)))).scalar_one()
    finally:
        await store.close()

    assert abs(told - datetime.now(UTC) - DAY - timedelta(minutes=1)) < timedelta(minutes=1)
    assert abs(store.now() - moved.now()) < timedelta(minutes=1)
    assert store.moments(now=0)["now"] > datetime.now(UTC)


async def test_companies_date_their_answers_by_their_own_clock(moved: MovedClock) -> None:
    """So that a service on the same clock finds no skew between itself and them."""
    both = SimulatedAnkorstore(clock=moved), SimulatedActiveAnts(clock=moved)
    async with serve_companies(*both) as served, httpx.AsyncClient(trust_env=False) as http:
        for url in (served.ankorstore_url, served.active_ants_url):
            answer = await http.get(url)
            dates = answer.headers.get_list("date")
            told = read_date(answer.headers)
            assert len(dates) == 1
            assert told is not None
            assert abs(told - moved.now()) < timedelta(minutes=1)


async def test_token_ends_when_the_clock_is_moved_past_its_end(moved: MovedClock) -> None:
    """The service logs in anew by itself, before the company has to refuse the old token."""
    company = SimulatedActiveAnts(clock=moved)
    async with serve_companies(SimulatedAnkorstore(clock=moved), company) as served:
        settings = web_settings(
            "sqlite:///never-opened.db",
            ankorstore_base_url=served.ankorstore_url,
            active_ants_base_url=served.active_ants_url,
            active_ants_username=company.username,
            active_ants_password=company.password,
            active_ants_requests_per_minute=60_000,
        )
        companies = build_companies(settings, moved)
        try:
            await companies.warehouse.read_settings()
            moved.move_to(3 * DAY.total_seconds())
            await companies.warehouse.read_settings()
        finally:
            await companies.close()

    statuses = [call.status for call in company.calls]
    logins = company.calls_to("POST /token")
    assert (len(logins), set(statuses)) == (2, {200})
    ahead = companies.connections[ACTIVE_ANTS].health.clock_ahead
    assert ahead is not None
    assert abs(ahead) < timedelta(seconds=30)


def test_without_the_setting_the_machine_tells_the_time() -> None:
    """Which is the only clock there is beside real companies."""
    settings = web_settings("sqlite:///never-opened.db")

    assert isinstance(service_clock(settings), SystemClock)


def test_clock_that_does_not_answer_stops_the_start() -> None:
    """One line names the setting and the cure."""
    settings = web_settings("sqlite:///never-opened.db", clock_url="http://127.0.0.1:9/clock")

    with pytest.raises(SettingsError, match=r"^CLOCK_URL: .*127.0.0.1:9.*antbridge simulate"):
        build_store(settings)


async def test_one_clock_for_the_whole_process(
    moved: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Store and companies must agree on what is a deadline; a second reader is not needed."""
    import asyncio

    monkeypatch.setattr(followed_clock, "ASK_SECONDS", 86_400)  # its thread outlives the test
    both = SimulatedAnkorstore(clock=moved), SimulatedActiveAnts(clock=moved)
    async with serve_companies(*both) as served:
        url = f"{served.ankorstore_url}/_simulator/clock"
        settings = web_settings("sqlite:///never-opened.db", clock_url=url)
        first = await asyncio.to_thread(service_clock, settings)
        store = await asyncio.to_thread(build_store, settings)
        companies = build_companies(settings)
        await companies.close()

    assert store.clock is first is follow_clock(url)
    for connection in companies.connections.values():
        assert connection._clock is first
    assert isinstance(first, MovedClock)
    assert first.ahead_seconds == DAY.total_seconds()


@pytest.mark.parametrize("clock", [SystemClock(), MovedClock()], ids=["machine's", "moved"])
async def test_worker_on_a_moved_clock_beats_more_often(
    databases: Databases, clock: SystemClock | MovedClock
) -> None:
    """A move would make it look dead until its next beat, and the service not ready."""
    pauses: dict[str, float] = {}

    class Recorded(Worker):
        async def _forever(self, name: str, work: Any, pause_seconds: float, *_: Any) -> None:
            pauses[name] = pause_seconds

    settings = web_settings(databases.make("sqlite"))
    store = build_store(settings, clock)
    companies = build_companies(settings, clock, store=store)
    try:
        await Recorded(settings, store, companies).run()
    finally:
        await companies.close()
        await store.close()

    assert pauses["heartbeat"] == (1 if isinstance(clock, MovedClock) else 15)
