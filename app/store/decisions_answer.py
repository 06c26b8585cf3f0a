"""
What operators decide about the answer to an order: accept, reject, hold, release.

Nothing is sent from here: the decision is written down, and the order is judged again by the flow,
under all its laws (docs/rules/review.md).
"""

from collections.abc import Iterable
from typing import Any

from app.domain.lifecycle import State
from app.domain.policy import (
    ANSWERED_BY_PEOPLE,
    ASKED_TO_CANCEL,
    CURED_BY_CUTTING,
    MAX_REJECT_REASON_CHARACTERS,
    OTHER,
    REJECT_TYPES,
    WAIVABLE,
)
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord, decision_of
from app.store.decisions import CLEARED, Impossible, signed, write_decision
from app.store.possible_moves import (
    HELD,
    asks_after_placing,
    findings_of,
    impossible,
    is_held_before_placing,
    is_open,
    require_waiting,
    where_it_stands,
)
from app.store.session import Store
from app.store.waived_findings import findings_as_seen, pieces_as_seen, waived_before


async def accept_order(
    store: Store, order: OrderRecord, *, by: str, reason: str = "", is_partial: bool = False
) -> str:
    """
    Have the order accepted in spite of what holds it, or *is_partial*: what can be sent of it.

    One that is accepted already and held before it is placed goes on likewise.

    Raises:
        Impossible: It does not wait for an answer, or something else than a question holds it.
    """
    kind = "partial" if is_partial else "accept"
    is_accepted = order.state is State.ACCEPTED
    told = f"it is {'placed' if is_accepted else 'accepted'} next, if nothing new is found"
    if is_partial:
        told = "what can be sent of it is accepted next, if the review allows it"
    found = findings_of(order)
    if asks_after_placing(order) and not is_partial:
        return await _accept_after_placing(store, order, by=by, reason=reason)
    if _is_decided(order, kind, found):
        what = told if _is_waiting(order) else f"the order is {where_it_stands(order)}"
        return f"that was decided before; {what}"
    if is_partial or not is_held_before_placing(order):
        problem = f"it cannot be {'accepted in part' if is_partial else 'accepted'}"
        require_waiting(order, problem)
    curable = WAIVABLE | CURED_BY_CUTTING if is_partial else WAIVABLE
    if blocking := [code for code in found if code not in curable]:
        sentences = " ".join(reason_of(code).sentence for code in blocking)
        raise impossible(
            order, f"{sentences} ({', '.join(blocking)}) An accept settles no such thing"
        )
    cut = CURED_BY_CUTTING if is_partial else frozenset[str]()
    waives = {"acceptance_manual", *found, *waived_before(order)} - cut
    decision: dict[str, Any] = {
        "kind": kind,
        "waives": sorted(waives),
        "waived": findings_as_seen(
            order, (waives | cut) - (ANSWERED_BY_PEOPLE - {ASKED_TO_CANCEL})
        ),
    }
    if is_partial:
        decision["pieces"] = pieces_as_seen(order)
    columns = {**CLEARED, "decision": decision, "accept_blocked": False}
    done = "accepted in part" if is_partial else "accepted"
    await write_decision(
        store, order, columns, step="accept", message=signed(f"to be {done}, decided", by, reason)
    )
    return told


async def _accept_after_placing(store: Store, order: OrderRecord, *, by: str, reason: str) -> str:
    """Have an order that the warehouse has go on although the retailer asked to cancel it."""
    before = order.decision or {}
    decision = {"kind": "accept", **before}
    decision["waives"] = sorted({*before.get("waives", ()), ASKED_TO_CANCEL})
    others = [one for one in before.get("waived", ()) if one["reason"] != ASKED_TO_CANCEL]
    decision["waived"] = [*others, *findings_as_seen(order, {ASKED_TO_CANCEL})]
    columns = {**CLEARED, "decision": decision}
    message = signed("to go on though the retailer asked to cancel, decided", by, reason)
    await write_decision(store, order, columns, step="accept", message=message)
    if order.live is not None and order.live.is_on_hold:
        return "it is released at the warehouse next, if nothing new is found"
    return "the warehouse sends it as it was ordered"


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
    if _is_waiting(order) and order.accept_sent_before_at is not None:
        told += "; an accept that is on its way may still take effect, and then a person is asked"
    decided = decision_of(order)
    is_same = decided is not None and decided.reject_type == reject_type
    if is_same and _is_decided(order, "reject", findings_of(order)) and is_open(order):
        return f"that was decided before; {told}"
    if order.outcome == "rejected":
        return "it is rejected already"
    require_waiting(order, "it cannot be rejected")
    decision = {"kind": "reject", "reject_type": reject_type, "reject_reason": reason or None}
    columns = {**CLEARED, "decision": decision, "accept_blocked": False}
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
    if _is_waiting(order) and (order.accept_sent_before_at or order.reject_sent_before_at):
        told += "; an answer that is on its way to Ankorstore may still take effect"
    if order.attention_reason == HELD:
        return f"it is held already; {told}"
    if order.state not in (State.RECEIVED, State.ACCEPTED) or order.may_be_at_warehouse:
        raise impossible(order, f"it cannot be held any more: it is {where_it_stands(order)}")
    columns = {
        **CLEARED,
        "decision": {"kind": "hold"},
        "attention_reason": HELD,
        "attention_since": store.now(),
        "person_asked_at": order.person_asked_at or store.now(),
        "attention_detail": [{"reason": HELD, "field": "order", "detail": f"held by {by}"}],
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
    is_held = order.attention_reason == HELD or order.hold_until_at is not None
    if not is_held:
        if order.attention_reason is None and order.decision is None and is_open(order):
            return "nothing holds it"
        raise impossible(order, "neither a person nor the policy's clock holds it")
    columns = {**CLEARED, "decision": None}
    if order.attention_reason == HELD:
        # The time a person held it is not the policy's: its own hours start anew.
        columns |= {"verdict": None, "verdict_at": None}
    await write_decision(
        store, order, columns, step="release", message=signed("released", by, reason)
    )
    return told


def _is_waiting(order: OrderRecord) -> bool:
    return order.state is State.RECEIVED


def _is_decided(order: OrderRecord, kind: str, found: Iterable[str]) -> bool:
    """Tell whether the same was decided before and nothing was found since."""
    decision = decision_of(order)
    return decision is not None and decision.kind == kind and not tuple(found)
