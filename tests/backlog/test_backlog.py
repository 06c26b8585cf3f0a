"""A backlog is worked off within the companies' limits, and ends when it was said to end."""

from typing import Any

import pytest

from tests.backlog.world import BacklogWorld, Drained, drain, run_patiently
from tests.conftest import Databases

QUICK: dict[str, Any] = {
    "shipping_delay_seconds": 5,
    "shipment_poll_seconds": 20,
    "reconcile_seconds": 300,
}


@pytest.mark.parametrize(("kind", "replicas", "orders"), [("sqlite", 1, 150), ("postgres", 3, 120)])
def test_backlog_drains_within_the_limits(
    databases: Databases, kind: str, replicas: int, orders: int
) -> None:
    """
    Not one call is refused for coming too soon, and the end is foreseen within a tenth.

    Three replicas keep to the limits of one, each with a store and connections of its own.
    """

    async def work(world: BacklogWorld) -> Drained:
        return await drain(world, orders)

    drained = run_patiently(work, databases.make(kind), replicas=replicas, **QUICK)

    assert drained.refused == 0
    assert drained.forecast_error < 0.1, drained
