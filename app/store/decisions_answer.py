"""
What operators decide about the answer to an order: accept, reject, hold, release.

Nothing is sent from here: the decision is written down, and the order is judged again by the flow,
under all its laws (docs/rules/review.md).
"""

from collections.abc import Iterable
from typing import Any

from app.domain.lifecycle import State
from app.domain.policy import (
    CURED_BY_CUTTING,
    MAX_REJECT_REASON_CHARACTERS,
    OTHER,
    REJECT_TYPES,
    WAIVABLE,
)
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord, decision_of
from app.store.decisions import Impossible, signed, write_decision
from app.store.session import Store

_JUDGED_AGAIN: dict[str, Any] = {
    "attention_reason": None,
    "attention_since": None,
    "attention_detail": None,
    "hold_until_at": None,
    "attempt_count": 0,
    "first_failed_at": None,
    "not_before_at": None,
    "waits_for": None,
}
_HELD = "held_by_operator"
_ANSWERED_ELSEWHERE = ("before_switch", "labels_generated", "unknown_marketplace_status")
"""What asks for a person before the review is even made: no answer here settles it."""


async def accept_order(
    store: Store, order: OrderRecord, *, by: str, reason: str = "", is_partial: bool = False
) -> str:
    """
    Have the order accepted in spite of what holds it, or *is_partial*: what can be sent of it.

    Raises:
        Impossible: It does not wait for an answer, or something else than a question holds it.
    """
    kind = "partial" if is_partial else "accept"
    told = (
        "what can be sent of it is accepted next, if the review allows it"
        if is_partial
        else "it is accepted next, if nothing new is found"
    )
    found = findings_of(order)
    if _is_decided(order, kind, found):
        return f"that was decided before; {told}"
    _require_waiting(order, f"it cannot be {'accepted in part' if is_partial else 'accepted'}")
    curable = WAIVABLE | CURED_BY_CUTTING if is_partial else WAIVABLE
    if blocking := [code for code in found if code not in curable]:
        sentences = " ".join(reason_of(code).sentence for code in blocking)
        raise _impossible(
            order, f"{sentences} ({', '.join(blocking)}) An accept settles no such thing"
        )
    cut = CURED_BY_CUTTING if is_partial else frozenset[str]()
    decision = {
        "kind": kind,
        "waives": sorted({"acceptance_manual", *found} - cut),
    }
    columns = {**_JUDGED_AGAIN, "decision": decision, "accept_blocked": False}
    done = "accepted in part" if is_partial else "accepted"
    await write_decision(
        store, order, columns, step="accept", message=signed(f"to be {done}, decided", by, reason)
    )
    return told


async def reject_order(
    store: Store, order: OrderRecord, *, by: str, reason: str = "", reject_type: str
) -> str:
    """
    Have the order rejected at the marketplace, which is told the type and, if given, the *reason*.

    Raises:
        Impossible: It does not wait for an answer, or type and reason do not make a reject.
    """
    if reject_type not in REJECT_TYPES:
        raise Impossible(f"{reject_type!r} is no type; use one of {', '.join(REJECT_TYPES)}")
    if reject_type == OTHER and not reason.strip():
        raise Impossible(f"the type {OTHER} needs a reason, which Ankorstore is told")
    if len(reason) > MAX_REJECT_REASON_CHARACTERS:
        raise Impossible(f"Ankorstore takes {MAX_REJECT_REASON_CHARACTERS} characters of a reason")
    told = "it is rejected at Ankorstore next, which cannot be undone"
    decided = decision_of(order)
    is_same = decided is not None and decided.reject_type == reject_type
    if is_same and _is_decided(order, "reject", findings_of(order)) and _is_open(order):
        return f"that was decided before; {told}"
    if order.outcome == "rejected":
        return "it is rejected already"
    _require_waiting(order, "it cannot be rejected")
    decision = {"kind": "reject", "reject_type": reject_type, "reject_reason": reason or None}
    columns = {**_JUDGED_AGAIN, "decision": decision, "accept_blocked": False}
    message = signed(f"to be rejected as {reject_type}, decided", by, reason)
    await write_decision(store, order, columns, step="reject", message=message)
    return told


async def hold_order(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Stop the order where it stands until a person releases it.

    Raises:
        Impossible: The warehouse has it or may have it, or it is closed.
    """
    told = "nothing is done about it until it is released, accepted or rejected"
    if order.attention_reason == _HELD:
        return f"it is held already; {told}"
    if order.state not in (State.RECEIVED, State.ACCEPTED) or order.may_be_at_warehouse:
        raise _impossible(order, f"it cannot be held any more: it is {_where(order)}")
    columns = {
        **_JUDGED_AGAIN,
        "decision": {"kind": "hold"},
        "attention_reason": _HELD,
        "attention_since": store.now(),
        "attention_detail": [{"reason": _HELD, "field": "order", "detail": f"held by {by}"}],
        "waits_for": "a person",
    }
    await write_decision(store, order, columns, step="hold", message=signed("held", by, reason))
    return told


async def release_order(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    End a person's hold, or one by policy, and forget what was decided: the order is judged anew.

    Raises:
        Impossible: Nothing holds the order.
    """
    told = "it is judged again now, by the policy"
    is_held = order.attention_reason == _HELD or order.hold_until_at is not None
    if not is_held:
        if order.attention_reason is None and order.decision is None and _is_open(order):
            return "nothing holds it"
        raise _impossible(order, "neither a person nor the policy's clock holds it")
    columns = {**_JUDGED_AGAIN, "decision": None}
    await write_decision(
        store, order, columns, step="release", message=signed("released", by, reason)
    )
    return told


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
    if not _is_open(order):
        return ("take",) if (order.outcome or "").startswith("ignored: before") else ()
    asked = reason_of(order.attention_reason) if order.attention_reason else None
    moves = []
    if _waits_for_answer(order):
        found = set(findings_of(order))
        moves += ["accept"] if found <= WAIVABLE else []
        is_cut = bool(found & CURED_BY_CUTTING) and found <= WAIVABLE | CURED_BY_CUTTING
        moves += ["accept --partial"] if is_cut else []
        moves.append("reject")
    if order.attention_reason == "before_switch":
        moves.append("take")
    is_held = order.attention_reason == _HELD
    if not is_held and order.state in (State.RECEIVED, State.ACCEPTED):
        moves += [] if order.may_be_at_warehouse else ["hold"]
    if is_held or order.hold_until_at is not None:
        moves.append("release")
    if asked is not None and not asked.is_task and not is_held:
        moves.append("retry")
    return tuple(moves)


def _is_decided(order: OrderRecord, kind: str, found: Iterable[str]) -> bool:
    """Tell whether the same was decided before and nothing was found since."""
    decision = decision_of(order)
    return decision is not None and decision.kind == kind and not tuple(found)


def _is_open(order: OrderRecord) -> bool:
    return order.state is not State.CLOSED and order.state in tuple(State)


def _waits_for_answer(order: OrderRecord) -> bool:
    return (
        order.state is State.RECEIVED
        and not order.may_be_at_warehouse
        and order.attention_reason not in _ANSWERED_ELSEWHERE
    )


def _require_waiting(order: OrderRecord, problem: str) -> None:
    if not _waits_for_answer(order):
        raise _impossible(order, f"{problem}: it is {_where(order)}")


def _where(order: OrderRecord) -> str:
    if order.state is State.CLOSED:
        return f"closed ({order.outcome})"
    if order.attention_reason in _ANSWERED_ELSEWHERE:
        return f"{order.state}, and asks for a person: {reason_of(order.attention_reason).sentence}"
    if order.may_be_at_warehouse and order.state in (State.RECEIVED, State.ACCEPTED):
        return f"{order.state}, and may be at the warehouse"
    return str(order.state)


def _impossible(order: OrderRecord, problem: str) -> Impossible:
    moves = possible_moves(order)
    return Impossible(f"{problem}; possible now: {', '.join(moves) or 'nothing'}")
