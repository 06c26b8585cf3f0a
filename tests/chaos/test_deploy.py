"""Two versions at once, as during a deploy and a step back."""

import asyncio
from pathlib import Path

from app import __version__
from tests.chaos.fleet import Fleet
from tests.chaos.next_version import NEXT_REVISION, NEXT_VERSION, make_next_version
from tests.chaos.scale import IS_LONG, ORDERS
from tests.chaos.stage import Stage

TOGETHER_SECONDS = 4.0 if IS_LONG else 1.5


async def test_two_versions_at_once(
    postgres_stage: Stage, postgres_fleet: Fleet, tmp_path: Path
) -> None:
    """
    The next version changes the schema under the old one and both work; the old one is stopped;
    then it comes back, on the newer schema, and the next one is stopped.
    """
    stage, fleet = postgres_stage, postgres_fleet
    tree = await asyncio.to_thread(make_next_version, tmp_path)
    await fleet.start_ready(old="serve")
    ordering = asyncio.create_task(
        stage.place_orders(fleet, 2 * ORDERS, within_seconds=4 * TOGETHER_SECONDS)
    )
    following = await fleet.start("next", "serve", PYTHONPATH=str(tree))
    await following.wait_until_ready()
    await asyncio.sleep(TOGETHER_SECONDS)
    assert await fleet.replicas["old"].stop() == 0
    await fleet.start_ready(old_again="serve")
    await asyncio.sleep(TOGETHER_SECONDS)
    assert await following.stop() == 0
    await ordering

    versions = {row["version"] for row in stage.observer.rows("SELECT version FROM workers")}
    revision = stage.observer.rows("SELECT version_num FROM alembic_version")
    await stage.conclude(fleet, "two versions at once", "PostgreSQL", 2, "changes")
    assert fleet.own_exits == {}
    assert versions == {__version__, NEXT_VERSION}
    assert [row["version_num"] for row in revision] == [NEXT_REVISION]
    for name, replica in fleet.replicas.items():
        assert replica.count("attempt.finished") > 0, f"{name} carried nothing"
