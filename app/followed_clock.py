"""
The clock of a sandbox, followed from another process.

One thread asks for it every second, whatever else the process does; commands, which are over
before that, read it once. Only how far the sandbox is ahead comes over the wire, so that the time
itself neither jitters nor depends on how long an answer took.
"""

import math
import threading
import time
from functools import cache

import httpx
import structlog

from app.clock import AHEAD_SECONDS_MAX, MovedClock

ASK_SECONDS = 1.0
TIMEOUT_SECONDS = 2.0
log = structlog.get_logger()


class ClockUnreadable(Exception):
    """Nobody told the time; the text says why."""


@cache
def follow_clock(url: str) -> MovedClock:
    """
    Return the clock that is told at *url*, the same one for the whole process.

    Raises:
        ClockUnreadable: It cannot be read now. Once it could be, the last reading holds.
    """
    clock = MovedClock()
    client = httpx.Client(trust_env=False, timeout=TIMEOUT_SECONDS)
    clock.move_to(read_ahead_seconds(client, url))
    threading.Thread(target=_follow, args=(clock, client, url), name="clock", daemon=True).start()
    return clock


def read_ahead_seconds(client: httpx.Client, url: str) -> float:
    """
    Return by how many seconds the clock told at *url* is ahead of the machine's.

    Raises:
        ClockUnreadable: No answer, or none of a clock.
    """
    try:
        answer = client.get(url)
        told = answer.raise_for_status().json()
        ahead = float(told["ahead_seconds"])
    except httpx.HTTPStatusError as error:
        raise ClockUnreadable(f"{url} answered {error.response.status_code}") from None
    except httpx.HTTPError as error:
        raise ClockUnreadable(f"no clock answers at {url} ({type(error).__name__})") from None
    except (ValueError, TypeError, KeyError):
        raise ClockUnreadable(f"what answers at {url} is no clock") from None
    if not (math.isfinite(ahead) and 0 <= ahead <= AHEAD_SECONDS_MAX):
        raise ClockUnreadable(f"what answers at {url} is {ahead:g} seconds ahead")
    return ahead


def _follow(clock: MovedClock, client: httpx.Client, url: str) -> None:
    is_lost = False
    while True:
        time.sleep(ASK_SECONDS)
        try:
            ahead = read_ahead_seconds(client, url)
        except ClockUnreadable as trouble:
            if not is_lost:
                log.warning("clock.lost", error=str(trouble))
            is_lost = True
            continue
        if ahead > clock.ahead_seconds:
            log.info("clock.moved", seconds=round(ahead - clock.ahead_seconds))
        clock.move_to(ahead)
        is_lost = False
