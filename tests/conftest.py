"""The databases every test of the store runs on: a real SQLite file and a real PostgreSQL."""

import asyncio
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
import structlog
from hypothesis import settings
from sqlalchemy.engine import make_url

from app.clock import Clock, SystemClock
from app.store import session
from app.store.migrate import bring_up_to_date
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.postgres_server import memory_folder, run_server

DATABASES = ("sqlite", "postgres")
ABOVE_THE_STORE = ("test_console_", "test_cli_", "test_doctor")

# How long an example takes says something of the machine only.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leave the long tests to `make test-all`.

    So are most repetitions on PostgreSQL of what lies above the store: it is the same on both, and
    what differs between the databases has tests of its own.
    """
    if os.environ.get("TESTS") == "all":
        return
    kept, left = [], []
    repeated: Counter[int] = Counter()
    for item in items:
        every = _repeated_every(item)
        repeated[every] += 1
        is_left = _is_long(item) or repeated[every] % every
        (left if is_left else kept).append(item)
    if len(items) > 1 and left and kept:
        config.hook.pytest_deselected(items=left)
        items[:] = kept


def _repeated_every(item: pytest.Item) -> int:
    """Return 4 where every fourth of such tests is enough, 1 where all are needed."""
    if _database_of(item) != "postgres":
        return 1
    if item.path.parent.name == "flow":
        return 4
    return 3 if item.path.stem.startswith(ABOVE_THE_STORE) else 1


def _is_long(item: pytest.Item) -> bool:
    """Tell whether a test is marked as long, on its database if that is named."""
    marks = list(item.iter_markers("long"))
    return any(not mark.args or _database_of(item) in mark.args for mark in marks)


def _database_of(item: pytest.Item) -> object:
    given = item.callspec.params.values() if hasattr(item, "callspec") else ()
    return next((one for one in given if one in DATABASES), None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the address of a PostgreSQL where databases may be created."""
    with run_server() as address:
        yield address


class Databases:
    """Makes databases with the schema in place, by copying one that was migrated once."""

    def __init__(self, folder: Path, postgres_server: str) -> None:
        self._folder = folder
        self._server = postgres_server
        # Copying files wants a checkpoint, which is cheap only where nothing is flushed.
        is_own = "TEST_POSTGRES_URL" not in os.environ
        self._strategy = "STRATEGY FILE_COPY" if is_own else ""
        self._sqlite_template: Path | None = None
        self._postgres_template: str | None = None

    def make(self, kind: str, *, is_empty: bool = False) -> str:
        """Return the address of a new database, without any table where *is_empty*."""
        return self._make_sqlite(is_empty) if kind == "sqlite" else self._make_postgres(is_empty)

    def drop(self, url: str) -> None:
        """Remove a database again."""
        name = make_url(url).database
        if url.startswith("postgresql"):
            self._admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _make_sqlite(self, is_empty: bool) -> str:
        path = self._folder / f"{uuid4().hex}.db"
        if not is_empty:
            if self._sqlite_template is None:
                self._sqlite_template = self._folder / "template.db"
                bring_up_to_date(f"sqlite:///{self._sqlite_template}")
            shutil.copy(self._sqlite_template, path)
        return f"sqlite:///{path}"

    def _make_postgres(self, is_empty: bool) -> str:
        name = f"antbridge_{uuid4().hex}"
        template = ""
        if not is_empty:
            if self._postgres_template is None:
                self._postgres_template = f"antbridge_template_{uuid4().hex}"
                self._admin(f'CREATE DATABASE "{self._postgres_template}"')
                bring_up_to_date(self._url_of(self._postgres_template))
            template = f' TEMPLATE "{self._postgres_template}" {self._strategy}'
        self._admin(f'CREATE DATABASE "{name}"{template}')
        return self._url_of(name)

    def _url_of(self, name: str) -> str:
        return make_url(self._server).set(database=name).render_as_string(hide_password=False)

    def _admin(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement)

    def clean(self) -> None:
        """Remove the template."""
        if self._postgres_template is not None:
            self._admin(f'DROP DATABASE IF EXISTS "{self._postgres_template}" WITH (FORCE)')


@pytest.fixture(scope="session")
def databases(postgres_server: str) -> Iterator[Databases]:
    """Return what makes databases."""
    with tempfile.TemporaryDirectory(prefix="antbridge-db-", dir=memory_folder()) as folder:
        made = Databases(Path(folder), postgres_server)
        yield made
        made.clean()


@pytest.fixture(autouse=True)
def patience(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test stand still inside a transaction, as on a busy machine it does, without harm."""
    if request.path.stem != "test_idle_transactions":
        monkeypatch.setattr(session, "IDLE_IN_TRANSACTION_SECONDS", 60)


@pytest.fixture(autouse=True)
def logs_of_its_own(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Leave no test the form of log lines that another one set.

    A logger that was bound to a form for good would also keep its lines from `capture_logs`.
    """
    before, configure = structlog.get_config(), structlog.configure

    def configure_unbound(*arguments: Any, **named: Any) -> None:
        configure(*arguments, **{**named, "cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", configure_unbound)
    yield
    configure(**before)


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest, databases: Databases) -> Iterator[str]:
    """Return a migrated, empty database of each kind."""
    url = databases.make(request.param)
    yield url
    databases.drop(url)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock the test moves."""
    return FakeClock()


@pytest.fixture
async def store(database_url: str, clock: FakeClock) -> AsyncIterator[Store]:
    """Return a store on each database, under the test's clock."""
    made = Store(database_url, clock)
    yield made
    await made.close()


@pytest.fixture
async def real_time_store(database_url: str) -> AsyncIterator[Store]:
    """Return a store on each database, under the real clock, as in production."""
    real: Clock = SystemClock()
    made = Store(database_url, real)
    yield made
    await made.close()
    await asyncio.sleep(0)
