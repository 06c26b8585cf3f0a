"""What the warehouse told and everybody shares: its lists of ids, its products, its stock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select

from app.ports import StockFigure
from app.store.inbox import insert_into
from app.store.models import SettingsSnapshot, StockReservation, WarehouseProduct
from app.store.placing import reserved_pieces
from app.store.session import Store


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
        row = (
            await connection.execute(
                select(SettingsSnapshot.taken_at, SettingsSnapshot.content)
                .where(SettingsSnapshot.peer == peer)
                .order_by(SettingsSnapshot.taken_at.desc(), SettingsSnapshot.id.desc())
                .limit(1)
            )
        ).first()
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
        rows = await connection.execute(
            select(*WarehouseProduct.__table__.columns).where(WarehouseProduct.sku.in_(list(skus)))
        )
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
        statement = (
            select(WarehouseProduct.stock_read_at)
            .where(WarehouseProduct.stock_read_at.is_not(None))
            .order_by(WarehouseProduct.stock_read_at.desc())
            .limit(1)
        )
        return (await connection.execute(statement)).scalar_one_or_none()


async def save_product(store: Store, sku: str, *, is_known: bool, checked_at: datetime) -> None:
    """Keep whether the warehouse has *sku*."""
    statement = insert_into(store, WarehouseProduct).values(
        sku=sku, is_known=is_known, checked_at=checked_at
    )
    async with store.write() as connection:
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["sku"], set_={"is_known": is_known, "checked_at": checked_at}
            )
        )


async def save_stock(store: Store, figures: Sequence[StockFigure], read_at: datetime) -> None:
    """
    Keep *figures*, asked for at *read_at*.

    Reservations of orders placed before that are in the figures by now and are dropped.
    """
    if not figures:
        return
    statement = insert_into(store, WarehouseProduct)
    statement = statement.on_conflict_do_update(
        index_elements=["sku"],
        set_={
            "stock_pieces": statement.excluded.stock_pieces,
            "stock_read_at": statement.excluded.stock_read_at,
        },
    )
    pieces = {figure.sku: figure.pieces for figure in figures}
    rows = [
        {"sku": sku, "stock_pieces": pieces[sku], "stock_read_at": read_at}
        for sku in sorted(pieces)
    ]
    async with store.write() as connection:
        await connection.execute(statement, rows)
        figure_read_at = select(WarehouseProduct.stock_read_at).where(
            WarehouseProduct.sku == StockReservation.sku
        )
        await connection.execute(
            delete(StockReservation).where(
                StockReservation.placed_at < figure_read_at.scalar_subquery()
            )
        )
