"""The order that a page is about."""

from app.domain.record import OrderRecord
from app.store.queries import AmbiguousOrder, find_order
from app.web.console.refusals import Refused
from app.web.console.visits import Visit


async def find_order_of(visit: Visit) -> OrderRecord:
    """
    Return the order that the path names by its reference, id or warehouse number.

    Raises:
        Refused: There is none, or several.
    """
    text = str(visit.request.path_params["order"])
    try:
        found = await find_order(visit.store, text)
    except AmbiguousOrder as error:
        raise Refused(
            409, "Several orders", f"{text[:100]!r} {error}; search for the id in brackets."
        ) from None
    if found is None:
        raise Refused(
            404, "No such order", f"No order has the reference, id or number {text[:100]!r}."
        )
    return found


def seen_of(order: OrderRecord) -> str:
    """Return what a person saw of the order's standing when they opened a form about it."""
    since = order.attention_since.isoformat() if order.attention_since else ""
    return f"{order.state} {order.attention_reason or ''} {since}"
