"""Writes a batch of events within one transaction: each new one stored, its order woken once."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.inbox_statements import (
    ADD_ON_SQLITE,
    FIND_ON_SQLITE,
    STORE_ON_POSTGRES,
    WAKE_ON_SQLITE,
)
from app.store.session import Store
from app.store.sqlite_driver import Execute

Key = tuple[str, str]
"""A source and its event's id."""
_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """A verified delivery. `marketplace_order_id` is None where it tells of no order of ours."""

    source: str
    event_id: str
    event_type: str
    marketplace_order_id: str | None
    raw_body: bytes
    headers: dict[str, Any]
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Written:
    """What came of a batch. A duplicate is not added, and one known before wakes nobody."""

    added: set[Key]
    has_woken: bool


def write_on_sqlite(
    execute: Execute, *, events: Mapping[Key, IncomingEvent], now: datetime
) -> Written:
    """Write *events*, each under its key, by *execute*."""
    parameters = _batch(events.values(), is_postgres=False)
    known = {(source, event_id) for source, event_id in execute(FIND_ON_SQLITE, parameters)}
    new = {key: event for key, event in events.items() if key not in known}
    if known:
        parameters = _batch(new.values(), is_postgres=False)
    parameters["now"] = _time_text(now, is_postgres=False)
    has_woken = any(event.marketplace_order_id for event in new.values())
    if has_woken:
        execute(WAKE_ON_SQLITE, parameters)
    if new:
        execute(ADD_ON_SQLITE, parameters)
    return Written(set(new), has_woken)


async def write_on_postgres(
    store: Store, connection: AsyncConnection, events: Mapping[Key, IncomingEvent]
) -> Written:
    """
    Write *events*.

    One that another replica stores at the same moment is a duplicate here, and wakes its order
    once more: a wake is a hint.
    """
    parameters = {
        **_batch(events.values(), is_postgres=True),
        "now": store.now(),
        "wake_at": None if store.asks_database_time else store.now(),
    }
    row = (await connection.execute(STORE_ON_POSTGRES, parameters)).one()
    added = {(source, event_id) for source, event_id in row.added or ()}
    return Written(added, row.has_woken)


def _batch(events: Iterable[IncomingEvent], *, is_postgres: bool) -> dict[str, Any]:
    """Return *events* as the statements' parameters."""
    rows = []
    body_from = 1
    for event in events:
        occurred_at = event.occurred_at
        rows.append(
            {
                "source": event.source,
                "event_id": event.event_id,
                "event_type": event.event_type,
                "marketplace_order_id": event.marketplace_order_id,
                "headers": event.headers,
                "occurred_at": occurred_at and _time_text(occurred_at, is_postgres=is_postgres),
                "body_from": body_from,
                "body_bytes": len(event.raw_body),
            }
        )
        body_from += len(event.raw_body)
    return {"batch": _encode(rows), "bodies": b"".join(event.raw_body for event in events)}


def _time_text(moment: datetime, *, is_postgres: bool) -> str:
    """Write a time as the database reads it."""
    if is_postgres:
        return moment.isoformat()
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
