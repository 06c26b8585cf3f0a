"""The states of an order, what each one proves, and which moves between them exist."""

from enum import StrEnum


class State(StrEnum):
    """How far an order is; each state is a fact already proven (see docs/rules/states.md)."""

    RECEIVED = "received"
    """We know of the order; nothing is proven yet."""
    ACCEPTED = "accepted"
    """The marketplace shows the order accepted."""
    PLACED = "placed"
    """The warehouse has the order."""
    DISPATCHED = "dispatched"
    """The warehouse has sent all lines of the order."""
    SHIPPED = "shipped"
    """The marketplace shows it shipped by the brand's own carrier, after our own confirm."""
    CLOSED = "closed"
    """No step of the order is owed; `outcome` says how it ended."""


class Outcome(StrEnum):
    """How a closed order ended. An ignored order carries why behind a colon."""

    COMPLETED = "completed"
    REJECTED = "rejected"
    CANCELLED = "cancelled"
    IGNORED = "ignored"


IGNORED_BEFORE_SWITCH = "ignored: before the switch"
"""The one outcome an operator can lift by `orders take` whatever the marketplace shows."""

IGNORED_SHADOWED = "ignored: carried by today's connector"
"""How an order ends that was followed in shadow mode to the end."""

TRANSITIONS: frozenset[tuple[State, State]] = frozenset(
    {
        (State.RECEIVED, State.ACCEPTED),
        (State.ACCEPTED, State.PLACED),
        (State.PLACED, State.DISPATCHED),
        (State.DISPATCHED, State.SHIPPED),
        (State.ACCEPTED, State.RECEIVED),  # the marketplace took the acceptance back
        (State.CLOSED, State.RECEIVED),  # `orders take`, the one way back
        # Only where a person has recorded that the warehouse order was cancelled in Maya.
        (State.PLACED, State.ACCEPTED),
        (State.PLACED, State.RECEIVED),
        *((state, State.CLOSED) for state in State if state is not State.CLOSED),
    }
)
"""Every move that exists. Staying where one is needs no entry."""


def can_move(origin: State, target: State) -> bool:
    """Tell whether an order may go from *origin* to *target* (staying put always may)."""
    return origin is target or (origin, target) in TRANSITIONS
