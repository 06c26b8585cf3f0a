"""
Erasing a person: what names one goes from every table, the proof of what was done stays.

Ids, numbers, SKUs, states, times, digests and who decided what stay; so do the keys that make a
redelivery a duplicate. docs/privacy.md lists every column that is emptied here.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import (
    ColumnElement,
    CursorResult,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.store.models import Attempt, Event, Order, Parcel, Schedule, Shipment, WarehouseOrder
from app.store.models_jobs import JobDecisionRow
from app.store.models_pauses import PauseRow
from app.store.models_returns import CarrierReport, Return
from app.store.models_shadow import ShadowOrder
from app.store.models_skus import SkuRule, SkuRuleChange
from app.store.persons import name_pattern
from app.store.session import Store

ERASED = "(erased)"
_REASON = re.compile(r"( by [^:]*): .*", re.DOTALL)
"""What a person wrote behind who decided: it may name anybody."""

_NOTES: Mapping[str, ColumnElement[Any]] = {
    "reasons of pauses": cast(ColumnElement[Any], PauseRow.reason),
    "reasons of ended pauses": cast(ColumnElement[Any], PauseRow.resume_reason),
    "reasons of paused schedules": cast(ColumnElement[Any], Schedule.pause_reason),
    "reasons of decisions about schedules": cast(ColumnElement[Any], JobDecisionRow.reason),
    "notes of SKUs": cast(ColumnElement[Any], SkuRule.note),
    "notes of changes of SKUs": cast(ColumnElement[Any], SkuRuleChange.note),
}


class Unfinished(Exception):
    """An order is not finished, so that its data is needed; the text says why, and the cure."""


async def _find_unfinished(connection: AsyncConnection, order_id: int) -> str | None:
    row = (
        await connection.execute(
            select(Order.state, Order.attention_reason, Order.next_attempt_at).where(
                Order.id == order_id
            )
        )
    ).one()
    if row.state != State.CLOSED:
        return f"it is {row.state}; let it end, or end it with `antbridge orders close`"
    if row.attention_reason is not None:
        return "it asks for a person; `antbridge why` says what to do"
    if row.next_attempt_at is not None:
        return "its parcels are still told of at Ankorstore; try again in a few minutes"
    is_open = select(Return.id).where(Return.order_id == order_id, Return.closed_at.is_(None))
    if (await connection.execute(is_open.limit(1))).first() is not None:
        return "goods of it are on their way back; end that with `antbridge returns close`"
    return None


async def why_unfinished(store: Store, order_id: int) -> str | None:
    """Return why an order's data is still needed and what to do; None where it is finished."""
    async with store.read() as connection:
        return await _find_unfinished(connection, order_id)


async def count_personal(store: Store, order_id: int) -> dict[str, int]:
    """Return how much of an order holds personal data, by what it is; nothing that is none."""
    async with store.read() as connection:
        counts = {
            what: (
                await connection.execute(select(func.count()).select_from(table).where(where))
            ).scalar_one()
            for what, (table, where, _) in (await _places(connection, order_id)).items()
        }
    return {what: count for what, count in counts.items() if count}


async def erase_order(store: Store, order_id: int, *, by: str) -> dict[str, int]:
    """
    Empty all that names a person in one order, in one transaction; return how much, by what it is.

    Raises:
        Unfinished: The order's data is still needed; nothing is emptied.
    """
    async with store.write() as connection:
        await connection.execute(
            select(Order.id).where(Order.id == order_id).with_for_update(key_share=True)
        )
        if (why := await _find_unfinished(connection, order_id)) is not None:
            raise Unfinished(why)
        done: dict[str, int] = {}
        for what, (table, where, values) in (await _places(connection, order_id)).items():
            changed = await connection.execute(
                update(table).where(where).values(values(store.now()))
            )
            done[what] = cast("CursorResult[Any]", changed).rowcount
        done["reasons given by people"] = await _cut_reasons(connection, order_id)
        await connection.execute(
            insert(Attempt).values(
                order_id=order_id,
                happened_at=store.now(),
                step="erase",
                outcome="decided",
                message=f"personal data erased by {by}",
                attempt_number=0,
                duration_ms=0,
            )
        )
    return {what: count for what, count in done.items() if count}


async def _places(connection: AsyncConnection, order_id: int) -> dict[str, tuple[Any, Any, Any]]:
    """Return every place of personal data: its table, which rows hold some, what they become."""
    order = (await connection.execute(select(*_OF_ORDER).where(Order.id == order_id))).one()
    emptied: dict[str, Any] = {
        "retailer_text": None,
        "new_address": None,
        "corrections": None,
        "attention_detail": None,
        "delivery_look_at": None,  # or its next look would read who it was all over again
        "decision": _without_words(order.decision),
        "tracking_sent": {**order.tracking_sent, "link": None} if order.tracking_sent else None,
    }
    others = {name: new for name, new in emptied.items() if getattr(order, name) != new}
    shipments = select(Shipment.id).where(Shipment.order_id == order_id)
    shipment_numbers = select(Shipment.warehouse_shipment_id).where(Shipment.order_id == order_id)
    numbers = select(WarehouseOrder.external_order_number).where(
        WarehouseOrder.order_id == order_id
    )
    places: dict[str, tuple[Any, Any, Any]] = {
        "events": (
            _t(Event),
            and_(Event.order_id == order_id, Event.pruned_at.is_(None)),
            lambda now: {"raw_body": b"", "headers": {}, "pruned_at": now},
        ),
        "warehouse orders": (
            _t(WarehouseOrder),
            and_(WarehouseOrder.order_id == order_id, WarehouseOrder.pruned_at.is_(None)),
            lambda now: {"payload": {}, "pruned_at": now},
        ),
        "orders followed in shadow mode": (
            _t(ShadowOrder),
            and_(
                ShadowOrder.order_id == order_id,
                or_(ShadowOrder.payload.is_not(None), ShadowOrder.observed.is_not(None)),
            ),
            lambda now: {"payload": None, "observed": None},
        ),
        "attempts": (
            _t(Attempt),
            and_(
                Attempt.order_id == order_id,
                or_(Attempt.recorded.is_not(None), Attempt.detail.is_not(None)),
            ),
            lambda now: {"recorded": None, "detail": None},
        ),
        "parcels": (
            _t(Parcel),
            and_(Parcel.shipment_id.in_(shipments), Parcel.tracking_link.is_not(None)),
            lambda now: {"tracking_link": None},
        ),
        "returns": (
            _t(Return),
            and_(
                Return.order_id == order_id,
                or_(
                    Return.remark.is_not(None),
                    Return.problem.is_not(None),
                    Return.label_data.is_not(None),
                    Return.label_file_name.is_not(None),
                ),
            ),
            lambda now: {
                "remark": None,
                "problem": None,
                "label_data": None,
                "label_file_name": None,
            },
        ),
        "carriers' reports": (
            _t(CarrierReport),
            and_(
                or_(
                    CarrierReport.external_order_number.in_(numbers),
                    CarrierReport.warehouse_shipment_id.in_(shipment_numbers),
                ),
                or_(
                    CarrierReport.status_text.is_not(None),
                    CarrierReport.exception_text.is_not(None),
                ),
            ),
            lambda now: {"status_text": None, "exception_text": None},
        ),
    }
    if others:
        places["orders"] = (_t(Order), Order.id == order_id, lambda now: others)
    return places


_OF_ORDER = (
    Order.retailer_text,
    Order.new_address,
    Order.corrections,
    Order.attention_detail,
    Order.delivery_look_at,
    Order.decision,
    Order.tracking_sent,
)


def _t(model: Any) -> Table:
    return cast(Table, model.__table__)


def _without_words(decision: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return a decision without what its person wrote, or saw in words."""
    if not decision:
        return None
    waived = decision.get("waived")
    return {
        **decision,
        "reject_reason": None,
        "waived": [{**one, "detail": ""} for one in waived] if waived is not None else None,
    }


async def _cut_reasons(connection: AsyncConnection, order_id: int) -> int:
    rows = await connection.execute(
        select(Attempt.id, Attempt.message).where(
            Attempt.order_id == order_id, Attempt.outcome == "decided"
        )
    )
    count = 0
    for row in rows.all():
        cut = _REASON.sub(rf"\1: {ERASED}", row.message)
        if cut != row.message:
            count += 1
            await connection.execute(
                update(Attempt).where(Attempt.id == row.id).values(message=cut)
            )
    return count


async def erase_events(store: Store, event_ids: list[int]) -> None:
    """Empty events that belong to no order of ours."""
    async with store.write() as connection:
        await connection.execute(
            update(Event)
            .where(Event.id.in_(event_ids))
            .values(raw_body=b"", headers={}, pruned_at=store.now())
        )


async def erase_notes(store: Store, name: str) -> dict[str, int]:
    """Empty what people wrote beside no order and names *name*; return how much."""
    pattern = name_pattern(name)
    done: dict[str, int] = {}
    async with store.write() as connection:
        for what, column in _NOTES.items():
            table = cast(Any, column).class_
            texts = (
                await connection.execute(select(column).where(column.is_not(None)).distinct())
            ).scalars()
            naming = [text for text in texts if pattern.search(text.casefold())]
            changed = await connection.execute(
                update(table).where(column.in_(naming)).values({cast(Any, column).key: ERASED})
            )
            done[what] = cast("CursorResult[Any]", changed).rowcount
    return {what: count for what, count in done.items() if count}
