"""SQLite's disk is full, and has room again."""

import asyncio
from pathlib import Path

import pytest

from app.store.migrate import bring_up_to_date
from tests.chaos.fleet import run_fleet
from tests.chaos.scale import KILLS, ORDERS, SEED, long_form
from tests.chaos.small_disk import use_disk
from tests.chaos.stage import set_stage

FULL_SECONDS = 2.0
ROOM_SECONDS = 1.0


@pytest.mark.parametrize(
    "is_mounted",
    [
        pytest.param(True, id="file system"),  # where that is not allowed, as the other
        pytest.param(False, id="file size", marks=long_form),
    ],
)
async def test_disk_is_full(is_mounted: bool, tmp_path: Path) -> None:
    """
    While nothing can be written webhooks are answered 503, nothing acknowledged is lost, no
    process dies of it, and all goes on when there is room; also when it was killed meanwhile.
    """
    times = max(1, KILLS // 4)
    with use_disk(tmp_path, is_mounted=is_mounted) as disk:
        database_url = f"sqlite:///{disk.folder / 'antbridge.db'}"
        bring_up_to_date(database_url)
        async with (
            set_stage(database_url, SEED) as stage,
            run_fleet(tmp_path, stage.environment, SEED) as fleet,
        ):
            await fleet.start_ready(web="serve --no-worker", worker="worker")
            ordering = asyncio.create_task(
                stage.place_orders(
                    fleet, ORDERS, within_seconds=times * (FULL_SECONDS + ROOM_SECONDS)
                )
            )
            for number in range(times):
                await asyncio.sleep(ROOM_SECONDS)
                disk.fill(fleet)
                stage.place_order(fleet)
                await stage.wait_for_refusal()
                assert fleet.own_exits == {}
                if number % 2:
                    await fleet.kill("web")
                await asyncio.sleep(FULL_SECONDS)
                disk.free(fleet)
            await ordering

            scenario = f"disk full: {disk.kind}"
            await stage.conclude(fleet, scenario, "SQLite", times, "times full")
