"""Waiting for something to come true, with an end."""

import asyncio
import time
from collections.abc import Callable

from tests.chaos.scale import PATIENCE_SECONDS


async def wait_until(
    condition: Callable[[], object],
    complaint: Callable[[], str] = lambda: "waited in vain",
    *,
    pause_seconds: float = 0.05,
) -> None:
    """Wait until *condition* holds; fail with the *complaint* when patience ends."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends, complaint()
        await asyncio.sleep(pause_seconds)
