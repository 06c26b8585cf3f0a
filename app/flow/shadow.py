"""
Shadow mode: one order judged as ever and then followed by reading, with nothing written anywhere.

What would have been done is kept beside what today's connector and people did; nobody is asked
for anything (docs/shadow.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.completeness import merge_rows
from app.domain.fingerprint import Part, compare
from app.domain.lifecycle import IGNORED_SHADOWED, State
from app.domain.order import MarketplaceOrder
from app.domain.record import OrderRecord
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
from app.errors import Unmappable
from app.flow.moves import Close, Move, Wait
from app.flow.review import external_number, prepare, review
from app.flow.rules import FlowRules
from app.flow.verdict import Kind, Verdict
from app.flow.world import outcome_shown
from app.ports import Desk, PreparedOrder

LOOK_SECONDS = 6 * 3600.0
"""How often an order is read without news; whatever happens at the marketplace wakes it."""
PARCELS_LOOK_SECONDS = 3 * 3600.0
ASK_SECONDS = 2 * 3600.0
"""The warehouse is not asked again about an order that stands as it stood any sooner."""
PARCELS_PATIENCE = timedelta(days=2)
"""For so long the warehouse is asked for the parcels of an order that shows as shipped."""
FRESH = timedelta(minutes=10)
"""An order answered so soon is judged as if it were not: today's connector was faster."""
_ENDED = (CANCELLED_STATUS, REJECTED_STATUS, FULFILMENT_STATUS)
_ANSWERS = {
    Kind.GO: Answer.ACCEPTED,
    Kind.PARTIAL: Answer.PARTIAL,
    Kind.REJECT: Answer.REJECTED,
    Kind.HOLD: Answer.HELD,
}
_TROUBLES = {
    CANCELLED_STATUS: "cancelled_after_placing",
    REJECTED_STATUS: "cancelled_after_placing",
    WAITING_STATUS: "reverted_after_placing",
    LABELS_STATUS: "labels_after_placing",
    FULFILMENT_STATUS: "fulfilment_after_placing",
}


def is_followed(order: OrderRecord) -> bool:
    """Tell whether shadow mode follows the order: nothing of it was begun in live mode."""
    if order.state is State.CLOSED:
        return order.shadowed_at is not None
    is_begun = order.accept_intent_at or order.reject_intent_at or order.live
    return order.state is State.RECEIVED and not is_begun and order.attention_reason is None


async def follow_in_shadow(desk: Desk, rules: FlowRules) -> Move:
    """Judge the order once, then note what happened to it, until it has ended."""
    order = desk.order
    if order.state is State.CLOSED:
        return Close(order.outcome or IGNORED_SHADOWED, "closed; followed in shadow mode")
    record = await desk.load_shadow()
    if record is None:
        desk.note_shadow(first_seen_at=desk.now())
        record = ShadowRecord(order.order_id, desk.now())
    if order.shadowed_at is None:
        desk.note(shadowed_at=desk.now())
    seen = await desk.look(max_age_seconds=rules.verdict_seconds)
    if _is_to_be_judged(record, seen):
        record = await _judge(record, seen, desk, rules)
    return await _observe(record, seen, desk, rules)


def _is_to_be_judged(record: ShadowRecord, seen: MarketplaceOrder) -> bool:
    """Whoever holds an order judges it again for as long as nobody has answered it."""
    if record.judged_at is None:
        return seen.status not in _ENDED
    return record.decision == Answer.HELD and seen.status == WAITING_STATUS


async def _judge(
    record: ShadowRecord, seen: MarketplaceOrder, desk: Desk, rules: FlowRules
) -> ShadowRecord:
    """Have the verdict kept, and what would be sent to the warehouse on it."""
    is_answered = seen.status != WAITING_STATUS and not _is_fresh(seen, desk.now())
    # With ACCEPT_MODE=manual a person would be shown the same verdict.
    verdict = await review(
        seen, desk, replace(rules, accepts_by_itself=True), is_accepted=is_answered
    )
    prepared = verdict.prepared or await _prepare(seen, desk)
    judged: dict[str, Any] = {
        "judged_at": desk.now(),
        "was_answered": is_answered,
        "decision": str(_ANSWERS[verdict.kind]),
        "verdict": desk.order.verdict,
        "ordered": _packs_of(seen),
        "would_send": _would_send(verdict, prepared),
        "payload": dict(prepared.payload) if prepared is not None else None,
        "fingerprint": prepared.fingerprint if prepared is not None else None,
    }
    desk.note_shadow(**judged)
    return replace(record, **judged)


def _is_fresh(seen: MarketplaceOrder, now: datetime) -> bool:
    is_accepted = seen.status == ACCEPTED_STATUS
    return is_accepted and seen.submitted_at is not None and now - seen.submitted_at < FRESH


async def _prepare(seen: MarketplaceOrder, desk: Desk) -> PreparedOrder | None:
    """Return what would be sent of an order that is held or rejected, were it not."""
    try:
        return prepare(await desk.apply_corrections(seen), desk)
    except Unmappable:
        return None


def _would_send(verdict: Verdict, prepared: PreparedOrder | None) -> dict[str, Any] | None:
    if prepared is None:
        return None
    return {
        "number": prepared.external_order_number,
        "lines": [asdict(line) for line in prepared.lines],
        "pieces": prepared.needed(),
        "packs": dict(verdict.pack_quantities),
    }


def _packs_of(seen: MarketplaceOrder) -> dict[str, int]:
    return {line.line_id: line.pack_quantity for line in seen.lines}


async def _observe(
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
        "is_ended_unsent": seen.status in _ENDED,
        "shown": asdict(seen.tracking) if seen.tracking is not None else None,
    }
    if earlier.get("answer") is None and seen.status != WAITING_STATUS:
        packs = _packs_of(seen)
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
    if seen.status in _ENDED:
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
