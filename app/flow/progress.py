"""How far the warehouse is with an order, from the shipments stored for it."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.completeness import weigh_shipments
from app.domain.shipment import Shipment
from app.flow.moves import Attention, ask_person
from app.ports import Desk


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent of an order; `trouble` where a shipment needs a person first."""

    shipments: tuple[Shipment, ...]
    is_complete: bool
    first_at: datetime | None
    missing_text: str
    trouble: Attention | None


async def judge_sent(desk: Desk) -> Sent:
    """Weigh the stored shipments of the order against what was asked of the warehouse."""
    live = desk.order.live
    assert live is not None, "a placed order has a live warehouse order"
    stored = await desk.shipments()
    trouble = None
    for entry in stored:
        if entry.is_trouble:
            assert entry.reason is not None
            field = f"shipment {entry.shipment.warehouse_shipment_id}"
            trouble = ask_person(entry.reason, field=field)
            break
    counted = tuple(entry.shipment for entry in stored if entry.reason is None)
    weighed = weigh_shipments(live.lines, counted)
    if weighed.over:
        desk.warn("more was shipped than ordered: " + _pieces(weighed.over))
    return Sent(
        shipments=counted,
        is_complete=weighed.is_complete,
        first_at=min((entry.stored_at for entry in stored), default=None),
        missing_text=_pieces(weighed.missing),
        trouble=trouble,
    )


def _pieces(by_sku: dict[str, int]) -> str:
    return ", ".join(f"{pieces} of {sku}" for sku, pieces in sorted(by_sku.items()))
