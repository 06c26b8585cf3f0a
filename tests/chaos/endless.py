"""
A scenario that never ends by itself, for `test_leftovers.py` to interrupt. Not collected.

It writes the ids of its processes to the file `CHAOS_PIDS` names and then waits, or fails where
`CHAOS_FAILS` is set.
"""

import asyncio
import os
from pathlib import Path

from app.store.migrate import bring_up_to_date
from tests.chaos.fleet import run_fleet
from tests.chaos.scale import SEED
from tests.chaos.stage import set_stage


async def test_waits_for_ever(tmp_path: Path) -> None:
    """Run a frozen worker until somebody ends this."""
    database_url = f"sqlite:///{tmp_path / 'antbridge.db'}"
    bring_up_to_date(database_url)
    async with (
        set_stage(database_url, SEED) as stage,
        run_fleet(tmp_path, stage.environment, SEED) as fleet,
    ):
        await fleet.start_ready(worker="worker")
        fleet.replicas["worker"].freeze()
        pids = " ".join(str(one.pid) for one in fleet.replicas.values())
        written = tmp_path / "pids"
        written.write_text(pids)
        written.rename(os.environ["CHAOS_PIDS"])
        assert "CHAOS_FAILS" not in os.environ
        await asyncio.Event().wait()
