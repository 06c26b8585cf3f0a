"""Three replicas, one of which stands still past its lease and then goes on."""

import asyncio
from pathlib import Path

from sqlalchemy.engine import make_url

from tests.chaos.fleet import Fleet, run_fleet
from tests.chaos.own_postgres import has_session, hold_table
from tests.chaos.patience import wait_until
from tests.chaos.scale import IS_LONG, KILLS, ORDERS, SEED, long_form
from tests.chaos.stage import LEASE_SECONDS, Stage, set_stage
from tests.chaos.wire import Moment

FROZEN_SECONDS = LEASE_SECONDS + 1.0
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
        holder = fleet.by_pid(stage.store.holder_of(trap.order_id))
        refused = holder.count("lease.lost")
        holder.freeze()
        await stage.store.wait_for_row(trap.order_id, "closed")
        trap.let_go()
        holder.thaw()
        await holder.wait_for_line("lease.lost", refused + 1)

    await stage.conclude(fleet, "frozen past its lease", "PostgreSQL", len(calls), "freezes")
    assert fleet.own_exits == {}


async def test_frozen_in_a_transaction(
    postgres_url: str, postgres_stage: Stage, postgres_fleet: Fleet
) -> None:
    """
    A replica frozen inside a transaction holds the lock on an order; the database ends that
    session after a while, and the others carry on: with this order, and with all others.
    """
    stage, fleet = postgres_stage, postgres_fleet
    named = make_url(postgres_url).update_query_dict({"application_name": "frozen"})
    own_url = named.render_as_string(hide_password=False)
    frozen = await fleet.start("frozen", "serve", DATABASE_URL=own_url)
    await frozen.wait_until_ready()
    with hold_table(postgres_url, "attempts"):
        order = stage.place_order(fleet)
        await wait_until(lambda: has_session(postgres_url, "frozen", "wait_event_type = 'Lock'"))
        frozen.freeze()
    await wait_until(lambda: has_session(postgres_url, "frozen", "state = 'idle in transaction'"))
    await fleet.start_ready(other="serve")
    frozen.is_wanted = False
    others = [stage.place_order(fleet) for _ in range(2)]
    for one in (order, *others):
        await stage.store.wait_for_row(one.id, "closed")
    frozen.thaw()

    await stage.conclude(fleet, "frozen in a transaction", "PostgreSQL", 1, "freezes")
    assert fleet.own_exits == {}


@long_form
async def test_frozen_at_any_moment(postgres_url: str, tmp_path: Path) -> None:
    """
    Replicas are frozen at random, longer than their leases last. A warehouse that refuses a
    second order of one number is what covers the moment between the last look at the lease and
    the send.
    """
    async with (
        set_stage(postgres_url, SEED, uniqueness="immediate") as stage,
        run_fleet(tmp_path, stage.environment, SEED) as fleet,
    ):
        await fleet.start_ready(one="serve", two="serve", three="serve")
        freezes = KILLS // 2
        ordering = asyncio.create_task(
            stage.place_orders(fleet, ORDERS, within_seconds=freezes * FROZEN_SECONDS)
        )
        for _ in range(freezes):
            await asyncio.sleep(fleet.random.uniform(0, 0.5))
            replica = fleet.random.choice(list(fleet.replicas.values()))
            replica.freeze()
            await asyncio.sleep(FROZEN_SECONDS)
            replica.thaw()
        await ordering

        await stage.conclude(fleet, "frozen at random", "PostgreSQL", freezes, "freezes")
        assert fleet.own_exits == {}
