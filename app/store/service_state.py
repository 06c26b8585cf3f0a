"""What the service remembers of itself: its mode, the switch from shadow mode, the last summary."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, cast

import structlog
from sqlalchemy import Table, and_, or_, select, update

from app.domain.shadow import WAITS_FOR_LIVE
from app.store.models import Order, is_open
from app.store.models_shadow import ServiceState
from app.store.order_statements import locked_by_id
from app.store.orders import ring_workers
from app.store.session import Store
from app.store.statements import insert_into

_state = cast(Table, ServiceState.__table__)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class StateRecord:
    """The one row; all empty before anything was to be remembered."""

    mode: str | None = None
    mode_since: datetime | None = None
    left_shadow_at: datetime | None = None
    first_reconcile_accepted: int | None = None
    """How many accepted orders that nobody told of the first reconciling found."""
    shadow_summary: Mapping[str, Any] | None = None
    shadow_told: Mapping[str, str] | None = None
    """When each channel was last told of the summary."""


_COLUMNS = tuple(_state.c[f.name] for f in fields(StateRecord))


async def load_service_state(store: Store) -> StateRecord:
    """Return what is remembered."""
    async with store.read() as connection:
        row = (await connection.execute(select(*_COLUMNS))).first()
    return StateRecord(*row) if row is not None else StateRecord()


async def save_service_state(store: Store, **columns: Any) -> None:
    """Remember *columns*; the others stay as they are."""
    statement = insert_into(_state, is_postgres=store.is_postgres).values(id=1, **columns)
    async with store.write() as connection:
        await connection.execute(
            statement.on_conflict_do_update(index_elements=["id"], set_=columns)
        )


async def enter_mode(store: Store, mode: Literal["live", "shadow"]) -> StateRecord:
    """
    Note in which mode the service starts, and return what is remembered.

    The first live start after shadow mode notes that moment, once however many start, and has
    the orders that shadow mode followed or stopped looked at.
    """
    known = await load_service_state(store)
    if (known.mode or "live") == mode:
        return known
    now = store.now()
    first = insert_into(_state, is_postgres=store.is_postgres).values(id=1)
    async with store.write() as connection:
        await connection.execute(first.on_conflict_do_nothing())
        row = (await connection.execute(select(*_COLUMNS).with_for_update())).one()
        if (row.mode or "live") == mode:
            return StateRecord(*row)
        values: dict[str, Any] = {"mode": mode, "mode_since": now}
        if mode == "live":
            values["left_shadow_at"] = now
            waiting = or_(
                and_(is_open(), Order.shadowed_at.is_not(None)), Order.waits_for == WAITS_FOR_LIVE
            )
            await connection.execute(
                update(Order).where(locked_by_id(waiting)).values(next_attempt_at=now)
            )
            await ring_workers(store, connection)
        changed = update(_state).values(values).returning(*_COLUMNS)
        entered = StateRecord(*(await connection.execute(changed)).one())
    log.warning("mode.entered", mode=mode)
    return entered
