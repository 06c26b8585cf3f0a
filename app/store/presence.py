"""What worker processes tell of themselves, and of the companies they call."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, update

from app.store.models import PeerState, WorkerBeat
from app.store.session import Store
from app.store.statements import insert_into, moment

FORGET_WORKERS_SECONDS = 7 * 86_400.0


async def beat(
    store: Store,
    worker_id: str,
    *,
    version: str,
    started_at: datetime,
    peers: Mapping[str, Mapping[str, Any]],
) -> None:
    """Note that the worker lives, and how its calls to the companies went."""
    seen = {
        "worker_id": worker_id,
        "version": version,
        "started_at": started_at,
        **store.moments(now=0),
    }
    async with store.write() as connection:
        await connection.execute(_beat(store.is_postgres, store.asks_database_time), seen)
        for name, state in sorted(peers.items()):
            row = {
                key: value
                for key, value in state.items()
                if value is not None or key == "away_since"
            }
            if row:
                statement = _tell(store.is_postgres, frozenset(row))
                await connection.execute(statement, {"name": name, **row})


@lru_cache
def _beat(is_postgres: bool, from_database: bool) -> Any:
    now = moment("now", from_database=from_database)
    return (
        insert_into(WorkerBeat, is_postgres=is_postgres)
        .values(beat_at=now)
        .on_conflict_do_update(
            index_elements=["worker_id"], set_={"beat_at": now, "stopped_at": None}
        )
    )


@lru_cache
def _tell(is_postgres: bool, columns: frozenset[str]) -> Any:
    statement = insert_into(PeerState, is_postgres=is_postgres)
    newest = {name: statement.excluded[name] for name in sorted(columns)}
    return statement.on_conflict_do_update(index_elements=["name"], set_=newest)


async def say_goodbye(store: Store, worker_id: str) -> None:
    """Note that the worker stopped on purpose, and forget those long gone."""
    async with store.write() as connection:
        await connection.execute(
            update(WorkerBeat)
            .where(WorkerBeat.worker_id == worker_id)
            .values(stopped_at=store.time())
        )
        await connection.execute(
            delete(WorkerBeat).where(WorkerBeat.beat_at < store.time(-FORGET_WORKERS_SECONDS))
        )
