"""
Refusals of Ankorstore that may mean the wish has come true already.

An earlier try of the same call may have worked without its answer reaching us, or somebody may
have done by hand what the bridge was about to do. The danger lies in calling too much harmless:
the table is closed, it goes by operation and status and never by a message's words, and a refusal
without a row stays a refusal. A row decides nothing either: it only says where the truth
can be read (docs/rules/errors.md).
"""

from dataclasses import dataclass
from enum import StrEnum


class Operation(StrEnum):
    """The calls, as they are named in errors, metrics and the history."""

    READ_ORDER = "read order"
    LIST_ORDERS = "list orders"
    LIST_VARIANTS = "list variants"
    ACCEPT_ORDER = "accept order"
    REJECT_ORDER = "reject order"
    RESET_LABEL = "reset label"
    REQUEST_QUOTES = "request quotes"
    CONFIRM_QUOTE = "confirm quote"
    READ_TRACKING = "read tracking"
    WRITE_TRACKING = "write tracking"
    POSTPONE_SHIPPING = "postpone shipping"
    LIST_APPLICATIONS = "list applications"
    LIST_WEBHOOK_EVENTS = "list webhook events"
    CREATE_SUBSCRIPTION = "create subscription"
    UPDATE_SUBSCRIPTION = "update subscription"
    DELETE_SUBSCRIPTION = "delete subscription"


class Meaning(StrEnum):
    """What a refusal of the table says; becomes the `code` of the error."""

    ORDER_MOVED_ON = "order_moved_on"
    """The order is not where the call needs it: read it, it may be where it should be."""
    QUOTE_SUPERSEDED = "quote_superseded"
    """The quote is unknown or replaced: read the order, and quote again if it still stands."""
    ALREADY_GONE = "already_gone"
    """What was to be deleted does not exist: done."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One refusal and what it means, whatever code and words come with it."""

    label: str
    operation: Operation
    status: int
    meaning: Meaning


VERDICTS: tuple[Verdict, ...] = (
    Verdict(
        "transition refused from this state", Operation.ACCEPT_ORDER, 409, Meaning.ORDER_MOVED_ON
    ),
    Verdict("reject refused from this state", Operation.REJECT_ORDER, 409, Meaning.ORDER_MOVED_ON),
    Verdict(
        "order left the state a confirm needs",
        Operation.CONFIRM_QUOTE,
        409,
        Meaning.ORDER_MOVED_ON,
    ),
    Verdict("quote unknown or superseded", Operation.CONFIRM_QUOTE, 404, Meaning.QUOTE_SUPERSEDED),
    Verdict(
        "subscription deleted before", Operation.DELETE_SUBSCRIPTION, 404, Meaning.ALREADY_GONE
    ),
)


def find_verdict(operation: str, status: int) -> Verdict | None:
    """Return the row that fits a refusal, None where it is a refusal and nothing else."""
    return next(
        (row for row in VERDICTS if row.operation == operation and row.status == status), None
    )
