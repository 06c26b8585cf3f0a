"""What operators decide about an order, and its record in the history."""

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.corrections import read_corrections
from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, State
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.store.models import Attempt, Order, WarehouseOrder
from app.store.orders import ring_workers
from app.store.session import Store

CLEARED: dict[str, Any] = {
    "attention_reason": None,
    "attention_since": None,
    "attention_detail": None,
    "hold_until_at": None,
    "attempt_count": 0,
    "first_failed_at": None,
    "not_before_at": None,
    "waits_for": None,
}
"""The columns of an order that is tried again as if nothing had been asked or had failed."""

HELD_FOR_RELEASE = "corrected_not_released"


class Impossible(Exception):
    """The decision makes no sense for the order as it stands; the text says why."""


def signed(done: str, by: str, reason: str) -> str:
    """Return the line of the history that tells who decided what, and why."""
    return f"{done} by {by}: {reason}" if reason else f"{done} by {by}"


async def retry_order(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Clear what the order asks a person for and have it tried again now; return what happens next.

    Raises:
        Impossible: Nothing is owed, or the matter is settled only by what is done elsewhere.
    """
    if order.state not in tuple(State):
        raise Impossible(f"a newer version of the service has the order in state {order.state}")
    if order.state is State.CLOSED:
        raise Impossible(f"the order is closed ({order.outcome}); no step of it is owed")
    asked = reason_of(order.attention_reason) if order.attention_reason else None
    if asked is not None and asked.is_task:
        raise Impossible(f"{asked.sentence} A retry does not settle that. {asked.cure}")
    if order.attention_reason == "held_by_operator":
        held = reason_of(order.attention_reason)
        raise Impossible(f"{held.sentence} A retry does not end that. {held.cure}")
    if asked is None and order.attempt_count == 0 and order.state is State.PLACED:
        return "the order waits for the warehouse to ship it; there is nothing to retry"
    await write_decision(
        store,
        order,
        {
            **CLEARED,
            # Releasing a correction is no word about an acceptance that was taken back.
            "accept_blocked": order.accept_blocked and order.attention_reason == HELD_FOR_RELEASE,
            # Whoever retries has looked: what Ankorstore shows counts from now on.
            "accept_quantities": (
                None if order.attention_reason == "accepted_differs" else order.accept_quantities
            ),
            **_new_patience(store, order),
            **_released(order),
        },
        step="retry",
        message=signed("retried", by, reason),
    )
    return "the order is tried again now"


def _new_patience(store: Store, order: OrderRecord) -> dict[str, Any]:
    """Return what starts a wait anew that a person was asked about."""
    match order.attention_reason:
        case "partial_shipment_overdue":
            return {"partial_wait_from_at": store.now()}
        case "no_shipment":
            return {"shipment_asked_at": store.now()}
        case _:
            return {}


def _released(order: OrderRecord) -> dict[str, Any]:
    """Return what lets a correction count, where that is what a person was asked."""
    if order.attention_reason != HELD_FOR_RELEASE:
        return {}
    corrections = replace(read_corrections(order.corrections), is_unreleased=False)
    return {"corrections": corrections.as_json() if corrections else None}


async def take_order(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Have the service handle an order from before the switch, or one that is open again.

    What was decided or answered before an order ended is forgotten. Returns what happens next.

    Raises:
        Impossible: The order is neither.
    """
    was_left = order.outcome == IGNORED_BEFORE_SWITCH or order.attention_reason == "before_switch"
    if not was_left and order.attention_reason != "reopened_after_closing":
        raise Impossible(
            "only an order left alone as submitted before the switch can be taken, or one that "
            "Ankorstore shows open again"
        )
    await write_decision(
        store,
        order,
        {
            "state": State.RECEIVED,
            "outcome": None,
            "closed_at": None,
            "taken_at": store.now(),
            "decision": None,
            "verdict": None,
            "verdict_at": None,
            "accept_blocked": False,
            "accept_quantities": None,
            "accept_sent_before_at": None,
            "reject_sent_before_at": None,
            "reject_intent_at": None,
            **CLEARED,
        },
        step="take",
        message=signed("taken", by, reason),
    )
    return "the order is handled from the start now"


async def write_decision(
    store: Store,
    order: OrderRecord,
    columns: dict[str, Any],
    *,
    step: str,
    message: str,
    placing: dict[str, Any] | None = None,
) -> None:
    """
    Write a decision unless the order moved on meanwhile; a worker's lease is broken.

    *placing* are columns of the live warehouse order.

    Raises:
        Impossible: It moved on.
    """
    async with store.write() as connection:
        row = (
            await connection.execute(
                update(Order)
                .where(
                    Order.id == order.order_id,
                    Order.state == order.state,
                    Order.attention_reason.is_(None)
                    if order.attention_reason is None
                    else Order.attention_reason == order.attention_reason,
                )
                .values(
                    **columns,
                    wake_seq=Order.wake_seq + 1,
                    next_attempt_at=store.time(),
                    lease_until=None,
                    leased_by=None,
                    fencing_token=Order.fencing_token + 1,
                )
                .returning(Order.id)
            )
        ).first()
        if row is None:
            raise Impossible("the order has just moved on; look at it again")
        await _check_placing(connection, order)
        if placing:
            assert order.live is not None, "only a live warehouse order can be decided about"
            await connection.execute(
                update(WarehouseOrder)
                .where(WarehouseOrder.id == order.live.warehouse_order_row_id)
                .values(**placing)
            )
        await ring_workers(store, connection)
        await connection.execute(
            insert(Attempt).values(
                order_id=order.order_id,
                happened_at=store.now(),
                step=step,
                outcome="decided",
                message=message,
                attempt_number=0,
                duration_ms=0,
            )
        )


async def _check_placing(connection: AsyncConnection, order: OrderRecord) -> None:
    """
    Make sure that nothing was placed, or was about to be, since the order was looked at.

    Raises:
        Impossible: It was.
    """
    live = (
        await connection.execute(
            select(WarehouseOrder.id, WarehouseOrder.answer).where(
                WarehouseOrder.order_id == order.order_id, WarehouseOrder.replaced_at.is_(None)
            )
        )
    ).first()
    known = (order.live.warehouse_order_row_id, order.live.answer) if order.live else None
    if (tuple(live) if live is not None else None) != known:
        raise Impossible("the order has just moved on; look at it again")
