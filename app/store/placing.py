"""
Intents: what is about to be sent is written down before it is sent.

Stock is reserved in the same transaction as the intent that needs it, so that two orders can
never both be accepted on the last pieces (docs/rules/stock.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import (
    Table,
    insert,
    update,
)
from sqlalchemy.exc import IntegrityError

from app.domain.pauses import Pausable
from app.domain.record import OrderRecord, SentLine
from app.errors import Finding, Unmappable
from app.ports import PreparedOrder
from app.store.models import WarehouseOrder
from app.store.order_rows import placing_of
from app.store.orders import note_intent
from app.store.reservations import find_shortage, reserve
from app.store.session import Store
from app.store.statements import given, moment


async def intend_accept(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    needed: Mapping[str, int],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
    may_be_short: bool = False,
) -> tuple[OrderRecord, dict[str, int]]:
    """
    Commit the intent to accept and reserve what the order needs.

    Returns the order as it stands now and the shortage per SKU; where anything is short nothing
    is written. SKUs without a known figure are not counted as short, and none are where the order
    *may_be_short*.

    Raises:
        LeaseLost: The order is another worker's now.
        Paused: A pause forbids it.
    """
    async with store.write() as connection:
        short = await find_shortage(connection, order.order_id, needed)
        if short and not may_be_short:
            return order, short
        await reserve(connection, order.order_id, needed)
        times = {"accept_intent_at": 0, "accept_sent_before_at": sent_within_seconds}
        return await note_intent(
            store, connection, order, columns, lease_seconds, times, flow=Pausable.ACCEPTING
        ), {}


async def intend_reject(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to reject the order.

    Raises:
        LeaseLost: The order is another worker's now.
        Paused: A pause forbids it.
    """
    times = {"reject_intent_at": 0, "reject_sent_before_at": sent_within_seconds}
    async with store.write() as connection:
        return await note_intent(
            store, connection, order, columns, lease_seconds, times, flow=Pausable.ACCEPTING
        )


async def intend_create(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    prepared: PreparedOrder,
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to place the order at the warehouse: number, payload and deadline.

    The external order number of an earlier intent is kept; only one live placing can exist.

    Raises:
        LeaseLost: The order is another worker's now.
        Paused: A pause forbids it.
        Unmappable: Another order of ours has the number.
    """
    live = order.live
    if live is not None:
        assert live.external_order_number == prepared.external_order_number
    values = {
        "its_order_id": order.order_id,
        "its_id": live.warehouse_order_row_id if live is not None else None,
        "to_external_order_number": prepared.external_order_number,
        "to_payload": dict(prepared.payload),
        "to_lines": lines_json(prepared.lines),
        "to_fingerprint": prepared.fingerprint,
        **store.moments(to_intent_at=0, to_sent_before_at=sent_within_seconds),
    }
    is_held = prepared.hold_seconds is not None
    if prepared.hold_seconds is not None:
        values |= store.moments(to_hold_release_at=prepared.hold_seconds)
    statement = _placing(
        is_first=live is None, is_held=is_held, from_database=store.asks_database_time
    )
    async with store.write() as connection:
        held = await note_intent(
            store, connection, order, columns, lease_seconds, {}, flow=Pausable.PLACING
        )
        await reserve(connection, order.order_id, prepared.needed())
        try:
            row = (await connection.execute(statement, values)).one()
        except IntegrityError:
            finding = Finding("number_taken", "external order number", "another order here has it")
            raise Unmappable("active_ants", "create order", (finding,)) from None
    return replace(held, live=placing_of(row))


async def intend_release(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to have the warehouse release the live order.

    Raises:
        LeaseLost: The order is another worker's now.
        Paused: A pause forbids it.
    """
    assert order.live is not None, "what is released was placed"
    values = {
        "its_id": order.live.warehouse_order_row_id,
        **store.moments(to_release_intent_at=0, to_release_sent_before_at=sent_within_seconds),
    }
    async with store.write() as connection:
        held = await note_intent(
            store, connection, order, columns, lease_seconds, {}, flow=Pausable.PLACING
        )
        row = (await connection.execute(_releasing(store.asks_database_time), values)).one()
    return replace(held, live=placing_of(row))


async def intend_confirm(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to confirm a quote; *columns* name the quote and the tracking.

    Raises:
        LeaseLost: The order is another worker's now.
        Paused: A pause forbids it.
    """
    times = {"confirm_intent_at": 0, "confirm_sent_before_at": sent_within_seconds}
    async with store.write() as connection:
        return await note_intent(
            store, connection, order, columns, lease_seconds, times, flow=Pausable.TRACKING
        )


async def intend_label_reset(
    store: Store,
    order: OrderRecord,
    columns: Mapping[str, Any],
    *,
    sent_within_seconds: float,
    lease_seconds: float,
) -> OrderRecord:
    """
    Commit the intent to take the marketplace's label back.

    Raises:
        LeaseLost: The order is another worker's now.
        Paused: A pause forbids it.
    """
    times = {"label_reset_sent_before_at": sent_within_seconds}
    async with store.write() as connection:
        return await note_intent(
            store, connection, order, columns, lease_seconds, times, flow=Pausable.TRACKING
        )


_placings = cast(Table, WarehouseOrder.__table__)


@lru_cache
def _placing(*, is_first: bool, is_held: bool, from_database: bool) -> Any:
    """Build the note of what will be placed: a new row, or the live one once more."""
    values = {
        **{
            name: given(_placings, name, prefix="to_")
            for name in ("external_order_number", "payload", "lines", "fingerprint")
        },
        **{
            name: moment(f"to_{name}", from_database=from_database)
            for name in ("intent_at", "sent_before_at")
        },
        "answer": None,
        "answered_at": None,
        "hold_release_at": (
            moment("to_hold_release_at", from_database=from_database) if is_held else None
        ),
    }
    if is_first:
        order_id = given(_placings, "order_id")
        return insert(_placings).values(order_id=order_id, **values).returning(_placings)
    return (
        update(_placings)
        .where(_placings.c.id == given(_placings, "id"))
        .values(values)
        .returning(_placings)
    )


@lru_cache
def _releasing(from_database: bool) -> Any:
    """Build the note that a placing is about to be released."""
    names = ("release_intent_at", "release_sent_before_at")
    return (
        update(_placings)
        .where(_placings.c.id == given(_placings, "id"))
        .values({name: moment(f"to_{name}", from_database=from_database) for name in names})
        .returning(_placings)
    )


def lines_json(lines: Sequence[SentLine]) -> list[dict[str, Any]]:
    """Return *lines* as the column of a warehouse order holds them."""
    return [asdict(line) for line in lines]
