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
LAYOUTS = {
    "SQLite": {"worker": "serve"},
    "PostgreSQL": {"web": "serve --no-worker", "worker": "worker"},
}
SHORT_FORM_CASES = {"SQLite": (True,), "PostgreSQL": (False,)}
LONG_TIMEOUT = {"HTTP_TIMEOUT_SECONDS": "20", "LEASE_SECONDS": "60"}
"""With these an answer is in time however busy the machine is."""


async def test_stopped_in_the_middle_of_a_call(stage: Stage, fleet: Fleet, database: str) -> None:
    """
    A process asked to stop ends with status 0, records the answer under way if it comes in time,
    leaves no lease on any order either way, and the next one finishes what is left.
    """
    layout = LAYOUTS[database]
    if "web" in layout:
        await fleet.start("web", *layout["web"].split())
    stops = 0
    for pattern, recorded_states in list(CALLS.items())[: None if IS_LONG else 1]:
        for is_in_time in (True, False) if IS_LONG else SHORT_FORM_CASES[database]:
            timeouts = LONG_TIMEOUT if is_in_time else {}
            worker = await fleet.start("worker", layout["worker"], **timeouts)
            await asyncio.gather(*(one.wait_until_ready() for one in fleet.replicas.values()))
            trap = stage.wire.trap(pattern, Moment.TAKEN)
            stage.place_order(fleet)
            await trap.wait()
            stopping = asyncio.create_task(worker.stop())
            if is_in_time:
                await asyncio.sleep(0.3)  # it has begun to stop
                trap.let_go()
            assert await stopping == 0, fleet.last_words()
            trap.let_go()
            stops += 1

            assert_no_order_is_leased(stage)
            has_recorded = stage.store.row_of(trap.order_id)["state"] in recorded_states
            assert has_recorded == is_in_time, fleet.last_words()

    await fleet.start_ready(worker=layout["worker"])
    await stage.conclude(fleet, "SIGTERM mid-call", database, stops, "stops")
    assert fleet.own_exits == {}


def assert_no_order_is_leased(stage: Stage) -> None:
    """Fail where a stopped process left an order to nobody."""
    orders = "SELECT marketplace_order_id FROM orders WHERE lease_until IS NOT NULL"
    assert stage.store.rows(orders) == []
