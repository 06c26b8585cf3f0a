"""A session that stands still inside a transaction is ended by the server, locks and all."""

from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.clock import SystemClock
from app.store.session import IDLE_IN_TRANSACTION_SECONDS, Store
from tests.conftest import Databases


@pytest.fixture
async def postgres_store(databases: Databases) -> AsyncIterator[Store]:
    """Return a store on PostgreSQL, where processes lock each other out."""
    url = databases.make("postgres")
    store = Store(url, SystemClock())
    yield store
    await store.close()
    databases.drop(url)


async def test_every_session_has_the_limit(postgres_store: Store) -> None:
    """Each connection is limited from its first transaction on, and stays so after a rollback."""
    limits = []
    for _ in range(2):
        with suppress(ZeroDivisionError):
            async with postgres_store.write() as connection:
                limits.append(await _limit_of(connection))
                raise ZeroDivisionError
    async with postgres_store.read() as connection:
        limits.append(await _limit_of(connection))

    assert limits == [f"{IDLE_IN_TRANSACTION_SECONDS}s"] * 3


async def test_the_limit_is_no_transaction_of_its_own(postgres_store: Store) -> None:
    """Setting it leaves the connection in the driver's usual mode: what fails is rolled back."""
    with suppress(ZeroDivisionError):
        async with postgres_store.write() as connection:
            await connection.execute(text("DELETE FROM alembic_version"))
            raise ZeroDivisionError
    async with postgres_store.read() as connection:
        versions = await connection.execute(text("SELECT count(*) FROM alembic_version"))
        assert versions.scalar_one() == 1


async def _limit_of(connection: AsyncConnection) -> str:
    shown = await connection.execute(text("SHOW idle_in_transaction_session_timeout"))
    return str(shown.scalar_one())
