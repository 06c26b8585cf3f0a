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
    """`is_up` is None before the first look, `lost_at` when it went last, repaired or not."""

    managed_since_at: datetime | None = None
    managed_by: str | None = None
    checked_at: datetime | None = None
    is_up: bool | None = None
    problem: str | None = None
    lost_at: datetime | None = None
    loss_count: int = 0

    @property
    def is_managed(self) -> bool:
        """Whether a person had this service register the subscription."""
        return self.managed_since_at is not None


_COLUMNS = [_watch.c[each.name] for each in fields(WebhookWatch)]


async def load_webhook_watch(store: Store) -> WebhookWatch:
    """Return what was seen last."""
    async with store.read() as connection:
        row = (await connection.execute(select(*_COLUMNS))).first()
    return WebhookWatch(*row) if row is not None else WebhookWatch()


async def manage_webhook(store: Store, *, by: str | None) -> None:
    """Have this service look after the subscription from now on; no more where *by* is None."""
    async with store.write() as connection:
        since = store.now() if by is not None else None
        await _keep(store, connection, managed_since_at=since, managed_by=by)


async def note_webhook(
    store: Store, *, is_up: bool, problem: str | None, reconcile_job: str
) -> None:
    """
    Keep what was seen.

    Once it is up again, *reconcile_job* is due at once, in the same transaction: it finds the
    orders nobody told of meanwhile, also if this process ends right here.
    """
    now = store.now()
    async with store.write() as connection:
        row = (await connection.execute(select(*_COLUMNS).with_for_update())).first()
        seen = WebhookWatch(*row) if row is not None else WebhookWatch()
        values: dict[str, Any] = {"is_up": is_up, "problem": problem, "checked_at": now}
        if seen.is_up and not is_up:
            values |= {"lost_at": now, "loss_count": seen.loss_count + 1}
        await _keep(store, connection, **values)
        if is_up and seen.is_up is False:
            its = _schedules.c.name == reconcile_job
            await connection.execute(update(_schedules).where(its).values(next_run_at=store.time()))


async def _keep(store: Store, connection: AsyncConnection, **values: Any) -> None:
    insert = insert_into(_watch, is_postgres=store.is_postgres).values(id=1, **values)
    await connection.execute(
        insert.on_conflict_do_update(index_elements=[_watch.c.id], set_=values)
    )
