"""The table of tasks: every answer to every task, whatever the marketplace shows."""

import re
from itertools import product
from pathlib import Path

import pytest

from app.domain.reasons import REASONS
from app.domain.tasks import (
    ANSWER_SENTENCES,
    ANSWERS,
    NO_TASK,
    Answer,
    Result,
    Shown,
    answers_to,
    result_of,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "rules" / "attention.md"
STOP = {Answer.CANCELLED, Answer.SHIPPED, Answer.KEPT}
ALLOWED = {
    "cancelled_after_placing": STOP,
    "reverted_after_placing": STOP,
    "labels_after_placing": STOP,
    "fulfilment_after_placing": STOP,
    "shipped_by_somebody_else": STOP,
    "cancelled_on_hold": STOP,
    "changed_on_hold": STOP | {Answer.CHANGED},
    "address_changed_after_placing": STOP | {Answer.CHANGED},
    "lines_changed_after_placing": STOP | {Answer.CHANGED},
    "cancelled_after_shipping": {Answer.SHIPPED},
    "address_changed_after_shipping": {Answer.SHIPPED},
    "lines_changed_after_shipping": {Answer.SHIPPED},
    "reopened_after_shipping": {Answer.SHIPPED},
    "shipped_though_cancelled": {Answer.SHIPPED},
    "release_refused": {Answer.RELEASED, Answer.CANCELLED},
    "number_taken": {Answer.CANCELLED, Answer.KEPT},
    "replaced_order_shipped": {Answer.KEPT},
    "wrong_label_confirmed": {Answer.KEPT},
    NO_TASK: {Answer.CANCELLED},
}
ORDER = (
    Shown.ACCEPTED,
    Shown.WAITING,
    Shown.ENDED,
    Shown.LABELS,
    Shown.FULFILMENT,
    Shown.CONFIRMED,
    Shown.SHIPPED_OWN,
    Shown.SHIPPED_OTHER,
    Shown.UNKNOWN,
)
R = Result
FOLLOWS = {
    Answer.CANCELLED: (
        R.DECIDE_RESEND,
        R.AWAIT_ACCEPTANCE,
        R.CLOSE_GONE,
        R.CLOSE_GONE,
        R.CLOSE_GONE,
        R.GO_ON,
        R.CLOSE_GONE,
        R.CLOSE_GONE,
        R.KEEP_ANSWER,
    ),
    Answer.SHIPPED: (
        R.GO_ON,
        R.ASK_AGAIN,
        R.CLOSE_SENT,
        R.ASK_AGAIN,
        R.CLOSE_SENT,
        R.GO_ON,
        R.CLOSE_SENT,
        R.CLOSE_SENT,
        R.KEEP_ANSWER,
    ),
    Answer.CHANGED: (
        R.TAKE_OVER,
        *[R.ASK_AGAIN] * 4,
        R.GO_ON,
        *[R.ASK_AGAIN] * 2,
        R.KEEP_ANSWER,
    ),
    Answer.KEPT: (R.GO_ON, *[R.ASK_AGAIN] * 4, R.GO_ON, *[R.ASK_AGAIN] * 2, R.KEEP_ANSWER),
    Answer.RELEASED: (R.GO_ON, *[R.ASK_AGAIN] * 4, R.GO_ON, *[R.ASK_AGAIN] * 2, R.KEEP_ANSWER),
}
CASES = sorted(
    (reason, answer, shown) for reason in ALLOWED for answer, shown in product(Answer, Shown)
)


def test_every_task_is_in_the_table() -> None:
    """A task without an answer would never end; one task is ended by commands instead."""
    tasks = {reason.code for reason in REASONS.values() if reason.is_task}

    assert tasks - set(ANSWERS) == {"warehouse_order_cancelled"}
    assert {reason: set(answers) for reason, answers in ANSWERS.items()} == ALLOWED
    assert set(Shown) == set(ORDER)


@pytest.mark.parametrize(("reason", "answer", "shown"), CASES)
def test_what_follows_from_an_answer(reason: str, answer: Answer, shown: Shown) -> None:
    """Each of the combinations has one result, or the answer is not among those possible."""
    if answer not in ALLOWED[reason]:
        assert answer not in answers_to(reason)
        with pytest.raises(AssertionError):
            result_of(reason, answer, shown)
        return
    expected = FOLLOWS[answer][ORDER.index(shown)]
    if reason == "replaced_order_shipped":
        expected = R.GO_ON
    if reason == "reopened_after_shipping" and shown in ORDER[1:5] and shown is not Shown.ENDED:
        expected = R.GO_ON
    if (reason, shown) == ("wrong_label_confirmed", Shown.ACCEPTED):
        expected = R.CONFIRM_ANEW

    assert result_of(reason, answer, shown) is expected


def test_the_page_holds_the_same_tables() -> None:
    """The documentation names every task with its answers, and every result."""
    rows = re.findall(r"^\| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    cells = [tuple(row.split(" | ")) for row in rows]

    for reason, answers in ANSWERS.items():
        name = f"`{reason}`" if reason else "none (placed, no task)"
        assert (name, ", ".join(f"`{one}`" for one in answers)) in cells
    for shown in Shown:
        results = tuple(FOLLOWS[answer][ORDER.index(shown)] for answer in Answer)
        assert (shown.value, *(result.value for result in results)) in cells


def test_no_reason_has_no_answer() -> None:
    """An order that asks nothing is not answered, nor one that asks for something else."""
    assert answers_to(None) == ()
    assert answers_to("stock_short") == ()
    assert set(ANSWER_SENTENCES) == set(Answer)
