"""
Deadlines: what is told once of an order that may leave too late, and the later date announced.

See docs/rules/deadlines.md.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import structlog

from app.domain.deadlines import UNDISPATCHED, Deadline, deadline_of
from app.domain.record import OrderRecord
from app.errors import BridgeError, OutcomeUnknown, Rejected, Transient
from app.flow.moves import Attention, Close, Move, Next, Stands, Wait
from app.flow.story import day_text, name_of
from app.flow.workdays import next_working_day
from app.ports import Desk
from app.store.deadlines import TOLD_ROWS, take_deadline_news
from app.store.session import Store

DATE_AGAIN_SECONDS = 120.0
"""How soon a later date that could not be told is told again, where no news come earlier."""

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


async def tell_date_at_rest(desk: Desk, move: Move, before: OrderRecord) -> Move:
    """
    Tell the marketplace a later date that is owed, once the order's own step has come to *move*.

    A date that cannot be told keeps nothing else of the order from going on. *before* is the
    order as the step found it: after a write of its own the date waits for the next step.

    Raises:
        Rejected: The marketplace refuses the date.
        BridgeError: It could not be told of an order that waits for a person as before.
    """
    state = getattr(move, "state", None) or desk.order.state
    if not _is_owed(desk) or state not in UNDISPATCHED or isinstance(move, Next | Close):
        return move
    if _writes_of(desk.order) != _writes_of(before):
        return _again(move, desk.now(), desk)
    if isinstance(move, Stands):
        return Stands(await announce_date(desk))
    try:
        told = await announce_date(desk)
    except Rejected as refusal:
        if isinstance(move, Wait):
            raise
        desk.warn(f"the later date was refused: {refusal}")
        return move
    except (Transient, OutcomeUnknown) as trouble:
        _warn_of(trouble, desk)
        pause_seconds = getattr(trouble, "retry_after_seconds", None) or 0.0
        pause = timedelta(seconds=max(DATE_AGAIN_SECONDS, pause_seconds))
        return _again(move, desk.now() + pause, desk)
    if isinstance(move, Wait):
        return Next(state, told)  # what was read back is judged like any other reading
    desk.warn(told)
    return move


async def tell_date_besides(desk: Desk) -> None:
    """
    Tell a date that is owed although the order's own step failed, with the warehouse away, say.

    Raises:
        Rejected: The marketplace refuses the date.
    """
    if not _is_owed(desk):
        return
    try:
        desk.warn(await announce_date(desk))
    except (Transient, OutcomeUnknown) as trouble:
        _warn_of(trouble, desk)


def _is_owed(desk: Desk) -> bool:
    return desk.order.postpone_to is not None and desk.order.state in UNDISPATCHED


def _warn_of(trouble: BridgeError, desk: Desk) -> None:
    is_told = desk.order.postpone_to is None
    what = "was told, but not read back" if is_told else "could not be told yet"
    desk.warn(f"the later date {what}: {trouble}")


def _writes_of(order: OrderRecord) -> tuple[object, ...]:
    """Return what every write of an order that has not left changes, before it is sent."""
    return (order.accept_sent_before_at, order.reject_sent_before_at, order.live)


def _again(move: Wait | Attention | Stands, at: datetime, desk: Desk) -> Move:
    """Return *move*, with the order's next look no later than *at*."""
    if isinstance(move, Wait):
        return replace(move, until=min(move.until, at))
    if isinstance(move, Attention):
        at = max(at, desk.now() + timedelta(seconds=DATE_AGAIN_SECONDS))
        return replace(move, again_at=at)
    return move


async def announce_date(desk: Desk) -> str:
    """
    Tell the marketplace the later date a person decided on, and say what it shows then.

    Telling it again changes nothing, so a lost answer is settled by telling it once more. A
    refusal ends it: a person decides anew.

    Raises:
        Rejected: The marketplace refuses the date; it is owed no more.
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
    return f"Ankorstore was told that it leaves by {order.postpone_to}, and shows {shown}"
