"""Shipments in the store: what the warehouse sent for which order, and what is acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import delete, select, union, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.completeness import merge_rows, outranks
from app.domain.lifecycle import State
from app.domain.shipment import Parcel as ParcelValue
from app.domain.shipment import Shipment as ShipmentValue
from app.domain.shipment import ShipmentSource, ShippedLine
from app.store.inbox import insert_into
from app.store.models import SOURCE, Order, Parcel, Shipment, WarehouseOrder
from app.store.orders import state_of, wake_orders
from app.store.session import Store


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A placing a shipment may belong to."""

    order_id: int
    marketplace_order_id: str
    external_order_number: str
    warehouse_order_number: str | None
    answer: str | None
    is_live: bool
    skus: frozenset[str]
    state: State


@dataclass(frozen=True, slots=True)
class JudgedShipment:
    """
    A shipment and whose it is (`domain/dispatch.py`).

    `order_id` is set where an order must take it into account; `reason` where that order then
    needs a person.
    """

    shipment: ShipmentValue
    disposition: str
    order_id: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class StoredRow:
    """A judged shipment as the store holds it."""

    judged: JudgedShipment
    stored_at: datetime
    acknowledged_at: datetime | None

    @property
    def shipment(self) -> ShipmentValue:
        """What the warehouse told."""
        return self.judged.shipment


async def find_placed(
    store: Store, *, order_marks: Sequence[str], external_order_numbers: Sequence[str]
) -> list[PlacedOrder]:
    """Return every placing whose order or number is among the given ones."""
    by_mark = select(WarehouseOrder.id).join(Order, Order.id == WarehouseOrder.order_id)
    found = union(
        by_mark.where(Order.source == SOURCE, Order.marketplace_order_id.in_(list(order_marks))),
        select(WarehouseOrder.id).where(
            WarehouseOrder.external_order_number.in_(list(external_order_numbers))
        ),
    )
    async with store.read() as connection:
        rows = await connection.execute(
            _placed_statement().where(WarehouseOrder.id.in_(select(found.subquery().c[0])))
        )
        return [_placed_of(row) for row in rows]


async def list_unshipped(
    store: Store, *, after_order_id: int = 0, limit: int = 100
) -> list[PlacedOrder]:
    """Return live placings that still wait for shipments, in order of their ids."""
    async with store.read() as connection:
        rows = await connection.execute(
            _placed_statement()
            .where(
                Order.state == State.PLACED,
                WarehouseOrder.replaced_at.is_(None),
                Order.id > after_order_id,
            )
            .order_by(Order.id)
            .limit(limit)
        )
        return [_placed_of(row) for row in rows]


def _placed_statement() -> Any:
    return select(
        Order.id.label("order_id"),
        Order.marketplace_order_id,
        Order.state,
        WarehouseOrder.external_order_number,
        WarehouseOrder.warehouse_order_number,
        WarehouseOrder.answer,
        WarehouseOrder.replaced_at,
        WarehouseOrder.lines,
    ).join(WarehouseOrder, WarehouseOrder.order_id == Order.id)


def _placed_of(row: Any) -> PlacedOrder:
    return PlacedOrder(
        order_id=row.order_id,
        marketplace_order_id=row.marketplace_order_id,
        external_order_number=row.external_order_number,
        warehouse_order_number=row.warehouse_order_number,
        answer=row.answer,
        is_live=row.replaced_at is None,
        skus=frozenset(line["sku"] for line in row.lines),
        state=state_of(row.state),
    )


async def save_shipments(
    store: Store, judged: Sequence[JudgedShipment], *, wakes: bool = True
) -> int:
    """
    Store shipments and wake the orders that gained something, in one transaction.

    A row that says nothing new changes nothing and wakes nobody, so a repeated page is harmless.
    Whoever holds the order anyway passes *wakes* false. Returns how many rows were new or changed.
    """
    woken: set[int] = set()
    count = 0
    async with store.write() as connection:
        ids = [entry.shipment.warehouse_shipment_id for entry in judged]
        known = {
            stored.shipment.warehouse_shipment_id: stored
            for stored in await _load(connection, Shipment.warehouse_shipment_id.in_(ids))
        }
        for entry in sorted(judged, key=lambda item: item.shipment.warehouse_shipment_id):
            before = known.get(entry.shipment.warehouse_shipment_id)
            newest = entry
            if before is not None:
                # Whose it is was judged by the row that tells more.
                is_outranked = outranks(before.shipment, entry.shipment)
                merged = merge_rows([before.shipment, entry.shipment])[0]
                newest = replace(before.judged if is_outranked else entry, shipment=merged)
                if newest == before.judged:
                    continue
            count += 1
            await _save_one(store, connection, newest)
            if newest.order_id is not None:
                woken.add(newest.order_id)
        if wakes:
            await wake_orders(store, connection, sorted(woken))
    return count


async def _save_one(store: Store, connection: AsyncConnection, entry: JudgedShipment) -> None:
    now = store.now()
    row = _row_of(entry)
    statement = insert_into(store, Shipment).values(**row, stored_at=now)
    shipment_id = (
        await connection.execute(
            statement.on_conflict_do_update(
                index_elements=["warehouse_shipment_id"], set_=dict(row)
            ).returning(Shipment.id)
        )
    ).scalar_one()
    await connection.execute(delete(Parcel).where(Parcel.shipment_id == shipment_id))
    parcels = {
        parcel.parcel_number: {
            "shipment_id": shipment_id,
            "parcel_number": parcel.parcel_number,
            "tracking_number": parcel.tracking_number,
            "tracking_link": parcel.tracking_link,
        }
        for parcel in entry.shipment.parcels
    }
    if parcels:
        await connection.execute(insert_into(store, Parcel), list(parcels.values()))


def _row_of(entry: JudgedShipment) -> dict[str, Any]:
    shipment = entry.shipment
    return {
        "warehouse_shipment_id": shipment.warehouse_shipment_id,
        "order_id": entry.order_id,
        "disposition": entry.disposition,
        "reason": entry.reason,
        "source": str(shipment.source),
        "external_order_number": shipment.external_order_number,
        "warehouse_order_number": shipment.warehouse_order_number,
        "order_mark": shipment.order_mark,
        "shipped_at": shipment.shipped_at,
        "parcel_count": shipment.parcel_count,
        "shipping_method_id": shipment.shipping_method_id,
        "main_shipping_method_id": shipment.main_shipping_method_id,
        "status_text": shipment.status_text,
        "problems": list(shipment.problems),
        "lines": [
            {
                "sku": line.sku,
                "sent_quantity": line.sent_quantity,
                "marketplace_line_id": line.marketplace_line_id,
                "weight_kg": str(line.weight_kg) if line.weight_kg is not None else None,
                "lot_number": line.lot_number,
                "expires_at": line.expires_at.isoformat() if line.expires_at else None,
            }
            for line in shipment.lines
        ],
    }


async def load_shipments(store: Store, order_id: int) -> list[StoredRow]:
    """Return an order's shipments, oldest first."""
    async with store.read() as connection:
        return await _load(connection, Shipment.order_id == order_id)


async def _load(connection: AsyncConnection, condition: Any) -> list[StoredRow]:
    rows = (
        await connection.execute(
            select(*Shipment.__table__.columns).where(condition).order_by(Shipment.id)
        )
    ).all()
    parcels = await _parcels_of(connection, [row.id for row in rows])
    return [
        StoredRow(
            JudgedShipment(
                _value_of(row, parcels.get(row.id, ())), row.disposition, row.order_id, row.reason
            ),
            row.stored_at,
            row.acknowledged_at,
        )
        for row in rows
    ]


async def list_acknowledgeable(store: Store, warehouse_shipment_ids: Sequence[str]) -> list[str]:
    """Return those of the ids that are ours, stored, and read from the feed."""
    async with store.read() as connection:
        rows = await connection.execute(
            select(Shipment.warehouse_shipment_id).where(
                Shipment.warehouse_shipment_id.in_(list(warehouse_shipment_ids)),
                Shipment.disposition.in_(("ours", "replaced")),
                Shipment.source == ShipmentSource.FEED,
            )
        )
        return sorted(rows.scalars())


async def mark_acknowledged(store: Store, warehouse_shipment_ids: Sequence[str]) -> None:
    """Note that the warehouse took these off its feed."""
    async with store.write() as connection:
        await connection.execute(
            update(Shipment)
            .where(Shipment.warehouse_shipment_id.in_(list(warehouse_shipment_ids)))
            .values(acknowledged_at=store.now())
        )


async def _parcels_of(
    connection: AsyncConnection, shipment_ids: Sequence[int]
) -> dict[int, list[ParcelValue]]:
    found: dict[int, list[ParcelValue]] = {}
    if shipment_ids:
        rows = await connection.execute(
            select(*Parcel.__table__.columns)
            .where(Parcel.shipment_id.in_(list(shipment_ids)))
            .order_by(Parcel.id)
        )
        for row in rows:
            value = ParcelValue(row.parcel_number, row.tracking_number, row.tracking_link)
            found.setdefault(row.shipment_id, []).append(value)
    return found


def _value_of(row: Any, parcels: Sequence[ParcelValue]) -> ShipmentValue:
    return ShipmentValue(
        warehouse_shipment_id=row.warehouse_shipment_id,
        external_order_number=row.external_order_number,
        warehouse_order_number=row.warehouse_order_number,
        order_mark=row.order_mark,
        source=ShipmentSource(row.source),
        shipped_at=row.shipped_at,
        parcel_count=row.parcel_count,
        parcels=tuple(parcels),
        lines=tuple(
            ShippedLine(
                sku=line["sku"],
                sent_quantity=line["sent_quantity"],
                marketplace_line_id=line["marketplace_line_id"],
                weight_kg=Decimal(line["weight_kg"]) if line["weight_kg"] is not None else None,
                lot_number=line["lot_number"],
                expires_at=date.fromisoformat(line["expires_at"]) if line["expires_at"] else None,
            )
            for line in row.lines
        ),
        shipping_method_id=row.shipping_method_id,
        main_shipping_method_id=row.main_shipping_method_id,
        status_text=row.status_text,
        problems=tuple(row.problems),
    )
