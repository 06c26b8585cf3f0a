"""
Counts of all orders and events ever, without reading them all.

Rows of both tables are never deleted, and what they are counted by never changes. So the count up
to some id is kept, and what is counted each time is only the rows after it. The retention job
moves that id forward.
"""

from collections import Counter
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models import Event, Order, Tally
from app.store.session import Store
from app.store.statements import insert_into

SETTLED_SECONDS = 600.0
"""Ids are handed out before a transaction commits: younger rows may still have company to come."""
_ALL = "all"
_TABLES: dict[str, tuple[Any, Any, Any]] = {
    # name: the table, when a row was added, what rows are counted by
    "orders": (Order, Order.created_at, Order.found_by),
    "events": (Event, Event.received_at, None),
}


async def count_ever(connection: AsyncConnection, name: str) -> Counter[str]:
    """Return how many rows of a table there are: orders by who told of them, events in all."""
    table, _, by = _TABLES[name]
    kept = await _load(connection, name)
    counts: Counter[str] = Counter()
    up_to_id = 0
    if kept is not None:
        up_to_id = kept.up_to_id
        counts.update(kept.counts)
    counts.update(await _count(connection, table, by, table.id > up_to_id))
    return counts


async def advance_tallies(store: Store) -> None:
    """Keep the counts up to the newest id before which surely nothing is added any more."""
    for name, (table, added_at, by) in _TABLES.items():
        settled = store.time(-SETTLED_SECONDS)
        async with store.write() as connection:
            kept = await _load(connection, name)
            start = kept.up_to_id if kept is not None else 0
            first_young = select(func.min(table.id)).where(table.id > start, added_at >= settled)
            end = (await connection.execute(first_young)).scalar_one()
            if end is None:
                newest = select(func.max(table.id)).where(table.id > start)
                end = ((await connection.execute(newest)).scalar_one() or start) + 1
            counts = Counter(kept.counts if kept is not None else {})
            counts.update(await _count(connection, table, by, table.id > start, table.id < end))
            values = {"up_to_id": end - 1, "counts": dict(counts)}
            statement = insert_into(Tally, is_postgres=store.is_postgres).values(
                name=name, **values
            )
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["name"], set_=values)
            )


async def _load(connection: AsyncConnection, name: str) -> Any:
    columns = select(Tally.up_to_id, Tally.counts).where(Tally.name == name)
    return (await connection.execute(columns)).first()


async def _count(
    connection: AsyncConnection, table: Any, by: Any, *conditions: Any
) -> dict[str, int]:
    if by is None:
        whole = select(func.count(table.id)).where(*conditions)
        return {_ALL: (await connection.execute(whole)).scalar_one()}
    rows = await connection.execute(select(by, func.count()).where(*conditions).group_by(by))
    return {row[0]: row[1] for row in rows}
