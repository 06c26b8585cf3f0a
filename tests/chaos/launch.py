"""
Starts `antbridge` as the chaos tests need it: `python launch.py serve --port 0`.

The process dies with the one that started it, however that ends; its clock may be wrong by
`CHAOS_CLOCK_AHEAD_SECONDS`; and it may have one of the simulation's planted bugs, to show that it
would be found. Everything else is the service's own command line.
"""

import ctypes
import gc
import os
import signal
import sys
from datetime import UTC, datetime, timedelta

CLOCK_AHEAD = "CHAOS_CLOCK_AHEAD_SECONDS"
PLANTED_BUG = "CHAOS_PLANTED_BUG"
STARTED_BY = "CHAOS_STARTED_BY"
_PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it is gone (Linux only)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(os.environ[STARTED_BY]):  # gone before the kernel was asked
        os.kill(os.getpid(), signal.SIGKILL)


def shift_clock(seconds: float) -> None:
    """Let this machine's clock, as the service reads it, be wrong by so many seconds."""
    from app.clock import SystemClock

    def now(self: SystemClock) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=seconds)

    SystemClock.now = now  # type: ignore[method-assign]


def plant(bug: str) -> None:
    """Give the service a bug, by its name in `tests/simulation/planted.py`."""
    from tests.simulation import planted

    for patch in getattr(planted, bug)():
        patch.start()


if __name__ == "__main__":
    die_with_parent()
    if ahead := float(os.environ.get(CLOCK_AHEAD, "0")):
        shift_clock(ahead)
    if bug := os.environ.get(PLANTED_BUG):
        plant(bug)
    gc.disable()  # a fifth of the start is collecting what imports made
    from app.cli import main

    gc.enable()
    main()
