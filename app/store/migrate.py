"""
Brings the schema up to date, safely when several processes start at once.

Within a release migrations only add, so an older version may start on a newer schema: a
revision this version does not know is left alone.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

_MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
_ADVISORY_LOCK = 7_215_403_118
_LOCK_TIMEOUT_SECONDS = 30

log = structlog.get_logger(__name__)


def sync_url(database_url: str) -> URL:
    """Return *database_url* for a driver that does not need an event loop."""
    url = make_url(database_url)
    is_postgres = url.get_backend_name() in ("postgresql", "postgres")
    return url.set(drivername="postgresql+psycopg" if is_postgres else "sqlite")


def alembic_config(connection: Connection | None = None) -> Config:
    """Return the configuration for the migrations of this version."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def known_revisions() -> tuple[str, ...]:
    """Return the revisions this version knows, newest first."""
    script = ScriptDirectory.from_config(alembic_config())
    return tuple(entry.revision for entry in script.walk_revisions())


@contextmanager
def migration_connection(database_url: str) -> Iterator[Connection]:
    """Open a connection that holds the migration lock until it is closed."""
    url = sync_url(database_url)
    engine = create_engine(url, poolclass=NullPool)
    try:
        if url.get_backend_name() == "sqlite":
            _begin_explicitly(engine)
            with _file_lock(url.database), engine.connect() as connection:
                yield connection
        else:
            with engine.connect() as connection:
                connection.execute(text(f"SET lock_timeout = '{_LOCK_TIMEOUT_SECONDS}s'"))
                connection.execute(text(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})"))
                connection.commit()
                yield connection
    finally:
        engine.dispose()


def _begin_explicitly(engine: Engine) -> None:
    """Have SQLite's tables made inside the transaction: the driver would begin one too late."""

    @event.listens_for(engine, "connect")
    def _prepare(dbapi_connection: Any, _: Any) -> None:
        dbapi_connection.isolation_level = None

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


@contextmanager
def _file_lock(database: str | None) -> Iterator[None]:
    if not database:
        yield
        return
    path = Path(database + ".migrate.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def bring_up_to_date(database_url: str) -> str:
    """Run the missing migrations, all or none; return the revision the schema then has."""
    with migration_connection(database_url) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
        connection.rollback()
        if current is not None and current not in known_revisions():
            log.info("schema.newer_found", revision=current)
            return current
        with connection.begin():
            command.upgrade(alembic_config(connection), "head")
        return known_revisions()[0]
