"""
aiosqlite with one trip to its thread a statement.

SQLite runs on a thread of its own, and each trip there waits for its turn at the interpreter
twice. aiosqlite makes four a statement (open, execute, fetch, close); this makes one, and none
for a rollback of nothing. Results are read whole, as SQLAlchemy does with every async driver.
A whole transaction can be one trip too, for those whose number decides how fast the service is.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import aiosqlite

T = TypeVar("T")
Execute = Callable[[str, Mapping[str, Any]], Sequence[Any]]
"""Runs one statement with its named parameters and returns its rows."""
Work = Callable[[Execute], T]
"""What is to be done in a transaction, given what runs its statements."""


class QuickCursor:
    """What SQLAlchemy asks of a cursor; all that waits is `execute` and `executemany`."""

    def __init__(self, connection: "QuickConnection") -> None:
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> "QuickCursor":
        return self

    async def execute(self, sql: str, parameters: Iterable[Any] = ()) -> "QuickCursor":
        """Run one statement and read its rows."""
        await self._connection.run(self._run, "execute", sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> "QuickCursor":
        """Run one statement for each of *parameters*."""
        await self._connection.run(self._run, "executemany", sql, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """Return the rows, read already."""
        return self._rows

    async def close(self) -> None:
        """Do nothing: closed as soon as the rows were read."""

    def _run(self, method: str, sql: str, parameters: Any) -> None:
        cursor = self._connection.open_cursor()
        try:
            getattr(cursor, method)(sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else ()
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()


class QuickConnection(aiosqlite.Connection):
    """A connection whose cursors are quick."""

    def cursor(self) -> Any:
        """Return a cursor; nothing happens at the database yet."""
        return QuickCursor(self)

    def open_cursor(self) -> sqlite3.Cursor:
        """Return a cursor of the driver; only on the connection's thread."""
        return self._conn.cursor()

    async def run(self, function: Callable[..., T], *arguments: Any) -> T:
        """Run *function* on the connection's thread."""
        result: T = await self._execute(function, *arguments)  # type: ignore[no-untyped-call]
        return result

    async def run_transaction(self, work: Work[T]) -> T:
        """
        Run *work* between BEGIN IMMEDIATE and COMMIT, all in one trip.

        Raises:
            Exception: What *work* raised, or the database; nothing is written then.
        """
        return await self.run(self._transact, work)

    def _transact(self, work: Work[T]) -> T:
        try:
            self._conn.execute("BEGIN IMMEDIATE")
            result = work(self._rows_of)
            self._conn.execute("COMMIT")
        finally:
            if self._conn.in_transaction:
                self._conn.rollback()
        return result

    def _rows_of(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
        return self._conn.execute(sql, parameters).fetchall()

    async def rollback(self) -> None:
        """Roll back, where there is something to."""
        if self.in_transaction:
            await super().rollback()


def connect(database: str, **options: Any) -> QuickConnection:
    """Prepare a connection to *database*; awaiting it connects."""
    connection = QuickConnection(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy does with a connection it makes itself
    return connection
