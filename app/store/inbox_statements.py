"""
The inbox's statements. A whole batch is one JSON parameter, so a statement's text never changes.

That way it is built once, and the database reads and plans it once, instead of both handling a
text of a thousand words for every batch. JSON holds no bytes: PostgreSQL gets the bodies in
base64; SQLite cannot read that, so it looks for known events first, which its single writer may
do, and inserts the others row by row in one go.
"""

from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, FromClause, Text, bindparam, column, func, insert, select, true
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models import Event, Order

Row = Mapping[str, Any]
Key = tuple[str, str]
_ORDER_KEY = ("source", "marketplace_order_id")
_EVENT_KEY = ("source", "event_id")
_BATCH = bindparam("batch", type_=JSON)


class InboxStatements:
    """The statements for one kind of database; built once."""

    def __init__(self, *, is_postgres: bool) -> None:
        """Write for PostgreSQL, or for SQLite."""
        self._is_postgres = is_postgres
        columns = Order.__table__.c
        fixed = ("state", "found_by", "created_at", "next_attempt_at", "wake_seq")
        values = [bindparam(f"its_{name}", type_=columns[name].type) for name in fixed]
        batch, (source, marketplace_order_id) = _keys(is_postgres, _ORDER_KEY)
        # Without a WHERE, SQLite would take the ON of ON CONFLICT for that of a join.
        rows = select(source, marketplace_order_id, *values).select_from(batch).where(true())
        insert_into = postgresql.insert if is_postgres else sqlite.insert
        self._add_orders = (
            insert_into(Order)
            .from_select([*_ORDER_KEY, *fixed], rows)
            .on_conflict_do_nothing(index_elements=_ORDER_KEY)
            .returning(Order.id, Order.source, Order.marketplace_order_id)
        )
        self._find_orders = (
            select(Order.id, Order.source, Order.marketplace_order_id, Order.wake_seq)
            .join(
                batch,
                (Order.source == source) & (Order.marketplace_order_id == marketplace_order_id),
            )
            .order_by(Order.id)
            # Rows that only refer to the order need not wait.
            .with_for_update(key_share=True, of=Order)
        )
        batch, (source, event_id) = _keys(is_postgres, _EVENT_KEY)
        self._find_events = select(Event.source, Event.event_id).join(
            batch, (Event.source == source) & (Event.event_id == event_id)
        )
        self._add_events = _add_events_at_once() if is_postgres else insert(Event)

    async def add_orders(
        self, connection: AsyncConnection, keys: Sequence[Key], **values: Any
    ) -> dict[Key, int]:
        """Create the orders nobody knew yet, each with *values*; return their ids."""
        fixed = {f"its_{name}": value for name, value in values.items()}
        batch = [dict(zip(_ORDER_KEY, key, strict=True)) for key in keys]
        rows = await connection.execute(self._add_orders, {"batch": batch, **fixed})
        return {(row.source, row.marketplace_order_id): row.id for row in rows}

    async def find_orders(
        self, connection: AsyncConnection, keys: Sequence[Key]
    ) -> dict[Key, tuple[int, int]]:
        """Return (row id, wake_seq) of orders, locked in the order of their ids."""
        batch = [dict(zip(_ORDER_KEY, key, strict=True)) for key in keys]
        rows = await connection.execute(self._find_orders, {"batch": batch})
        return {(row.source, row.marketplace_order_id): (row.id, row.wake_seq) for row in rows}

    async def add_events(self, connection: AsyncConnection, rows: Sequence[Row]) -> set[Key]:
        """Insert the events nobody stored yet; return their keys."""
        if self._is_postgres:
            batch = [{**row, **_as_json(row)} for row in rows]
            return _keys_of(await connection.execute(self._add_events, {"batch": batch}))
        keys = [(row["source"], row["event_id"]) for row in rows]
        batch = [dict(zip(_EVENT_KEY, key, strict=True)) for key in keys]
        known = _keys_of(await connection.execute(self._find_events, {"batch": batch}))
        missing = [row for row, key in zip(rows, keys, strict=True) if key not in known]
        if missing:
            await connection.execute(self._add_events, missing)
        return set(keys) - known


def _keys(is_postgres: bool, names: Sequence[str]) -> tuple[FromClause, list[Any]]:
    """Return a batch of keys as rows, and its columns."""
    if is_postgres:
        table = _records({name: Text() for name in names})
        return table, [table.c[name] for name in names]
    table = func.json_each(_BATCH).table_valued("value", name="batch")
    return table, [func.json_extract(table.c.value, f"$.{name}") for name in names]


def _records(kinds: Mapping[str, Any]) -> Any:
    """Return a batch of objects as rows, with columns of these names and kinds."""
    columns = [column(name, kind) for name, kind in kinds.items()]
    table = func.json_to_recordset(_BATCH).table_valued(*columns)
    return table.render_derived(name="batch", with_types=True)


def _add_events_at_once() -> Any:
    """Return PostgreSQL's insert of a batch of events."""
    kinds = {one.name: one.type for one in Event.__table__.c if one.name != "id"}
    batch = _records(kinds | {"raw_body": Text()})
    values = {name: batch.c[name] for name in kinds}
    values["raw_body"] = func.decode(batch.c.raw_body, "base64")
    return (
        postgresql.insert(Event)
        .from_select(list(values), select(*values.values()))
        .on_conflict_do_nothing(index_elements=_EVENT_KEY)
        .returning(Event.source, Event.event_id)
    )


def _as_json(row: Row) -> dict[str, Any]:
    """Return those columns of an event that JSON has no values for."""
    moments = ("occurred_at", "received_at", "processed_at")
    texts: dict[str, Any] = {name: row[name] and row[name].isoformat() for name in moments}
    return {**texts, "raw_body": b64encode(row["raw_body"]).decode("ascii")}


def _keys_of(rows: Iterable[Any]) -> set[Key]:
    return {(row.source, row.event_id) for row in rows}


@lru_cache(maxsize=2)
def inbox_statements(is_postgres: bool) -> InboxStatements:
    """Return the statements for one kind of database."""
    return InboxStatements(is_postgres=is_postgres)
