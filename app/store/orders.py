"""
Orders in the store: claim them, hold them, record what was found out, let them go.

Every statement that changes a held order matches its id, its fencing token and the state it
was in; a statement that changes nothing means that the lease was lost, and what was found out
is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.domain.record import OrderRecord, SentLine, WarehouseOrderRecord
from app.errors import LeaseLost, WokenMeanwhile
from app.store.models import Attempt, Event, Order, StockReservation, WarehouseOrder
from app.store.session import Store

_KNOWN_STATES = tuple(State)
# As plain tables: statements about mapped classes cost twice as much to write.
_orders = cast(Table, Order.__table__)
_events = cast(Table, Event.__table__)
_attempts = cast(Table, Attempt.__table__)
_placings = cast(Table, WarehouseOrder.__table__)
_COLUMNS = {f.name for f in fields(OrderRecord)} - {"order_id", "live"}


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One try at a step, as the history keeps it."""

    step: str
    outcome: str
    message: str
    duration_ms: int
    attempt_number: int
    peer: str | None = None
    call: str | None = None
    status: int | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Finish:
    """
    What a step changes: columns of the order, columns of its live warehouse order, history.

    `next_attempt_at` None means never by itself. Where `keeps_lease` the same worker goes on.
    """

    columns: Mapping[str, Any]
    attempt: AttemptRow | None
    """None where there is nothing to tell: a look that found what was known."""
    next_attempt_at: datetime | None
    keeps_lease: bool = False
    placing: Mapping[str, Any] = field(default_factory=dict)


def due_condition(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition under which an order may be claimed at *now*."""
    return and_(
        Order.next_attempt_at.is_not(None),
        Order.next_attempt_at <= now,
        or_(Order.not_before_at.is_(None), Order.not_before_at <= now),
        or_(Order.lease_until.is_(None), Order.lease_until <= now),
        Order.state.in_(_KNOWN_STATES),
    )


async def claim_orders(
    store: Store, *, limit: int, worker_id: str, lease_seconds: float
) -> list[OrderRecord]:
    """
    Take up to *limit* due orders under a lease, longest due first.

    States written by a newer version are left to that version.
    """
    due = (
        select(Order.id)
        .where(due_condition(store.time()))
        .order_by(Order.next_attempt_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    statement = (
        update(Order)
        .where(Order.id.in_(select(due.c.id)))
        .values(
            lease_until=store.time(lease_seconds),
            leased_by=worker_id,
            fencing_token=Order.fencing_token + 1,
        )
        .returning(_orders)
    )
    async with store.write() as connection:
        rows = (await connection.execute(statement)).all()
        lives = await _live_placings(connection, [row.id for row in rows])
    rows = sorted(rows, key=lambda row: (row.next_attempt_at, row.id))
    return [record_of(row, lives.get(row.id)) for row in rows]


async def has_due_orders(store: Store) -> bool:
    """Tell without writing whether a claim would find something."""
    async with store.read() as connection:
        statement = select(Order.id).where(due_condition(store.time())).limit(1)
        return (await connection.execute(statement)).first() is not None


async def renew_leases(store: Store, held: Sequence[OrderRecord], lease_seconds: float) -> set[int]:
    """
    Prolong the leases that are still ours; return the ids of those.

    A lease that was just given up stays given up: a step may end while this is under way.
    """
    if not held:
        return set()
    is_held = Order.lease_until.is_not(None)
    statement = (
        update(Order)
        .where(_locked_by_id(or_(*(_is_ours(order) for order in held))))
        .values(lease_until=case((is_held, store.time(lease_seconds)), else_=None))
        .returning(Order.id)
    )
    async with store.write() as connection:
        return set((await connection.execute(statement)).scalars())


async def release_order(store: Store, order: OrderRecord) -> None:
    """Give an order back untouched, to be claimed by anybody at once."""
    statement = (
        update(Order)
        .where(_is_ours(order))
        .values(lease_until=None, leased_by=None, next_attempt_at=store.time())
    )
    async with store.write() as connection:
        await connection.execute(statement)


async def finish_step(
    store: Store, order: OrderRecord, finish: Finish, lease_seconds: float
) -> OrderRecord:
    """
    Record what a step found out, with its history row, in one transaction.

    A wake-up that came while the step ran is not lost: the order is then due at once whatever
    the step asked for.

    Raises:
        LeaseLost: The order is another worker's now; nothing is written.
    """
    live = order.live
    values: dict[str, Any] = dict(finish.columns)
    values["next_attempt_at"] = case(
        (_orders.c.wake_seq > order.wake_seq, store.time()), else_=finish.next_attempt_at
    )
    values["processed_wake_seq"] = order.wake_seq
    if finish.keeps_lease:
        values["lease_until"] = store.time(lease_seconds)
    else:
        values["lease_until"] = None
        values["leased_by"] = None
    async with store.write() as connection:
        row = (
            await connection.execute(
                update(_orders)
                .where(_is_ours(order), _orders.c.state == order.state)
                .values(values)
                .returning(_orders)
            )
        ).first()
        if row is None:
            raise LeaseLost
        if finish.placing:
            live = await _answer_placing(store, connection, order, finish.placing)
        if row.state == State.CLOSED and not order.may_be_at_warehouse:
            await connection.execute(
                delete(StockReservation).where(StockReservation.order_id == order.order_id)
            )
        await _mark_processed(store, connection, order)
        if finish.attempt is not None:
            await connection.execute(
                insert(_attempts).values(
                    order_id=order.order_id,
                    happened_at=store.now(),
                    next_attempt_at=row.next_attempt_at,
                    **{f.name: getattr(finish.attempt, f.name) for f in fields(AttemptRow)},
                )
            )
    return record_of(row, live)


async def note_intent(
    store: Store,
    connection: AsyncConnection,
    order: OrderRecord,
    columns: Mapping[str, Any],
    lease_seconds: float,
) -> OrderRecord:
    """
    Write columns of a held order and prolong its lease, within the caller's transaction.

    Raises:
        LeaseLost: The order is another worker's now; nothing may be sent.
        WokenMeanwhile: The order was woken since this step began; nothing may be sent.
    """
    row = (
        await connection.execute(
            update(_orders)
            .where(_is_ours(order), _orders.c.state == order.state)
            .values({**columns, "lease_until": store.time(lease_seconds)})
            .returning(_orders)
        )
    ).first()
    if row is None:
        raise LeaseLost
    if row.wake_seq != order.wake_seq:
        raise WokenMeanwhile
    return record_of(row, order.live)


async def _mark_processed(store: Store, connection: AsyncConnection, order: OrderRecord) -> None:
    """Date the events whose wake-up this step has seen."""
    if order.wake_seq <= order.processed_wake_seq:
        return
    await connection.execute(
        update(_events)
        .where(
            _events.c.order_id == order.order_id,
            _events.c.processed_at.is_(None),
            _events.c.wake_seq <= order.wake_seq,
        )
        .values(processed_at=store.time())
    )


async def _answer_placing(
    store: Store, connection: AsyncConnection, order: OrderRecord, values: Mapping[str, Any]
) -> WarehouseOrderRecord:
    assert order.live is not None, "an answer needs its intent"
    answered = await connection.execute(
        update(_placings)
        .where(_placings.c.id == order.live.warehouse_order_row_id)
        .values(**values)
        .returning(_placings)
    )
    live = placing_of(answered.one())
    if values.get("answer") in ("created", "adopted"):
        # From now on a fresh figure of the warehouse is without these pieces.
        await connection.execute(
            update(StockReservation)
            .where(StockReservation.order_id == order.order_id)
            .values(placed_at=store.time())
        )
    return live


def _is_ours(order: OrderRecord) -> ColumnElement[bool]:
    return and_(_orders.c.id == order.order_id, _orders.c.fencing_token == order.fencing_token)


def _locked_by_id(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Lock the orders that fit in the order of their ids: no two writers wait for each other."""
    rows = select(Order.id).where(condition).order_by(Order.id)
    locked = rows.with_for_update(key_share=True).cte("locked")
    return Order.id.in_(select(locked.c.id))


async def _live_placings(
    connection: AsyncConnection, order_ids: Sequence[int]
) -> dict[int, WarehouseOrderRecord]:
    if not order_ids:
        return {}
    rows = await connection.execute(
        select(_placings).where(
            _placings.c.order_id.in_(order_ids), _placings.c.replaced_at.is_(None)
        )
    )
    return {row.order_id: placing_of(row) for row in rows}


def placing_of(row: Any) -> WarehouseOrderRecord:
    """Return a row of warehouse_orders as a value."""
    return WarehouseOrderRecord(
        warehouse_order_row_id=row.id,
        external_order_number=row.external_order_number,
        warehouse_order_id=row.warehouse_order_id,
        warehouse_order_number=row.warehouse_order_number,
        intent_at=row.intent_at,
        sent_before_at=row.sent_before_at,
        answer=row.answer,
        lines=tuple(SentLine(**line) for line in row.lines),
        payload=row.payload,
    )


def record_of(row: Any, live: WarehouseOrderRecord | None) -> OrderRecord:
    """Return a row of orders, with its live warehouse order, as a value."""
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["state"] = state_of(row.state)
    values["attention_detail"] = tuple(row.attention_detail or ())
    return OrderRecord(order_id=row.id, live=live, **values)


def state_of(text: str) -> State:
    """Return a state; one written by a newer version stays its text, equal to none known here."""
    return State(text) if text in _KNOWN_STATES else cast(State, text)


async def wake_orders(store: Store, connection: AsyncConnection, order_ids: Sequence[int]) -> None:
    """Have *order_ids* looked at now; a backoff under way is respected."""
    if not order_ids:
        return
    await connection.execute(
        update(Order)
        .where(_locked_by_id(Order.id.in_(sorted(order_ids))))
        .values(wake_seq=Order.wake_seq + 1, next_attempt_at=store.time())
    )
    await ring_workers(store, connection)


async def ring_workers(store: Store, connection: AsyncConnection) -> None:
    """Have the workers of other processes look for due work once this transaction commits."""
    if store.is_postgres:
        await connection.execute(select(func.pg_notify("antbridge_wake", "")))
