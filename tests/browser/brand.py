"""A brand's last two weeks, written straight into the tables: enough to look at and to act on."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert

from app.domain.jobs import JOB_NAMES
from app.domain.reasons import REASONS
from app.domain.record import SentLine
from app.store.models import (
    Attempt,
    Event,
    Order,
    Parcel,
    PeerState,
    Schedule,
    Shipment,
    WarehouseOrder,
    WorkerBeat,
)
from app.store.placing import lines_json
from app.store.session import Store
from tests.store_rows import order_id_of

DAYS = 14
HELD, UNKNOWN_SKU, CANCELLED = "R2001", "R2002", "R2005"
"""Held by a person; one of three with a SKU nobody knows; cancelled once it was placed."""
UNKNOWN_SKU_ORDERS = 3
LINK = "https://mail.brand.example/thread/7f3a90b1c4d25e6f7a8b9c0d1e2f3a4b5c6d7e8f"
"""Longer than a phone is wide, and without a blank."""
RETAILER, RETAILER_ORDERS = "the corner shop | ina smit", 9
TRACKED, TRACKING_NUMBER = "R2007", "3SABCD0123456"


class Brand:
    """Writes orders, numbered on."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.random = Random(4)
        self.number = 1000

    async def add(self, table: Any, **values: Any) -> int:
        """Insert one row; return its id where it has one."""
        async with self.store.write() as connection:
            row = await connection.execute(insert(table).values(**values))
            return int(row.inserted_primary_key[0]) if hasattr(table, "id") else 0

    async def order(self, created_at: datetime, state: str, **columns: Any) -> int:
        """Add an order, its event, and what was done first."""
        self.number += 1
        reference = columns.pop("marketplace_reference", f"R{self.number}")
        order_id = await self.add(
            Order,
            marketplace_order_id=order_id_of(self.number),
            marketplace_reference=reference,
            state=state,
            found_by="webhook" if self.random.random() < 0.97 else "reconcile",
            created_at=created_at,
            submitted_at=created_at - timedelta(seconds=4),
            read_at=created_at + timedelta(seconds=2),
            **columns,
        )
        await self.add(
            Event,
            source="ankorstore",
            event_id=f"event-{self.number}",
            event_type="order.brand_created",
            marketplace_order_id=order_id_of(self.number),
            order_id=order_id,
            raw_body=b"{}",
            headers={},
            disposition="stored",
            received_at=created_at,
            processed_at=created_at + timedelta(seconds=2),
        )
        return order_id

    async def place(self, order_id: int, at: datetime, **columns: Any) -> None:
        """Put an order at the warehouse."""
        number = f"AK{order_id + 5000}"
        await self.add(
            WarehouseOrder,
            order_id=order_id,
            external_order_number=number,
            warehouse_order_id=str(880_000 + order_id),
            warehouse_order_number=f"S{440_000 + order_id}",
            intent_at=at - timedelta(seconds=1),
            sent_before_at=at + timedelta(seconds=9),
            answer="created",
            answered_at=at,
            payload={
                "externalOrderNumber": number,
                "orderTypeId": 12,
                "email": "hello@corner-shop.example",
                "deliveryAddress": {
                    "name": "The Corner Shop",
                    "street": "Prinsengracht",
                    "houseNumber": 12,
                    "postalcode": "1015 DX",
                    "cityName": "Amsterdam",
                    "countryCode": "NL",
                },
                "orderItems": [{"sku": "MUG-BLUE", "quantity": 12}],
            },
            lines=lines_json(
                [SentLine("line-1", "MUG-BLUE", 12, 1), SentLine("line-2", "TEA-EARL", 2, 6)]
            ),
            **columns,
        )

    async def attempt(self, order_id: int, at: datetime, step: str, **columns: Any) -> None:
        """Add a row to an order's history."""
        values = {"outcome": "done", "message": "done", "attempt_number": 1, **columns}
        await self.add(
            Attempt, order_id=order_id, happened_at=at, step=step, duration_ms=212, **values
        )


async def fill(store: Store) -> None:
    """Write it all."""
    brand = Brand(store)
    now = store.now()
    await _past_days(brand, now)
    await _needing_attention(brand, now)
    await _going_on(brand, now)
    await _service(brand, now)


async def _past_days(brand: Brand, now: datetime) -> None:
    for back in range(DAYS * 24, 6, -6):
        at = now - timedelta(hours=back)
        slow = 8 if 90 < back < 130 else 1
        order_id = await brand.order(at, "closed", outcome="completed", closed_at=now)
        placed_at = at + timedelta(seconds=brand.random.uniform(3, 40) * slow)
        confirmed_at = placed_at + timedelta(hours=brand.random.uniform(2, 30))
        closed_at = confirmed_at + timedelta(seconds=20)
        await brand.place(order_id, placed_at)
        ending = brand.random.choices(("completed", "cancelled", "rejected"), (16, 2, 1))[0]
        await _end(brand, order_id, min(closed_at, now), min(confirmed_at, now), ending)


async def _end(
    brand: Brand, order_id: int, closed_at: datetime, confirmed_at: datetime, ending: str
) -> None:
    values = {"outcome": ending, "closed_at": closed_at, "confirmed_at": confirmed_at}
    async with brand.store.write() as connection:
        await connection.execute(Order.__table__.update().where(Order.id == order_id), values)


async def _needing_attention(brand: Brand, now: datetime) -> None:
    def asks(reason: str, since: datetime, field: str, detail: str) -> dict[str, Any]:
        return {
            "attention_reason": reason,
            "attention_since": since,
            "attention_detail": [{"reason": reason, "field": field, "detail": detail}],
            "waits_for": "a person",
        }

    brand.number = 2000
    at = now - timedelta(hours=5)
    held = await brand.order(
        at,
        "received",
        marketplace_status="ankor_confirmed",
        ship_by_at=now + timedelta(hours=20),
        **asks("held_by_operator", at, "order", "held by anna"),
    )
    message = f"held by anna: the retailer wants to add something, {LINK}"
    await brand.attempt(held, at, "hold", outcome="decided", message=message, attempt_number=0)
    for minutes in range(UNKNOWN_SKU_ORDERS):
        at = now - timedelta(hours=3, minutes=-20 * minutes)
        order_id = await brand.order(
            at,
            "received",
            marketplace_status="ankor_confirmed",
            ship_by_at=now + timedelta(days=3),
            verdict={
                "kind": "hold",
                "needed": {"VASE-NEW": 4},
                "facts": {"VASE-NEW": {"is_known": False}},
                "findings": [
                    {
                        "reason": "sku_unknown",
                        "field": "SKU VASE-NEW",
                        "detail": "not a product there",
                        "action": "hold",
                        "by": "the default",
                    }
                ],
            },
            verdict_at=at + timedelta(seconds=2),
            **asks("sku_unknown", at, "SKU VASE-NEW", "not a product there"),
        )
        told = "the review holds the order"
        await brand.attempt(
            order_id, at + timedelta(seconds=2), "answer order", outcome="attention", message=told
        )
    at = now - timedelta(hours=26)
    cancelled = await brand.order(
        at,
        "placed",
        marketplace_status="cancelled",
        ship_by_at=now + timedelta(days=1, hours=2),
        **asks("cancelled_after_placing", now - timedelta(minutes=12), "order", "cancelled"),
    )
    await brand.place(cancelled, at + timedelta(seconds=9))
    for seconds, step, message, peer, call in (
        (4, "answer order", "accepted at Ankorstore", "ankorstore", "accept order"),
        (9, "place order", "created at the warehouse as S440060", "active_ants", "create order"),
    ):
        called = {"peer": peer, "call": call, "status": 200}
        done_at = at + timedelta(seconds=seconds)
        await brand.attempt(cancelled, done_at, step, message=message, **called)
    await brand.attempt(
        cancelled,
        now - timedelta(minutes=12),
        "await shipments",
        outcome="attention",
        message=REASONS["cancelled_after_placing"].sentence.removesuffix("."),
    )


async def _going_on(brand: Brand, now: datetime) -> None:
    late = await brand.order(
        now - timedelta(days=4),
        "placed",
        ship_by_at=now - timedelta(hours=2),
        waits_for="the warehouse to ship it",
        next_attempt_at=now + timedelta(minutes=50),
    )
    await brand.place(late, now - timedelta(days=4) + timedelta(seconds=11))
    tracked = await brand.order(
        now - timedelta(days=1),
        "shipped",
        confirmed_at=now - timedelta(minutes=3),
        tracking_sent={"link": "https://carrier.example/3SABCD0123456"},
        waits_for="its turn",
        next_attempt_at=now + timedelta(minutes=1),
    )
    await brand.place(tracked, now - timedelta(days=1) + timedelta(seconds=7))
    shipment_id = await brand.add(
        Shipment,
        warehouse_shipment_id="77001",
        order_id=tracked,
        disposition="matched",
        source="feed",
        external_order_number=f"AK{tracked + 5000}",
        shipped_at=now - timedelta(hours=1),
        parcel_count=1,
        problems=[],
        lines=[],
        stored_at=now - timedelta(minutes=5),
    )
    link = f"https://carrier.example/{TRACKING_NUMBER}"
    await brand.add(
        Parcel,
        shipment_id=shipment_id,
        parcel_number="1",
        tracking_number=TRACKING_NUMBER,
        tracking_link=link,
    )
    for hours in range(3, 30, 3):
        at = now - timedelta(hours=hours)
        order_id = await brand.order(
            at,
            "placed",
            ship_by_at=now + timedelta(days=2),
            retailer_text=RETAILER,
            waits_for="the warehouse to ship it",
            next_attempt_at=now + timedelta(minutes=30),
        )
        await brand.place(order_id, at + timedelta(seconds=brand.random.uniform(4, 30)))


async def _service(brand: Brand, now: datetime) -> None:
    for name, left in (("ankorstore", 58), ("active_ants", 41)):
        await brand.add(PeerState, name=name, last_success_at=now, budget_left=left)
    for name in JOB_NAMES:
        await brand.add(
            Schedule,
            name=name,
            last_run_at=now - timedelta(seconds=70),
            next_run_at=now + timedelta(seconds=230),
            last_note="settings read" if name == "warehouse_settings" else "nothing new",
        )
    await brand.add(WorkerBeat, worker_id="worker-1", version="0.1.0", started_at=now, beat_at=now)
    await brand.add(
        Shipment,
        warehouse_shipment_id="55012",
        disposition="not_matched",
        source="feed",
        external_order_number="WEB-10233",
        shipped_at=now - timedelta(hours=2),
        parcel_count=1,
        problems=[],
        lines=[],
        stored_at=now - timedelta(hours=1),
    )
