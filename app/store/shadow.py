"""What shadow mode keeps of the orders it follows."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.shadow import ShadowRecord
from app.store.models import Order
from app.store.models_shadow import ShadowOrder
from app.store.session import Store
from app.store.statements import insert_into

_shadows = cast(Table, ShadowOrder.__table__)
_COLUMNS = tuple(_shadows.c[f.name] for f in fields(ShadowRecord))


async def load_shadow(store: Store, order_id: int) -> ShadowRecord | None:
    """Return what is kept of one order, None where it was never followed."""
    async with store.read() as connection:
        row = (
            await connection.execute(select(*_COLUMNS).where(_shadows.c.order_id == order_id))
        ).first()
    return ShadowRecord(*row) if row is not None else None


async def save_shadow(
    store: Store, connection: AsyncConnection, order_id: int, columns: Mapping[str, Any]
) -> None:
    """Keep *columns* of one order, within the caller's transaction."""
    values = {"first_seen_at": store.now(), **columns}
    statement = insert_into(_shadows, is_postgres=store.is_postgres).values(
        order_id=order_id, **values
    )
    await connection.execute(
        statement.on_conflict_do_update(index_elements=["order_id"], set_=dict(columns))
    )


async def load_shadows(
    store: Store, start_at: datetime, end_at: datetime
) -> Sequence[tuple[str | None, str, ShadowRecord]]:
    """Return reference, id and record of the orders first seen from *start_at* to *end_at*."""
    names = (Order.marketplace_reference, Order.marketplace_order_id)
    statement = (
        select(*names, *_COLUMNS)
        .join(Order, Order.id == _shadows.c.order_id)
        .where(_shadows.c.first_seen_at >= start_at, _shadows.c.first_seen_at < end_at)
        .order_by(_shadows.c.first_seen_at, _shadows.c.order_id)
    )
    async with store.read() as connection:
        rows = await connection.execute(statement)
        return [(row[0], row[1], ShadowRecord(*row[2:])) for row in rows]
