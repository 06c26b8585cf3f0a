"""When a backlog ends, told from calls and budgets."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.lifecycle import State
from app.flow.forecast import CALLS_LEFT, Pace, foresee_end
from app.ports import RateWindow
from tests.fake_clock import START

CALM = Pace(
    ankorstore=(RateWindow("minute", 60.0, 600, 60), RateWindow("hour", 3600.0, 24_000, 12_000)),
    active_ants=(RateWindow("minute", 60.0, 60),),
    shipment_poll_seconds=1e9,
    searches_shipments=False,
    reconcile_seconds=1e9,
    orders_per_page=50,
)


def hours(waiting: dict[State, int], pace: Pace = CALM) -> float:
    """Return in how many hours the backlog ends."""
    ends_at = foresee_end(waiting, pace, START).ends_at
    assert ends_at is not None
    return (ends_at - START) / timedelta(hours=1)


def test_without_a_backlog_there_is_no_end() -> None:
    backlog = foresee_end({}, CALM, START)
    assert (backlog.orders, backlog.ends_at) == (0, None)


def test_the_slower_company_decides() -> None:
    """Ten thousand new orders are three calls each to the warehouse, at one in 1.018 seconds."""
    assert foresee_end({State.RECEIVED: 10_000}, CALM, START).orders == 10_000
    assert hours({State.RECEIVED: 10_000}) == pytest.approx(30_200 * 1.018 / 3600, rel=0.01)


def test_the_tightest_window_decides() -> None:
    """Fifty thousand confirms outlast Ankorstore's hour: half of it at once, then evenly."""
    calls = 4 * 50_000
    assert hours({State.DISPATCHED: 50_000}) == pytest.approx((calls - 12_000) / 12_000, rel=0.01)


def test_searching_for_shipments_takes_its_share() -> None:
    """Two hundred searches each five minutes leave the orders a third of the budget."""
    searching = replace(CALM, searches_shipments=True, shipment_poll_seconds=300)
    share = 1 - 200 * 1.018 / 300
    plain, slow = hours({State.ACCEPTED: 5000}), hours({State.ACCEPTED: 5000}, searching)
    assert slow == pytest.approx(plain / share, rel=0.03)


def test_comparing_lists_takes_its_share() -> None:
    comparing = replace(CALM, reconcile_seconds=60, active_ants=CALM.ankorstore)
    assert hours({State.RECEIVED: 1000}, comparing) > 1.02 * hours(
        {State.RECEIVED: 1000}, replace(CALM, active_ants=CALM.ankorstore)
    )


def test_every_state_has_its_calls() -> None:
    """Later states cost no more than earlier ones, and none is forgotten."""
    assert set(CALLS_LEFT) == set(State)
    assert (
        hours({State.RECEIVED: 500})
        >= hours({State.ACCEPTED: 500})
        > hours({State.PLACED: 500})
        >= hours({State.DISPATCHED: 500})
    )
