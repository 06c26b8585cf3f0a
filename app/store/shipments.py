"""Shipments in the store: what the warehouse sent for which order, and what is acknowledged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.completeness import merge_rows, outranks
from app.domain.lifecycle import State
from app.domain.shipment import Parcel as ParcelValue
from app.domain.shipment import Shipment as ShipmentValue
from app.domain.shipment import ShipmentSource, ShippedLine
from app.store.models import Shipment
from app.store.order_rows import state_of
from app.store.orders import wake_orders
from app.store.session import Store
from app.store.shipment_statements import (
    ACKNOWLEDGEABLE,
    ADD_PARCELS,
    DROP_PARCELS,
    PARCELS,
    PLACED_BY_MARK,
    SHIPMENTS_BY_ID,
    SHIPMENTS_OF_ORDER,
    UNSHIPPED,
    build_save,
)


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
    settled_at: datetime | None = None
    """When a person said that what the shipment asks is dealt with."""

    @property
    def shipment(self) -> ShipmentValue:
        """What the warehouse told."""
        return self.judged.shipment


async def find_placed(
    store: Store, *, order_marks: Sequence[str], external_order_numbers: Sequence[str]
) -> list[PlacedOrder]:
    """Return every placing whose order or number is among the given ones."""
    async with store.read() as connection:
        rows = await connection.execute(
            PLACED_BY_MARK, {"marks": list(order_marks), "numbers": list(external_order_numbers)}
        )
        return [_placed_of(row) for row in rows]


async def list_unshipped(
    store: Store, *, after_order_id: int = 0, limit: int = 100
) -> list[PlacedOrder]:
    """Return live placings that still wait for shipments, in order of their ids."""
    async with store.read() as connection:
        rows = await connection.execute(UNSHIPPED, {"its_id": after_order_id, "limit": limit})
        return [_placed_of(row) for row in rows]


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
            for stored in await _load(connection, SHIPMENTS_BY_ID, {"ids": ids})
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
    statement = build_save(store.is_postgres, frozenset(row))
    shipment_id = (await connection.execute(statement, {**row, "stored_at": now})).scalar_one()
    await connection.execute(DROP_PARCELS, {"its_shipment_id": shipment_id})
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
        await connection.execute(ADD_PARCELS, list(parcels.values()))


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
                "part_skus": list(line.part_skus),
            }
            for line in shipment.lines
        ],
    }


async def load_shipments(store: Store, order_id: int) -> list[StoredRow]:
    """Return an order's shipments, oldest first."""
    async with store.read() as connection:
        return await _load(connection, SHIPMENTS_OF_ORDER, {"its_order_id": order_id})


async def _load(
    connection: AsyncConnection, statement: Any, parameters: Mapping[str, Any]
) -> list[StoredRow]:
    rows = (await connection.execute(statement, parameters)).all()
    parcels = await _parcels_of(connection, [row.id for row in rows])
    return [
        StoredRow(
            JudgedShipment(
                _value_of(row, parcels.get(row.id, ())), row.disposition, row.order_id, row.reason
            ),
            row.stored_at,
            row.acknowledged_at,
            row.settled_at,
        )
        for row in rows
    ]


async def list_acknowledgeable(
    store: Store, warehouse_shipment_ids: Sequence[str]
) -> dict[str, datetime]:
    """Return those of the ids that are ours, stored, and read from the feed, with since when."""
    async with store.read() as connection:
        rows = await connection.execute(ACKNOWLEDGEABLE, {"ids": list(warehouse_shipment_ids)})
        return {row.warehouse_shipment_id: row.stored_at for row in rows}


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
        rows = await connection.execute(PARCELS, {"ids": list(shipment_ids)})
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
                part_skus=tuple(line.get("part_skus", ())),
            )
            for line in row.lines
        ),
        shipping_method_id=row.shipping_method_id,
        main_shipping_method_id=row.main_shipping_method_id,
        status_text=row.status_text,
        problems=tuple(row.problems),
    )
