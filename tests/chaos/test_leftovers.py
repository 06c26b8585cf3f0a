"""No process is left of a chaos test, however it ends."""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.chaos.patience import wait_until
from tests.chaos.replica import TREE
from tests.chaos.scale import PATIENCE_SECONDS

ENDLESS = Path(__file__).with_name("endless.py")


@dataclass(frozen=True, slots=True)
class Ending:
    """How a test ends: by a signal, or by a failing check; and with what status."""

    name: str
    signal_number: signal.Signals | None
    status: int


ENDINGS = (
    Ending("Ctrl-C", signal.SIGINT, 2),
    Ending("killed", signal.SIGKILL, -signal.SIGKILL),
    Ending("failed", None, 1),
)


async def test_no_process_is_left(tmp_path: Path) -> None:
    """Ctrl-C, a failing check, even the death of the tests themselves leaves no process."""
    await asyncio.gather(*(end_and_look(ending, tmp_path) for ending in ENDINGS))


async def end_and_look(ending: Ending, folder: Path) -> None:
    """Run the endless scenario, end it, and see what is left of its processes."""
    pids_file = folder / f"{ending.name}-pids"
    environment = {**os.environ, "CHAOS_PIDS": str(pids_file)}
    if ending.signal_number is None:
        environment["CHAOS_FAILS"] = "1"
    tests = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", str(ENDLESS), "-p", "no:cacheprovider"),
        *("-p", "no:hypothesispytest", "--basetemp", str(folder / ending.name)),
        cwd=TREE,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await wait_until(pids_file.exists)
        pids = [int(pid) for pid in pids_file.read_text().split()]
        assert pids
        if ending.signal_number is not None:
            tests.send_signal(ending.signal_number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await tests.wait() == ending.status
    finally:
        if tests.returncode is None:
            tests.kill()
            await tests.wait()

    await wait_until(lambda: not any(is_running(pid) for pid in pids), lambda: ending.name)


def is_running(pid: int) -> bool:
    """Tell whether a process of this id still does anything."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
