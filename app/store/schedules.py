"""Periodic work: one leased row per job, so that exactly one worker runs it at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, or_, select, update

from app.errors import LeaseLost
from app.store.inbox import insert_into
from app.store.models import Schedule
from app.store.moments import moment
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job this worker runs now."""

    name: str
    fencing_token: int


async def ensure_schedules(store: Store, names: Iterable[str]) -> None:
    """Create the rows of jobs that have none, due at once."""
    async with store.write() as connection:
        for name in sorted(names):
            statement = insert_into(store, Schedule).values(name=name, next_run_at=store.time())
            await connection.execute(statement.on_conflict_do_nothing(index_elements=["name"]))


async def claim_job(store: Store, names: Iterable[str], lease_seconds: float) -> ClaimedJob | None:
    """Take one due job among *names* under a lease; None where none is due."""
    wanted = {"names": list(names), **store.moments(now=0)}
    async with store.read() as connection:
        if (await connection.execute(_due(store.asks_database_time), wanted)).first() is None:
            return None
    leased = store.moments(to_lease_until=lease_seconds)
    async with store.write() as connection:
        claim = await connection.execute(_claim(store.asks_database_time), {**wanted, **leased})
        row = claim.first()
    return ClaimedJob(row.name, row.fencing_token) if row is not None else None


async def renew_job(store: Store, job: ClaimedJob, lease_seconds: float) -> None:
    """
    Prolong the lease of a running job.

    Raises:
        LeaseLost: Another worker runs it now.
    """
    await _update_held(store, job, {"lease_until": store.time(lease_seconds)})


async def finish_job(
    store: Store, job: ClaimedJob, *, next_run_seconds: float, error: str | None, note: str
) -> None:
    """
    Give a job back, to run again in *next_run_seconds*; *error* is safe to show.

    Raises:
        LeaseLost: Another worker runs it now.
    """
    values: dict[str, Any] = {
        "last_run_at": store.time(),
        "next_run_at": store.time(next_run_seconds),
        "last_error": error,
        "last_note": note,
        "lease_until": None,
    }
    await _update_held(store, job, values)


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """When a job ran, when it runs again, and how its last run ended."""

    name: str
    last_run_at: datetime | None
    next_run_at: datetime
    last_error: str | None
    last_note: str | None


async def load_schedules(store: Store) -> dict[str, ScheduleState]:
    """Return the state of every job by name."""
    names = [field.name for field in fields(ScheduleState)]
    async with store.read() as connection:
        rows = await connection.execute(select(*(getattr(Schedule, name) for name in names)))
        return {row.name: ScheduleState(*row) for row in rows}


async def load_schedule(store: Store, name: str) -> ScheduleState | None:
    """Return the state of one job, None before it was ever set up."""
    return (await load_schedules(store)).get(name)


async def run_soon(store: Store, name: str) -> None:
    """Have a job run at the next opportunity."""
    async with store.write() as connection:
        await connection.execute(
            update(Schedule).where(Schedule.name == name).values(next_run_at=store.time())
        )


async def _update_held(store: Store, job: ClaimedJob, values: dict[str, Any]) -> None:
    async with store.write() as connection:
        result = await connection.execute(
            update(Schedule)
            .where(Schedule.name == job.name, Schedule.fencing_token == job.fencing_token)
            .values(values)
            .returning(Schedule.name)
        )
        if result.first() is None:
            raise LeaseLost


@lru_cache
def _due(from_database: bool) -> Any:
    now = moment("now", from_database=from_database)
    return (
        select(Schedule.name)
        .where(
            Schedule.name.in_(bindparam("names", expanding=True)),
            Schedule.next_run_at <= now,
            or_(Schedule.lease_until.is_(None), Schedule.lease_until <= now),
        )
        .order_by(Schedule.next_run_at)
        .limit(1)
    )


@lru_cache
def _claim(from_database: bool) -> Any:
    locked = _due(from_database).with_for_update(skip_locked=True).cte("due")
    return (
        update(Schedule)
        .where(Schedule.name.in_(select(locked.c.name)))
        .values(
            lease_until=moment("to_lease_until", from_database=from_database),
            fencing_token=Schedule.fencing_token + 1,
        )
        .returning(Schedule.name, Schedule.fencing_token)
    )
