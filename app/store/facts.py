"""What the warehouse told and everybody shares: its lists of ids, its products, its stock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import BindParameter, Table, bindparam, delete, insert, select

from app.ports import StockFigure
from app.store.models import SettingsSnapshot, StockReservation, WarehouseProduct
from app.store.reservations import reserved_pieces
from app.store.session import Store
from app.store.statements import given, insert_into


@dataclass(frozen=True, slots=True)
class ProductFacts:
    """What is known of one SKU, and when it was asked. Absent figures are None."""

    sku: str
    is_known: bool | None
    checked_at: datetime | None
    stock_pieces: int | None
    stock_read_at: datetime | None


async def load_settings_snapshot(
    store: Store, peer: str
) -> tuple[datetime, Mapping[str, Any]] | None:
    """Return the newest lists of ids of *peer* and when they were read."""
    async with store.read() as connection:
        row = (await connection.execute(_NEWEST_SNAPSHOT, {"its_peer": peer})).first()
    return (row.taken_at, row.content) if row is not None else None


async def save_settings_snapshot(store: Store, peer: str, content: Mapping[str, Any]) -> None:
    """Keep *content* as the newest lists of ids of *peer*, and the one before it."""
    async with store.write() as connection:
        kept = (
            select(SettingsSnapshot.id)
            .where(SettingsSnapshot.peer == peer)
            .order_by(SettingsSnapshot.id.desc())
            .limit(1)
        )
        await connection.execute(
            delete(SettingsSnapshot).where(
                SettingsSnapshot.peer == peer, SettingsSnapshot.id.not_in(kept)
            )
        )
        await connection.execute(
            insert(SettingsSnapshot).values(peer=peer, taken_at=store.now(), content=dict(content))
        )


async def load_products(store: Store, skus: Iterable[str]) -> dict[str, ProductFacts]:
    """Return what is known of *skus*; those never asked about are missing."""
    async with store.read() as connection:
        rows = await connection.execute(_PRODUCTS, {"skus": list(skus)})
        return {row.sku: ProductFacts(*row) for row in rows}


async def load_reserved_pieces(
    store: Store, skus: Sequence[str], *, but_not: int
) -> dict[str, int]:
    """Return the pieces of *skus* that other orders of ours will take."""
    async with store.read() as connection:
        return await reserved_pieces(connection, skus, but_not=but_not)


async def newest_stock_read_at(store: Store) -> datetime | None:
    """Return when stock was last read for any SKU."""
    async with store.read() as connection:
        return (await connection.execute(_NEWEST_STOCK)).scalar_one_or_none()


async def save_product(store: Store, sku: str, *, is_known: bool, checked_at: datetime) -> None:
    """Keep whether the warehouse has *sku*."""
    row = {"sku": sku, "is_known": is_known, "checked_at": checked_at}
    async with store.write() as connection:
        await connection.execute(_keep_product(store.is_postgres, "is_known", "checked_at"), row)


async def save_stock(store: Store, figures: Sequence[StockFigure], read_at: datetime) -> None:
    """
    Keep *figures*, asked for at *read_at*.

    Reservations of orders placed before that are in the figures by now and are dropped.
    """
    if not figures:
        return
    statement = _keep_product(store.is_postgres, "stock_pieces", "stock_read_at")
    pieces = {figure.sku: figure.pieces for figure in figures}
    rows = [
        {"sku": sku, "stock_pieces": pieces[sku], "stock_read_at": read_at}
        for sku in sorted(pieces)
    ]
    async with store.write() as connection:
        await connection.execute(statement, rows)
        await connection.execute(_DROP_RESERVATIONS)


_products = cast(Table, WarehouseProduct.__table__)
_snapshots = cast(Table, SettingsSnapshot.__table__)
_reservations = cast(Table, StockReservation.__table__)
_SKUS: BindParameter[str] = bindparam("skus", expanding=True)
_PRODUCTS = select(_products).where(_products.c.sku.in_(_SKUS))
_NEWEST_SNAPSHOT = (
    select(_snapshots.c.taken_at, _snapshots.c.content)
    .where(_snapshots.c.peer == given(_snapshots, "peer"))
    .order_by(_snapshots.c.taken_at.desc(), _snapshots.c.id.desc())
    .limit(1)
)
_NEWEST_STOCK = (
    select(_products.c.stock_read_at)
    .where(_products.c.stock_read_at.is_not(None))
    .order_by(_products.c.stock_read_at.desc())
    .limit(1)
)
_READ_AT = select(_products.c.stock_read_at).where(_products.c.sku == _reservations.c.sku)
_DROP_RESERVATIONS = delete(_reservations).where(
    _reservations.c.placed_at < _READ_AT.scalar_subquery()
)


@lru_cache
def _keep_product(is_postgres: bool, *columns: str) -> Any:
    """Build the insert of a product's *columns*, or their change."""
    statement = insert_into(_products, is_postgres=is_postgres)
    newest = {name: statement.excluded[name] for name in columns}
    return statement.on_conflict_do_update(index_elements=["sku"], set_=newest)
