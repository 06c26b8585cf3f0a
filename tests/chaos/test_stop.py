"""SIGTERM in the middle of a call."""

import asyncio

from tests.chaos.fleet import Fleet
from tests.chaos.scale import IS_LONG
from tests.chaos.stage import Stage
from tests.chaos.wire import Moment

CALLS = {
    "POST */order/add": ("placed", "dispatched", "shipped", "closed"),
    "POST */-actions/transition": ("accepted", "placed", "dispatched", "shipped", "closed"),
    "POST */confirm": ("shipped", "closed"),
}
"""Writes, and the states in which an order is when the answer is recorded."""
IN_TIME_SECONDS = 0.3
LAYOUTS = {
    "SQLite": {"worker": "serve"},
    "PostgreSQL": {"web": "serve --no-worker", "worker": "worker"},
}


async def test_stopped_in_the_middle_of_a_call(stage: Stage, fleet: Fleet, database: str) -> None:
    """
    A process asked to stop ends with status 0, records the answer under way if it comes in time,
    leaves no lease on any order either way, and the next one finishes what is left.
    """
    layout = LAYOUTS[database]
    await fleet.start_ready(**layout)
    stops = 0
    for pattern, recorded_states in list(CALLS.items())[: None if IS_LONG else 1]:
        for is_in_time in (True, False):
            trap = stage.wire.trap(pattern, Moment.TAKEN)
            order = stage.place_order(fleet)
            await trap.wait()
            stopping = asyncio.create_task(fleet.replicas["worker"].stop())
            if is_in_time:
                await asyncio.sleep(IN_TIME_SECONDS)
                trap.let_go()
            assert await stopping == 0, fleet.last_words()
            trap.let_go()
            stops += 1

            assert_no_lease_is_left(stage)
            has_recorded = stage.row_of(order.id)["state"] in recorded_states
            assert has_recorded == is_in_time, fleet.last_words()
            await fleet.start_ready(worker=layout["worker"])

    await stage.conclude(fleet, "SIGTERM mid-call", database, stops, "stops")
    assert fleet.own_exits == {}


def assert_no_lease_is_left(stage: Stage) -> None:
    """Fail where an order is still leased."""
    orders = "SELECT marketplace_order_id FROM orders WHERE lease_until IS NOT NULL"
    assert stage.observer.rows(orders) == []
