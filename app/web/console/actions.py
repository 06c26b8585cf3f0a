"""
Every decision a person can make on an order's page: its words, its fields, and what it calls.

What is possible is decided by the same functions of the store that the API and the commands call;
here it is only said in which order, and with which words, they are offered.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.domain.lifecycle import Outcome
from app.domain.policy import REJECT_TYPES
from app.domain.record import OrderRecord
from app.domain.tasks import ANSWER_SENTENCES, Answer, answers_to
from app.store.decisions import retry_order, take_order
from app.store.decisions_answer import accept_order, hold_order, reject_order, release_order
from app.store.decisions_corrections import correct_order_by_person
from app.store.decisions_deadlines import postpone_order
from app.store.decisions_returns import ask_return_label, close_return, open_return
from app.store.decisions_shipping import agree_parcels, ask_label_reset, confirm_partial
from app.store.decisions_tasks import CLOSING_OUTCOMES, close_order, resend_order, settle_task
from app.web.console.fields import (
    WrongField,
    choice_of,
    corrections_of,
    date_of,
    is_ticked,
    parcels_of,
    text_or_none,
)
from app.web.console.forms import Form

Decision = Callable[..., Awaitable[str]]
"""A decision of the store: `(store, order, *, by, reason)`, and what happens next."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form; with `options` a choice, each a value and its words."""

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    is_required: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """One decision. `read` makes it of what a form holds, or raises `WrongField`."""

    name: str
    title: str
    explains: str
    read: Callable[[Form], Decision]
    fields: tuple[Field, ...] = ()
    cannot_be_undone: bool = False
    asks_reason: str = "Why, for the history"


def _as_is(decision: Decision) -> Callable[[Form], Decision]:
    return lambda form: decision


def _settle(form: Form) -> Decision:
    return partial(settle_task, answer=Answer(choice_of(form, "answer", tuple(Answer))))


def _close(form: Form) -> Decision:
    outcome = choice_of(form, "outcome", tuple(map(str, CLOSING_OUTCOMES)))
    return partial(close_order, outcome=Outcome(outcome))


def _reject(form: Form) -> Decision:
    return partial(reject_order, reject_type=choice_of(form, "reject_type", REJECT_TYPES))


def _correct(form: Form) -> Decision:
    clears, releases = is_ticked(form, "clear"), is_ticked(form, "release")
    corrections = corrections_of(form)
    if not corrections and not clears:
        raise WrongField("street", "say what to correct, or tick that corrections are taken back")
    return partial(
        correct_order_by_person, corrections=corrections, clears=clears, releases=releases
    )


def _open_return(form: Form) -> Decision:
    rma_id = text_or_none(form, "rma_id", 100)
    remark = text_or_none(form, "remark", 500)
    return partial(open_return, remark=remark, rma_id=rma_id, again=is_ticked(form, "again"))


_PLAIN = (
    Action(
        "retry",
        "Retry",
        "Clears what the order asks a person for and tries it again now.",
        _as_is(retry_order),
    ),
    Action(
        "accept",
        "Accept",
        "Has the order accepted in spite of what holds it, if nothing new is found. It cannot be "
        "taken back once Ankorstore has it.",
        _as_is(accept_order),
        cannot_be_undone=True,
    ),
    Action(
        "accept-partial",
        "Accept a part",
        "Accepts what can be sent and leaves out or reduces the rest. It cannot be taken back once "
        "Ankorstore has it.",
        _as_is(partial(accept_order, is_partial=True)),
        cannot_be_undone=True,
    ),
    Action(
        "reject",
        "Reject",
        "Has the order rejected at Ankorstore. It cannot be taken back.",
        _reject,
        (
            Field(
                "reject_type",
                "Why, for Ankorstore",
                "choice",
                options=tuple((one, one.replace("_", " ").lower()) for one in REJECT_TYPES),
                is_required=True,
            ),
        ),
        cannot_be_undone=True,
        asks_reason="Why, in words; Ankorstore is told this too",
    ),
    Action(
        "hold",
        "Hold",
        "Stops the order until somebody releases, accepts or rejects it.",
        _as_is(hold_order),
    ),
    Action(
        "release",
        "Release",
        "Lets the order go on that a person or the policy holds; it is judged again.",
        _as_is(release_order),
    ),
    Action(
        "take",
        "Take over",
        "Has the service handle an order from before the switch, or one that is open again.",
        _as_is(take_order),
    ),
)
_GOODS = (
    Action(
        "settle",
        "Record what was done in Maya",
        "Tells the service what you did about the order's goods. Both companies are asked once "
        "more, and the order goes on from what they show.",
        _settle,
        (
            Field(
                "answer",
                "What was done",
                "choice",
                options=tuple((str(one), ANSWER_SENTENCES[one]) for one in Answer),
                is_required=True,
            ),
        ),
    ),
    Action(
        "resend",
        "Place it once more",
        "Places the order again, under its next number, after its warehouse order was cancelled in "
        "Maya or refused.",
        _as_is(resend_order),
        cannot_be_undone=True,
    ),
    Action(
        "close",
        "Close by hand",
        "Ends the order here. Nothing is sent to either company.",
        _close,
        (
            Field(
                "outcome",
                "How it ended",
                "choice",
                options=tuple((str(one), str(one)) for one in CLOSING_OUTCOMES),
                is_required=True,
            ),
        ),
        cannot_be_undone=True,
    ),
)
_SHIPPING = (
    Action(
        "confirm-partial",
        "Confirm what was sent",
        "Confirms what was sent as the whole order; what follows only becomes tracking. It cannot "
        "be taken back.",
        _as_is(confirm_partial),
        cannot_be_undone=True,
    ),
    Action(
        "parcels",
        "Give the parcels",
        "Says what the parcels really weigh and measure, before the order is confirmed.",
        lambda form: partial(agree_parcels, parcels=parcels_of(form, "parcels")),
        (
            Field(
                "parcels",
                "One parcel a line: length x width x height in cm, and kilograms",
                "lines",
                "For example 40x30x20 4.2. Nothing: the parcels as the service reckons them.",
            ),
        ),
    ),
    Action(
        "reset-label",
        "Take Ankorstore's label back",
        "Asks Ankorstore to take its label back; then the order is confirmed with the brand's own "
        "carrier.",
        _as_is(ask_label_reset),
    ),
    Action(
        "postpone",
        "Announce a later date",
        "Tells Ankorstore that the order leaves later.",
        lambda form: partial(postpone_order, to=date_of(form, "date")),
        (Field("date", "It leaves by", "date", is_required=True),),
    ),
)
_CORRECTING = (
    Action(
        "correct",
        "Correct what is sent",
        "Changes what will be sent for this one order, until it is at the warehouse. It then waits "
        "until it is released. What is left empty stays as it is.",
        _correct,
        (
            Field("street", "Street"),
            Field("house_number", "House number", "number"),
            Field("addition", "Addition"),
            Field("extra_address", "Extra address line"),
            Field("phone", "Phone", hint="For example +31201234567"),
            Field("sku", "SKU at Ankorstore", hint="Or the id of a line that has none"),
            Field("warehouse_sku", "Its SKU at the warehouse"),
            Field("pack_mode", "What one is", hint="unit, pack or factor:n"),
            Field("clear", "Take earlier corrections back", "tick"),
            Field("release", "Release the order at once", "tick"),
        ),
    ),
)
_RETURNS = (
    Action(
        "return",
        "Announce a return",
        "Announces to the warehouse that the goods come back.",
        _open_return,
        (
            Field("remark", "Remark for the warehouse"),
            Field("rma_id", "Its number there", hint="If it was announced in Maya already"),
            Field("again", "Send a lost or refused announcement once more", "tick"),
        ),
    ),
    Action(
        "return-label",
        "Fetch the return label",
        "Has the label for the way back fetched from the warehouse.",
        _as_is(ask_return_label),
    ),
    Action(
        "return-close",
        "Close the returns",
        "Nothing more is to be done about the order's returns.",
        _as_is(close_return),
    ),
)
ACTIONS: Mapping[str, Action] = {
    action.name: action for action in (*_PLAIN, *_GOODS, *_SHIPPING, *_CORRECTING, *_RETURNS)
}


def options_for(action: Action, field: Field, order: OrderRecord) -> tuple[tuple[str, str], ...]:
    """Return a choice's options for *order*: of answers to a task, those that the task allows."""
    if field.name != "answer":
        return field.options
    possible: tuple[Any, ...] = answers_to(order.attention_reason)
    return tuple(one for one in field.options if one[0] in possible) or field.options
