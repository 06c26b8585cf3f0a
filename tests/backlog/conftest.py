"""A drained backlog logs thousands of lines that nobody reads."""

from collections.abc import Iterator

import pytest
import structlog

from tests.simulation.run import silence_logs


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    silence_logs()
    yield
    structlog.reset_defaults()
