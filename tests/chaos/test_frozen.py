"""Three replicas, one of which stands still past its lease and then goes on."""

from tests.chaos.fleet import Fleet
from tests.chaos.scale import IS_LONG
from tests.chaos.stage import Stage
from tests.chaos.wire import Moment

CALLS = (
    "POST */order/add",
    "POST */-actions/transition",
    "POST */confirm",
    "GET */api/v1/orders/*",
)


async def test_frozen_in_the_middle_of_a_call(postgres_stage: Stage, postgres_fleet: Fleet) -> None:
    """
    A replica is frozen while a company answers it; the others finish its order; when it goes on,
    with an answer of long ago in its hands, its record is refused and nothing is doubled.
    """
    stage, fleet = postgres_stage, postgres_fleet
    await fleet.start_ready(one="serve", two="serve", three="serve")
    calls = CALLS if IS_LONG else CALLS[:1]
    for pattern in calls:
        trap = stage.wire.trap(pattern, Moment.TAKEN)
        stage.place_order(fleet)
        await trap.wait()
        holder = fleet.by_pid(stage.holder_of(trap.order_id))
        refused = holder.count("lease.lost")
        holder.freeze()
        await stage.wait_for_row(trap.order_id, "closed")
        trap.let_go()
        holder.thaw()
        await holder.wait_for_line("lease.lost", refused + 1)

    await stage.conclude(fleet, "frozen past its lease", "PostgreSQL", len(calls), "freezes")
    assert fleet.own_exits == {}
