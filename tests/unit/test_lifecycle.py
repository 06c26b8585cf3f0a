"""The states of an order and the moves between them."""

from itertools import product

import pytest

from app.domain.lifecycle import TRANSITIONS, State, can_move

FORWARD = [
    (State.RECEIVED, State.ACCEPTED),
    (State.ACCEPTED, State.PLACED),
    (State.PLACED, State.DISPATCHED),
    (State.DISPATCHED, State.SHIPPED),
    (State.SHIPPED, State.CLOSED),
]
CLOSING = [(state, State.CLOSED) for state in State if state is not State.CLOSED]
BACK = [
    (State.ACCEPTED, State.RECEIVED),  # the marketplace took the acceptance back
    (State.CLOSED, State.RECEIVED),  # an operator takes an order from before the switch
    # A person has recorded that the warehouse order was cancelled in Maya.
    (State.PLACED, State.ACCEPTED),
    (State.PLACED, State.RECEIVED),
]
ALLOWED = {*FORWARD, *CLOSING, *BACK}


@pytest.mark.parametrize(("origin", "target"), sorted(product(State, State)))
def test_the_table_of_moves(origin: State, target: State) -> None:
    """A move exists exactly if the design names it; staying put always does."""
    assert can_move(origin, target) is (origin is target or (origin, target) in ALLOWED)


def test_no_move_is_left_over() -> None:
    """The table holds the design's moves and no other."""
    assert TRANSITIONS == ALLOWED


def test_what_the_warehouse_has_sent_never_goes_back() -> None:
    """From dispatched on an order moves forward or is closed, and nothing else."""
    for origin in (State.DISPATCHED, State.SHIPPED):
        targets = {target for target in State if can_move(origin, target)} - {origin}
        states = list(State)
        assert targets <= {states[states.index(origin) + 1], State.CLOSED}


def test_every_state_can_reach_its_end() -> None:
    """No state is a dead end."""
    for state in State:
        assert can_move(state, State.CLOSED)
