"""What the database tells: whether it can be relied on, and whether work gets done."""

import shutil
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from app.doctor.diagnosis import Diagnosis, error, warning
from app.store.health import read_revision
from app.store.models import Order
from app.store.queries import load_peers, load_workers
from app.store.schedules import load_schedules
from app.store.session import Store

FREE_BYTES_ERROR = 100 * 1024**2
FREE_BYTES_WARNING = 1024**3
STALE_WORKER_SECONDS = 60.0
STUCK_LEASE_SECONDS = 600.0
CLOCK_SKEW_SECONDS = 5.0
FULL_SYNC = 2
_SAFE_ON_POSTGRES = ("fsync", "full_page_writes", "synchronous_commit")
_MIGRATE = "run `antbridge migrate`, or start the service, which does so itself"


class _RollBack(Exception):
    """Ends a trial write without keeping it."""


async def examine_database(
    store: Store, database_url: str, known_revisions: Sequence[str]
) -> AsyncIterator[Diagnosis]:
    """Judge the database; what it holds is judged only if it can be read as this version reads."""
    try:
        async with store.read() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError) as trouble:
        yield error(
            "database_unreachable",
            f"the database cannot be opened: {_words(trouble)}",
            "check DATABASE_URL, and that the server runs or the folder can be written",
        )
        return
    async for found in examine_durability(store):
        yield found
    for one in _examine_disk(database_url, is_postgres=store.is_postgres):
        yield one
    try:
        revision = await read_revision(store)
    except SQLAlchemyError:
        revision = None
    if revision is None:
        yield error("schema_missing", "the database holds no schema yet", _MIGRATE)
        return
    if revision in known_revisions[1:]:
        problem = f"the schema is {revision}, this version needs {known_revisions[0]}"
        yield error("schema_old", problem, _MIGRATE)
        return
    if revision not in known_revisions:
        yield warning(
            "schema_newer",
            f"a newer version brought the schema to {revision}",
            "update this one too, once you know that you stay with the newer",
        )
    async for found in _examine_work(store):
        yield found


async def examine_durability(store: Store) -> AsyncIterator[Diagnosis]:
    """Judge whether what was committed survives a power cut."""
    try:
        async with store.write() as connection:
            await connection.execute(text("CREATE TABLE doctor_tries_to_write (id INTEGER)"))
            raise _RollBack
    except _RollBack:
        pass
    except SQLAlchemyError as trouble:
        yield error(
            "database_read_only",
            f"the database cannot be written: {_words(trouble)}",
            "give the service's user the right to write, or make room; another program may hold it",
        )
        return
    if store.is_postgres:
        async with store.read() as connection:
            for name in _SAFE_ON_POSTGRES:
                value = (await connection.execute(text(f"SHOW {name}"))).scalar_one()
                if value == "off":
                    yield error(
                        "database_not_durable",
                        f"PostgreSQL runs with {name} = off: a power cut loses stored webhooks",
                        f"set {name} = on in postgresql.conf",
                    )
        skew = abs(await store.compare_clocks())
        if skew > CLOCK_SKEW_SECONDS:
            yield error(
                "database_clock",
                f"the database's clock and this machine's are {skew:.0f} s apart",
                "have both machines keep their time by NTP",
            )
        return
    async with store.write() as connection:
        level = (await connection.execute(text("PRAGMA synchronous"))).scalar_one()
        mode = (await connection.execute(text("PRAGMA journal_mode"))).scalar_one()
    if level < FULL_SYNC or mode != "wal":
        yield error(
            "database_not_durable",
            f"SQLite runs with synchronous={level} and journal_mode={mode}",
            "keep the database file on a local file system that supports WAL",
        )


def _examine_disk(database_url: str, *, is_postgres: bool) -> Sequence[Diagnosis]:
    path = make_url(database_url).database
    if is_postgres or not path:
        return ()
    folders = Path(path).resolve().parents
    free = shutil.disk_usage(next(folder for folder in folders if folder.is_dir())).free
    if free >= FREE_BYTES_WARNING:
        return ()
    problem = f"{free // 1024**2} MiB are free beside the database"
    cure = "make room: on a full disk webhooks are answered 503 and no order moves"
    make = error if free < FREE_BYTES_ERROR else warning
    return (make("disk_full", problem, cure),)


async def _examine_work(store: Store) -> AsyncIterator[Diagnosis]:
    now = store.now()
    workers = await load_workers(store)
    fresh = [
        worker
        for worker in workers
        if now - worker["beat_at"] <= timedelta(seconds=STALE_WORKER_SECONDS)
    ]
    if not fresh:
        yield warning(
            "no_worker",
            "no worker has told of itself for a minute: webhooks are stored, no order moves",
            "start `antbridge serve`, or `antbridge worker` beside `serve --no-worker`",
        )
    async with store.read() as connection:
        stuck = (
            await connection.execute(
                select(func.count()).where(
                    Order.lease_until < store.time(-STUCK_LEASE_SECONDS),
                    Order.leased_by.is_not(None),
                )
            )
        ).scalar_one()
    if stuck and fresh:
        yield error(
            "stuck_leases",
            f"{stuck} orders are leased by workers that are gone, and nobody takes them over",
            "restart the workers; if it stays so, look at their logs",
        )
    for name, peer in sorted((await load_peers(store)).items()):
        if peer["away_since"] is not None:
            yield error(
                "company_away",
                f"{name} does not answer since {peer['away_since']:%Y-%m-%d %H:%M} UTC: "
                f"{peer['last_error']}",
                "orders wait and go on by themselves; ask the company if it lasts",
            )
        elif peer["budget_left"] == 0:
            yield warning(
                "budget_used_up",
                f"no call to {name} is left for the moment",
                "wait; where other programs share the login, lower the limits here",
            )
    for name, schedule in sorted((await load_schedules(store)).items()):
        if schedule.last_error:
            yield warning(
                "job_failed",
                f"the job {name} failed when it ran last: {schedule.last_error}",
                "it is run again by itself; `antbridge doctor` names what else is wrong",
            )


def _words(trouble: Exception) -> str:
    """Return the driver's own words, on one line and without what was sent."""
    return str(getattr(trouble, "orig", trouble)).strip().partition("\n")[0]
