"""
Held orders in the store: note what is about to be done, record what was found out.

Every statement that changes a held order matches its id, its fencing token and the state it
was in; a statement that changes nothing means that the lease was lost, and what was found out
is dropped.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.domain.pauses import Pausable, find_stop, tell_pause
from app.domain.record import OrderRecord, WarehouseOrderRecord
from app.errors import LeaseLost, Paused, SkuTableChanged, WokenMeanwhile
from app.ports import total_pieces
from app.step_record import SettingsInForce
from app.store.order_rows import placing_of, record_of
from app.store.order_statements import (
    ADD_ATTEMPT,
    RING,
    SETTLE_SHIPMENTS,
    build_answer,
    build_finish,
    build_note,
    build_processed,
    build_taken,
    build_wake,
    holding,
)
from app.store.pause_statements import hold_pause, read_paused
from app.store.recorded_settings import keep_settings
from app.store.reservations import free, reserve
from app.store.session import Store
from app.store.shadow import save_shadow
from app.store.sku_version import require_sku_version


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
    recorded: bytes | None = field(default=None, repr=False)
    """The packed step record (`app/step_record.py`), None where nothing is to be rehearsed."""


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
    settles_shipments: bool = False
    """Whether a person has dealt with what the order's shipments ask."""
    shadow: Mapping[str, Any] = field(default_factory=dict)
    """Columns of what shadow mode keeps of the order."""
    stopped_by: str | None = None
    """The pause it waits for: what it waits for is told from it, or it is due now if it ended."""
    settings: SettingsInForce | None = None
    """The settings the attempt was recorded under, where they have yet to be kept."""


async def finish_step(
    store: Store, order: OrderRecord, finish: Finish, lease_seconds: float
) -> OrderRecord:
    """
    Record what a step found out, with its history row, in one transaction.

    A wake-up that came while the step ran is not lost: the order is then due at once whatever
    the step asked for.

    Raises:
        LeaseLost: The order is another worker's now; nothing is written.
        SkuTableChanged: A person would be asked by entries of SKUs that changed meanwhile;
            nothing is written.
    """
    live = order.live
    columns = dict(finish.columns)
    if finish.stopped_by is not None:
        columns["waits_for"] = None
    statement = build_finish(frozenset(columns), finish.keeps_lease, store.asks_database_time)
    leased = {"to_lease_until": lease_seconds} if finish.keeps_lease else {}
    values = {
        **holding(order),
        **{f"to_{name}": value for name, value in columns.items()},
        "to_next_attempt_at": finish.next_attempt_at,
        "its_wake_seq": order.wake_seq,
        **store.moments(now=0, **leased),
    }
    async with store.write() as connection:
        if order.sku_version is not None and finish.columns.get("attention_reason") is not None:
            await require_sku_version(connection, order.sku_version)
        if finish.stopped_by is not None:
            pause = await hold_pause(connection, finish.stopped_by)
            if pause is None:
                values["to_next_attempt_at"] = store.now()
            else:
                values["to_waits_for"] = tell_pause(pause)
        row = (await connection.execute(statement, values)).first()
        if row is None:
            raise LeaseLost
        if finish.placing:
            live = await _answer_placing(store, connection, order, finish.placing)
        after = record_of(row, live)
        is_ended = row.state == State.CLOSED or (order.live is not None and live is None)
        is_reverted = order.state is State.ACCEPTED and row.state == State.RECEIVED
        if (is_ended or is_reverted) and not after.may_be_at_warehouse:
            await free(connection, order.order_id)
        if finish.settles_shipments:
            await connection.execute(
                SETTLE_SHIPMENTS, {"its_order_id": order.order_id, "to_settled_at": store.now()}
            )
        if finish.shadow:
            await save_shadow(store, connection, order.order_id, finish.shadow)
        await _mark_processed(store, connection, order)
        if finish.settings is not None:
            await keep_settings(store, connection, finish.settings)
        if finish.attempt is not None:
            await connection.execute(
                ADD_ATTEMPT,
                {
                    "order_id": order.order_id,
                    "happened_at": store.now(),
                    "next_attempt_at": row.next_attempt_at,
                    **{f.name: getattr(finish.attempt, f.name) for f in fields(AttemptRow)},
                },
            )
    return after


async def note_intent(
    store: Store,
    connection: AsyncConnection,
    order: OrderRecord,
    columns: Mapping[str, Any],
    lease_seconds: float,
    times: Mapping[str, float],
    *,
    flow: Pausable,
) -> OrderRecord:
    """
    Write columns of a held order and prolong its lease, within the caller's transaction.

    *times* are columns that get the present time and so many seconds, *flow* is what is about
    to be written at a company.

    Raises:
        LeaseLost: The order is another worker's now; nothing may be sent.
        Paused: The flow, its company or everything is paused; nothing may be sent.
        WokenMeanwhile: The order was woken since this step began, or the table of SKUs changed
            since it was judged by it; nothing may be sent.
    """
    times = {**times, "lease_until": lease_seconds}
    statement = build_note(frozenset(columns), frozenset(times), store.asks_database_time)
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
    if order.sku_version not in (None, row.table_version):
        raise SkuTableChanged
    if (stop := find_stop(flow, read_paused(row.paused_text))) is not None:
        raise Paused(stop, flow)
    return record_of(row, order.live)


async def _mark_processed(store: Store, connection: AsyncConnection, order: OrderRecord) -> None:
    """Date the events whose wake-up this step has seen."""
    if order.wake_seq <= order.processed_wake_seq:
        return
    await connection.execute(
        build_processed(store.asks_database_time),
        {"its_order_id": order.order_id, "its_wake_seq": order.wake_seq, **store.moments(now=0)},
    )


async def _answer_placing(
    store: Store, connection: AsyncConnection, order: OrderRecord, values: Mapping[str, Any]
) -> WarehouseOrderRecord | None:
    """Record what became of the live placing; return it, or None where it was replaced."""
    assert order.live is not None, "an answer needs its intent"
    answered = await connection.execute(
        build_answer(frozenset(values)),
        {
            "its_id": order.live.warehouse_order_row_id,
            **{f"to_{name}": value for name, value in values.items()},
        },
    )
    live = placing_of(answered.one())
    is_changed = "lines" in values
    if is_changed:
        await reserve(connection, order.order_id, total_pieces(live.lines))
    if is_changed or values.get("answer") in ("created", "adopted"):
        # From now on a fresh figure of the warehouse is without these pieces.
        await connection.execute(
            build_taken(store.asks_database_time),
            {"its_order_id": order.order_id, **store.moments(now=0)},
        )
    return None if values.get("replaced_at") else live


async def wake_orders(store: Store, connection: AsyncConnection, order_ids: Sequence[int]) -> None:
    """Have *order_ids* looked at now; a backoff under way is respected."""
    if not order_ids:
        return
    await connection.execute(
        build_wake(store.asks_database_time),
        {"order_ids": sorted(order_ids), **store.moments(now=0)},
    )
    await ring_workers(store, connection)


async def ring_workers(store: Store, connection: AsyncConnection) -> None:
    """Have the workers of other processes look for due work once this transaction commits."""
    if store.is_postgres:
        await connection.execute(RING)
