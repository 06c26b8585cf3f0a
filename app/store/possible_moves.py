"""Which decisions make sense for an order as it stands, and how to say that one does not."""

from collections.abc import Iterator

from app.domain.deadlines import UNDISPATCHED
from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, State
from app.domain.policy import ASKED_TO_CANCEL, CURED_BY_CUTTING, WAIVABLE
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.domain.returns import RETURN_REASONS
from app.domain.tasks import NO_TASK, answers_to
from app.store.decisions import Impossible

HELD = "held_by_operator"
LABEL_REASONS = ("wrong_label_confirmed", "labels_after_placing", "labels_generated")
PARCEL_REASONS = ("confirm_manual", "too_many_parcels", "parcel_too_heavy", "parcel_too_large")
PARTIAL_REASONS = ("partial_shipment_overdue", "sku_not_ordered", "shipment_unreadable")
_ANSWERED_ELSEWHERE = ("before_switch", "labels_generated", "unknown_marketplace_status")
"""What asks for a person before the review is even made: no answer here settles it."""


def findings_of(order: OrderRecord) -> tuple[str, ...]:
    """Return the reasons that keep the order from being accepted, as they were found last."""
    if order.attention_reason is None:
        return ()
    asked = [entry["reason"] for entry in order.attention_detail] or [order.attention_reason]
    stored = order.verdict or {}
    judged = [
        entry["reason"]
        for entry in stored.get("findings", ())
        if stored.get("kind") == "hold" and entry["action"] != "accept"
    ]
    return tuple(dict.fromkeys([*asked, *judged]))


def possible_moves(order: OrderRecord) -> tuple[str, ...]:
    """Return the commands that make sense for the order as it stands."""
    if not is_open(order):
        is_reopened = order.attention_reason == "reopened_after_closing"
        is_takeable = is_reopened or order.outcome == IGNORED_BEFORE_SWITCH
        return (*(("take",) if is_takeable else ()), *_moves_about_returns(order))
    asked = reason_of(order.attention_reason) if order.attention_reason else None
    moves = []
    if _waits_for_answer(order):
        found = set(findings_of(order))
        moves += ["accept"] if found <= WAIVABLE else []
        is_cut = bool(found & CURED_BY_CUTTING) and found <= WAIVABLE | CURED_BY_CUTTING
        moves += ["accept --partial"] if is_cut else []
        moves.append("reject")
    elif is_held_before_placing(order):
        moves += ["accept"] if set(findings_of(order)) <= WAIVABLE else []
    elif asks_after_placing(order):
        moves.append("accept")
    if order.attention_reason == "before_switch":
        moves.append("take")
    is_held = order.attention_reason == HELD
    if not is_held and order.state in (State.RECEIVED, State.ACCEPTED):
        moves += [] if order.may_be_at_warehouse else ["hold"]
    if is_held or order.hold_until_at is not None:
        moves.append("release")
    if asked is not None and not asked.is_task and not is_held:
        moves.append("retry")
    return (
        *moves,
        *_moves_about_goods(order),
        *_moves_about_dates(order),
        *_moves_about_returns(order),
    )


def _moves_about_goods(order: OrderRecord) -> Iterator[str]:
    """Return the commands about what is, was or will be at the warehouse."""
    reason = order.attention_reason
    if (task := task_of(order)) is not None:
        yield f"settle {'|'.join(answers_to(task))}"
    is_before = order.state in (State.RECEIVED, State.ACCEPTED) and not order.may_be_at_warehouse
    if is_before and order.replaced_count and reason == "warehouse_order_cancelled":
        yield "resend"
    if reason in PARTIAL_REASONS:
        yield "confirm-partial"
    if reason in PARCEL_REASONS:
        yield "parcels"
    if reason in LABEL_REASONS:
        yield "reset-label"
    if is_before:
        yield "correct"
        yield "close"


def _moves_about_dates(order: OrderRecord) -> Iterator[str]:
    if order.state in UNDISPATCHED and order.ship_by_at is not None:
        yield "postpone"


def _moves_about_returns(order: OrderRecord) -> Iterator[str]:
    """Return the commands about goods that may come back: all of them left, or a part did."""
    is_sent = order.state in (State.DISPATCHED, State.SHIPPED, State.CLOSED)
    if order.attention_reason in RETURN_REASONS or (is_sent and order.live is not None):
        yield "returns open|label|close"


def task_of(order: OrderRecord) -> str | None:
    """Return the task the order waits with, NO_TASK where it is only placed; else None."""
    if order.attention_reason is not None and answers_to(order.attention_reason):
        return order.attention_reason
    is_placed = order.live is not None and order.live.is_placed
    asked = reason_of(order.attention_reason) if order.attention_reason else None
    is_free = asked is None or not asked.is_task
    if order.state is State.PLACED and is_placed and is_free and not order.is_answer_owed:
        return NO_TASK
    return None


def asks_after_placing(order: OrderRecord) -> bool:
    """Tell whether a placed order asks about the retailer's wish to cancel."""
    is_placed = order.live is not None and order.live.is_placed
    return is_placed and order.attention_reason == ASKED_TO_CANCEL


def is_open(order: OrderRecord) -> bool:
    """Tell whether a step of the order may be owed, as far as this version knows its state."""
    return order.state is not State.CLOSED and order.state in tuple(State)


def is_held_before_placing(order: OrderRecord) -> bool:
    """Tell whether the order is accepted, and a person is asked before it is placed."""
    is_asked = order.state is State.ACCEPTED and order.attention_reason is not None
    return is_asked and not order.may_be_at_warehouse


def _waits_for_answer(order: OrderRecord) -> bool:
    return (
        order.state is State.RECEIVED
        and not order.may_be_at_warehouse
        and order.attention_reason not in _ANSWERED_ELSEWHERE
    )


def require_waiting(order: OrderRecord, problem: str) -> None:
    """
    Check that the order waits for an answer that can be given here.

    Raises:
        Impossible: It does not; *problem* is what cannot be done.
    """
    if not _waits_for_answer(order):
        raise impossible(order, f"{problem}: it is {where_it_stands(order)}")


def where_it_stands(order: OrderRecord) -> str:
    """Return where the order stands, to end a sentence with."""
    if order.state is State.CLOSED:
        return f"closed ({order.outcome})"
    if order.attention_reason in _ANSWERED_ELSEWHERE:
        return f"{order.state}, and asks for a person: {reason_of(order.attention_reason).sentence}"
    if order.may_be_at_warehouse and order.state in (State.RECEIVED, State.ACCEPTED):
        return f"{order.state}, and may be at the warehouse"
    return str(order.state)


def impossible(order: OrderRecord, problem: str) -> Impossible:
    """Return the refusal that says *problem* and what is possible instead."""
    return Impossible(with_moves(problem, order))


def with_moves(problem: str, order: OrderRecord) -> str:
    """Return a refusal with what is possible instead, unless it says so itself."""
    if "possible" in problem:
        return problem
    return f"{problem}; possible now: {', '.join(possible_moves(order)) or 'nothing'}"
