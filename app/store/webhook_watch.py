"""Whether the marketplace tells us of orders: what was seen last, and since when it was lost."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models import Schedule
from app.store.models_webhooks import WebhookWatchRow
from app.store.session import Store
from app.store.statements import insert_into

_watch = cast(Table, WebhookWatchRow.__table__)
_schedules = cast(Table, Schedule.__table__)


@dataclass(frozen=True, slots=True)
class WebhookWatch:
    """
    `lost_at` is when it went last, repaired or not.

    `is_up` is None before the first look, and while none is wanted: somebody deleted ours on
    purpose, at `let_go_at`, and none leads here since.
    """

    managed_since_at: datetime | None = None
    managed_by: str | None = None
    let_go_at: datetime | None = None
    let_go_by: str | None = None
    checked_at: datetime | None = None
    is_up: bool | None = None
    problem: str | None = None
    lost_at: datetime | None = None
    loss_count: int = 0

    @property
    def is_managed(self) -> bool:
        """Whether a person had this service register the subscription."""
        return self.managed_since_at is not None


_WANTED = {"let_go_at": None, "let_go_by": None}
_COLUMNS = [_watch.c[each.name] for each in fields(WebhookWatch)]


async def load_webhook_watch(store: Store) -> WebhookWatch:
    """Return what was seen last."""
    async with store.read() as connection:
        row = (await connection.execute(select(*_COLUMNS))).first()
    return WebhookWatch(*row) if row is not None else WebhookWatch()


async def manage_webhook(store: Store, *, by: str) -> None:
    """Have this service look after the subscription from now on, as *by* wished."""
    async with store.write() as connection:
        await _keep(store, connection, managed_since_at=store.now(), managed_by=by, **_WANTED)


async def let_go_of_webhook(store: Store, *, by: str) -> None:
    """Look after none any more, and miss none, until one leads here again."""
    unmanaged = {"managed_since_at": None, "managed_by": None}
    values = {"let_go_at": store.now(), "let_go_by": by, "is_up": None, "problem": None}
    async with store.write() as connection:
        await _keep(store, connection, **unmanaged, **values)


async def note_webhook(
    store: Store, *, is_up: bool | None, problem: str | None, reconcile_job: str
) -> None:
    """
    Keep what was seen; *is_up* is None where none is there and none is missed.

    Once it is up again, *reconcile_job* is due at once, in the same transaction: it finds the
    orders nobody told of meanwhile, also if this process ends right here.
    """
    now = store.now()
    async with store.write() as connection:
        row = (await connection.execute(select(*_COLUMNS).with_for_update())).first()
        seen = WebhookWatch(*row) if row is not None else WebhookWatch()
        values: dict[str, Any] = {"is_up": is_up, "problem": problem, "checked_at": now}
        if is_up:
            values |= _WANTED
        if seen.is_up and is_up is False:
            values |= {"lost_at": now, "loss_count": seen.loss_count + 1}
        await _keep(store, connection, **values)
        if is_up and (seen.is_up is False or seen.let_go_at is not None):
            its = _schedules.c.name == reconcile_job
            await connection.execute(update(_schedules).where(its).values(next_run_at=store.time()))


async def _keep(store: Store, connection: AsyncConnection, **values: Any) -> None:
    insert = insert_into(_watch, is_postgres=store.is_postgres).values(id=1, **values)
    await connection.execute(
        insert.on_conflict_do_update(index_elements=[_watch.c.id], set_=values)
    )
