"""The databases the cases run on: a real SQLite file and a real PostgreSQL, emptied in between."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event, insert, text
from sqlalchemy.engine import make_url

from app.store.migrate import bring_up_to_date, sync_url
from app.store.models import Base
from app.store.models_skus import SkuTableState
from tests.postgres_server import memory_folder

SQLITE_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


class Place:
    """A migrated database that is emptied before every case."""

    def __init__(self, database_url: str) -> None:
        bring_up_to_date(database_url)
        self.is_postgres = make_url(database_url).get_backend_name() == "postgresql"
        self._engine: Engine = create_engine(sync_url(database_url))
        self.commits = 0
        """Transactions the database was told to commit, counted below the store."""
        event.listen(self._engine, "commit", self._count_commit)
        if not self.is_postgres:
            _prepare_sqlite(self._engine)
        self.connection: Connection = self._engine.connect()

    def empty(self) -> None:
        """Be as just migrated: no rows but the one the schema comes with, numbers from 1."""
        tables = [table.name for table in Base.metadata.sorted_tables]
        if self.is_postgres:
            names = ", ".join(tables)
            self.connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
        else:
            for table in reversed(tables):
                self.connection.execute(text(f"DELETE FROM {table}"))
        self.connection.execute(insert(SkuTableState).values(id=1, change_count=0))
        self.connection.commit()
        self.commits = 0

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()
        self._engine.dispose()

    def _count_commit(self, _: Any) -> None:
        self.commits += 1


def _prepare_sqlite(engine: Engine) -> None:
    """Have the driver leave transactions alone, and the file as safe as the service has it."""

    @event.listens_for(engine, "connect")
    def _set(dbapi_connection: Any, _: Any) -> None:
        dbapi_connection.isolation_level = None
        for pragma in SQLITE_PRAGMAS:
            dbapi_connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")


@contextmanager
def open_place(database: str, server_url: str | None = None) -> Iterator[Place]:
    """Make a database of its own, on the server given where it is PostgreSQL, and remove it."""
    if database == "sqlite":
        with tempfile.TemporaryDirectory(
            prefix="antbridge-crashes-", dir=memory_folder()
        ) as folder:
            place = Place(f"sqlite:///{folder}/antbridge.db")
            try:
                yield place
            finally:
                place.close()
        return
    assert server_url is not None, "PostgreSQL needs a server"
    name = f"antbridge_crashes_{uuid4().hex}"
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        place = Place(url)
        try:
            yield place
        finally:
            place.close()
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
