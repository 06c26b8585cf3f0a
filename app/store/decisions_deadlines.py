"""What operators decide about an order's latest shipping date."""

from datetime import UTC, date, timedelta

from app.domain.deadlines import UNDISPATCHED
from app.domain.record import OrderRecord
from app.store.decisions import Impossible, signed, write_decision
from app.store.session import Store

LATEST_AHEAD = timedelta(days=366)


async def postpone_order(
    store: Store, order: OrderRecord, *, by: str, reason: str = "", to: date
) -> str:
    """
    Have Ankorstore told that the order leaves by *to*; return what happens next.

    Raises:
        Impossible: It has left or is closed, or the date is past, earlier than the one known, or
            more than a year ahead: no earlier one could be announced after it.
    """
    if order.state not in UNDISPATCHED:
        what = f"closed ({order.outcome})" if order.outcome else str(order.state)
        raise Impossible(
            f"the order is {what}: its date matters no more; "
            "only an order that has not left can be postponed"
        )
    today = store.now().astimezone(UTC).date()
    if to < today:
        raise Impossible(f"{to} is past; name today ({today}) or a later day")
    if to > today + LATEST_AHEAD:
        raise Impossible(f"{to} is more than a year ahead; look whether its year is right")
    if order.ship_by_at is not None and to < order.ship_by_at.astimezone(UTC).date():
        raise Impossible(
            f"Ankorstore expects it by {order.ship_by_at:%Y-%m-%d} already; name a later day"
        )
    if order.postpone_to == to.isoformat():
        return f"Ankorstore is being told {to} already; nothing was changed"
    await write_decision(
        store,
        order,
        {"postpone_to": to.isoformat()},
        step="postpone",
        message=signed(f"postponed to {to}", by, reason),
    )
    return f"Ankorstore is told now that the order leaves by {to}"
