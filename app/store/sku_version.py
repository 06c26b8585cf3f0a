"""How often the table of SKUs has changed: what was judged by it names the count."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.errors import SkuTableChanged
from app.store.models_skus import SkuTableState

SKU_VERSION = select(SkuTableState.change_count)


async def require_sku_version(connection: AsyncConnection, version: int) -> None:
    """
    Hold the table still until the caller's transaction ends.

    Raises:
        SkuTableChanged: It changed since *version*.
    """
    now = (await connection.execute(SKU_VERSION.with_for_update(read=True))).scalar_one()
    if now != version:
        raise SkuTableChanged


async def lock_sku_table(connection: AsyncConnection) -> None:
    """Have two changes at a time, and whoever asks a person by the table, wait for each other."""
    await connection.execute(SKU_VERSION.with_for_update())


async def count_sku_change(connection: AsyncConnection) -> None:
    """Have everything that was judged by the table so far judged again before it is sent."""
    statement = update(SkuTableState).values(change_count=SkuTableState.change_count + 1)
    await connection.execute(statement)
