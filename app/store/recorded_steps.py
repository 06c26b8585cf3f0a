"""
Recorded steps in the store, for whoever looks at them or takes them again.

Each query names its columns, all of which there are since steps are recorded: a newer version can
look before the schema is brought up to date.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import inspect, select

from app.store.models import Attempt, Order
from app.store.order_names import NAMES, NamedOrder, named
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class RecordedStep:
    """One recorded attempt."""

    attempt_id: int
    happened_at: datetime
    step: str
    outcome: str
    recorded: bytes = field(repr=False)


async def holds_records(store: Store) -> bool:
    """Tell whether the schema is one in which steps are recorded at all."""
    async with store.read() as connection:
        columns = await connection.run_sync(
            lambda one: (
                {column["name"] for column in inspect(one).get_columns(Attempt.__tablename__)}
                if inspect(one).has_table(Attempt.__tablename__)
                else set()
            )
        )
    return "recorded" in columns


async def load_recorded_steps(
    store: Store, order_id: int, *, newest: int | None = None
) -> Sequence[RecordedStep]:
    """Return what was recorded of an order, oldest first; only so many of the *newest*."""
    query = (
        select(Attempt.id, Attempt.happened_at, Attempt.step, Attempt.outcome, Attempt.recorded)
        .where(Attempt.order_id == order_id, Attempt.recorded.is_not(None))
        .order_by(Attempt.id.desc())
        .limit(newest)
    )
    async with store.read() as connection:
        rows = (await connection.execute(query)).all()
    return [
        RecordedStep(row.id, row.happened_at, row.step, row.outcome, row.recorded)
        for row in reversed(rows)
    ]


async def list_recorded_orders(
    store: Store, since: datetime, after_id: int, limit: int
) -> list[NamedOrder]:
    """Return a page of the orders of which something was recorded *since*, by their ids."""
    recorded = select(Attempt.order_id).where(
        Attempt.recorded.is_not(None), Attempt.happened_at >= since
    )
    query = (
        select(*NAMES)
        .where(Order.id > after_id, Order.id.in_(recorded))
        .order_by(Order.id)
        .limit(limit)
    )
    async with store.read() as connection:
        return [named(row) for row in await connection.execute(query)]
