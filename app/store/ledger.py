"""What the ledger asks of the store: the orders of one day, and those of given ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, union_all

from app.store.models import Order, is_of
from app.store.session import Store

_BATCH = 500


@dataclass(frozen=True, slots=True)
class HeldOrder:
    """An order as far as the ledger tells of it."""

    marketplace_order_id: str
    marketplace_reference: str | None
    state: str
    outcome: str | None
    attention_reason: str | None
    waits_for: str | None
    submitted_at: datetime | None
    shadowed_at: datetime | None = None


_COLUMNS: tuple[Any, ...] = tuple(getattr(Order, name) for name in HeldOrder.__dataclass_fields__)


async def load_held_between(
    store: Store, source: str, start_at: datetime, end_at: datetime
) -> dict[str, HeldOrder]:
    """
    Return the orders submitted from *start_at* until before *end_at*, by marketplace id.

    One that was never read is of the day it became known: it cannot be told better.
    """
    ours = is_of(source)
    dated = select(*_COLUMNS).where(
        ours, Order.submitted_at >= start_at, Order.submitted_at < end_at
    )
    undated = select(*_COLUMNS).where(
        ours,
        Order.submitted_at.is_(None),
        Order.created_at >= start_at,
        Order.created_at < end_at,
    )
    async with store.read() as connection:
        rows = await connection.execute(union_all(dated, undated))
        return {row.marketplace_order_id: HeldOrder(*row) for row in rows}


async def load_held(store: Store, source: str, ids: Sequence[str]) -> dict[str, HeldOrder]:
    """Return those of *ids* that are held, by marketplace id."""
    held: dict[str, HeldOrder] = {}
    async with store.read() as connection:
        for start in range(0, len(ids), _BATCH):
            rows = await connection.execute(
                select(*_COLUMNS).where(
                    Order.source == source,
                    Order.marketplace_order_id.in_(ids[start : start + _BATCH]),
                )
            )
            held |= {row.marketplace_order_id: HeldOrder(*row) for row in rows}
    return held
