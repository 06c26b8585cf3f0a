"""
Held orders in the store: note what is about to be done, record what was found out.

Every statement that changes a held order matches its id, its fencing token and the state it
was in; a statement that changes nothing means that the lease was lost, and what was found out
is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.domain.record import OrderRecord, SentLine, WarehouseOrderRecord
from app.errors import LeaseLost, WokenMeanwhile
from app.store.models import Attempt, Event, Order, StockReservation, WarehouseOrder
from app.store.session import Store
from app.store.statements import given, moment

_KNOWN_STATES = tuple(State)
# As plain tables: statements about mapped classes cost twice as much to write.
_orders = cast(Table, Order.__table__)
_events = cast(Table, Event.__table__)
_attempts = cast(Table, Attempt.__table__)
_placings = cast(Table, WarehouseOrder.__table__)
_reservations = cast(Table, StockReservation.__table__)
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
    statement = _finish(frozenset(finish.columns), finish.keeps_lease, store.asks_database_time)
    leased = {"to_lease_until": lease_seconds} if finish.keeps_lease else {}
    values = {
        **holding(order),
        **{f"to_{name}": value for name, value in finish.columns.items()},
        "to_next_attempt_at": finish.next_attempt_at,
        "its_wake_seq": order.wake_seq,
        **store.moments(now=0, **leased),
    }
    async with store.write() as connection:
        row = (await connection.execute(statement, values)).first()
        if row is None:
            raise LeaseLost
        if finish.placing:
            live = await _answer_placing(store, connection, order, finish.placing)
        if row.state == State.CLOSED and not order.may_be_at_warehouse:
            await connection.execute(_FREE_STOCK, {"its_id": order.order_id})
        await _mark_processed(store, connection, order)
        if finish.attempt is not None:
            await connection.execute(
                _ADD_ATTEMPT,
                {
                    "order_id": order.order_id,
                    "happened_at": store.now(),
                    "next_attempt_at": row.next_attempt_at,
                    **{f.name: getattr(finish.attempt, f.name) for f in fields(AttemptRow)},
                },
            )
    return record_of(row, live)


async def note_intent(
    store: Store,
    connection: AsyncConnection,
    order: OrderRecord,
    columns: Mapping[str, Any],
    lease_seconds: float,
    times: Mapping[str, float],
) -> OrderRecord:
    """
    Write columns of a held order and prolong its lease, within the caller's transaction.

    *times* are columns that get the present time and so many seconds.

    Raises:
        LeaseLost: The order is another worker's now; nothing may be sent.
        WokenMeanwhile: The order was woken since this step began; nothing may be sent.
    """
    times = {**times, "lease_until": lease_seconds}
    statement = _note(frozenset(columns), frozenset(times), store.asks_database_time)
    values = {
        **holding(order),
        **{f"to_{name}": value for name, value in columns.items()},
        **store.moments(**{f"to_{name}": plus_seconds for name, plus_seconds in times.items()}),
    }
    row = (await connection.execute(statement, values)).first()
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
        _processed(store.asks_database_time),
        {"its_order_id": order.order_id, "its_wake_seq": order.wake_seq, **store.moments(now=0)},
    )


async def _answer_placing(
    store: Store, connection: AsyncConnection, order: OrderRecord, values: Mapping[str, Any]
) -> WarehouseOrderRecord:
    assert order.live is not None, "an answer needs its intent"
    answered = await connection.execute(
        _answer(frozenset(values)),
        {
            "its_id": order.live.warehouse_order_row_id,
            **{f"to_{name}": value for name, value in values.items()},
        },
    )
    live = placing_of(answered.one())
    if values.get("answer") in ("created", "adopted"):
        # From now on a fresh figure of the warehouse is without these pieces.
        await connection.execute(
            _take_stock(store.asks_database_time),
            {"its_order_id": order.order_id, **store.moments(now=0)},
        )
    return live


def is_held() -> ColumnElement[bool]:
    """Return the condition that the order of `holding` is still held under its lease."""
    return and_(
        _orders.c.id == given(_orders, "id"),
        _orders.c.fencing_token == given(_orders, "fencing_token"),
    )


def holding(order: OrderRecord) -> dict[str, Any]:
    """Return the parameters of `is_held`, and of the state the order was in."""
    return {
        "its_id": order.order_id,
        "its_fencing_token": order.fencing_token,
        "its_state": order.state,
    }


def locked_by_id(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Lock the orders that fit in the order of their ids: no two writers wait for each other."""
    rows = select(Order.id).where(condition).order_by(Order.id)
    locked = rows.with_for_update(key_share=True).cte("locked")
    return Order.id.in_(select(locked.c.id))


async def live_placings(
    connection: AsyncConnection, order_ids: Sequence[int]
) -> dict[int, WarehouseOrderRecord]:
    """Return the warehouse orders that count, by the ids of their orders."""
    if not order_ids:
        return {}
    rows = await connection.execute(_LIVE_PLACINGS, {"order_ids": list(order_ids)})
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
        _wake(store.asks_database_time),
        {"order_ids": sorted(order_ids), **store.moments(now=0)},
    )
    await ring_workers(store, connection)


async def ring_workers(store: Store, connection: AsyncConnection) -> None:
    """Have the workers of other processes look for due work once this transaction commits."""
    if store.is_postgres:
        await connection.execute(_RING)


_ORDER_IDS: BindParameter[int] = bindparam("order_ids", expanding=True)
_RING = select(func.pg_notify("antbridge_wake", ""))
_ADD_ATTEMPT = insert(_attempts)
_FREE_STOCK = delete(_reservations).where(
    _reservations.c.order_id == bindparam("its_id", type_=_reservations.c.order_id.type)
)
_LIVE_PLACINGS = select(_placings).where(
    _placings.c.order_id.in_(_ORDER_IDS), _placings.c.replaced_at.is_(None)
)


@lru_cache(maxsize=256)
def _finish(columns: frozenset[str], keeps_lease: bool, from_database: bool) -> Any:
    """Build the finish of a step that changes *columns*."""
    now = moment("now", from_database=from_database)
    values: dict[str, Any] = {name: given(_orders, name, prefix="to_") for name in sorted(columns)}
    values["next_attempt_at"] = case(
        (_orders.c.wake_seq > given(_orders, "wake_seq"), now),
        else_=given(_orders, "next_attempt_at", prefix="to_"),
    )
    values["processed_wake_seq"] = given(_orders, "wake_seq")
    if keeps_lease:
        values["lease_until"] = moment("to_lease_until", from_database=from_database)
    else:
        values["lease_until"] = None
        values["leased_by"] = None
    return _update_held(values)


@lru_cache(maxsize=256)
def _note(columns: frozenset[str], times: frozenset[str], from_database: bool) -> Any:
    """Build the note of an intent."""
    return _update_held(
        {name: given(_orders, name, prefix="to_") for name in sorted(columns)}
        | {name: moment(f"to_{name}", from_database=from_database) for name in sorted(times)}
    )


def _update_held(values: Mapping[str, Any]) -> Any:
    return (
        update(_orders)
        .where(is_held(), _orders.c.state == given(_orders, "state"))
        .values(values)
        .returning(_orders)
    )


@lru_cache(maxsize=64)
def _answer(columns: frozenset[str]) -> Any:
    return (
        update(_placings)
        .where(_placings.c.id == given(_placings, "id"))
        .values({name: given(_placings, name, prefix="to_") for name in sorted(columns)})
        .returning(_placings)
    )


@lru_cache
def _processed(from_database: bool) -> Any:
    return (
        update(_events)
        .where(
            _events.c.order_id == given(_events, "order_id"),
            _events.c.processed_at.is_(None),
            _events.c.wake_seq <= given(_events, "wake_seq"),
        )
        .values(processed_at=moment("now", from_database=from_database))
    )


@lru_cache
def _take_stock(from_database: bool) -> Any:
    return (
        update(_reservations)
        .where(_reservations.c.order_id == given(_reservations, "order_id"))
        .values(placed_at=moment("now", from_database=from_database))
    )


@lru_cache
def _wake(from_database: bool) -> Any:
    return (
        update(Order)
        .where(locked_by_id(Order.id.in_(_ORDER_IDS)))
        .values(
            wake_seq=Order.wake_seq + 1,
            next_attempt_at=moment("now", from_database=from_database),
        )
    )
