"""
What changed at the marketplace after an order was sent to the warehouse.

Every reading of a placed order is compared with what was sent (docs/rules/changes.md). A change of
goods or address is a task; one of the bill, the contact or the prices is noted once.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from app.domain.fingerprint import (
    Comparison,
    Part,
    compare,
    has_same_words,
    renew,
    take_fingerprint,
)
from app.domain.order import MarketplaceOrder
from app.domain.record import WarehouseOrderRecord
from app.errors import Finding, Unmappable
from app.flow.moves import Attention
from app.flow.review import prepare
from app.flow.world import reason_for_stage
from app.ports import Desk, PreparedOrder

_TASKS = {
    Part.LINES: ("lines_changed_after_placing", "order lines"),
    Part.DELIVERY: ("address_changed_after_placing", "delivery address"),
}
_NOTES = {Part.BILLING: "the bill or the contact", Part.PRICES: "prices"}


async def find_change(shown: MarketplaceOrder, desk: Desk) -> Attention | None:
    """
    Return the task that a change since the order was sent makes; None where there is none.

    What only needs a note is noted here, and then known.
    """
    order, live = desk.order, desk.order.live
    if live is None or not live.is_placed:
        return None
    seen = await desk.apply_corrections(shown)  # as it was when it was sent
    compared = _compare(seen, live, desk)
    changed = compared.changed
    tasks = [_TASKS[part] for part in Part if part in changed and part in _TASKS]
    if not tasks:
        _know(compared, seen, live, desk)
        return None
    if Part.DELIVERY in changed:
        desk.note(new_address=asdict(shown.ship_to))
    findings = tuple(
        Finding(reason_for_stage(reason, order), field, "not as it was sent")
        for reason, field in tasks
    )
    what = " and ".join(field for _, field in tasks)
    return Attention(findings, f"{what} changed at Ankorstore after sending")


def fingerprint_of(seen: MarketplaceOrder, desk: Desk) -> dict[str, Any]:
    """Return the fingerprint of the order as it is shown and corrected, mappable or not."""
    prepared = _map(seen, desk)
    return take_fingerprint(seen, prepared.parts if prepared is not None else None)


def _compare(seen: MarketplaceOrder, live: WarehouseOrderRecord, desk: Desk) -> Comparison:
    if live.fingerprint is not None:
        return compare(live.fingerprint, seen, lambda: _parts(_map(seen, desk)))
    return _compare_with_payload(seen, live, desk)


def _compare_with_payload(
    seen: MarketplaceOrder, live: WarehouseOrderRecord, desk: Desk
) -> Comparison:
    """Compare with what was sent by a version that kept no fingerprint, as well as that can be."""
    sent = desk.warehouse.parts_of(live.payload)
    if not sent:
        return Comparison()
    asked = {
        line.marketplace_line_id: line.sent_quantity * line.units_per_sku for line in live.lines
    }
    shown = {line.line_id: line.unit_quantity for line in seen.lines if line.unit_quantity}
    changed = [Part.LINES] if asked != shown else []
    mapped = _parts(_map(seen, desk))
    if mapped is None or not has_same_words(sent[Part.DELIVERY], mapped[Part.DELIVERY]):
        changed.append(Part.DELIVERY)
    return Comparison(tuple(Part), tuple(changed))


def _know(
    compared: Comparison, seen: MarketplaceOrder, live: WarehouseOrderRecord, desk: Desk
) -> None:
    """
    Take what moved as known, so that it is told once, and never looks like a change later on.

    What would be sent differs from what was sent if the settings change, too; only an order that
    stands still is safe from that.
    """
    if not compared.moved:
        return
    newest = fingerprint_of(seen, desk)
    if live.fingerprint is not None:
        newest = renew(live.fingerprint, newest, compared.moved)
    desk.note_placing(fingerprint=newest)
    if compared.changed:
        what = " and ".join(_NOTES[part] for part in compared.changed)
        desk.warn(f"{what} changed at Ankorstore; the warehouse keeps what it was sent")


def _map(seen: MarketplaceOrder, desk: Desk) -> PreparedOrder | None:
    try:
        return prepare(seen, desk)
    except Unmappable:
        return None


def _parts(prepared: PreparedOrder | None) -> Mapping[str, Any] | None:
    return prepared.parts if prepared is not None else None
