"""What people were told of, and the backlog of an hour ago."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.store.models_alarms import AlarmTold, BacklogMark
from app.store.session import Store
from app.store.statements import insert_into

HOUR = timedelta(hours=1)
_KEY = ("condition", "channel")


async def load_told(store: Store) -> list[Mapping[str, Any]]:
    """Return every row of what channels were told; there are a few."""
    async with store.read() as connection:
        rows = await connection.execute(select(*AlarmTold.__table__.columns))
        return [dict(row._mapping) for row in rows]


async def save_told(store: Store, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write down what a channel was told, or when it is tried again."""
    if not rows:
        return
    statement = insert_into(AlarmTold, is_postgres=store.is_postgres)
    newest = {name: statement.excluded[name] for name in sorted(set(rows[0]) - set(_KEY))}
    async with store.write() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=_KEY, set_=newest),
            [dict(row) for row in rows],
        )


@dataclass(frozen=True, slots=True)
class _Marks:
    earlier_at: datetime | None
    earlier_orders: int | None
    later_at: datetime
    later_orders: int


async def mark_backlog(store: Store, orders: int) -> int | None:
    """Note the backlog once an hour; return what it was one to two hours ago, if that is known."""
    now = store.now()
    columns = [BacklogMark.__table__.c[name] for name in _Marks.__dataclass_fields__]
    async with store.read() as connection:
        row = (await connection.execute(select(*columns))).first()
    marks = _Marks(*row) if row is not None else None
    if marks is None or now - marks.later_at >= HOUR:
        marks = _Marks(
            earlier_at=marks.later_at if marks is not None else None,
            earlier_orders=marks.later_orders if marks is not None else None,
            later_at=now,
            later_orders=orders,
        )
        values = {name: getattr(marks, name) for name in _Marks.__dataclass_fields__}
        statement = insert_into(BacklogMark, is_postgres=store.is_postgres).values(id=1, **values)
        async with store.write() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["id"], set_=values)
            )
    is_recent = marks.earlier_at is not None and now - marks.earlier_at < 3 * HOUR
    return marks.earlier_orders if is_recent else None
