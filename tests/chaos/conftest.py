"""What every scenario has: a seed, both databases, and a line in the table at the end."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.chaos.fleet import Fleet, run_fleet
from tests.chaos.report import table
from tests.chaos.scale import SEED
from tests.chaos.stage import Stage, set_stage
from tests.conftest import Databases

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is in this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.chaos)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what each scenario came to."""
    if lines := table():
        terminalreporter.section(f"chaos, seed {SEED}")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture
async def stage(database_url: str) -> AsyncIterator[Stage]:
    """Return both companies, served, for each database."""
    async with set_stage(database_url, SEED) as made:
        yield made


@pytest.fixture
def database(database_url: str) -> str:
    """Return the database's name for the table."""
    return "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"


@pytest.fixture
async def fleet(stage: Stage, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Return a fleet without processes, between the companies of the stage."""
    async with run_fleet(tmp_path, stage.environment, SEED) as made:
        yield made


@pytest.fixture
def postgres_url(databases: Databases) -> Iterator[str]:
    """Return a migrated, empty database on PostgreSQL, for what only several replicas can do."""
    url = databases.make("postgres")
    yield url
    databases.drop(url)


@pytest.fixture
async def postgres_stage(postgres_url: str) -> AsyncIterator[Stage]:
    """Return both companies, served, and PostgreSQL."""
    async with set_stage(postgres_url, SEED) as made:
        yield made


@pytest.fixture
async def postgres_fleet(postgres_stage: Stage, tmp_path: Path) -> AsyncIterator[Fleet]:
    """Return a fleet without processes on PostgreSQL."""
    async with run_fleet(tmp_path, postgres_stage.environment, SEED) as made:
        yield made
