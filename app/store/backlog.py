"""Orders that have work waiting: how many, how far they are, and for whom they wait."""

from typing import cast

from sqlalchemy import Table, and_, func, or_, select, update

from app.domain.lifecycle import State
from app.store.claims import TO_PLACE, due_condition
from app.store.models import Order
from app.store.order_statements import locked_by_id
from app.store.session import Store

_orders = cast(Table, Order.__table__)


async def count_backlog(store: Store) -> dict[State, int]:
    """
    Count the orders that are due or being worked on, by state.

    Those that wait for a person, or for the warehouse to ship, have no work waiting.
    """
    now = store.time()
    statement = (
        select(Order.state, func.count())
        .where(
            Order.next_attempt_at.is_not(None),
            or_(Order.next_attempt_at <= now, TO_PLACE),
            Order.attention_reason.is_(None),
            Order.shadowed_at.is_(None),
        )
        .group_by(Order.state)
    )
    async with store.read() as connection:
        counted = {row[0]: row[1] for row in await connection.execute(statement)}
    return {state: counted[state] for state in State if state in counted}


async def note_waiting(store: Store, waits_for: str, *, only_to_place: bool) -> None:
    """Have the orders that are due say whom they wait for."""
    due = and_(
        due_condition(store.time()),
        Order.attention_reason.is_(None),
        or_(Order.waits_for.is_(None), Order.waits_for != waits_for),
    )
    if only_to_place:
        due = and_(due, TO_PLACE, Order.read_at.is_not(None))
    async with store.write() as connection:
        await connection.execute(update(Order).where(locked_by_id(due)).values(waits_for=waits_for))


async def end_waiting(store: Store, waits_for: str) -> None:
    """Take back what `note_waiting` noted."""
    due = and_(Order.next_attempt_at.is_not(None), Order.waits_for == waits_for)
    async with store.write() as connection:
        await connection.execute(update(Order).where(locked_by_id(due)).values(waits_for=None))
