"""What operators decide about an order, and its record in the history."""

from typing import Any

from sqlalchemy import insert, update

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, State
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.store.models import Attempt, Order
from app.store.orders import ring_workers
from app.store.session import Store

CLEARED: dict[str, Any] = {
    "attention_reason": None,
    "attention_since": None,
    "attention_detail": None,
    "attempt_count": 0,
    "first_failed_at": None,
    "not_before_at": None,
    "waits_for": None,
}
"""The columns of an order that is tried again as if nothing had been asked or had failed."""


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
    if asked is None and order.attempt_count == 0 and order.state is State.PLACED:
        raise Impossible("the order waits for the warehouse to ship it; there is nothing to retry")
    await write_decision(
        store,
        order,
        {**CLEARED, "accept_blocked": False},
        step="retry",
        message=signed("retried", by, reason),
    )
    return "the order is tried again now"


async def take_order(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Have the service handle an order submitted before the switch; return what happens next.

    Raises:
        Impossible: The order is not one that was left alone for that reason.
    """
    was_left = order.outcome == IGNORED_BEFORE_SWITCH or order.attention_reason == "before_switch"
    if not was_left:
        raise Impossible("only an order left alone as submitted before the switch can be taken")
    await write_decision(
        store,
        order,
        {
            "state": State.RECEIVED,
            "outcome": None,
            "closed_at": None,
            "taken_at": store.now(),
            "attention_reason": None,
            "attention_since": None,
            "attention_detail": None,
            "not_before_at": None,
            "attempt_count": 0,
            "first_failed_at": None,
            "waits_for": None,
        },
        step="take",
        message=signed("taken", by, reason),
    )
    return "the order is handled from the start now"


async def write_decision(
    store: Store, order: OrderRecord, columns: dict[str, Any], *, step: str, message: str
) -> None:
    """
    Write a decision unless the order moved on meanwhile; a worker's lease is broken.

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
