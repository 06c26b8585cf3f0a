"""What operators record about goods at the warehouse: what was done there, resend, close."""

from datetime import datetime, timedelta
from typing import Any

from app.domain.lifecycle import Outcome, State
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord, number_after
from app.domain.statuses import ACCEPTED_STATUS
from app.domain.tasks import ANSWER_SENTENCES, NO_TASK, Answer, answers_to
from app.store.closing_rules import is_answer_under_way, was_told_sent
from app.store.decisions import CLEARED, Impossible, signed, write_decision
from app.store.decisions_shipping import LABEL_WITHIN_SECONDS
from app.store.possible_moves import task_of
from app.store.session import Store
from app.store.shipments import load_shipments

CLOSING_OUTCOMES = (Outcome.COMPLETED, Outcome.CANCELLED, Outcome.REJECTED)


async def settle_task(
    store: Store,
    order: OrderRecord,
    *,
    answer: Answer,
    by: str,
    reason: str = "",
    number: str | None = None,
) -> str:
    """
    Record what a person did about the order's goods at the warehouse; return what happens next.

    *number* is the warehouse order it was done to; it must be named where nobody asked and another
    one was recorded as gone before, or the record of that one, repeated, would end the new one.

    Raises:
        Impossible: The task has no such answer, there is no task, or the number is another's.
    """
    task = task_of(order)
    live_number = order.live.external_order_number if order.live is not None else None
    if number is not None and number != live_number:
        raise Impossible(f"the warehouse order is {live_number or 'gone'}, not {number}")
    possible = answers_to(task) if task is not None else ()
    if answer not in possible:
        if order.task_answer == answer:
            at = _day(order.task_answered_at)
            return f"{answer} was recorded {at} already; nothing changed; {_next_commands(order)}"
        raise Impossible(_no_answer(order, answer, possible))
    if task == NO_TASK and order.replaced_count and number is None:
        raise Impossible(
            f"{answer} was recorded before, of the warehouse order that {live_number} replaces; "
            f"if {live_number} is meant, name it: --number {live_number}"
        )
    if task == "wrong_label_confirmed" and order.marketplace_status == ACCEPTED_STATUS:
        _refuse_before_label(store, order)
    await write_decision(
        store,
        order,
        {
            **CLEARED,
            "task_reason": task,
            "task_answer": answer,
            "task_answered_at": store.now(),
            "task_followed_at": None,
            # What was answered is what could be seen then, also if news came in meanwhile.
            "new_address": order.new_address,
        },
        step="settle",
        message=signed(f"recorded {answer} ({ANSWER_SENTENCES[answer]})", by, reason),
    )
    return "both companies are asked once more now, and the order goes on from what they show"


def _refuse_before_label(store: Store, order: OrderRecord) -> None:
    """Refuse to confirm anew while the confirm before may still bring its label."""
    if order.confirmed_at is None:
        return
    until = order.confirmed_at + timedelta(seconds=LABEL_WITHIN_SECONDS)
    if store.now() < until:
        raise Impossible(
            "Ankorstore shows no label yet, and the confirm may still bring one. "
            f"Record this once the label is reset, or after {until:%H:%M} UTC"
        )


def _no_answer(order: OrderRecord, answer: Answer, possible: tuple[Answer, ...]) -> str:
    if order.is_answer_owed:
        return f"{order.task_answer} is recorded and followed once Ankorstore can be read"
    if not possible:
        return f"the order waits for no such record; {_next_commands(order)}"
    words = ", ".join(possible)
    asked = reason_of(order.attention_reason).sentence if order.attention_reason else ""
    return f"{asked} {answer} does not settle that; possible: {words}".strip()


async def resend_order(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Have the order placed once more, under its next number; return what happens next.

    Raises:
        Impossible: A warehouse order of it is or may be live, or nothing was ever placed.
    """
    if order.state not in (State.RECEIVED, State.ACCEPTED):
        raise Impossible(f"the order cannot be placed anew now; {_next_commands(order)}")
    live = order.live
    if live is None and order.replaced_count and order.resend_at is not None:
        number = order.next_external_number
        return f"it is to be placed anew as {number} already; nothing changed"
    if live is not None and live.answer != "refused":
        raise Impossible(f"the warehouse has, or may have, it; {_next_commands(order)}")
    if live is None and not order.replaced_count:
        raise Impossible("nothing was placed for it yet; retry the order instead")
    if order.attention_reason == "replaced_order_shipped":
        raise Impossible(f"goods of an earlier one were sent; {_next_commands(order)}")
    if live is not None and await _is_sent(store, order):
        raise Impossible(
            "goods of it were sent, whatever its create was answered; look at it again"
        )
    number = order.next_external_number
    columns: dict[str, Any] = {"resend_at": store.now()}
    placing = None
    if live is not None:
        number = number_after(live.external_order_number, replaced_count=order.replaced_count)
        placing = {"replaced_at": store.now()}
        columns |= {
            "replaced_count": order.replaced_count + 1,
            "next_external_number": number,
        }
    await write_decision(
        store,
        order,
        {**CLEARED, **columns},
        step="resend",
        message=signed(f"resend as {number} decided", by, reason),
        placing=placing,
    )
    return f"the order is reviewed afresh and placed as {number} if nothing stands in the way"


async def close_order(
    store: Store, order: OrderRecord, *, outcome: Outcome, by: str, reason: str = ""
) -> str:
    """
    End the order by hand; return what that means.

    Raises:
        Impossible: It ended otherwise, or the warehouse has or may have an order of it.
    """
    if order.state is State.CLOSED:
        if order.outcome == outcome:
            return f"the order is closed as {outcome} already; nothing changed"
        raise Impossible(f"the order is closed ({order.outcome}); no step of it is owed")
    live = order.live
    if live is not None and live.is_unanswered:
        raise Impossible(
            "the answer to the create is not known yet; wait until the search at the warehouse has "
            f"settled it (WAREHOUSE_SETTLE_SECONDS), or: {_next_commands(order)}"
        )
    if is_answer_under_way(store, order):
        raise Impossible(
            "the answer sent to Ankorstore may still take effect; wait until the order is read"
        )
    is_sent = order.state in (State.DISPATCHED, State.SHIPPED)
    if live is not None and live.is_placed and not is_sent and not was_told_sent(order):
        raise Impossible(
            f"the warehouse has it as {live.external_order_number}; record first what became of "
            f"that: {_next_commands(order)}"
        )
    if order.attention_reason == "replaced_order_shipped":
        raise Impossible(f"goods of an earlier one were sent; {_next_commands(order)}")
    await write_decision(
        store,
        order,
        {
            **CLEARED,
            "state": State.CLOSED,
            "outcome": str(outcome),
            "closed_at": store.now(),
            "new_address": None,
            "task_followed_at": order.task_followed_at or order.task_answered_at,
            "follow_up": None,
        },
        step="close",
        message=signed(f"closed as {outcome}", by, reason),
    )
    return f"the order is closed as {outcome}; nothing more happens to it here"


async def _is_sent(store: Store, order: OrderRecord) -> bool:
    rows = await load_shipments(store, order.order_id)
    return any(row.judged.reason is None for row in rows)


def _next_commands(order: OrderRecord) -> str:
    """Name the commands that settle what the warehouse has, or where the order stands instead."""
    name = order.marketplace_reference or order.marketplace_order_id
    task = task_of(order)
    answers = answers_to(task) if task is not None else ()
    if answers:
        return f"possible: antbridge orders settle {name} {'|'.join(answers)} --reason WHY"
    if order.attention_reason == "warehouse_order_cancelled":
        resend = f"antbridge orders resend {name} --reason WHY"
        outcomes = "|".join(CLOSING_OUTCOMES)
        return (
            f"possible: {resend}, antbridge orders close {name} --outcome {outcomes} --reason WHY"
        )
    if order.state is State.CLOSED:
        return f"the order is closed ({order.outcome})"
    if order.attention_reason is not None:
        return f"it asks for a person: {reason_of(order.attention_reason).sentence}"
    return "it goes on by itself"


def _day(at: datetime | None) -> str:
    return f"on {at:%Y-%m-%d %H:%M} UTC" if at is not None else "earlier"
