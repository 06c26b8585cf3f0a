"""What a refusal says is possible instead."""

from typing import Any

import pytest

from app.domain.lifecycle import Outcome, State
from app.domain.record import WarehouseOrderRecord
from app.store.possible_moves import possible_moves, with_moves
from tests.fake_clock import START
from tests.unit.test_story import order

LIVE = WarehouseOrderRecord(1, "AK1", "4711", None, START, START, None, (), {})
RETURNS = "returns open|label|close"


@pytest.mark.parametrize(
    ("values", "moves"),
    [
        ({"state": State.CLOSED, "outcome": Outcome.COMPLETED, "live": LIVE}, (RETURNS,)),
        ({"state": State.CLOSED, "outcome": Outcome.CANCELLED, "live": LIVE}, (RETURNS,)),
        ({"state": State.CLOSED, "outcome": Outcome.CANCELLED}, ()),
        ({"state": State.DISPATCHED, "live": LIVE}, (RETURNS,)),
        (
            {
                "state": State.CLOSED,
                "outcome": Outcome.CANCELLED,
                "attention_reason": "return_unclear",
            },
            (RETURNS,),
        ),
    ],
)
def test_goods_that_left_may_come_back(values: dict[str, Any], moves: tuple[str, ...]) -> None:
    """Of an order that is over nothing is possible but what its goods still need."""
    shown = order(**values)

    assert possible_moves(shown) == moves
    assert with_moves("no", shown) == f"no; possible now: {', '.join(moves) or 'nothing'}"
