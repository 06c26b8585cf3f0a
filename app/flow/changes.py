"""
What changed at the marketplace after an order was sent to the warehouse.

Every reading of a placed order is compared with what was sent (docs/rules/changes.md). A change of
goods or address is a task; one of the bill, the contact or the prices is noted once.
"""

from collections.abc import Iterable, Mapping, Sequence
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
from app.flow.moves import Attention, ask_person
from app.flow.review import prepare
from app.flow.world import reason_for_stage
from app.ports import Desk, PreparedOrder

TASKS_OF = {
    Part.LINES: ("lines_changed_after_placing", "order lines"),
    Part.DELIVERY: ("address_changed_after_placing", "delivery address"),
}
CHANGE_TASKS = frozenset(
    {
        "address_changed_after_placing",
        "address_changed_after_shipping",
        "lines_changed_after_placing",
        "lines_changed_after_shipping",
        "changed_on_hold",
    }
)
SHOWN_AGAIN = (
    "Ankorstore shows again what was sent; undo in Maya what was changed there, then record: kept"
)
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
    compared = compare_sent(seen, live, desk)
    changed = compared.changed
    asked = [part for part in Part if part in changed and part in TASKS_OF]
    if not asked:
        if order.new_address is not None:
            desk.note(new_address=None)  # the change was taken back
        _know(compared, seen, live, desk)
        return None
    if live.fingerprint is not None:
        marks = marks_of(asked, seen)
        desk.note_placing(fingerprint={**live.fingerprint, "asked": marks})
    return ask_about(asked, shown, desk)


async def find_news(shown: MarketplaceOrder, desk: Desk) -> Attention | None:
    """Return what an open task about changes must say from now on; None where it says so."""
    order = desk.order
    assert order.live is not None, "a task about changes is about a placed order"
    change = await find_change(shown, desk)
    if change is None:
        is_known = any(entry["detail"] == SHOWN_AGAIN for entry in order.attention_detail)
        reason = order.attention_reason or ""
        if is_known or reason not in CHANGE_TASKS:
            return None
        return ask_person(reason, field="order", detail=SHOWN_AGAIN, message=SHOWN_AGAIN)
    seen = await desk.apply_corrections(shown)
    said = {
        (entry["reason"], entry["field"])
        for entry in order.attention_detail
        if entry["reason"] in CHANGE_TASKS and entry["detail"] != SHOWN_AGAIN
    }
    is_said = said == {(finding.reason, finding.field) for finding in change.findings}
    marks = (order.live.fingerprint or {}).get("asked")
    has_moved = marks is not None and marks != marks_of(marks, seen)
    is_same = is_said and not has_moved and desk.order.new_address == order.new_address
    return None if is_same else change


def ask_about(parts: Sequence[Part], shown: MarketplaceOrder, desk: Desk) -> Attention:
    """Return the task that changed *parts* make, and note the new address or that there is none."""
    is_address = Part.DELIVERY in parts
    desk.note(new_address=asdict(shown.ship_to) if is_address else None)
    tasks = [TASKS_OF[part] for part in parts]
    findings = tuple(
        Finding(reason_for_stage(reason, desk.order), field, "not as it was sent")
        for reason, field in tasks
    )
    what = " and ".join(field for _, field in tasks)
    return Attention(findings, f"{what} changed at Ankorstore after sending")


def marks_of(parts: Iterable[str], seen: MarketplaceOrder) -> dict[str, str]:
    """Return the digests of some parts of an order, to know whether they move once more."""
    now = take_fingerprint(seen, None)["order"]
    return {part: now[Part(part)] for part in parts}


def fingerprint_of(seen: MarketplaceOrder, desk: Desk) -> dict[str, Any]:
    """Return the fingerprint of the order as it is shown and corrected, mappable or not."""
    prepared = _map(seen, desk)
    return take_fingerprint(seen, prepared.parts if prepared is not None else None)


def compare_sent(seen: MarketplaceOrder, live: WarehouseOrderRecord, desk: Desk) -> Comparison:
    """Compare *seen*, corrected, with what was sent, as well as that is known."""
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
