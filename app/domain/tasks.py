"""
Tasks about goods at the warehouse: what a person may answer, and what follows.

The warehouse's API cannot cancel or change an order, so a person does it in Maya, its back office,
and records what was done. One table says which answers a reason allows; a second one what follows
from an answer and from what the marketplace shows when it is read again after the answer. Together
they have an entry for every case there is (docs/rules/attention.md).
"""

from collections.abc import Mapping
from enum import StrEnum


class Answer(StrEnum):
    """What a person did about a warehouse order, in the words of the command."""

    CANCELLED = "cancelled-in-maya"
    CHANGED = "changed-in-maya"
    RELEASED = "released-in-maya"
    SHIPPED = "shipped-anyway"
    KEPT = "kept"


ANSWER_SENTENCES: Mapping[Answer, str] = {
    Answer.CANCELLED: "the warehouse order was cancelled or deleted in Maya",
    Answer.CHANGED: "the warehouse order was changed in Maya to what Ankorstore shows",
    Answer.RELEASED: "the warehouse order is released in Maya",
    Answer.SHIPPED: "the goods were sent, or can no longer be stopped",
    Answer.KEPT: "the warehouse order stays as it is, on purpose",
}


class Shown(StrEnum):
    """What the marketplace shows of an order the warehouse has."""

    ACCEPTED = "accepted"
    WAITING = "waiting for an answer"
    ENDED = "cancelled or rejected"
    LABELS = "labels generated"
    FULFILMENT = "fulfilment requested"
    CONFIRMED = "shipped by our confirm"
    SHIPPED_OWN = "shipped by somebody, own carrier"
    SHIPPED_OTHER = "shipped by somebody, other carrier"
    UNKNOWN = "a status not known here"


class Result(StrEnum):
    """What follows from an answer."""

    GO_ON = "go on"
    """The order goes on where it stands; the order as it is shown now is the new truth."""
    TAKE_OVER = "take over"
    """So it does, and what is shown now also replaces the lines that were sent."""
    CONFIRM_ANEW = "confirm anew"
    """The confirm was undone at the marketplace: it is owed again."""
    CLOSE_GONE = "close, nothing sent"
    """The warehouse order is gone; the order ends as the marketplace shows it."""
    CLOSE_SENT = "close, goods sent"
    """The order ends as the marketplace shows it, and goods are on their way."""
    AWAIT_ACCEPTANCE = "await acceptance"
    """The warehouse order is gone; the order waits until it is accepted again."""
    DECIDE_RESEND = "decide resend"
    """The warehouse order is gone and the order is not: a person resends it, or ends it."""
    ASK_AGAIN = "ask again"
    """The answer does not settle what is shown now: the task for that comes up."""
    KEEP_ANSWER = "keep answer"
    """Nothing follows before what is shown is understood; the answer is kept until then."""


NO_TASK = ""
"""Stands for the reason of a placed order whose warehouse order a person cancelled unasked."""

_STOPPABLE = (Answer.CANCELLED, Answer.SHIPPED, Answer.KEPT)
_CHANGEABLE = (Answer.CHANGED, Answer.CANCELLED, Answer.SHIPPED, Answer.KEPT)
ANSWERS: Mapping[str, tuple[Answer, ...]] = {
    "cancelled_after_placing": _STOPPABLE,
    "reverted_after_placing": _STOPPABLE,
    "labels_after_placing": _STOPPABLE,
    "fulfilment_after_placing": _STOPPABLE,
    "shipped_by_somebody_else": _STOPPABLE,
    "cancelled_on_hold": _STOPPABLE,
    "changed_on_hold": _CHANGEABLE,
    "address_changed_after_placing": _CHANGEABLE,
    "lines_changed_after_placing": _CHANGEABLE,
    "cancelled_after_shipping": (Answer.SHIPPED,),
    "address_changed_after_shipping": (Answer.SHIPPED,),
    "lines_changed_after_shipping": (Answer.SHIPPED,),
    "reopened_after_shipping": (Answer.SHIPPED,),
    "release_refused": (Answer.RELEASED, Answer.CANCELLED),
    "shipped_though_cancelled": (Answer.SHIPPED,),
    "number_taken": (Answer.CANCELLED, Answer.KEPT),
    "replaced_order_shipped": (Answer.KEPT,),
    "wrong_label_confirmed": (Answer.KEPT,),
    NO_TASK: (Answer.CANCELLED,),
}
"""Which answers a task allows. `warehouse_order_cancelled` has none: it is settled by a command."""
STOP_TASKS = frozenset(
    {task for task, possible in ANSWERS.items() if possible == _STOPPABLE}
    | {"cancelled_after_shipping", "shipped_though_cancelled"}
)
"""Tasks to keep goods back; only in them does `shipped-anyway` tell how the order may be closed."""

_R = Result
_FOLLOWS: Mapping[Answer, Mapping[Shown, Result]] = {
    Answer.CANCELLED: {
        Shown.ACCEPTED: _R.DECIDE_RESEND,
        Shown.WAITING: _R.AWAIT_ACCEPTANCE,
        Shown.ENDED: _R.CLOSE_GONE,
        Shown.LABELS: _R.CLOSE_GONE,
        Shown.FULFILMENT: _R.CLOSE_GONE,
        Shown.CONFIRMED: _R.GO_ON,
        Shown.SHIPPED_OWN: _R.CLOSE_GONE,
        Shown.SHIPPED_OTHER: _R.CLOSE_GONE,
        Shown.UNKNOWN: _R.KEEP_ANSWER,
    },
    Answer.SHIPPED: {
        Shown.ACCEPTED: _R.GO_ON,
        Shown.WAITING: _R.ASK_AGAIN,
        Shown.ENDED: _R.CLOSE_SENT,
        Shown.LABELS: _R.ASK_AGAIN,
        Shown.FULFILMENT: _R.CLOSE_SENT,
        Shown.CONFIRMED: _R.GO_ON,
        Shown.SHIPPED_OWN: _R.CLOSE_SENT,
        Shown.SHIPPED_OTHER: _R.CLOSE_SENT,
        Shown.UNKNOWN: _R.KEEP_ANSWER,
    },
    Answer.CHANGED: {
        Shown.ACCEPTED: _R.TAKE_OVER,
        Shown.WAITING: _R.ASK_AGAIN,
        Shown.ENDED: _R.ASK_AGAIN,
        Shown.LABELS: _R.ASK_AGAIN,
        Shown.FULFILMENT: _R.ASK_AGAIN,
        Shown.CONFIRMED: _R.GO_ON,
        Shown.SHIPPED_OWN: _R.ASK_AGAIN,
        Shown.SHIPPED_OTHER: _R.ASK_AGAIN,
        Shown.UNKNOWN: _R.KEEP_ANSWER,
    },
    **{
        answer: {
            Shown.ACCEPTED: _R.GO_ON,
            Shown.WAITING: _R.ASK_AGAIN,
            Shown.ENDED: _R.ASK_AGAIN,
            Shown.LABELS: _R.ASK_AGAIN,
            Shown.FULFILMENT: _R.ASK_AGAIN,
            Shown.CONFIRMED: _R.GO_ON,
            Shown.SHIPPED_OWN: _R.ASK_AGAIN,
            Shown.SHIPPED_OTHER: _R.ASK_AGAIN,
            Shown.UNKNOWN: _R.KEEP_ANSWER,
        }
        for answer in (Answer.KEPT, Answer.RELEASED)
    },
}
_EXCEPTIONS: Mapping[tuple[str, Answer, Shown], Result] = {
    ("wrong_label_confirmed", Answer.KEPT, Shown.ACCEPTED): _R.CONFIRM_ANEW,
    # The stray goods are dealt with; what the marketplace shows is judged by the step that follows.
    **{("replaced_order_shipped", Answer.KEPT, shown): _R.GO_ON for shown in Shown},
    # It was confirmed once and stays closed; it is asked about anew once the status moves again.
    **{
        ("reopened_after_shipping", Answer.SHIPPED, shown): _R.GO_ON
        for shown in (Shown.WAITING, Shown.LABELS, Shown.FULFILMENT)
    },
}


def answers_to(reason: str | None) -> tuple[Answer, ...]:
    """Return what may be answered to a task; nothing where *reason* is None or no task."""
    return ANSWERS.get(reason, ()) if reason is not None else ()


def result_of(reason: str, answer: Answer, shown: Shown) -> Result:
    """Return what follows from *answer* to *reason* while the marketplace shows *shown*."""
    assert answer in answers_to(reason), f"{answer} is no answer to {reason or 'no task'}"
    return _EXCEPTIONS.get((reason, answer, shown), _FOLLOWS[answer][shown])
