"""Rows that tests of the store put in, and what they look at afterwards."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, insert, select, update

from app.domain.record import OrderRecord, SentLine
from app.ports import PreparedOrder
from app.store.claims import claim_orders
from app.store.inbox_writing import IncomingEvent
from app.store.models import Attempt, Order
from app.store.orders import AttemptRow, Finish
from app.store.session import Store

ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170007"
LEASE_SECONDS = 60.0


def order_id_of(number: int) -> str:
    """Return a marketplace order id, the same for the same *number*."""
    return f"1ecb023e-7ec0-6d5c-a477-{number:012d}"


def make_event(event_id: str, order_id: str | None = ORDER_ID, **changes: Any) -> IncomingEvent:
    """Return a verified delivery."""
    values: dict[str, Any] = {
        "source": "ankorstore",
        "event_type": "order.brand_created",
        "raw_body": b'{"some": "body"}',
        "headers": {"content-type": "application/json"},
        "occurred_at": None,
        **changes,
    }
    return IncomingEvent(event_id=event_id, marketplace_order_id=order_id, **values)


async def count_rows(store: Store, table: Any) -> int:
    """Return how many rows *table* has."""
    async with store.read() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def rows_of(store: Store, table: Any) -> list[Any]:
    """Return all rows of *table*, oldest first."""
    async with store.read() as connection:
        statement = select(*table.__table__.columns).order_by(*table.__table__.primary_key)
        return list(await connection.execute(statement))


async def add_order(
    store: Store, number: int = 1, *, due_seconds: float = 0, **columns: Any
) -> int:
    """Add an order, due in *due_seconds*, and return its row id."""
    values = {
        "marketplace_order_id": order_id_of(number),
        "state": "received",
        "found_by": "webhook",
        "created_at": store.now(),
        "next_attempt_at": store.now() + timedelta(seconds=due_seconds),
        **columns,
    }
    async with store.write() as connection:
        added = await connection.execute(insert(Order).values(values).returning(Order.id))
        return int(added.scalar_one())


async def change_order(store: Store, order_id: int, **columns: Any) -> None:
    """Write columns of an order past everybody's rules."""
    async with store.write() as connection:
        await connection.execute(update(Order).where(Order.id == order_id).values(**columns))


async def order_row(store: Store, order_id: int) -> Any:
    """Return the row of an order."""
    async with store.read() as connection:
        statement = select(*Order.__table__.columns).where(Order.id == order_id)
        return (await connection.execute(statement)).one()


async def attempts_of(store: Store, order_id: int) -> list[Any]:
    """Return the history rows of an order."""
    return [row for row in await rows_of(store, Attempt) if row.order_id == order_id]


async def claim_one(store: Store, worker_id: str = "worker-a") -> OrderRecord:
    """Claim the one order that is due."""
    claimed = await claim_orders(store, limit=9, worker_id=worker_id, lease_seconds=LEASE_SECONDS)
    assert len(claimed) == 1
    return claimed[0]


def finish_of(next_attempt_at: Any = None, **changes: Any) -> Finish:
    """Return the record of a step that ended well."""
    attempt = AttemptRow(
        step="answer order", outcome="done", message="as told", duration_ms=1, attempt_number=1
    )
    columns = changes.pop("columns", {})
    return Finish(columns=columns, attempt=attempt, next_attempt_at=next_attempt_at, **changes)


def prepared_order(number: str = "AK1", **pieces: int) -> PreparedOrder:
    """Return an order ready to be sent, with *pieces* per SKU."""
    lines = tuple(SentLine(f"line-{sku}", sku, count, 1) for sku, count in pieces.items())
    return PreparedOrder(number, {"externalOrderNumber": number}, lines)
