"""Rows of orders and of their warehouse orders as plain values."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, cast

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.domain.record import OrderRecord, SentLine, WarehouseOrderRecord
from app.store.order_statements import LIVE_PLACINGS

_KNOWN_STATES = tuple(State)
_COLUMNS = {f.name for f in fields(OrderRecord)} - {"order_id", "live", "sku_version"}


async def live_placings(
    connection: AsyncConnection, order_ids: Sequence[int]
) -> dict[int, WarehouseOrderRecord]:
    """Return the warehouse orders that count, by the ids of their orders."""
    if not order_ids:
        return {}
    rows = await connection.execute(LIVE_PLACINGS, {"order_ids": list(order_ids)})
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
        fingerprint=row.fingerprint,
        hold_release_at=row.hold_release_at,
        release_intent_at=row.release_intent_at,
        release_sent_before_at=row.release_sent_before_at,
        released_at=row.released_at,
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
