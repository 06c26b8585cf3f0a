"""No process is left of a chaos test, however it ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from tests.chaos.fleet import TREE
from tests.chaos.patience import wait_until
from tests.chaos.scale import PATIENCE_SECONDS

ENDLESS = Path(__file__).with_name("endless.py")
INTERRUPTED = 2
FAILED = 1


@pytest.mark.parametrize(
    ("signal_number", "status"),
    [(signal.SIGINT, INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL), (None, FAILED)],
    ids=["Ctrl-C", "killed", "failed"],
)
async def test_no_process_is_left(
    signal_number: signal.Signals | None, status: int, tmp_path: Path
) -> None:
    """Ctrl-C, a failing check, even the death of the tests themselves leaves no process."""
    pids_file = tmp_path / "pids"
    environment = {**os.environ, "CHAOS_PIDS": str(pids_file)}
    if signal_number is None:
        environment["CHAOS_FAILS"] = "1"
    tests = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", str(ENDLESS), "-p", "no:cacheprovider"),
        *("-p", "no:hypothesispytest"),
        *("--basetemp", str(tmp_path / "inner")),
        cwd=TREE,
        env=environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await wait_until(pids_file.exists)
        pids = [int(pid) for pid in pids_file.read_text().split()]
        if signal_number is not None:
            tests.send_signal(signal_number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert await tests.wait() == status
    finally:
        if tests.returncode is None:
            tests.kill()
            await tests.wait()

    await wait_until(lambda: not any(is_running(pid) for pid in pids))


def is_running(pid: int) -> bool:
    """Tell whether a process of this id still does anything."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
