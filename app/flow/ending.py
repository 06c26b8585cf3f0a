"""
How an order ends that was never placed, as far as is known here: not before a look.

The database can be older than what the service did with it: a copy was restored. Then an order
may stand at the warehouse without a trace here, so none is closed before the warehouse was
searched for its number (docs/rules/states.md).
"""

from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.domain.record import SentLine
from app.errors import Unmappable
from app.flow.moves import Attention, Close, Move, Next
from app.flow.review import external_number, prepare_as
from app.flow.rules import FlowRules
from app.flow.world import is_before_switch
from app.ports import Desk, FoundOrder, PreparedOrder


async def end_unplaced(
    end: Close | Attention, seen: MarketplaceOrder, desk: Desk, rules: FlowRules
) -> Move:
    """
    Return *end*, or the way on for an order that the warehouse turns out to have.

    Only orders the marketplace has shown accepted are ever placed, so one found there is as
    good as accepted and goes on from there; what the marketplace shows then asks a person.
    """
    if isinstance(end, Attention) or is_before_switch(seen, desk.order, rules):
        return end
    number = external_number(seen, desk.order, desk.warehouse)
    found = await desk.warehouse.find_order(number) if number else None
    if found is None or not bears_our_mark(found, desk):
        return end
    await note_placed(number, seen, desk, found.warehouse_order_number)
    return Next(State.ACCEPTED, f"found at the warehouse as {found.warehouse_order_number}")


async def note_placed(
    number: str, seen: MarketplaceOrder, desk: Desk, warehouse_order_number: str | None
) -> None:
    """Note the order as placed under *number*: as it was sent, else as it would be sent now."""
    if not desk.order.may_be_at_warehouse:
        corrected = await desk.apply_corrections(seen)
        # This notes what is there; it sends nothing.
        await desk.intend_create(_as_it_would_be_sent(corrected, number, desk))
    desk.note_placing(
        answer="adopted",
        answered_at=desk.now(),
        warehouse_order_number=warehouse_order_number,
    )


def bears_our_mark(found: FoundOrder, desk: Desk) -> bool:
    """Tell whether a warehouse order is proven to be this order's: by the mark we sent along."""
    return found.order_mark == desk.order.marketplace_order_id


def _as_it_would_be_sent(seen: MarketplaceOrder, number: str, desk: Desk) -> PreparedOrder:
    """Return what stands at the warehouse, as well as it can be told from the order today."""
    try:
        return prepare_as(number, seen, desk)
    except Unmappable as error:
        lines = tuple(SentLine("", sku, pieces, 1) for sku, pieces in error.needed.items())
        return PreparedOrder(number, {}, lines)
