"""
One worker role at a time on SQLite, held as a lock on a file beside the database.

Several processes could share the database file, but not usefully: they would only wait for one
another. On PostgreSQL any number of workers may run.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.engine import make_url


class WorkerRunning(Exception):
    """Another process has the worker role; the text says what to do."""


@contextmanager
def hold_worker_role(database_url: str, *, wanted: bool) -> Iterator[None]:
    """
    Hold the worker role while the block runs, where the database needs that.

    Raises:
        WorkerRunning: Another process holds it.
    """
    url = make_url(database_url)
    if not wanted or url.get_backend_name() != "sqlite" or not url.database:
        yield
        return
    path = Path(url.database + ".worker.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise WorkerRunning(
                "another worker is running on this SQLite database; start this one with "
                "`serve --no-worker`, or use PostgreSQL for several workers"
            ) from None
        yield
