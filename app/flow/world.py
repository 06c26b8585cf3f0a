"""What the marketplace's own status means for an order, before and after it was placed."""

from app.domain.corrections import read_corrections
from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, Outcome, State
from app.domain.order import MarketplaceOrder
from app.domain.policy import ASKED_TO_CANCEL
from app.domain.record import OrderRecord, decision_of, waived_of
from app.domain.statuses import (
    ACCEPTED_STATUS,
    CANCELLED_STATUS,
    FULFILMENT_STATUS,
    LABELS_STATUS,
    LISTED_STATUSES,
    OWN_CARRIER,
    REJECTED_STATUS,
    SHIPPED_STATUSES,
    WAITING_STATUS,
)
from app.domain.tasks import Shown
from app.flow.moves import Attention, Close, ask_person
from app.flow.rules import FlowRules

_ACCEPTED_OR_LATER = SHIPPED_STATUSES | {ACCEPTED_STATUS, LABELS_STATUS, FULFILMENT_STATUS}
IGNORED_FULFILMENT = "ignored: shipped by Ankorstore logistics"
IGNORED_SHIPPED = "ignored: shipped by somebody else"
IGNORED_LABELS = "ignored: shipped with Ankorstore's label"


def ended_before_placing(
    seen: MarketplaceOrder, order: OrderRecord, rules: FlowRules
) -> Close | Attention | None:
    """
    Return how an order ends that the warehouse neither has nor may have; None where it goes on.

    An order at Ankorstore's own logistics, or shipped by somebody else, was never ours to send.
    """
    if is_before_switch(seen, order, rules):
        if seen.status == WAITING_STATUS:
            return ask_person("before_switch", field="TAKE_ORDERS_SUBMITTED_AFTER")
        if seen.status in _ACCEPTED_OR_LATER:
            return Close(IGNORED_BEFORE_SWITCH, "submitted before the switch")
    match seen.status:
        case status if status in LISTED_STATUSES:
            return None
        case status if status == CANCELLED_STATUS and order.reject_intent_at is not None:
            return Close(Outcome.REJECTED, "Ankorstore shows our reject as cancelled")
        case status if status == CANCELLED_STATUS:
            return Close(Outcome.CANCELLED, "Ankorstore shows the order cancelled")
        case status if status == REJECTED_STATUS:
            return Close(Outcome.REJECTED, "Ankorstore shows the order rejected")
        case status if status == FULFILMENT_STATUS:
            return Close(IGNORED_FULFILMENT, "Ankorstore ships it itself")
        case status if status in SHIPPED_STATUSES:
            message = f"Ankorstore shows the order {status}, and it was never placed here"
            return Close(IGNORED_SHIPPED, message)
        case status if status == LABELS_STATUS:
            return ask_person("labels_generated", field="order")
        case status:
            return ask_person("unknown_marketplace_status", field="status", detail=status)


def is_before_switch(seen: MarketplaceOrder, order: OrderRecord, rules: FlowRules) -> bool:
    """
    Tell whether the order is left to whoever handled orders before the switch.

    An order begun here before shadow mode stays the service's when that ends.
    """
    switched_at = rules.take_submitted_after
    if switched_at is None and not _is_begun(order):
        switched_at = rules.left_shadow_at
    if switched_at is None or order.taken_at is not None:
        return False
    return seen.submitted_at is None or seen.submitted_at < switched_at


def _is_begun(order: OrderRecord) -> bool:
    is_sent = order.accept_intent_at or order.reject_intent_at or order.live
    return bool(is_sent) or order.state not in (State.RECEIVED, State.CLOSED)


def trouble_after_placing(seen: MarketplaceOrder, order: OrderRecord) -> Attention | None:
    """
    Return what a person must do about an order the warehouse has, or may have.

    None while the marketplace still shows what the warehouse works on, or our own confirm.
    """
    match seen.status:
        case status if status == ACCEPTED_STATUS:
            return None
        case status if status in SHIPPED_STATUSES:
            if is_confirmed_by_us(seen, order):
                return None
            if order.confirm_intent_at is not None and seen.shipping_method is not None:
                detail = f"shippingMethod {seen.shipping_method}"
                return ask_person("wrong_label_confirmed", field="order", detail=detail)
            return ask_person("shipped_by_somebody_else", field="order", detail=status)
        case status if status in (CANCELLED_STATUS, REJECTED_STATUS):
            reason = reason_for_stage("cancelled_after_placing", order)
            return ask_person(reason, field="order", detail=status)
        case status if status == WAITING_STATUS:
            is_held = order.live is not None and order.live.is_surely_held
            reason = "cancelled_on_hold" if is_held else "reverted_after_placing"
            return ask_person(reason, field="order", detail=status if is_held else "")
        case status if status == LABELS_STATUS:
            is_ours = order.confirm_intent_at is not None
            reason = "wrong_label_confirmed" if is_ours else "labels_after_placing"
            return ask_person(reason, field="order")
        case status if status == FULFILMENT_STATUS:
            return ask_person("fulfilment_after_placing", field="order")
        case status:
            return ask_person("unknown_marketplace_status", field="status", detail=status)


def wish_to_cancel(seen: MarketplaceOrder, order: OrderRecord) -> Attention | None:
    """Return what a person must do about a retailer's request to cancel a placed order."""
    words = seen.cancellation_request_reason
    if words is None:
        return None
    decision = decision_of(order)
    if decision is not None and ASKED_TO_CANCEL in decision.waives:
        wish = waived_of(ASKED_TO_CANCEL, "order", words, {})
        if decision.waived is None or wish in decision.waived:
            return None
    return ask_person(ASKED_TO_CANCEL, field="order", detail=words)


def unreleased_correction(order: OrderRecord) -> Attention | None:
    """Return the question about a correction that a person has not released; None without one."""
    if not read_corrections(order.corrections).is_unreleased:
        return None
    return ask_person("corrected_not_released", field="order")


_ON_HOLD = {
    "cancelled_after_placing": "cancelled_on_hold",
    "address_changed_after_placing": "changed_on_hold",
    "lines_changed_after_placing": "changed_on_hold",
}
_AFTER_SHIPPING = {
    "cancelled_after_placing": "cancelled_after_shipping",
    "address_changed_after_placing": "address_changed_after_shipping",
    "lines_changed_after_placing": "lines_changed_after_shipping",
}


def reason_for_stage(reason: str, order: OrderRecord) -> str:
    """Return the task that *reason* is by now: surely held back, all sent, or in between."""
    if order.state not in (State.RECEIVED, State.ACCEPTED, State.PLACED):
        return _AFTER_SHIPPING.get(reason, reason)
    if order.live is not None and order.live.is_surely_held:
        return _ON_HOLD.get(reason, reason)
    return reason


def shown_of(seen: MarketplaceOrder, order: OrderRecord) -> Shown:
    """Return what the marketplace shows, in the words of the table of tasks."""
    if seen.status in SHIPPED_STATUSES:
        if is_confirmed_by_us(seen, order):
            return Shown.CONFIRMED
        is_own = seen.shipping_method == OWN_CARRIER
        return Shown.SHIPPED_OWN if is_own else Shown.SHIPPED_OTHER
    return {
        ACCEPTED_STATUS: Shown.ACCEPTED,
        WAITING_STATUS: Shown.WAITING,
        CANCELLED_STATUS: Shown.ENDED,
        REJECTED_STATUS: Shown.ENDED,
        LABELS_STATUS: Shown.LABELS,
        FULFILMENT_STATUS: Shown.FULFILMENT,
    }.get(seen.status, Shown.UNKNOWN)


def outcome_shown(seen: MarketplaceOrder) -> str:
    """Return the outcome of an order that ends as the marketplace shows it."""
    match seen.status:
        case status if status == CANCELLED_STATUS:
            return Outcome.CANCELLED
        case status if status == REJECTED_STATUS:
            return Outcome.REJECTED
        case status if status == LABELS_STATUS:
            return IGNORED_LABELS
        case status if status == FULFILMENT_STATUS:
            return IGNORED_FULFILMENT
        case _:
            return IGNORED_SHIPPED


def is_confirmed_by_us(seen: MarketplaceOrder, order: OrderRecord) -> bool:
    """
    Tell whether *seen* proves our confirm: shipped, by own carrier, after our intent.

    `confirmed_at` without an intent is a confirm known by its tracking (`confirming.py`).
    """
    return (
        seen.status in SHIPPED_STATUSES
        and seen.shipping_method == OWN_CARRIER
        and (order.confirm_intent_at is not None or order.confirmed_at is not None)
    )
