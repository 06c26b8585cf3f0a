"""
Runs in which the warehouse takes orders, says nothing, and shows them only later.

Drawn from a stream of its own, so that what the other draws of a seed gave before is unchanged.
"""

from dataclasses import dataclass
from random import Random

SHARE = 1 / 12
LOSSES = ("lost back", "silent", "5xx after", "truncated")
"""After these the warehouse has the order, and whoever sent it does not know."""


@dataclass(frozen=True)
class LostCreates:
    """How often the answer to a create is lost, and how long the search hides the order."""

    losses: dict[str, float]
    search_lag_seconds: float
    late_seconds: float
    uniqueness: str


def draw_lost_creates(seed: int, settle_seconds: float) -> LostCreates | None:
    """Draw such runs, with a warehouse that shows everything just before *settle_seconds*."""
    random = Random(f"lost creates {seed}")
    if random.random() >= SHARE:
        return None
    late = random.choice((0.1, 0.5, 3.0))
    lag = random.uniform(0.2, 1.0) * (settle_seconds - late - 0.5)
    losses = random.sample(LOSSES, random.choice((1, 2)))
    return LostCreates(
        {loss: random.uniform(0.3, 0.9) for loss in losses},
        lag,
        late,
        random.choice(("off", "off", "late")),
    )
