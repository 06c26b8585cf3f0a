"""What flow tests share."""

from collections.abc import AsyncIterator

import pytest

from app.store.session import Store
from tests.conftest import Databases
from tests.fake_clock import FakeClock


@pytest.fixture
async def sqlite_store(databases: Databases, clock: FakeClock) -> AsyncIterator[Store]:
    """Return a store for tests of the flow alone, where the kind of database does not matter."""
    made = Store(databases.make("sqlite"), clock)
    yield made
    await made.close()
