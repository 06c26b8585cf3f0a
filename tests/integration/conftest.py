"""The second process of tests where two meet: the same database, opened once more."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from sqlalchemy import text

from app.clock import SystemClock
from app.store.session import Store
from tests.fake_clock import FakeClock


@pytest.fixture
async def other_store(database_url: str, clock: FakeClock) -> AsyncIterator[Store]:
    """Return the database of `store` as another process holds it."""
    made = Store(database_url, clock)
    yield made
    await made.close()


@pytest.fixture
async def other_real_time_store(database_url: str) -> AsyncIterator[Store]:
    """Return the database of `real_time_store` as another process holds it."""
    made = Store(database_url, SystemClock())
    yield made
    await made.close()


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    """Wait for something that nobody signals."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)


async def until_somebody_waits(store: Store, count: int = 1) -> None:
    """Wait until *count* statements in this PostgreSQL database wait for a lock."""
    statement = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    async with asyncio.timeout(20):
        while True:
            async with store.read() as connection:
                if (await connection.execute(statement)).scalar_one() >= count:
                    return
            await asyncio.sleep(0.01)
