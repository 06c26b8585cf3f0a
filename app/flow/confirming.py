"""
From the warehouse's parcels to a shipped order at the marketplace.

The confirm marks the order shipped for good and can buy a carrier's label by mistake, so it is
made once, on the one quote that is surely the brand's own (docs/rules/shipping.md).
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

from app.domain.deliveries import has_news, told_of
from app.domain.lifecycle import Outcome, State
from app.domain.order import MarketplaceOrder
from app.domain.pauses import Pausable
from app.domain.quoting import choose_quote
from app.domain.shipment import ParcelSize, Shipment, ShippingQuote, Tracking
from app.domain.statuses import ACCEPTED_STATUS, OWN_CARRIER, REFUSED_STATUS, SHIPPED_STATUSES
from app.domain.tracking import choose_tracking, needs_parcel_tracking, parcel_tracking
from app.errors import Finding, OutcomeUnknown, Rejected, Transient
from app.flow.after_closing import find_late_news, look_after_closing
from app.flow.changes import find_change
from app.flow.moves import Attention, Close, Move, Next, Wait, ask_person
from app.flow.parcels import parcels_to_quote
from app.flow.progress import counts, judge_sent
from app.flow.returning import ask_about_open_returns, ask_about_returns
from app.flow.rules import FlowRules
from app.flow.world import is_confirmed_by_us, trouble_after_placing
from app.ports import Desk, StoredShipment

SHOWN_WITHIN_SECONDS = 3600.0
"""How long a confirmed order may take to show as shipped before a person is asked."""
PARCEL_TRACKING = "parcel_tracking"
RETURNING = "return"
DELIVERY_LOOK_SECONDS = 3600.0


# dispatched → shipped


async def confirm_shipment(desk: Desk, rules: FlowRules) -> Move:
    """Tell the marketplace that the order is on its way, with tracking, once."""
    order = desk.order
    seen = await desk.look(max_age_seconds=0)
    if await _recognise_confirm(seen, desk, rules):
        return Next(State.DISPATCHED, "Ankorstore shows it shipped, with its own tracking")
    if (stop := _settled(seen, desk)) is not None:
        return stop
    if (change := await find_change(seen, desk)) is not None:
        return change
    await desk.require_running(Pausable.TRACKING)
    if order.confirm_sent_before_at is not None and desk.now() < order.confirm_sent_before_at:
        until = order.confirm_sent_before_at
        return Wait(until, "the answer to the confirm", "a confirm may still be under way")
    if (stop := _forbids_own_carrier(seen)) is not None:
        return stop
    sent = await judge_sent(desk)
    if sent.trouble is not None:
        return sent.trouble
    tracking = choose_tracking(sent.shipments, desk.warehouse.carrier_code)
    if tracking is None and (wait := await _await_tracking(desk, rules)) is not None:
        return wait
    parcels = parcels_to_quote(desk, rules, sent)
    if isinstance(parcels, Attention):
        return parcels
    quote = await _ask_quote(parcels, desk, rules)
    if not isinstance(quote, ShippingQuote):
        return quote
    is_untold = needs_parcel_tracking(sent.shipments, push_parcels=rules.pushes_all_parcels)
    if is_untold or tracking is None:
        desk.note(follow_up=PARCEL_TRACKING)
    await desk.marketplace.reserve_call()
    # What was asked since may have taken long; whatever happened meanwhile, no event need tell.
    again = await desk.look(max_age_seconds=rules.verdict_seconds)
    if again != seen and (stop := await _stops_confirm(again, desk)) is not None:
        return stop
    return await _confirm(desk, quote.quote_id, tracking)


async def _ask_quote(
    parcels: Sequence[ParcelSize], desk: Desk, rules: FlowRules
) -> ShippingQuote | Move:
    """Return the quote of the brand's own carrier, or what to do where there is none to confirm."""
    try:
        quotes = await desk.marketplace.request_quotes(desk.order.marketplace_order_id, parcels)
    except Rejected as refusal:
        return await _settled_or(refusal, desk)
    quote = choose_quote(quotes, rules.brand_label_carrier_code)
    if isinstance(quote, Finding):
        return Attention((quote,), "no quote is surely the brand's own carrier")
    return quote


async def _stops_confirm(seen: MarketplaceOrder, desk: Desk) -> Move | None:
    """Return what *seen* asks for instead of a confirm; None where one is owed."""
    if (stop := _settled(seen, desk)) is not None:
        return stop
    return await find_change(seen, desk) or _forbids_own_carrier(seen)


async def _recognise_confirm(seen: MarketplaceOrder, desk: Desk, rules: FlowRules) -> bool:
    """
    Note a confirm that nothing here tells of, with a database restored from a copy.

    What proves it: shipped by own carrier, with the tracking of this very order's parcel, and
    all of it sent by the warehouse. Whoever wrote it there, no confirm is owed any more.
    """
    order = desk.order
    if order.confirm_intent_at is not None or order.confirmed_at is not None:
        return False
    if seen.status not in SHIPPED_STATUSES or seen.shipping_method != OWN_CARRIER:
        return False
    sent = await judge_sent(desk)
    tracking = choose_tracking(sent.shipments, desk.warehouse.carrier_code)
    if sent.trouble is not None or tracking is None or not _is_shown(tracking, seen):
        return False
    if needs_parcel_tracking(sent.shipments, push_parcels=rules.pushes_all_parcels):
        desk.note(follow_up=PARCEL_TRACKING)
    desk.note(confirmed_at=desk.now(), tracking_sent=asdict(tracking))
    return True


def _is_shown(tracking: Tracking, seen: MarketplaceOrder) -> bool:
    shown = seen.tracking
    if shown is None:
        return False
    pairs = ((tracking.number, shown.number), (tracking.link, shown.link))
    known = [(mine, theirs) for mine, theirs in pairs if mine and theirs]
    return bool(known) and all(mine.strip() == theirs.strip() for mine, theirs in known)


async def _confirm(desk: Desk, quote_id: str, tracking: Tracking | None) -> Move:
    turn = await desk.intend_confirm(quote_id, tracking)
    try:
        confirmation = await desk.marketplace.confirm_quote(quote_id, tracking, turn=turn)
    except OutcomeUnknown:
        raise
    except Transient:
        desk.note(confirm_sent_before_at=None)  # surely not sent, or surely not taken
        raise
    except Rejected as refusal:
        desk.note(confirm_sent_before_at=None)
        if refusal.status != 404:
            # Perhaps refused because of the order's state: what that is says more than the words.
            if (settled := _settled(await desk.look(max_age_seconds=0), desk)) is not None:
                return settled
            raise
        # The quote is superseded or gone; what the order shows decides whether to ask again.
        raise Transient(
            refusal.peer, refusal.operation, status=404, detail="the quote was superseded"
        ) from refusal
    if confirmation.cost_text is not None:
        desk.note(confirmed_at=desk.now())
        detail = f"charged {confirmation.cost_text}"
        return ask_person("wrong_label_confirmed", field="order", detail=detail)
    desk.note(confirmed_at=desk.now(), refund_text=confirmation.refund_text)
    seen = await desk.look(max_age_seconds=0)
    if (move := _settled(seen, desk)) is not None:
        return move
    return Next(State.DISPATCHED, "confirmed at Ankorstore")


async def _settled_or(refusal: Rejected, desk: Desk) -> Move:
    """
    Return what the order shows after a refusal: an earlier confirm may have come through.

    Raises:
        Transient: The quote was superseded; the next try asks for new ones.
        Rejected: The refusal stands.
    """
    seen = await desk.look(max_age_seconds=0)
    if (move := _settled(seen, desk)) is not None:
        return move
    if refusal.code == "quote_superseded":
        raise Transient(refusal.peer, refusal.operation, status=refusal.status) from refusal
    raise refusal


def _settled(seen: MarketplaceOrder, desk: Desk) -> Move | None:
    """Return what the order's own status already decides; None where a confirm is still owed."""
    order = desk.order
    if is_confirmed_by_us(seen, order):
        return _shipped(seen, desk)
    if (trouble := trouble_after_placing(seen, order)) is not None:
        return trouble
    if seen.status != ACCEPTED_STATUS or order.confirmed_at is None:
        return None
    if desk.now() - order.confirmed_at > timedelta(seconds=SHOWN_WITHIN_SECONDS):
        return ask_person("confirm_not_shown", field="order", detail=seen.status)
    until = desk.now() + timedelta(seconds=60)
    return Wait(until, "Ankorstore to show the confirm", "confirmed, and not shown as shipped yet")


def _shipped(seen: MarketplaceOrder, desk: Desk) -> Move:
    message = "Ankorstore shows the order shipped by the brand's own carrier"
    if desk.order.refund_text:
        message += f"; refund {desk.order.refund_text}"
    difference = _tracking_difference(seen, desk)
    if difference is None:
        return Next(State.SHIPPED, message)
    finding = Finding("tracking_differs", "tracking", difference)
    return Attention((finding,), message, state=State.SHIPPED)


def _tracking_difference(seen: MarketplaceOrder, desk: Desk) -> str | None:
    """Compare the tracking shown with the one sent; what is not shown is no difference."""
    sent = desk.order.tracking_sent or {}
    shown = seen.tracking
    if shown is None:
        return None
    for mine, theirs in ((sent.get("link"), shown.link), (sent.get("number"), shown.number)):
        if mine and theirs and mine.strip() != theirs.strip():
            return f"sent {mine}, shown {theirs}"
    return None


def _forbids_own_carrier(seen: MarketplaceOrder) -> Attention | None:
    methods = seen.available_shipping_methods or ()
    if seen.shipping_method in (None, OWN_CARRIER) and OWN_CARRIER in methods:
        return None
    detail = f"shippingMethod {seen.shipping_method or 'none'}"
    return ask_person("own_carrier_not_possible", field="shippingMethod", detail=detail)


async def _await_tracking(desk: Desk, rules: FlowRules) -> Wait | None:
    """Look again for tracking until the waiting time is over; then go on without."""
    sent = [one for one in await desk.search_shipments() if counts(one, desk.order)]
    shipments: list[Shipment] = [entry.shipment for entry in sent]
    if choose_tracking(shipments, desk.warehouse.carrier_code) is not None:
        return Wait(desk.now(), "the tracking", "the warehouse now tells the tracking")
    since = min((entry.stored_at for entry in sent), default=desk.now())
    if desk.now() - since >= timedelta(seconds=rules.tracking_wait_seconds):
        desk.warn("no tracking came; confirming without")
        return None
    until = desk.now() + timedelta(seconds=rules.tracking_look_seconds)
    return Wait(until, "the tracking number", "sent, but the warehouse tells no tracking yet")


# shipped → closed, and what may follow


async def close_shipped(desk: Desk, rules: FlowRules) -> Move:
    """
    Close the order: no step of it is owed any more, unless news came in with the last one.

    Its parcels are followed from now on.
    """
    if (task := await find_late_news(desk)) is not None:
        return task
    if rules.watches_deliveries:
        desk.note(delivery_look_at=desk.now() + timedelta(seconds=DELIVERY_LOOK_SECONDS))
    if desk.order.marketplace_status == REFUSED_STATUS and desk.order.follow_up is None:
        desk.note(follow_up=RETURNING)
    return Close(Outcome.COMPLETED, "shipped, and shown so at Ankorstore")


async def follow_up_closed(desk: Desk, rules: FlowRules) -> Move:
    """Tell what is still to be told of a shipped order, and ask about goods that come back."""
    order = desk.order
    if (task := await look_after_closing(desk)) is not None:
        return task
    if order.outcome != Outcome.COMPLETED or order.live is None:
        if order.follow_up is not None:  # noted before a confirm that never came about
            desk.note(follow_up=None)
        # Goods of an order that was called off come back too, where a person opened a return.
        asked_about = await ask_about_open_returns(desk)
        return asked_about or Close(order.outcome or Outcome.COMPLETED, "closed; nothing is owed")
    told_until = desk.now()
    sent = await desk.shipments()
    asked = await ask_about_returns(desk, sent)
    told = await _tell_parcels(desk, sent, told_until)
    return asked if asked is not None and isinstance(told, Close) else told


async def _tell_parcels(desk: Desk, sent: Sequence[StoredShipment], told_until: datetime) -> Move:
    """Tell the tracking of all parcels, where the confirm could tell only one, and their fate."""
    order = desk.order
    assert order.live is not None, "a completed order was placed"
    shipments = [entry.shipment for entry in sent if counts(entry, order)]
    told_at = order.follow_up_done_at or order.confirm_intent_at or order.confirmed_at
    is_owed = (
        order.follow_up == PARCEL_TRACKING
        or any(told_at is not None and entry.stored_at > told_at for entry in sent)
        or has_news(shipments, order.parcels_told, is_tracking_told=order.tracking_sent is not None)
    )
    if not is_owed or order.master_order_id is None or not shipments:
        if order.follow_up is not None:
            desk.note(follow_up=None)
        return Close(Outcome.COMPLETED, "closed; nothing is owed")
    await desk.require_running(Pausable.TRACKING)
    seen = await desk.look(max_age_seconds=0)
    existing = await desk.marketplace.read_tracking(order.master_order_id)
    tracking = parcel_tracking(
        shipments,
        marketplace_order_id=order.marketplace_order_id,
        lines=seen.lines,
        sent=order.live.lines,
        existing=existing,
        carrier_of=desk.warehouse.carrier_code,
    )
    if tracking is not None:
        await desk.marketplace.write_tracking(
            order.master_order_id, tracking, exists=existing is not None
        )
        desk.note(parcels_told=told_of(tracking))
    desk.note(follow_up=None, follow_up_done_at=told_until)
    if tracking is None:
        return Close(Outcome.COMPLETED, "closed; no parcel has a tracking to tell")
    return Close(
        Outcome.COMPLETED, f"told Ankorstore the tracking of {len(tracking.parcels)} parcels"
    )
