"""The settings under which steps were recorded: one row for each that ever was in force."""

import json
import zlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.step_record import SettingsInForce
from app.store.models import Attempt, RecordedSettings
from app.store.session import Store
from app.store.statements import insert_into

_UNUSED = timedelta(days=3)
"""What is in use is kept anew every day; what is so much older than all records is not."""

_settings = cast(Table, RecordedSettings.__table__)


async def keep_settings(
    store: Store, connection: AsyncConnection, settings: SettingsInForce
) -> None:
    """Keep *settings*, or that they are in force still, within the caller's transaction."""
    packed = zlib.compress(json.dumps(settings.content).encode())
    statement = insert_into(_settings, is_postgres=store.is_postgres).values(
        digest=settings.digest, used_at=store.now(), content=packed
    )
    await connection.execute(
        statement.on_conflict_do_update(
            index_elements=["digest"], set_={"used_at": statement.excluded.used_at}
        )
    )


async def load_settings_of(store: Store, digest: str) -> Mapping[str, Any] | None:
    """Return the settings with *digest*, None where they are no longer kept."""
    query = select(_settings.c.content).where(_settings.c.digest == digest)
    async with store.read() as connection:
        packed = (await connection.execute(query)).scalar_one_or_none()
    if packed is None:
        return None
    content: Mapping[str, Any] = json.loads(zlib.decompress(packed))
    return content


async def forget_settings(store: Store) -> None:
    """Delete the settings under which nothing is recorded any more."""
    oldest = select(func.min(Attempt.happened_at)).where(Attempt.recorded.is_not(None))
    async with store.write() as connection:
        since = (await connection.execute(oldest)).scalar_one_or_none() or store.now()
        await connection.execute(delete(_settings).where(_settings.c.used_at < since - _UNUSED))
