"""Periodic jobs: each runs when it is due, and how it ended is kept whatever happened."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.errors import Transient
from app.jobs import FAILED_SECONDS, Job, Jobs
from app.store.facts import save_settings_snapshot
from app.store.schedules import claim_job, load_schedules
from app.store.session import Store
from app.wiring import Companies, build_companies
from tests.fake_clock import FakeClock
from tests.integration.web import web_settings
from tests.order_samples import SETTINGS

LEASE_SECONDS = 60.0


@pytest.fixture
async def companies(clock: FakeClock, database_url: str) -> AsyncIterator[Companies]:
    """Return both companies, of which nothing is asked."""
    made = build_companies(web_settings(database_url), clock)
    yield made
    await made.close()


async def say_done() -> str:
    return "all done"


async def be_away() -> str:
    raise Transient("ankorstore", "list orders", status=503, detail="their words")


async def break_down() -> str:
    raise ZeroDivisionError("4711 Secret Street")


def make_jobs(
    store: Store,
    companies: Companies,
    lease_seconds: float = LEASE_SECONDS,
    **work: Callable[[], Awaitable[str]],
) -> Jobs:
    jobs = {name: Job(300, run) for name, run in work.items()}
    return Jobs(store, companies, jobs, lease_seconds)


async def run_due(jobs: Jobs) -> None:
    await jobs.run_due()
    await jobs.finish()


async def test_jobs_run_when_they_are_due(
    store: Store, companies: Companies, clock: FakeClock
) -> None:
    """Every job runs at the first start, then again once its interval has passed, not before."""
    runs: list[int] = []

    async def count() -> str:
        runs.append(1)
        return f"run {len(runs)}"

    jobs = make_jobs(store, companies, count=count)
    for seconds, expected in ((0, 1), (299, 1), (1, 2)):
        clock.advance(seconds)
        await run_due(jobs)
        assert len(runs) == expected

    state = (await load_schedules(store))["count"]
    assert (state.last_note, state.last_error, state.last_run_at) == ("run 2", None, clock.now())


async def test_a_failed_job_is_tried_again_soon(
    store: Store, companies: Companies, clock: FakeClock
) -> None:
    """A job that fails or breaks notes why, safe to show, and runs again within a minute."""
    jobs = make_jobs(store, companies, away=be_away, broken=break_down, fine=say_done)

    await run_due(jobs)

    states = await load_schedules(store)
    assert states["fine"].last_note == "all done"
    assert states["broken"].last_error == "ZeroDivisionError"
    error = states["away"].last_error
    assert error is not None
    assert error.startswith("Transient: ankorstore list orders (HTTP 503). ")
    assert "their words" not in error
    for name in ("away", "broken"):
        assert states[name].next_run_at == clock.now() + timedelta(seconds=FAILED_SECONDS)


async def test_a_job_under_way_is_not_started_twice(store: Store, companies: Companies) -> None:
    """While a job runs neither this worker nor another one starts it."""
    inside, gate = asyncio.Event(), asyncio.Event()
    runs: list[int] = []

    async def wait() -> str:
        runs.append(1)
        inside.set()
        await gate.wait()
        return ""

    jobs = make_jobs(store, companies, wait=wait)
    await jobs.run_due()
    await inside.wait()

    await jobs.run_due()
    await make_jobs(store, companies, wait=wait).run_due()

    assert len(runs) == 1
    gate.set()
    await jobs.finish()


async def test_a_long_job_keeps_its_lease(
    real_time_store: Store, other_real_time_store: Store, companies: Companies
) -> None:
    """The lease of a job that takes longer than a lease is prolonged until it ends."""
    gate = asyncio.Event()

    async def wait() -> str:
        await gate.wait()
        return "done late"

    jobs = make_jobs(real_time_store, companies, lease_seconds=0.5, wait=wait)
    await jobs.run_due()
    statement = text("SELECT lease_until FROM schedules")
    first: set[object] = set()
    async with asyncio.timeout(20):
        while len(first) < 4:
            async with real_time_store.read() as connection:
                first.add((await connection.execute(statement)).scalar_one())
            assert await claim_job(other_real_time_store, ["wait"], 60) is None
            await asyncio.sleep(0.02)
    gate.set()
    await jobs.finish()

    assert (await load_schedules(real_time_store))["wait"].last_note == "done late"


async def test_a_job_that_lost_its_lease_records_nothing(
    store: Store, companies: Companies, clock: FakeClock
) -> None:
    """If another worker took the job over meanwhile, only that one's result counts."""

    async def lose() -> str:
        clock.advance(LEASE_SECONDS)
        assert await claim_job(store, ["lose"], LEASE_SECONDS) is not None
        return "too late"

    await run_due(make_jobs(store, companies, lose=lose))

    assert (await load_schedules(store))["lose"].last_note is None


async def test_the_warehouses_lists_are_shared(store: Store, companies: Companies) -> None:
    """Lists of ids that any worker has read are taken over without asking the warehouse."""
    jobs = make_jobs(store, companies, fine=say_done)
    assert companies.warehouse.readiness_problems()
    await save_settings_snapshot(store, "active_ants", SETTINGS)

    await run_due(jobs)

    assert not companies.warehouse.readiness_problems()
