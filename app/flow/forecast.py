"""
When the orders that have work waiting will be through, told from budgets and calls. Pure.

What an order still needs of each company is known from its state; how fast calls may be made,
from the budgets. The slower company decides (docs/operate.md). The warehouse's own time to pick
is not in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.lifecycle import State
from app.domain.shipment import FEED_WINDOW_ROWS
from app.flow.shipments import SEARCHES_PER_POLL
from app.ports import RateWindow

_LISTS_PER_POLL = 2
"""A poll of the feed reads at least one window, and acknowledges what is in it."""
_MOST_UPKEEP = 0.9
"""However much goes to upkeep, something is left for orders."""


@dataclass(frozen=True, slots=True)
class CallsLeft:
    """The calls an order in some state still costs until it is closed."""

    ankorstore: int
    active_ants: int


CALLS_LEFT: Mapping[State, CallsLeft] = {
    # Read, read when it is its turn, accept; search, create.
    State.RECEIVED: CallsLeft(7, 3),
    State.ACCEPTED: CallsLeft(5, 3),
    # The search for the warehouse's own number, once something was sent.
    State.PLACED: CallsLeft(4, 1),
    # Read, quotes, confirm, read back.
    State.DISPATCHED: CallsLeft(4, 0),
    State.SHIPPED: CallsLeft(0, 0),
    # The tracking of several parcels: read the order, read the tracking, write it.
    State.CLOSED: CallsLeft(3, 0),
}


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast calls may be made, and what periodic work takes of that."""

    ankorstore: Sequence[RateWindow]
    active_ants: Sequence[RateWindow]
    shipment_poll_seconds: float
    searches_shipments: bool
    reconcile_seconds: float
    orders_per_page: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many orders have work waiting, and when the last of them could be through."""

    orders: int
    ends_at: datetime | None


def foresee_end(waiting: Mapping[State, int], pace: Pace, now: datetime) -> Backlog:
    """Return the backlog of *waiting* orders by state; without any there is no end to tell."""
    orders = sum(waiting.values())
    if orders == 0:
        return Backlog(0, None)
    ankorstore = sum(CALLS_LEFT[state].ankorstore * count for state, count in waiting.items())
    active_ants = sum(CALLS_LEFT[state].active_ants * count for state, count in waiting.items())
    to_ship = sum(count for state, count in waiting.items() if CALLS_LEFT[state].active_ants)
    pages = to_ship / pace.orders_per_page
    searches = min(to_ship, SEARCHES_PER_POLL) if pace.searches_shipments else _LISTS_PER_POLL
    windows = 0.0 if pace.searches_shipments else _LISTS_PER_POLL * to_ship / FEED_WINDOW_ROWS
    seconds = max(
        _seconds_for(ankorstore, pace.ankorstore, pages / pace.reconcile_seconds),
        _seconds_for(
            active_ants + windows, pace.active_ants, searches / pace.shipment_poll_seconds
        ),
    )
    return Backlog(orders, now + timedelta(seconds=seconds))


def _seconds_for(calls: float, windows: Sequence[RateWindow], upkeep_per_second: float) -> float:
    """Return how long *calls* take beside so much upkeep, in the tightest window."""
    longest = 0.0
    for window in windows:
        upkeep = min(_MOST_UPKEEP, upkeep_per_second * window.spacing_seconds)
        longest = max(longest, window.seconds_for(calls) / (1.0 - upkeep))
    return longest
