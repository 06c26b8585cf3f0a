"""Periodic work: each job is run by exactly one worker at a time."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.clock import SystemClock
from app.errors import LeaseLost
from app.store.schedules import (
    ClaimedJob,
    claim_job,
    ensure_schedules,
    finish_job,
    load_schedules,
    renew_job,
    run_soon,
)
from app.store.session import Store
from tests.fake_clock import FakeClock

JOBS = ("reconcile", "shipments")
LEASE_SECONDS = 60.0


async def claim(store: Store, *names: str) -> ClaimedJob | None:
    return await claim_job(store, names or JOBS, LEASE_SECONDS)


async def test_new_jobs_are_due_at_once(store: Store, clock: FakeClock) -> None:
    """Setting jobs up makes them due; setting them up again changes nothing."""
    await ensure_schedules(store, JOBS)
    clock.advance(5)
    await ensure_schedules(store, [*JOBS, "warehouse_settings"])

    states = await load_schedules(store)
    started_at = clock.now() - timedelta(seconds=5)
    assert {name: state.next_run_at for name, state in states.items()} == {
        "reconcile": started_at,
        "shipments": started_at,
        "warehouse_settings": clock.now(),
    }


async def test_a_job_is_claimed_by_exactly_one(store: Store, other_store: Store) -> None:
    """Of many workers that ask at once one gets each due job."""
    await ensure_schedules(store, JOBS)

    claimed = await asyncio.gather(*(claim(one) for one in (store, other_store) * 6))

    assert sorted(job.name for job in claimed if job is not None) == ["reconcile", "shipments"]


async def test_a_job_is_claimed_by_one_under_the_real_clock(
    real_time_store: Store, other_real_time_store: Store
) -> None:
    """With the clock of production, too, one worker gets the job."""
    await ensure_schedules(real_time_store, ["reconcile"])
    await run_soon(real_time_store, "reconcile")

    claimed = await asyncio.gather(
        *(claim(one) for one in (real_time_store, other_real_time_store) * 6)
    )

    assert len([job for job in claimed if job is not None]) == 1


async def test_new_jobs_are_due_by_the_databases_clock(database_url: str) -> None:
    """A job set up by a process whose clock is fast is due at once all the same."""

    class FastClock(SystemClock):
        def now(self) -> datetime:
            return super().now() + timedelta(hours=2)

    store = Store(database_url, FastClock())
    try:
        await ensure_schedules(store, ["reconcile"])
        assert await claim(store) == ClaimedJob("reconcile", 1)
    finally:
        await store.close()


async def test_only_the_jobs_asked_for_are_claimed(store: Store) -> None:
    """A worker that runs a job already does not claim it once more."""
    await ensure_schedules(store, JOBS)

    assert await claim(store, "shipments") == ClaimedJob("shipments", 1)
    assert await claim(store, "shipments") is None
    assert await claim(store, "reconcile") == ClaimedJob("reconcile", 1)


async def test_a_finished_job_rests(store: Store, clock: FakeClock) -> None:
    """Finishing notes the run and how it ended; until the next one is due nobody runs it."""
    await ensure_schedules(store, ["reconcile"])
    job = await claim(store)
    assert job is not None
    clock.advance(3)

    await finish_job(store, job, next_run_seconds=300, error="they were away", note="nothing")

    state = (await load_schedules(store))["reconcile"]
    assert (state.last_run_at, state.next_run_at, state.last_error, state.last_note) == (
        clock.now(),
        clock.now() + timedelta(seconds=300),
        "they were away",
        "nothing",
    )
    clock.advance(299)
    assert await claim(store) is None
    clock.advance(1)
    assert await claim(store) == ClaimedJob("reconcile", 2)


async def test_a_dead_workers_job_is_claimed_anew(store: Store, clock: FakeClock) -> None:
    """A job whose lease ran out goes to the next who asks; the first one's result is dropped."""
    await ensure_schedules(store, ["reconcile"])
    first = await claim(store)
    assert first is not None
    clock.advance(LEASE_SECONDS - 1)
    assert await claim(store) is None
    clock.advance(1)
    second = await claim(store)
    assert second == ClaimedJob("reconcile", 2)

    with pytest.raises(LeaseLost):
        await renew_job(store, first, LEASE_SECONDS)
    with pytest.raises(LeaseLost):
        await finish_job(store, first, next_run_seconds=300, error=None, note="late")

    assert (await load_schedules(store))["reconcile"].last_run_at is None
    await finish_job(store, second, next_run_seconds=300, error=None, note="in time")
    assert (await load_schedules(store))["reconcile"].last_note == "in time"


async def test_a_running_job_keeps_its_lease(store: Store, clock: FakeClock) -> None:
    """A job that renews its lease is nobody else's, however long it takes."""
    await ensure_schedules(store, ["reconcile"])
    job = await claim(store)
    assert job is not None

    for _ in range(5):
        clock.advance(LEASE_SECONDS - 1)
        await renew_job(store, job, LEASE_SECONDS)
        assert await claim(store) is None
