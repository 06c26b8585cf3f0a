"""What worker processes tell of themselves, and of the companies they call."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, update

from app.store.inbox import insert_into
from app.store.models import PeerState, WorkerBeat
from app.store.session import Store

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
    worker = insert_into(store, WorkerBeat).values(
        worker_id=worker_id, version=version, started_at=started_at, beat_at=store.time()
    )
    async with store.write() as connection:
        await connection.execute(
            worker.on_conflict_do_update(
                index_elements=["worker_id"], set_={"beat_at": store.time(), "stopped_at": None}
            )
        )
        for name, state in sorted(peers.items()):
            row = {
                key: value
                for key, value in state.items()
                if value is not None or key == "away_since"
            }
            if row:
                statement = insert_into(store, PeerState).values(name=name, **row)
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=["name"], set_=row)
                )


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
