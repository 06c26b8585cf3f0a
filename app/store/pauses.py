"""
Pauses in the store: what is paused for all processes, who paused it, and whom resuming wakes.

An intent is noted only while nothing in force stops it, which the statement that notes it reads
along; an order is put off for a pause only while that pause stands still (docs/rules/pauses.md).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

import structlog
from sqlalchemy import Table, and_, select, update

from app.domain.pauses import EndedPause, Pausable, Pause, tell_pause
from app.store.claims import PLACED
from app.store.models import Order
from app.store.models_pauses import PauseRow
from app.store.order_statements import locked_by_id
from app.store.orders import ring_workers
from app.store.pause_statements import IN_FORCE, PAUSE_COLUMNS
from app.store.session import Store
from app.store.statements import given, insert_into

_pauses = cast(Table, PauseRow.__table__)
_ENDING = (_pauses.c.resumed_at, _pauses.c.resumed_by, _pauses.c.resume_reason)
_orders = cast(Table, Order.__table__)
_TAKE_TURN = (
    update(_orders)
    .where(_orders.c.id == given(_orders, "id"))
    .values(next_attempt_at=given(_orders, "next_attempt_at", prefix="to_"))
)

log = structlog.get_logger(__name__)


async def load_pauses(store: Store) -> dict[str, Pause]:
    """Return the pauses in force by what they pause, the oldest first."""
    async with store.read() as connection:
        return {row.what: Pause(*row) for row in await connection.execute(IN_FORCE)}


async def pause(store: Store, what: Pausable, *, by: str, reason: str) -> tuple[Pause, bool]:
    """
    Pause *what* for all processes; return the pause in force, and whether it is new.

    What is paused already stays paused as it was, by whom and why.
    """
    added = {"what": what, "paused_at": store.now(), "paused_by": by, "reason": reason}
    async with store.write() as connection:
        insert = insert_into(_pauses, is_postgres=store.is_postgres).values(added)
        new = await connection.execute(insert.on_conflict_do_nothing().returning(_pauses.c.id))
        is_new = new.first() is not None
        row = (await connection.execute(IN_FORCE.where(_pauses.c.what == what))).one()
    if is_new:
        log.warning("pause.started", what=str(what))
    return Pause(*row), is_new


async def list_ended(store: Store, limit: int) -> list[EndedPause]:
    """Return the pauses that were resumed, the newest first."""
    ended = select(*PAUSE_COLUMNS, *_ENDING).where(_pauses.c.resumed_at.is_not(None))
    async with store.read() as connection:
        rows = await connection.execute(ended.order_by(_pauses.c.id.desc()).limit(limit))
        return [EndedPause(Pause(*row[:-3]), *row[-3:]) for row in rows]


async def resume(
    store: Store, what: Pausable, *, by: str, reason: str = ""
) -> tuple[Pause | None, int]:
    """
    End the pause of *what* and wake the orders that waited for it.

    Returns the pause that was in force, None where none was, and how many orders woke. They are
    claimed by ship-by date.
    """
    async with store.write() as connection:
        row = (
            await connection.execute(
                update(_pauses)
                .where(_pauses.c.what == what, _pauses.c.resumed_at.is_(None))
                .values(resumed_at=store.now(), resumed_by=by, resume_reason=reason or None)
                .returning(*PAUSE_COLUMNS)
            )
        ).first()
        if row is None:
            return None, 0
        ended = Pause(*row)
        waiting = and_(
            _orders.c.next_attempt_at.is_not(None), _orders.c.waits_for == tell_pause(ended)
        )
        now = store.now()
        placed = await connection.execute(
            select(_orders.c.id)
            .where(waiting, PLACED)
            .order_by(_orders.c.ship_by_at.is_(None), _orders.c.ship_by_at, _orders.c.id)
        )
        in_turn = list(placed.scalars())
        woken = await connection.execute(
            update(Order)
            .where(locked_by_id(waiting))
            .values(waits_for=None, next_attempt_at=now)
            .returning(Order.id)
        )
        count = len(woken.all())
        if in_turn:
            await connection.execute(_TAKE_TURN, _turns(in_turn, now))
        await ring_workers(store, connection)
    log.warning("pause.ended", what=str(what), woken_orders=count)
    return ended, count


def _turns(order_ids: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    """
    Return due times, all but equal, in the order of *order_ids*.

    A claim takes what was placed by its due time; only what is still to be placed by its date.
    """
    count = len(order_ids)
    return [
        {"its_id": order_id, "to_next_attempt_at": now - timedelta(microseconds=count - number)}
        for number, order_id in enumerate(order_ids)
    ]
