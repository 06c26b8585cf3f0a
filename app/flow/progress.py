"""How far the warehouse is with an order, from the shipments stored for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.domain.completeness import weigh_shipments
from app.domain.record import OrderRecord
from app.domain.shipment import Shipment
from app.flow.moves import Attention, ask_person
from app.ports import Desk, StoredShipment

ANSWERED_BY_PARTIAL = frozenset({"sku_not_ordered", "shipment_unreadable"})
"""Doubts about a shipment that end where a person says: what was sent is the order."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent of an order; `trouble` where a shipment needs a person first."""

    shipments: tuple[Shipment, ...]
    is_complete: bool
    first_at: datetime | None
    last_at: datetime | None
    missing_text: str
    trouble: Attention | None


async def judge_sent(desk: Desk) -> Sent:
    """Weigh the stored shipments of the order against what was asked of the warehouse."""
    live = desk.order.live
    assert live is not None, "a placed order has a live warehouse order"
    stored = await desk.shipments()
    trouble = None
    for entry in stored:
        if entry.is_trouble and not counts(entry, desk.order):
            assert entry.reason is not None, "what is trouble has a reason"
            field = f"shipment {entry.shipment.warehouse_shipment_id}"
            trouble = ask_person(entry.reason, field=field)
            break
    entries = [entry for entry in stored if counts(entry, desk.order)]
    counted = tuple(entry.shipment for entry in entries)
    weighed = weigh_shipments(live.lines, counted)
    if weighed.over:
        desk.warn("more was shipped than ordered: " + _pieces(weighed.over))
    return Sent(
        shipments=counted,
        is_complete=weighed.is_complete or _is_all_there_will_be(desk.order, counted),
        # Not the strays of a replaced order: they neither release nor hurry the one that is live.
        first_at=min((entry.stored_at for entry in entries), default=None),
        last_at=max((entry.stored_at for entry in entries), default=None),
        missing_text=_pieces(weighed.missing)
        + (f"; sent besides: {_pieces(weighed.over)}" if weighed.over else ""),
        trouble=trouble,
    )


def counts(entry: StoredShipment, order: OrderRecord) -> bool:
    """Tell whether a stored shipment is goods of the order."""
    is_answered = order.partial_confirm_at is not None and entry.reason in ANSWERED_BY_PARTIAL
    return entry.reason is None or is_answered


async def note_shipped(desk: Desk) -> bool:
    """
    Take the live placing as done where goods of it were sent, whatever its create was answered.

    Tells whether that is so; nothing is noted of one that is known to be placed.
    """
    live = desk.order.live
    if live is None or live.is_placed:
        return False
    if all(entry.reason is not None for entry in await desk.shipments()):
        return False
    desk.note_placing(answer="adopted", answered_at=desk.now())
    return True


def _is_all_there_will_be(order: OrderRecord, counted: Sequence[Shipment]) -> bool:
    """Tell whether a person said that the order is sent as far as it will be."""
    return order.partial_confirm_at is not None and bool(counted)


def _pieces(by_sku: dict[str, int]) -> str:
    return ", ".join(f"{pieces} of {sku}" for sku, pieces in sorted(by_sku.items()))
