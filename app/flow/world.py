"""What the marketplace's own status means for an order, before and after it was placed."""

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, Outcome
from app.domain.order import MarketplaceOrder
from app.domain.record import OrderRecord
from app.flow.moves import Attention, Close, ask_person
from app.flow.rules import FlowRules

WAITING_STATUS = "ankor_confirmed"
ACCEPTED_STATUS = "brand_confirmed"
LISTED_STATUSES = (WAITING_STATUS, ACCEPTED_STATUS)
LABELS_STATUS = "shipping_labels_generated"
FULFILMENT_STATUS = "fulfillment_requested"
CANCELLED_STATUS = "cancelled"
REJECTED_STATUS = "rejected"
SHIPPED_STATUSES = frozenset({"shipped", "received", "reception_refused", "invoiced", "brand_paid"})
_ACCEPTED_OR_LATER = SHIPPED_STATUSES | {ACCEPTED_STATUS, LABELS_STATUS, FULFILMENT_STATUS}
OWN_CARRIER = "custom"


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
            return Close(IGNORED_BEFORE_SWITCH, "submitted before TAKE_ORDERS_SUBMITTED_AFTER")
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
            return Close("ignored: shipped by Ankorstore logistics", "Ankorstore ships it itself")
        case status if status in SHIPPED_STATUSES:
            message = f"Ankorstore shows the order {status}, and it was never placed here"
            return Close("ignored: shipped by somebody else", message)
        case status if status == LABELS_STATUS:
            return ask_person("labels_generated", field="order")
        case status:
            return ask_person("unknown_marketplace_status", field="status", detail=status)


def is_before_switch(seen: MarketplaceOrder, order: OrderRecord, rules: FlowRules) -> bool:
    """Tell whether the order is left to whoever handled orders before the switch."""
    if rules.take_submitted_after is None or order.taken_at is not None:
        return False
    return seen.submitted_at is None or seen.submitted_at < rules.take_submitted_after


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
            return ask_person("cancelled_after_placing", field="order", detail=status)
        case status if status == WAITING_STATUS:
            return ask_person("reverted_after_placing", field="order")
        case status if status == LABELS_STATUS:
            is_ours = order.confirm_intent_at is not None
            reason = "wrong_label_confirmed" if is_ours else "labels_after_placing"
            return ask_person(reason, field="order")
        case status if status == FULFILMENT_STATUS:
            return ask_person("fulfilment_after_placing", field="order")
        case status:
            return ask_person("unknown_marketplace_status", field="status", detail=status)


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
