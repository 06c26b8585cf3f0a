"""
A process of the service that can die at any moment, and what it holds in its hands.

A crash is a `BaseException`, so that no handler swallows it. From then on nothing the process
still tries has any effect: its store and its connections refuse, and its tasks are cancelled.
What was sent before is on its way and may still take effect.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from app.store.session import Store
from app.store.sqlite_driver import T, Work
from tests.simulation.virtual_loop import VirtualClock


class Crash(BaseException):
    """The process is gone."""


class Process:
    """One running process: its tasks, and whether it still lives."""

    def __init__(self, name: str, on_point: Callable[["Process", str], None]) -> None:
        self.name = name
        self.is_alive = True
        self.frozen_until = 0.0
        self.tasks: set[asyncio.Task[Any]] = set()
        self._on_point = on_point

    def point(self, name: str) -> None:
        """
        Pass a point at which the process may die.

        Raises:
            Crash: It died here, or before.
        """
        if not self.is_alive:
            raise Crash
        self._on_point(self, name)

    async def stand_still(self) -> None:
        """Go on only once the process is not frozen any more."""
        seconds = self.frozen_until - asyncio.get_running_loop().time()
        if seconds > 0:
            await asyncio.sleep(seconds)

    def die(self) -> None:
        """Die now: nothing this process does from here on has an effect."""
        self.is_alive = False
        for task in self.tasks:
            task.cancel()


current_process: ContextVar[Process | None] = ContextVar("current_process", default=None)


def track_tasks(
    loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **kwargs: Any
) -> asyncio.Task[Any]:
    """Make a task that dies with the process that made it."""
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **kwargs)
    process = current_process.get()
    if process is not None:
        if not process.is_alive:
            task.cancel()
        process.tasks.add(task)
        task.add_done_callback(process.tasks.discard)
    return task


class _Connection:
    """The part of SQLAlchemy's async connection the store uses, answered at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: Any, parameters: Any = None) -> Any:
        return self._connection.execute(statement, parameters)

    def rows_of(self, sql: str, parameters: Mapping[str, Any]) -> Sequence[Any]:
        result = self._connection.exec_driver_sql(sql, dict(parameters))
        return result.all() if result.returns_rows else ()


class ProcessStore(Store):
    """
    The real store's API on a shared SQLite in memory; a transaction is one indivisible step.

    *fate_of_commit* says what happens to a transaction: `ok`, `fails before`, `fails`,
    `fails after` (it took effect) or `busy`; *is_gone* whether there is a store at all now.
    """

    def __init__(
        self,
        connection: Connection,
        clock: VirtualClock,
        process: Process,
        fate_of_commit: Callable[[Process], str],
        is_gone: Callable[[], bool],
    ) -> None:
        self.is_postgres = False
        self.clock = clock
        self.commit_count = 0
        self._connection = connection
        self._process = process
        self._fate_of_commit = fate_of_commit
        self._is_gone = is_gone

    def now(self) -> Any:
        return self.clock.now()

    async def compare_clocks(self) -> float:
        return 0.0

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        await self._process.stand_still()
        self._process.point("before commit")
        self._reach()
        fate = self._fate_of_commit(self._process)
        if fate in ("fails before", "busy"):
            raise OperationalError("BEGIN", None, Exception(fate))
        with self._transaction() as connection:
            yield _Connection(connection)
            self._process.point("at commit, without effect")
            if fate == "fails":
                raise OperationalError("COMMIT", None, Exception(fate))
            connection.commit()
            self.commit_count += 1
        if fate == "fails after":
            raise OperationalError("COMMIT", None, Exception(fate))
        self._process.point("after commit")

    @asynccontextmanager
    async def write_at_once(self) -> AsyncIterator[Any]:
        async with self.write() as connection:
            yield connection

    async def write_in_one_trip(self, work: Work[T]) -> T:
        async with self.write() as connection:
            return work(connection.rows_of)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Any]:
        await self._process.stand_still()
        self._process.point("before read")
        self._reach()
        with self._transaction() as connection:
            yield _Connection(connection)

    def _reach(self) -> None:
        if self._is_gone():
            raise OperationalError("CONNECT", None, Exception("gone"))

    @contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """Use the one connection; what is not committed is undone."""
        try:
            yield self._connection
        finally:
            self._connection.rollback()

    async def close(self) -> None:
        return None
