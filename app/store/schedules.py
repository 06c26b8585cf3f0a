"""
Periodic work: one leased row per job, so that exactly one worker runs it at a time.

A paused job is due to nobody; a run under way when it is paused ends by itself.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

import structlog
from sqlalchemy import ColumnElement, Table, and_, or_, select, update

from app.errors import LeaseLost
from app.store.models import Schedule
from app.store.session import Store
from app.store.statements import given, insert_into, moment

log = structlog.get_logger(__name__)

_schedules = cast(Table, Schedule.__table__)


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job this worker runs now."""

    name: str
    fencing_token: int


async def ensure_schedules(
    store: Store, names: Iterable[str], after_seconds: Mapping[str, float] | None = None
) -> None:
    """Create the rows of jobs that have none, due at once or after so many seconds."""
    async with store.write() as connection:
        for name in sorted(names):
            added = {"name": name, **store.moments(now=(after_seconds or {}).get(name, 0.0))}
            await connection.execute(_ensure(store.is_postgres, store.asks_database_time), added)


async def claim_job(store: Store, names: Iterable[str], lease_seconds: float) -> ClaimedJob | None:
    """Take one due job among *names* under a lease; None where none is due."""
    async with store.read() as connection:
        due = await connection.execute(_due(store.asks_database_time), store.moments(now=0))
        wanted = set(names)
        name = next((name for name in due.scalars() if name in wanted), None)
    if name is None:
        return None
    times = store.moments(now=0, to_lease_until=lease_seconds)
    async with store.write() as connection:
        claim = _claim(store.asks_database_time)
        row = (await connection.execute(claim, {"its_name": name, **times})).first()
    return ClaimedJob(row.name, row.fencing_token) if row is not None else None


async def hold_job(store: Store, name: str, lease_seconds: float) -> ClaimedJob | None:
    """Take a job for a person, due and paused or not; None while a worker runs it."""
    await ensure_schedules(store, [name])
    is_free = or_(_schedules.c.lease_until.is_(None), _schedules.c.lease_until <= store.time())
    claim = update(_schedules).where(_schedules.c.name == name, is_free)
    values = {
        "lease_until": store.time(lease_seconds),
        "fencing_token": _schedules.c.fencing_token + 1,
    }
    returned = (_schedules.c.name, _schedules.c.fencing_token)
    async with store.write() as connection:
        row = (await connection.execute(claim.values(values).returning(*returned))).first()
    return ClaimedJob(row.name, row.fencing_token) if row is not None else None


async def renew_job(store: Store, job: ClaimedJob, lease_seconds: float) -> None:
    """
    Prolong the lease of a running job.

    Raises:
        LeaseLost: Another worker runs it now.
    """
    await _update_held(store, job, {}, lease_until=lease_seconds)


@asynccontextmanager
async def kept_leased(store: Store, job: ClaimedJob, lease_seconds: float) -> AsyncIterator[None]:
    """
    Prolong the lease of a job for as long as the block runs.

    So the lease may be short: a job that its worker could not give back is soon anybody's.
    """
    keeper = asyncio.create_task(_keep_leased(store, job, lease_seconds))
    try:
        yield
    finally:
        keeper.cancel()


async def _keep_leased(store: Store, job: ClaimedJob, lease_seconds: float) -> None:
    while True:
        await asyncio.sleep(lease_seconds / 3)
        try:
            await renew_job(store, job, lease_seconds)
        except LeaseLost:
            return
        except Exception:
            log.exception("job.not_renewed", job=job.name)


async def finish_job(
    store: Store, job: ClaimedJob, *, next_run_seconds: float, error: str | None, note: str
) -> None:
    """
    Give a job back, to run again in *next_run_seconds*; *error* is safe to show.

    Raises:
        LeaseLost: Another worker runs it now.
    """
    values = {"last_error": error, "last_note": note, "lease_until": None}
    await _update_held(store, job, values, last_run_at=0, next_run_at=next_run_seconds)


@dataclass(frozen=True, slots=True)
class ScheduleState:
    """When a job ran, when it runs again, and how its last run ended."""

    name: str
    last_run_at: datetime | None
    next_run_at: datetime
    last_error: str | None
    last_note: str | None
    lease_until: datetime | None = None
    """Until when a worker has it at least; in the past, or None, where it does not run."""
    paused_at: datetime | None = None
    paused_by: str | None = None
    pause_reason: str | None = None


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
    soon = update(_schedules).where(_schedules.c.name == name).values(next_run_at=store.time())
    async with store.write() as connection:
        await connection.execute(soon)


async def _update_held(
    store: Store, job: ClaimedJob, values: Mapping[str, Any], **times: float
) -> None:
    """Write *values*, and the present time and so many seconds into the columns of *times*."""
    statement = _held(frozenset(values), frozenset(times), store.asks_database_time)
    parameters = {
        "its_name": job.name,
        "its_fencing_token": job.fencing_token,
        **{f"to_{name}": value for name, value in values.items()},
        **store.moments(**{f"to_{name}": plus_seconds for name, plus_seconds in times.items()}),
    }
    async with store.write() as connection:
        if (await connection.execute(statement, parameters)).first() is None:
            raise LeaseLost


@lru_cache
def _ensure(is_postgres: bool, from_database: bool) -> Any:
    now = moment("now", from_database=from_database)
    statement = insert_into(Schedule, is_postgres=is_postgres).values(next_run_at=now)
    return statement.on_conflict_do_nothing(index_elements=["name"])


@lru_cache
def _held(columns: frozenset[str], times: frozenset[str], from_database: bool) -> Any:
    return (
        update(_schedules)
        .where(
            _schedules.c.name == given(_schedules, "name"),
            _schedules.c.fencing_token == given(_schedules, "fencing_token"),
        )
        .values(
            {name: given(_schedules, name, prefix="to_") for name in sorted(columns)}
            | {name: moment(f"to_{name}", from_database=from_database) for name in sorted(times)}
        )
        .returning(_schedules.c.name)
    )


def _is_due(from_database: bool) -> ColumnElement[bool]:
    now = moment("now", from_database=from_database)
    lease_until = _schedules.c.lease_until
    return and_(
        _schedules.c.next_run_at <= now,
        or_(lease_until.is_(None), lease_until <= now),
        _schedules.c.paused_at.is_(None),
    )


@lru_cache
def _due(from_database: bool) -> Any:
    due = select(_schedules.c.name).where(_is_due(from_database))
    return due.order_by(_schedules.c.next_run_at)


@lru_cache
def _claim(from_database: bool) -> Any:
    # Whoever comes second waits for the row, and then finds it leased.
    return (
        update(_schedules)
        .where(_schedules.c.name == given(_schedules, "name"), _is_due(from_database))
        .values(
            lease_until=moment("to_lease_until", from_database=from_database),
            fencing_token=_schedules.c.fencing_token + 1,
        )
        .returning(_schedules.c.name, _schedules.c.fencing_token)
    )
