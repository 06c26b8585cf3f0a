"""
Shadow mode: what today's connector and people did to an order, as far as both companies show it.

Everything here is read; what neither company tells is left open (docs/shadow.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.completeness import merge_rows
from app.domain.fingerprint import Part, compare
from app.domain.lifecycle import IGNORED_SHADOWED
from app.domain.order import MarketplaceOrder
from app.domain.shadow import WAITS_FOR_CONNECTOR, WOULD_PLACE, Answer, ShadowRecord
from app.domain.shipment import Shipment
from app.domain.statuses import (
    ACCEPTED_STATUS,
    CANCELLED_STATUS,
    FULFILMENT_STATUS,
    LABELS_STATUS,
    REJECTED_STATUS,
    SHIPPED_STATUSES,
    WAITING_STATUS,
)
from app.domain.tracking import choose_tracking, distinct_boxes
from app.flow.moves import Close, Move, Wait
from app.flow.review import external_number
from app.flow.rules import FlowRules
from app.flow.world import outcome_shown
from app.ports import Desk

LOOK_SECONDS = 6 * 3600.0
"""How often an order is read without news; whatever happens at the marketplace wakes it."""
PARCELS_LOOK_SECONDS = 3 * 3600.0
ASK_SECONDS = 2 * 3600.0
"""The warehouse is not asked again about an order that stands as it stood any sooner."""
PARCELS_PATIENCE = timedelta(days=2)
"""For so long the warehouse is asked for the parcels of an order that shows as shipped."""
ENDED = (CANCELLED_STATUS, REJECTED_STATUS, FULFILMENT_STATUS)
_TROUBLES = {
    CANCELLED_STATUS: "cancelled_after_placing",
    REJECTED_STATUS: "cancelled_after_placing",
    WAITING_STATUS: "reverted_after_placing",
    LABELS_STATUS: "labels_after_placing",
    FULFILMENT_STATUS: "fulfilment_after_placing",
}


def packs_of(seen: MarketplaceOrder) -> dict[str, int]:
    """Return the packs by line."""
    return {line.line_id: line.pack_quantity for line in seen.lines}


async def observe(
    record: ShadowRecord, seen: MarketplaceOrder, desk: Desk, rules: FlowRules
) -> Move:
    """Note what was done to the order, by what both companies show."""
    earlier = dict(record.observed or {})
    now = {**earlier, **_shown_there(record, seen, earlier)}
    if await _has_moved(record, seen, desk):
        now["address_changed"] = True
    if seen.status in (ACCEPTED_STATUS, *SHIPPED_STATUSES) and _may_ask(seen, earlier, desk.now()):
        now |= {**await _found_there(seen, desk, rules, now), "asked_at": desk.now().isoformat()}
    if seen.status in SHIPPED_STATUSES:
        now.setdefault("shipped_seen_at", desk.now().isoformat())
    move = _next(seen, now, desk.now())
    known = {(one["reason"], one["field"]) for one in record.troubles or ()}
    found = [one for one in _troubles(record, seen, now) if one not in known]
    troubles = [
        *(record.troubles or ()),
        *({"reason": reason, "field": field} for reason, field in found),
    ]
    ended_at = desk.now() if isinstance(move, Close) else None
    if isinstance(move, Wait) and now == earlier and not found:
        move = replace(move, is_known=True)
    desk.note_shadow(
        observed=now, observed_at=desk.now(), troubles=troubles or None, ended_at=ended_at
    )
    return move


def _may_ask(seen: MarketplaceOrder, earlier: Mapping[str, Any], at: datetime) -> bool:
    """Spare the warehouse: reconciling wakes what is in no list of Ankorstore every few minutes."""
    asked_at = earlier.get("asked_at")
    if asked_at is None or earlier.get("status") != seen.status:
        return True
    return at - datetime.fromisoformat(asked_at) >= timedelta(seconds=ASK_SECONDS)


def _shown_there(
    record: ShadowRecord, seen: MarketplaceOrder, earlier: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the marketplace shows of an order's answer and its way."""
    shown: dict[str, Any] = {
        "status": seen.status,
        "shipping_method": seen.shipping_method,
        "is_shipped": seen.status in SHIPPED_STATUSES,
        "is_ended_unsent": seen.status in ENDED,
        "shown": asdict(seen.tracking) if seen.tracking is not None else None,
    }
    if earlier.get("answer") is None and seen.status != WAITING_STATUS:
        packs = packs_of(seen)
        shown |= {"answer": _answer_shown(record, seen, packs), "packs": packs}
    return shown


def _answer_shown(
    record: ShadowRecord, seen: MarketplaceOrder, packs: Mapping[str, int]
) -> str | None:
    """Return how the order was answered; fewer packs than were first seen are a part of it."""
    if seen.status == REJECTED_STATUS:
        return str(Answer.REJECTED)
    if seen.status == CANCELLED_STATUS:
        return str(Answer.CANCELLED)
    if seen.status not in (ACCEPTED_STATUS, LABELS_STATUS, FULFILMENT_STATUS, *SHIPPED_STATUSES):
        return None  # a word nobody knows yet is no answer
    ordered = record.ordered or {}
    is_cut = any(packs.get(line, 0) < count for line, count in ordered.items())
    return str(Answer.PARTIAL if is_cut else Answer.ACCEPTED)


async def _has_moved(record: ShadowRecord, seen: MarketplaceOrder, desk: Desk) -> bool:
    """Tell whether the order goes elsewhere than it would have been sent."""
    if record.fingerprint is None or record.decision not in WOULD_PLACE:
        return False
    corrected = await desk.apply_corrections(seen)
    return Part.DELIVERY in compare(record.fingerprint, corrected, lambda: None).moved


async def _found_there(
    seen: MarketplaceOrder, desk: Desk, rules: FlowRules, known: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the warehouse tells of the order, under whichever number it is there."""
    found: dict[str, Any] = {}
    number = known.get("number")
    if number is None:
        tried = list(_numbers(seen, desk, rules))
        found["searched"] = tried
        for each in tried:
            there = await desk.warehouse.find_order(each)
            if there is not None:
                is_marked = there.order_mark == seen.marketplace_order_id
                number = each
                found |= {
                    "number": each,
                    "warehouse_order_number": there.warehouse_order_number,
                    "bears_order_id": is_marked,
                }
                break
    if number is not None and seen.status in SHIPPED_STATUSES:
        shipments = await desk.warehouse.search_shipments(number)
        readable = merge_rows(one for one in shipments if not one.problems)
        if readable:
            found |= _sent_there(readable, desk)
    return found


def _numbers(seen: MarketplaceOrder, desk: Desk, rules: FlowRules) -> Iterator[str]:
    """Give the numbers an order may bear at the warehouse, each once: ours, then the brand's."""
    reference = seen.marketplace_reference
    given = [each.replace("{reference}", reference) for each in rules.shadow_numbers if reference]
    ours = external_number(seen, desk.order, desk.warehouse)
    yield from dict.fromkeys(number for number in (ours, *given) if number)


def _sent_there(shipments: tuple[Shipment, ...], desk: Desk) -> dict[str, Any]:
    pieces: dict[str, int] = {}
    for shipment in shipments:
        for line in shipment.goods:
            pieces[line.sku] = pieces.get(line.sku, 0) + line.sent_quantity
    tracking = choose_tracking(shipments, desk.warehouse.carrier_code)
    return {
        "pieces": pieces,
        "parcels": [
            {"number": box.parcel.tracking_number, "link": box.parcel.tracking_link}
            for box in distinct_boxes(shipments)
        ],
        "would_tell": asdict(tracking) if tracking is not None else None,
    }


def _troubles(
    record: ShadowRecord, seen: MarketplaceOrder, now: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Give what a person would have been asked after the order was placed: reason and field."""
    if record.decision not in WOULD_PLACE or now.get("answer") not in WOULD_PLACE:
        return
    if (reason := _TROUBLES.get(seen.status)) is not None:
        yield reason, "order"
    if now.get("address_changed"):
        yield "address_changed_after_placing", "shipToAddress"


def _next(seen: MarketplaceOrder, now: Mapping[str, Any], at: datetime) -> Move:
    """Return when the order is looked at again, or how it has ended."""
    if seen.status in ENDED:
        return Close(outcome_shown(seen), f"followed in shadow mode; it shows {seen.status}")
    if seen.status not in SHIPPED_STATUSES:
        until = at + timedelta(seconds=LOOK_SECONDS)
        return Wait(until, WAITS_FOR_CONNECTOR, f"followed in shadow mode; it shows {seen.status}")
    given_up_at = datetime.fromisoformat(now["shipped_seen_at"]) + PARCELS_PATIENCE
    if now.get("pieces") is not None or at >= given_up_at:
        return Close(IGNORED_SHADOWED, "followed in shadow mode; today's connector carried it")
    until = min(given_up_at, at + timedelta(seconds=PARCELS_LOOK_SECONDS))
    return Wait(
        until, WAITS_FOR_CONNECTOR, "shipped at Ankorstore; the warehouse tells no shipment yet"
    )
