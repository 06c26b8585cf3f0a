"""The databases the cases are played on, and a life in which nothing goes wrong."""

from collections.abc import Iterator

import pytest
import structlog

from tests.crashes.life import Life, live
from tests.crashes.places import Place, open_place
from tests.crashes.points import Case, Setting
from tests.simulation.run import silence_logs


@pytest.fixture(autouse=True, scope="module")
def _quiet() -> Iterator[None]:
    """Log nothing: a case's trace is what one reads."""
    silence_logs()
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Return a SQLite file."""
    with open_place("sqlite") as made:
        yield made


@pytest.fixture(scope="module")
def postgres_place(postgres_server: str) -> Iterator[Place]:
    """Return a PostgreSQL database."""
    with open_place("postgres", postgres_server) as made:
        yield made


@pytest.fixture(scope="module")
def faultless(place: Place) -> Life:
    """Return a plain order's life in which nothing goes wrong."""
    return live(Case(Setting("sqlite")), place)
