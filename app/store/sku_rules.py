"""
The table of SKUs: what operators say a SKU is, for every order and all replicas.

Each change is one transaction that also counts itself. Whoever writes down what follows from a
review names the count it relied on, so that no order goes out on an entry that was corrected
meanwhile, and none stays with a person for one that has been (docs/rules/packs-and-prices.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.domain.sku_entries import SkuChange, SkuEntry
from app.store.decisions import CLEARED, HELD_FOR_RELEASE, signed
from app.store.models import Attempt, Order
from app.store.models_skus import SkuRule, SkuRuleChange
from app.store.order_statements import locked_by_id
from app.store.orders import ring_workers
from app.store.session import Store
from app.store.sku_version import SKU_VERSION, count_sku_change, lock_sku_table
from app.store.statements import insert_into

WOKEN_BY_ENTRY = frozenset({"sku_unknown", "pack_mode_unconfirmed", "pack_mode_mismatch"})
"""Findings that an entry of the table can settle."""
READ_ROWS = 500


@dataclass(frozen=True, slots=True)
class SkuTable:
    """All entries by marketplace SKU, and how often the table had changed when they were read."""

    version: int
    entries: Mapping[str, SkuEntry]


@dataclass(frozen=True, slots=True)
class SkuRow:
    """One entry with who wrote it, when and why."""

    marketplace_sku: str
    entry: SkuEntry
    note: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True)
class SkuChanged:
    """One SKU whose entry is another now."""

    marketplace_sku: str
    before: SkuEntry | None
    after: SkuEntry | None
    note: str

    def __str__(self) -> str:
        """Say it as an operator reads it."""
        before = self.before or "no entry"
        return f"{self.marketplace_sku}: {before} -> {self.after or 'no entry'}"


async def load_sku_table(store: Store) -> SkuTable:
    """Return the whole table. The count is read first: it may be too old, never too new."""
    async with store.read() as connection:
        version = (await connection.execute(SKU_VERSION)).scalar_one()
        rows = await connection.execute(_ENTRIES)
        entries = {row.marketplace_sku: SkuEntry(row.warehouse_sku, row.pack_mode) for row in rows}
    return SkuTable(version, entries)


async def list_sku_rules(store: Store) -> list[SkuRow]:
    """Return every entry by SKU."""
    async with store.read() as connection:
        rows = await connection.execute(select(_rules).order_by(_rules.c.marketplace_sku))
        return [_row_of(row) for row in rows]


async def find_sku_rule(store: Store, marketplace_sku: str) -> SkuRow | None:
    """Return one entry, None where there is none."""
    statement = select(_rules).where(_rules.c.marketplace_sku == marketplace_sku)
    async with store.read() as connection:
        row = (await connection.execute(statement)).first()
    return None if row is None else _row_of(row)


async def change_sku_rules(
    store: Store,
    changes: Sequence[SkuChange],
    *,
    by: str,
    aliases: Mapping[str, str],
    is_rehearsal: bool = False,
) -> tuple[list[SkuChanged], int]:
    """
    Write *changes*, all or none; return those that change something, and how many orders woke.

    Orders that need a person because of one of these SKUs are retried, as a person would.
    *aliases* are those of the settings, by which a finding may name a SKU. A rehearsal writes
    nothing and wakes nobody.
    """
    async with store.write() as connection:
        await lock_sku_table(connection)
        changed = await _compare(connection, changes)
        if is_rehearsal or not changed:
            return changed, 0
        await count_sku_change(connection)
        await _write(store, connection, changed, by)
        woken = await _retry_orders(store, connection, changed, aliases, by)
        await ring_workers(store, connection)
    return changed, woken


async def _compare(connection: AsyncConnection, changes: Sequence[SkuChange]) -> list[SkuChanged]:
    before = {row.marketplace_sku: row for row in await connection.execute(select(_rules))}
    changed = []
    for change in changes:
        row = before.get(change.marketplace_sku)
        entry = None if row is None else SkuEntry(row.warehouse_sku, row.pack_mode)
        after = change.after(entry)
        if entry != after:
            note = row.note if row is not None and "note" in change.keeps else change.note
            changed.append(SkuChanged(change.marketplace_sku, entry, after, note))
    return changed


async def _write(
    store: Store,
    connection: AsyncConnection,
    changed: Sequence[SkuChanged],
    by: str,
) -> None:
    now = store.now()
    for one in changed:
        sku, after, note = one.marketplace_sku, one.after, one.note
        said = after or SkuEntry()
        entry = {"warehouse_sku": said.warehouse_sku, "pack_mode": said.pack_mode, "note": note}
        if after is None:
            await connection.execute(delete(SkuRule).where(SkuRule.marketplace_sku == sku))
        else:
            values = {**entry, "updated_at": now, "updated_by": by}
            await connection.execute(
                insert_into(_rules, is_postgres=store.is_postgres)
                .values(marketplace_sku=sku, **values)
                .on_conflict_do_update(index_elements=["marketplace_sku"], set_=values)
            )
        before = one.before or SkuEntry()
        await connection.execute(
            insert(SkuRuleChange).values(
                marketplace_sku=sku,
                changed_at=now,
                changed_by=by,
                warehouse_sku_before=before.warehouse_sku,
                pack_mode_before=before.pack_mode,
                **entry,
            )
        )


async def _retry_orders(
    store: Store,
    connection: AsyncConnection,
    changed: Sequence[SkuChanged],
    aliases: Mapping[str, str],
    by: str,
) -> int:
    """Retry the orders that need a person because of a SKU that changed; return how many."""
    fields = {field: one.marketplace_sku for one in changed for field in _fields_of(one, aliases)}
    asked = {}
    for row in await connection.execute(_ASKING):
        for finding in row.attention_detail or ():
            if finding.get("reason") in WOKEN_BY_ENTRY and finding.get("field") in fields:
                asked[row.id] = fields[finding["field"]]
                break
    for start in range(0, len(asked), READ_ROWS):
        some = sorted(asked)[start : start + READ_ROWS]
        await connection.execute(
            update(Order)
            .where(Order.id.in_(some), locked_by_id(Order.id.in_(some)))
            .values(
                **CLEARED,
                wake_seq=Order.wake_seq + 1,
                next_attempt_at=store.time(),
                lease_until=None,
                leased_by=None,
                fencing_token=Order.fencing_token + 1,
            )
        )
        await connection.execute(
            insert(Attempt),
            [_attempt_of(order_id, asked[order_id], store, by) for order_id in some],
        )
    return len(asked)


def _fields_of(one: SkuChanged, aliases: Mapping[str, str]) -> set[str]:
    """Return how findings name the SKU: as on the order's line, or as the warehouse knows it."""
    sku = one.marketplace_sku
    said = [one.before.warehouse_sku if one.before else None, aliases.get(sku), sku]
    return {f"line {sku}", *(f"SKU {name.strip()}" for name in said if name)}


def _attempt_of(order_id: int, sku: str, store: Store, by: str) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "happened_at": store.now(),
        "step": "retry",
        "outcome": "decided",
        "message": signed(f"retried because the entry of SKU {sku} was changed", by, ""),
        "attempt_number": 0,
        "duration_ms": 0,
    }


def _row_of(row: Any) -> SkuRow:
    entry = SkuEntry(row.warehouse_sku, row.pack_mode)
    return SkuRow(row.marketplace_sku, entry, row.note, row.updated_at, row.updated_by)


_rules = cast(Table, SkuRule.__table__)
_ENTRIES = select(_rules.c.marketplace_sku, _rules.c.warehouse_sku, _rules.c.pack_mode)
_ASKING = select(Order.id, Order.attention_detail).where(
    Order.attention_reason.is_not(None),
    # A corrected order waits for the person who corrected it, whatever else becomes known.
    Order.attention_reason != HELD_FOR_RELEASE,
    Order.state.in_((State.RECEIVED, State.ACCEPTED)),
)
