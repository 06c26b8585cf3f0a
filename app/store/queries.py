"""What operators ask of the store: one order, many orders, how all is going."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, literal_column, select, union

from app.domain.deadlines import Deadline
from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.store.deadlines import stands_at
from app.store.models import (
    SOURCE,
    Attempt,
    Event,
    Order,
    PeerState,
    Shipment,
    WarehouseOrder,
    WorkerBeat,
    is_open,
)
from app.store.order_rows import placing_of, record_of
from app.store.session import Store
from app.store.tallies import count_ever

ANY_ATTENTION = "any"
MAX_PAGE = 200
NUL = "\x00"
"""No text in PostgreSQL can hold it, and asking for it is an error there."""


class AmbiguousOrder(Exception):
    """What was asked for fits several orders; `references` name them."""

    def __init__(self, references: Sequence[str]) -> None:
        """Carry how the operator can tell the orders apart."""
        self.references = tuple(references)
        super().__init__(f"fits {len(self.references)} orders: {', '.join(self.references)}")


async def find_order(store: Store, text: str) -> OrderRecord | None:
    """
    Return the order with this reference, marketplace id, or warehouse order number.

    Raises:
        AmbiguousOrder: Several orders fit.
    """
    wanted = text.strip()
    if NUL in wanted:
        return None
    statement = select(*Order.__table__.columns).where(Order.id.in_(ids_called(wanted)))
    async with store.read() as connection:
        rows = (await connection.execute(statement.order_by(Order.id).limit(10))).all()
        if not rows:
            return None
        if len(rows) > 1:
            raise AmbiguousOrder(
                [f"{row.marketplace_reference} ({row.marketplace_order_id})" for row in rows]
            )
        placing = (
            await connection.execute(
                select(*WarehouseOrder.__table__.columns).where(
                    WarehouseOrder.order_id == rows[0].id, WarehouseOrder.replaced_at.is_(None)
                )
            )
        ).first()
    return record_of(rows[0], placing_of(placing) if placing is not None else None)


def ids_called(text: str) -> Any:
    """Return the ids of the orders a text names: one select for each index that may find them."""
    by_placing = (
        WarehouseOrder.external_order_number,
        WarehouseOrder.warehouse_order_id,
        WarehouseOrder.warehouse_order_number,
    )
    found = union(
        select(Order.id).where(Order.source == SOURCE, Order.marketplace_order_id == text.lower()),
        select(Order.id).where(Order.marketplace_reference == text),
        *(select(WarehouseOrder.order_id).where(column == text) for column in by_placing),
    )
    return select(found.subquery().c[0])


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """
    Which orders to list; None means any.

    `attention` is `any` or a reason code; `deadline` is one of `Deadline`, near meaning so many
    seconds.
    """

    state: str | None = None
    attention: str | None = None
    q: str | None = None
    deadline: str | None = None
    at_risk_seconds: float = 0.0
    after_id: int | None = None
    limit: int = 50


async def list_orders(
    store: Store, wanted: OrderFilter, *also: ColumnElement[bool]
) -> tuple[list[OrderRecord], int | None]:
    """
    Return a page of orders, newest first, and the id to go on after (None at the end).

    `q` is what an order is called by; *also* are further conditions.
    """
    assert 1 <= wanted.limit <= MAX_PAGE
    if NUL in (wanted.q or ""):
        return [], None
    chosen = [*chosen_by(wanted, store.now()), *also]
    if wanted.q:
        chosen.append(Order.id.in_(ids_called(wanted.q)))
    if wanted.after_id is not None:
        chosen.append(Order.id < wanted.after_id)
    statement = select(*Order.__table__.columns).where(*chosen)
    statement = statement.order_by(Order.id.desc()).limit(wanted.limit + 1)
    async with store.read() as connection:
        rows = (await connection.execute(statement)).all()
        ids = [row.id for row in rows]
        placings = await connection.execute(
            select(*WarehouseOrder.__table__.columns).where(
                WarehouseOrder.order_id.in_(ids), WarehouseOrder.replaced_at.is_(None)
            )
        )
        lives = {row.order_id: placing_of(row) for row in placings}
    page = [record_of(row, lives.get(row.id)) for row in rows[: wanted.limit]]
    return page, (page[-1].order_id if len(rows) > wanted.limit else None)


def chosen_by(wanted: OrderFilter, now: datetime) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter, leaving out what is searched for and the page."""
    chosen: list[ColumnElement[bool]] = []
    if wanted.state is not None:
        chosen.append(Order.state == wanted.state)
    if wanted.attention == ANY_ATTENTION:
        chosen.append(Order.attention_reason.is_not(None))
    elif wanted.attention is not None:
        chosen.append(Order.attention_reason == wanted.attention)
    if wanted.deadline is not None:
        chosen.append(stands_at(Deadline(wanted.deadline), now, wanted.at_risk_seconds))
    return chosen


_HISTORY = [one for one in Attempt.__table__.columns if one.name != "recorded"]


async def load_history(store: Store, order_id: int) -> list[Mapping[str, Any]]:
    """Return an order's attempts, oldest first."""
    async with store.read() as connection:
        rows = await connection.execute(
            select(*_HISTORY).where(Attempt.order_id == order_id).order_by(Attempt.id)
        )
        return [dict(row._mapping) for row in rows]


async def load_events(store: Store, order_id: int) -> list[Mapping[str, Any]]:
    """Return the events that told of an order, oldest first, without their bodies."""
    columns = (Event.id, Event.event_type, Event.received_at, Event.processed_at)
    async with store.read() as connection:
        rows = await connection.execute(
            select(*columns).where(Event.order_id == order_id).order_by(Event.id)
        )
        return [dict(row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class StatusFigures:
    """How all is going, in numbers."""

    orders: dict[str, int]
    attention: dict[str, int]
    """Orders that need a person, by reason."""
    oldest_unfinished_at: datetime | None
    events_stored: int
    events_unprocessed: int
    found_by: dict[str, int]
    shipments_not_matched: int

    @property
    def needs_attention(self) -> int:
        """How many orders need a person."""
        return sum(self.attention.values())

    @property
    def wrong_labels(self) -> int:
        """Of those, how many have a label that nobody wanted."""
        return self.attention.get("wrong_label_confirmed", 0)


async def load_figures(store: Store) -> StatusFigures:
    """
    Count orders, events and shipments.

    However many there are: what is open, unprocessed or not matched is counted over indexes that
    hold nothing else, and what grows for ever by its tally.
    """
    states = select(Order.state, func.count()).where(is_open()).group_by(Order.state)
    attention = (
        select(Order.attention_reason, func.count())
        .where(Order.attention_reason.is_not(None))
        .group_by(Order.attention_reason)
    )
    oldest = select(func.min(Order.created_at)).where(is_open(), Order.shadowed_at.is_(None))
    unprocessed = select(func.count()).where(Event.processed_at.is_(None))
    not_matched = select(func.count()).where(
        Shipment.disposition == literal_column("'not_matched'")
    )
    async with store.read() as connection:
        if store.is_postgres:  # one moment for all counts, which SQLite's readers have anyway
            await connection.execution_options(isolation_level="REPEATABLE READ")
        opened = {row[0]: row[1] for row in await connection.execute(states)}
        found = await count_ever(connection, "orders")
        closed = found.total() - sum(opened.values())
        return StatusFigures(
            orders={str(state): 0 for state in State} | opened | {State.CLOSED.value: closed},
            attention={str(row[0]): row[1] for row in await connection.execute(attention)},
            oldest_unfinished_at=(await connection.execute(oldest)).scalar_one(),
            events_stored=(await count_ever(connection, "events")).total(),
            events_unprocessed=(await connection.execute(unprocessed)).scalar_one(),
            found_by={"webhook": 0, "reconcile": 0} | found,
            shipments_not_matched=(await connection.execute(not_matched)).scalar_one(),
        )


async def load_peers(store: Store) -> dict[str, Mapping[str, Any]]:
    """Return how calls to each company went lately."""
    async with store.read() as connection:
        rows = await connection.execute(select(*PeerState.__table__.columns))
        return {row.name: dict(row._mapping) for row in rows}


async def load_workers(store: Store) -> list[Mapping[str, Any]]:
    """Return the worker processes that have not said goodbye, newest beat first."""
    async with store.read() as connection:
        rows = await connection.execute(
            select(*WorkerBeat.__table__.columns)
            .where(WorkerBeat.stopped_at.is_(None))
            .order_by(WorkerBeat.beat_at.desc())
        )
        return [dict(row._mapping) for row in rows]
