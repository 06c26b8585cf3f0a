"""Connections to PostgreSQL that the server ended while they stood still."""

import asyncio

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

import app.store.session as session_module
from app.store.session import Store

POSTGRES = pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
_END_ALL_OTHERS = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def _use(store: Store, connections: int) -> None:
    """Have *connections* at work at once, so that as many stand still afterwards."""

    async def use() -> None:
        async with store.read() as connection:
            await connection.execute(select(func.pg_sleep(0.05)))

    await asyncio.gather(*(use() for _ in range(connections)))


async def _end_connections(other_store: Store) -> int:
    """Have the server end all connections but the asking one; return how many there were."""
    async with other_store.write() as connection:
        ended: int = (await connection.execute(_END_ALL_OTHERS)).scalar_one()
    return ended


@POSTGRES
async def test_connections_that_were_ended_are_renewed(
    store: Store, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of them were ended while nobody used them: nobody who comes next notices."""
    monkeypatch.setattr(session_module, "ASK_AFTER_SECONDS", 0.0)
    await _use(store, 6)
    assert await _end_connections(other_store) == 6

    await _use(store, 6)


@POSTGRES
async def test_a_connection_used_a_moment_ago_is_not_asked(
    store: Store, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs no trip; one that was ended in that moment is a failure, and renewed after it."""
    monkeypatch.setattr(session_module, "ASK_AFTER_SECONDS", 3600.0)
    await _use(store, 1)
    assert await _end_connections(other_store) == 1

    with pytest.raises(DBAPIError):
        await _use(store, 1)
    await _use(store, 1)
