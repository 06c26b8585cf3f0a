"""
The subscriptions this service keeps: each noted before it is asked for, and what became of it.

Every function is one transaction. Signing secrets come in and go out encrypted.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.models_webhooks import SubscriptionRow
from app.store.session import Store

_rows = cast(Table, SubscriptionRow.__table__)


class Standing(StrEnum):
    """Where a subscription of ours stands."""

    CREATING = "creating"
    ACTIVE = "active"
    RETIRING = "retiring"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class OurSubscription:
    """One row; `known_ids` are the subscriptions that were there before an unanswered create."""

    id: int
    subscription_id: str | None
    state: str
    url: str
    events: Sequence[str]
    known_ids: Sequence[str] | None
    secret_encrypted: str | None = field(repr=False)
    secret_until_at: datetime | None
    created_at: datetime
    created_by: str
    delete_after_at: datetime | None
    ended_at: datetime | None


_COLUMNS = [_rows.c[each.name] for each in fields(OurSubscription)]


class AlreadyUnderWay(Exception):
    """Another process is creating a subscription."""


async def load_ours(store: Store) -> list[OurSubscription]:
    """Return every row, the oldest first."""
    async with store.read() as connection:
        found = await connection.execute(select(*_COLUMNS).order_by(_rows.c.id))
        return [OurSubscription(*row) for row in found]


@dataclass(frozen=True, slots=True)
class StoredSecrets:
    """The encrypted secrets that count now, and whether another may come any moment."""

    sealed: Sequence[str] = field(repr=False)
    may_get_another: bool


async def load_secrets(store: Store, *, creating_seconds: float) -> StoredSecrets:
    """Return what deliveries may be signed with; a create counts for so long after its intent."""
    counts = or_(
        _rows.c.state.in_((Standing.CREATING, Standing.ACTIVE, Standing.RETIRING)),
        _rows.c.secret_until_at > store.time(),
    )
    wanted = select(_rows.c.state, _rows.c.secret_encrypted, _rows.c.created_at).where(counts)
    since = store.now() - timedelta(seconds=creating_seconds)
    async with store.read() as connection:
        found = (await connection.execute(wanted.order_by(_rows.c.id.desc()))).all()
    return StoredSecrets(
        [row.secret_encrypted for row in found if row.secret_encrypted],
        any(row.state == Standing.CREATING and row.created_at > since for row in found),
    )


async def note_intent(
    store: Store, *, url: str, events: Sequence[str], known_ids: Sequence[str], by: str
) -> int:
    """
    Note that a subscription is about to be asked for; return the row's id.

    Raises:
        AlreadyUnderWay: One is being created.
    """
    values = {
        "state": Standing.CREATING,
        "url": url,
        "events": list(events),
        "known_ids": list(known_ids),
        "created_at": store.now(),
        "created_by": by,
    }
    try:
        async with store.write() as connection:
            added = await connection.execute(_rows.insert().values(values).returning(_rows.c.id))
            return int(added.scalar_one())
    except IntegrityError:
        raise AlreadyUnderWay from None


async def activate(
    store: Store, row_id: int, subscription_id: str, sealed: str, *, overlap_seconds: float
) -> None:
    """Have the new one count; the one it replaces is deleted once both were there so long."""
    async with store.write() as connection:
        old = _rows.c.state == Standing.ACTIVE
        until = store.time(overlap_seconds)
        await _set(connection, old, state=Standing.RETIRING, delete_after_at=until)
        await _set(
            connection,
            _rows.c.id == row_id,
            state=Standing.ACTIVE,
            subscription_id=subscription_id,
            secret_encrypted=sealed,
            known_ids=None,
        )


async def note_unusable(
    store: Store, row_id: int, subscription_id: str, sealed: str | None
) -> None:
    """Have a subscription of ours deleted that is one too many, or whose secret nobody knows."""
    async with store.write() as connection:
        await _set(
            connection,
            _rows.c.id == row_id,
            state=Standing.RETIRING,
            subscription_id=subscription_id,
            secret_encrypted=sealed,
            known_ids=None,
            delete_after_at=store.time(),
        )


async def drop_intent(store: Store, row_id: int, *, is_refused: bool) -> None:
    """End an intent nothing came of; one that was not refused may still turn out to have worked."""
    values: dict[str, Any] = {"known_ids": None} if is_refused else {}
    async with store.write() as connection:
        await _set(
            connection,
            _rows.c.id == row_id,
            state=Standing.ENDED,
            ended_at=store.time(),
            **values,
        )


async def replace_target(store: Store, row_id: int, url: str, events: Sequence[str]) -> None:
    """Note where a subscription leads and of what it tells from now on."""
    async with store.write() as connection:
        await _set(connection, _rows.c.id == row_id, url=url, events=list(events))


async def keep_secret(store: Store, row_id: int, sealed: str) -> None:
    """Keep another secret, or the same encrypted by another key."""
    async with store.write() as connection:
        await _set(connection, _rows.c.id == row_id, secret_encrypted=sealed)


async def retire_all(store: Store) -> None:
    """Have every subscription of ours deleted."""
    async with store.write() as connection:
        alive = _rows.c.state.in_((Standing.ACTIVE, Standing.RETIRING))
        await _set(connection, alive, state=Standing.RETIRING, delete_after_at=store.time())


async def end(store: Store, row_id: int, *, secret_seconds: float) -> None:
    """Note that a subscription is gone; what it signed is taken for so long, to come late."""
    async with store.write() as connection:
        await _set(
            connection,
            _rows.c.id == row_id,
            state=Standing.ENDED,
            ended_at=store.time(),
            secret_until_at=store.time(secret_seconds),
        )


async def drop_old_secrets(store: Store) -> None:
    """Take no more what ended subscriptions signed."""
    async with store.write() as connection:
        await _set(connection, _rows.c.state == Standing.ENDED, secret_until_at=store.time())


async def forget_secrets(store: Store) -> None:
    """Erase the secrets of ended subscriptions whose time is over."""
    async with store.write() as connection:
        is_over = _rows.c.secret_until_at <= store.time()
        await _set(
            connection,
            _rows.c.state == Standing.ENDED,
            is_over,
            _rows.c.secret_encrypted.is_not(None),
            secret_encrypted=None,
        )


async def _set(
    connection: AsyncConnection, *conditions: ColumnElement[bool], **values: Any
) -> None:
    await connection.execute(update(_rows).where(*conditions).values(values))
