"""
The database: connections, transactions, and whose clock is asked for the time.

SQLite has two engines. Writers begin at once with `BEGIN IMMEDIATE` on the only writing
connection, so that a transaction never fails half way for a lock; readers have connections of
their own, or a read inside a write would wait for itself. PostgreSQL has one.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from sqlalchemy import ColumnElement, Engine, event, func, literal, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.clock import Clock, SystemClock
from app.metrics import COMMITS
from app.store import sqlite_driver
from app.store.models import UtcDateTime
from app.store.sqlite_driver import QuickConnection, T, Work

SQLITE_BUSY_TIMEOUT_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 5
IDLE_IN_TRANSACTION_SECONDS = 5
"""A transaction takes milliseconds. One that stands still belongs to a process that is frozen or
cut off, and its locks would keep every other process from the orders it touched."""
ASK_AFTER_SECONDS = 1.0
"""A connection unused for longer may have lost its server since."""


class Store:
    """One database."""

    def __init__(self, database_url: str, clock: Clock) -> None:
        """Open *database_url* lazily; *clock* rules, but PostgreSQL's own where it is real."""
        url = make_url(database_url)
        self.is_postgres = url.get_backend_name() in ("postgresql", "postgres")
        self.clock = clock
        self.commit_count = 0
        self._ahead = timedelta(0)
        if self.is_postgres:
            self.psycopg_conninfo = url.set(drivername="postgresql").render_as_string(
                hide_password=False
            )
            url = url.set(drivername="postgresql+psycopg")
            self._writer = create_async_engine(
                url,
                pool_size=20,
                max_overflow=4,
                pool_timeout=10,
                hide_parameters=True,
                connect_args={"connect_timeout": CONNECT_TIMEOUT_SECONDS},
            )
            event.listen(self._writer.sync_engine, "connect", _limit_idle_transactions)
            _renew_stale_connections(self._writer.sync_engine)
            self._reader = self._writer
        else:
            url = url.set(drivername="sqlite+aiosqlite")
            if url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
            self._writer = _sqlite_engine(str(url), is_writer=True)
            self._reader = _sqlite_engine(str(url), is_writer=False)
        event.listen(self._writer.sync_engine, "commit", self._count_commit)

    def _count_commit(self, _: Any) -> None:
        self.commit_count += 1
        COMMITS.inc()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that commits when the block ends well and rolls back otherwise."""
        async with self._writer.begin() as connection:
            yield connection

    @asynccontextmanager
    async def write_at_once(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection on which each statement commits by itself, in its own trip."""
        async with self._writer.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            async with connection.begin():  # no trip; its end is counted as a commit
                yield connection

    async def write_in_one_trip(self, work: Work[T]) -> T:
        """Run *work* as one transaction on SQLite's own thread; only where SQLite is used."""
        async with self._writer.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, QuickConnection), "SQLite's connections are ours"
            result = await driver.run_transaction(work)
        self._count_commit(None)
        return result

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Open a connection for reading."""
        async with self._reader.connect() as connection:
            yield connection

    async def close(self) -> None:
        """Close all connections."""
        await self._writer.dispose()
        if self._reader is not self._writer:
            await self._reader.dispose()

    def now(self) -> datetime:
        """Return the time the replicas agree on: this machine's, set by the database's clock."""
        return self.clock.now() + self._ahead

    async def compare_clocks(self) -> float:
        """Take the database's clock as the common one; return by how many seconds it is ahead."""
        if self.is_postgres and isinstance(self.clock, SystemClock):
            async with self.read() as connection:
                before = self.clock.now()
                theirs = (await connection.execute(select(self.time()))).scalar_one()
                self._ahead = theirs - (before + (self.clock.now() - before) / 2)
        return self._ahead.total_seconds()

    @property
    def asks_database_time(self) -> bool:
        """Whether the database's clock is asked in every statement, or the service's own."""
        return self.is_postgres and isinstance(self.clock, SystemClock)

    def time(self, plus_seconds: float = 0.0) -> ColumnElement[datetime]:
        """Return the SQL for the present time, *plus_seconds* later, for a statement of now."""
        if self.asks_database_time:
            now: ColumnElement[datetime] = func.clock_timestamp(type_=UtcDateTime())
            return now + literal(timedelta(seconds=plus_seconds)) if plus_seconds else now
        return literal(self.clock.now() + timedelta(seconds=plus_seconds), UtcDateTime())

    def moments(self, **plus_seconds: float) -> dict[str, datetime | timedelta]:
        """Return the parameters of `moment`s: each the present time and so much later."""
        if self.asks_database_time:
            return {name: timedelta(seconds=plus) for name, plus in plus_seconds.items()}
        now = self.clock.now()
        return {name: now + timedelta(seconds=plus) for name, plus in plus_seconds.items()}


def _limit_idle_transactions(dbapi_connection: Any, _: Any) -> None:
    """Have the server end a session that stands still inside a transaction, locks and all."""
    dbapi_connection.autocommit = True  # outside a transaction, or a rollback would take it back
    cursor = dbapi_connection.cursor()
    seconds = IDLE_IN_TRANSACTION_SECONDS
    cursor.execute(f"SET idle_in_transaction_session_timeout = '{seconds}s'")
    cursor.close()
    dbapi_connection.autocommit = False


def _renew_stale_connections(engine: Engine) -> None:
    """
    Ask a connection that stood still whether it is alive before it is used; renew all if not.

    One used a moment ago is not asked: that would be a trip more for every transaction.
    """

    @event.listens_for(engine, "checkin")
    def _note_use(_: Any, record: ConnectionPoolEntry) -> None:
        record.info["used_at"] = monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(dbapi_connection: Any, record: ConnectionPoolEntry, _: Any) -> None:
        stood_still = monotonic() - record.info.get("used_at", monotonic())
        if stood_still < ASK_AFTER_SECONDS:
            return
        try:
            engine.dialect.do_ping(dbapi_connection)
        except engine.dialect.loaded_dbapi.Error as trouble:
            raise InvalidatePoolError from trouble


def _sqlite_engine(url: str, *, is_writer: bool) -> AsyncEngine:
    engine = create_async_engine(
        url,
        pool_size=1 if is_writer else 4,
        max_overflow=0,
        pool_timeout=30,
        hide_parameters=True,  # an error's text must not quote what somebody sent
        connect_args={
            "timeout": SQLITE_BUSY_TIMEOUT_SECONDS,
            "async_creator_fn": sqlite_driver.connect,
        },
    )

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(dbapi_connection: Any, _: Any) -> None:
        dbapi_connection.isolation_level = None
        cursor = dbapi_connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={int(SQLITE_BUSY_TIMEOUT_SECONDS * 1000)}",
            "foreign_keys=ON",
            "secure_delete=ON",  # what was pruned must not stay readable in the file
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")

    return engine
