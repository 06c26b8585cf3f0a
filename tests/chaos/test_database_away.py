"""The database goes away: PostgreSQL stops, crashes, or cuts every connection."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.migrate import bring_up_to_date
from tests.chaos.fleet import Fleet, run_fleet
from tests.chaos.own_postgres import OwnPostgres, cut_connections, run_own_postgres
from tests.chaos.scale import KILLS, ORDERS, SEED
from tests.chaos.stage import Stage, set_stage

DOWN_SECONDS = 1.0
UP_SECONDS = 1.0
CUT_PAUSE_SECONDS = 0.4


@pytest.fixture
def own_postgres(postgres_server: str) -> Iterator[OwnPostgres]:
    """Return a server nobody else uses (after the shared one, whose runtime folder lives on)."""
    with run_own_postgres() as server:
        bring_up_to_date(server.url)
        yield server


async def test_postgres_is_stopped_and_crashes(own_postgres: OwnPostgres, tmp_path: Path) -> None:
    """
    While PostgreSQL is down webhooks are answered 503 and no process dies of it; when it is back
    all goes on, whether it was stopped or crashed.
    """
    outages = max(2, KILLS // 2)
    async with (
        set_stage(own_postgres.url, SEED) as stage,
        run_fleet(tmp_path, stage.environment, SEED) as fleet,
    ):
        await fleet.start_ready(one="serve", two="serve")
        ordering = asyncio.create_task(
            stage.place_orders(fleet, ORDERS, within_seconds=outages * (DOWN_SECONDS + UP_SECONDS))
        )
        for outage in range(outages):
            await asyncio.sleep(UP_SECONDS)
            await asyncio.to_thread(own_postgres.stop, ("fast", "immediate")[outage % 2])
            stage.place_order(fleet)
            await stage.wait_for_refusal()
            await asyncio.sleep(DOWN_SECONDS)
            await asyncio.to_thread(own_postgres.start)
        await ordering

        await stage.conclude(fleet, "PostgreSQL stopped, crashed", "PostgreSQL", outages, "outages")
        assert fleet.own_exits == {}


async def test_postgres_connections_are_cut(
    postgres_url: str, postgres_stage: Stage, postgres_fleet: Fleet
) -> None:
    """Every connection of the service is ended at the server, again and again."""
    stage, fleet = postgres_stage, postgres_fleet
    await fleet.start_ready(one="serve", two="serve")
    rounds = 3 * KILLS
    ordering = asyncio.create_task(
        stage.place_orders(fleet, ORDERS, within_seconds=rounds * CUT_PAUSE_SECONDS)
    )
    cut = 0
    for _ in range(rounds):
        await asyncio.sleep(fleet.random.uniform(0, 2 * CUT_PAUSE_SECONDS))
        cut += await asyncio.to_thread(cut_connections, postgres_url)
    await ordering

    await stage.conclude(fleet, "connections cut", "PostgreSQL", cut, "connections")
    assert fleet.own_exits == {}
    assert cut >= rounds
