"""
Deadlines: what is told once of an order that may leave too late, and the later date announced.

See docs/rules/deadlines.md.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import structlog

from app.domain.deadlines import Deadline, deadline_of
from app.domain.record import OrderRecord
from app.errors import Rejected
from app.flow.moves import Move, Next, Stands
from app.flow.story import day_text, name_of
from app.flow.workdays import next_working_day
from app.ports import Desk
from app.store.deadlines import TOLD_ROWS, take_deadline_news
from app.store.session import Store

log = structlog.get_logger(__name__)


async def tell_deadlines(store: Store, at_risk_seconds: float) -> str:
    """Write one log line for each order that came to be at risk or late; return how many did."""
    told = 0
    while True:
        news = await take_deadline_news(store, at_risk_seconds)
        for one in news:
            log.warning(
                "order.late" if one.deadline is Deadline.LATE else "order.at_risk",
                correlation_id=one.marketplace_order_id,
                marketplace_reference=one.marketplace_reference,
                state=one.state,
                ship_by_at=one.ship_by_at.isoformat(),
            )
        told += len(news)
        if len(news) < TOLD_ROWS:
            return f"{told} orders came to be at risk or late"


def tell_deadline(
    order: OrderRecord, now: datetime, *, at_risk_seconds: float, country_code: str
) -> Sequence[str]:
    """Return what operators should know of the order's latest shipping date."""
    deadline = deadline_of(order, now, at_risk_seconds)
    if deadline is None:
        return []
    assert order.ship_by_at is not None
    if deadline is Deadline.LATE:
        lines = [f"It is late: it was to leave by {day_text(order.ship_by_at)}."]
    else:
        lines = [f"It is at risk: it must leave by {day_text(order.ship_by_at)}."]
    if order.postpone_to is not None:
        return [*lines, f"Ankorstore is told that it leaves by {order.postpone_to}."]
    day = propose_date(order.ship_by_at, now, country_code)
    command = f"antbridge orders postpone {name_of(order)} --date {day} --reason WHY"
    return [*lines, f"To announce a later date: {command}"]


def propose_date(ship_by_at: datetime, now: datetime, country_code: str) -> date:
    """Return the next day on which the warehouse works, after the date and after today."""
    latest = max(ship_by_at, now).astimezone(UTC).date()
    return next_working_day(latest, country_code)


async def announce_date(desk: Desk) -> Move:
    """
    Tell the marketplace the later date a person decided on, and read back what it shows.

    Telling it again changes nothing, so a lost answer is settled by telling it once more. A
    refusal ends it: a person decides anew.
    """
    order = desk.order
    assert order.postpone_to is not None
    master_order_id = order.master_order_id
    if master_order_id is None:
        master_order_id = (await desk.look(max_age_seconds=0)).master_order_id
    try:
        if master_order_id is None:
            detail = "the order names no master order"
            raise Rejected("ankorstore", "postpone shipping", code="no_master_order", detail=detail)
        wanted = date.fromisoformat(order.postpone_to)
        await desk.marketplace.postpone_shipping(master_order_id, wanted)
    except Rejected:
        desk.note(postpone_to=None)
        raise
    desk.note(postpone_to=None)
    seen = await desk.look(max_age_seconds=0)
    shown = day_text(seen.ship_by_at) if seen.ship_by_at is not None else "no date"
    message = f"Ankorstore was told that it leaves by {order.postpone_to}, and shows {shown}"
    return Next(order.state, message) if order.attention_reason is None else Stands(message)
