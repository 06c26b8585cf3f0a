"""Two versions at once, as during a deploy and a step back."""

import asyncio
import time
from pathlib import Path

from app import __version__
from tests.chaos.fleet import Fleet
from tests.chaos.next_version import NEXT_REVISION, NEXT_VERSION, make_next_version
from tests.chaos.scale import ORDERS, PATIENCE_SECONDS
from tests.chaos.stage import Stage

WHILE_DEPLOYING_SECONDS = 5.0
ORDER_PAUSE_SECONDS = 0.3


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
        stage.place_orders(fleet, ORDERS, within_seconds=WHILE_DEPLOYING_SECONDS)
    )
    following = await fleet.start("next", "serve", PYTHONPATH=str(tree))
    await following.wait_until_ready()
    await place_orders_until_both_work(stage, fleet, "old", "next")
    assert await fleet.replicas["old"].stop() == 0
    await fleet.start_ready(old_again="serve")
    await place_orders_until_both_work(stage, fleet, "next", "old_again")
    assert await following.stop() == 0
    await ordering

    versions = {row["version"] for row in stage.store.rows("SELECT version FROM workers")}
    revision = stage.store.rows("SELECT version_num FROM alembic_version")
    await stage.conclude(fleet, "two versions at once", "PostgreSQL", 2, "changes")
    assert fleet.own_exits == {}
    assert versions == {__version__, NEXT_VERSION}
    assert [row["version_num"] for row in revision] == [NEXT_REVISION]


async def place_orders_until_both_work(stage: Stage, fleet: Fleet, *names: str) -> None:
    """Let orders come in until each of two replicas has carried one, the other running too."""
    before = {name: fleet.replicas[name].count("attempt.finished") for name in names}
    ends = time.monotonic() + PATIENCE_SECONDS
    while any(fleet.replicas[n].count("attempt.finished") == count for n, count in before.items()):
        assert time.monotonic() < ends, fleet.last_words()
        stage.place_order(fleet, is_plain=False)
        await asyncio.sleep(ORDER_PAUSE_SECONDS)
