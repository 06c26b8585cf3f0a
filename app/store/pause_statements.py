"""What other statements ask about pauses: which are in force, and whether one stands still."""

from typing import Any, cast

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.pauses import Pause
from app.store.models_pauses import PauseRow
from app.store.statements import given

_pauses = cast(Table, PauseRow.__table__)
_SEPARATOR = ","
PAUSE_COLUMNS = (_pauses.c.what, _pauses.c.paused_at, _pauses.c.paused_by, _pauses.c.reason)
IN_FORCE = (
    select(*PAUSE_COLUMNS)
    .where(_pauses.c.resumed_at.is_(None))
    # By the id alone, SQLite would walk all pauses there ever were instead of the index of these.
    .order_by(_pauses.c.paused_at, _pauses.c.id)
)
PAUSED_TEXT: Any = (
    select(func.aggregate_strings(_pauses.c.what, _SEPARATOR))
    .where(_pauses.c.resumed_at.is_(None))
    .scalar_subquery()
    .label("paused_text")
)
"""What is paused, as a column of a statement about something else."""
_HOLD = (
    select(*PAUSE_COLUMNS)
    .where(_pauses.c.what == given(_pauses, "what"), _pauses.c.resumed_at.is_(None))
    .with_for_update(read=True)
)


def read_paused(paused_text: str | None) -> frozenset[str]:
    """Return what a `PAUSED_TEXT` names."""
    return frozenset(paused_text.split(_SEPARATOR)) if paused_text else frozenset()


async def hold_pause(connection: AsyncConnection, what: str) -> Pause | None:
    """Keep a pause from being ended until the caller's transaction is; None where none is."""
    row = (await connection.execute(_HOLD, {"its_what": what})).first()
    return Pause(*row) if row is not None else None
