"""A backlog is worked off within the companies' limits, and ends when it was said to end."""

import pytest

from tests.backlog.world import Drained, drain, run_patiently
from tests.conftest import Databases

QUICK = {"shipping_delay_seconds": 5, "shipment_poll_seconds": 20, "reconcile_seconds": 300}


@pytest.mark.parametrize(("kind", "replicas"), [("sqlite", 1), ("postgres", 1), ("postgres", 3)])
def test_backlog_drains_within_the_limits(databases: Databases, kind: str, replicas: int) -> None:
    """Not one call is refused for coming too soon, and the end is foreseen within a tenth."""

    async def work(world: object) -> Drained:
        return await drain(world, 150)  # type: ignore[arg-type]

    drained = run_patiently(work, databases.make(kind), replicas=replicas, **QUICK)

    assert drained.refused == 0
    assert drained.forecast_error < 0.1, drained
