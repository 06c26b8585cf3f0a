"""The statements about held orders, each built once for its columns and kind of clock."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Table,
    and_,
    bindparam,
    case,
    func,
    insert,
    select,
    update,
)

from app.domain.record import OrderRecord
from app.store.models import (
    Attempt,
    Event,
    Order,
    Shipment,
    StockReservation,
    WarehouseOrder,
)
from app.store.pause_statements import PAUSED_TEXT
from app.store.sku_version import SKU_VERSION
from app.store.statements import given, moment

_orders = cast(Table, Order.__table__)
_events = cast(Table, Event.__table__)
_attempts = cast(Table, Attempt.__table__)
_placings = cast(Table, WarehouseOrder.__table__)
_reservations = cast(Table, StockReservation.__table__)
_shipments = cast(Table, Shipment.__table__)

_ORDER_IDS: BindParameter[int] = bindparam("order_ids", expanding=True)
RING = select(func.pg_notify("antbridge_wake", ""))
ADD_ATTEMPT = insert(_attempts)
SETTLE_SHIPMENTS = (
    update(_shipments)
    .where(
        _shipments.c.order_id == given(_shipments, "order_id"),
        _shipments.c.reason.is_not(None),
        _shipments.c.settled_at.is_(None),
    )
    .values(settled_at=given(_shipments, "settled_at", prefix="to_"))
)
LIVE_PLACINGS = select(_placings).where(
    _placings.c.order_id.in_(_ORDER_IDS), _placings.c.replaced_at.is_(None)
)


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


@lru_cache(maxsize=256)
def build_finish(columns: frozenset[str], keeps_lease: bool, from_database: bool) -> Any:
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


_TABLE_VERSION = SKU_VERSION.scalar_subquery().label("table_version")


@lru_cache(maxsize=256)
def build_note(columns: frozenset[str], times: frozenset[str], from_database: bool) -> Any:
    """Build the note of an intent; it tells the state of the table of SKUs and what is paused."""
    return _update_held(
        {name: given(_orders, name, prefix="to_") for name in sorted(columns)}
        | {name: moment(f"to_{name}", from_database=from_database) for name in sorted(times)}
    ).returning(_TABLE_VERSION, PAUSED_TEXT)


def _update_held(values: Mapping[str, Any]) -> Any:
    return (
        update(_orders)
        .where(is_held(), _orders.c.state == given(_orders, "state"))
        .values(values)
        .returning(_orders)
    )


@lru_cache(maxsize=64)
def build_answer(columns: frozenset[str]) -> Any:
    """Build the record of what became of a placing."""
    return (
        update(_placings)
        .where(_placings.c.id == given(_placings, "id"))
        .values({name: given(_placings, name, prefix="to_") for name in sorted(columns)})
        .returning(_placings)
    )


@lru_cache
def build_processed(from_database: bool) -> Any:
    """Build the dating of the events whose wake-up was seen."""
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
def build_taken(from_database: bool) -> Any:
    """Build the note that the warehouse has taken an order's pieces."""
    return (
        update(_reservations)
        .where(_reservations.c.order_id == given(_reservations, "order_id"))
        .values(placed_at=moment("now", from_database=from_database))
    )


@lru_cache
def build_wake(from_database: bool) -> Any:
    """Build the waking of orders."""
    return (
        update(Order)
        # Named once more: told how few they are, PostgreSQL does not read the whole table.
        .where(Order.id.in_(_ORDER_IDS), locked_by_id(Order.id.in_(_ORDER_IDS)))
        .values(
            wake_seq=Order.wake_seq + 1,
            next_attempt_at=moment("now", from_database=from_database),
        )
    )
