"""A clock that is moved ahead, and what reads it over HTTP."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app import followed_clock
from app.clock import MovedClock
from app.followed_clock import ClockUnreadable, read_ahead_seconds

URL = "http://127.0.0.1:8801/_simulator/clock"
DAY_SECONDS = 86_400.0


def ahead_of(clock: MovedClock) -> float:
    return (clock.now() - datetime.now(UTC)).total_seconds()


def told(answer: httpx.Response | Exception) -> httpx.Client:
    """Return a client to which *answer* is given, whatever it asks."""

    def give(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx.Client(transport=httpx.MockTransport(give))


def test_moved_clock_is_ahead_in_both_its_times() -> None:
    """The time and the seconds for deadlines move together, or a token would outlive its end."""
    clock = MovedClock()
    before = clock.monotonic()
    clock.move_to(DAY_SECONDS)

    assert ahead_of(clock) == pytest.approx(DAY_SECONDS, abs=5)
    assert clock.monotonic() - before == pytest.approx(DAY_SECONDS, abs=5)
    assert clock.now().utcoffset() == timedelta(0)


def test_moved_clock_never_goes_back() -> None:
    """A sandbox that is started anew is not ahead any more; who followed the old one stays."""
    clock = MovedClock()
    clock.move_to(DAY_SECONDS)
    before = clock.now(), clock.monotonic()
    clock.move_to(0)

    assert (clock.now(), clock.monotonic()) >= before
    assert clock.ahead_seconds == DAY_SECONDS


async def test_sleeper_is_overtaken_by_a_move() -> None:
    """Who would sleep for an hour wakes once the clock is moved by two."""
    clock = MovedClock()
    sleeper = asyncio.create_task(clock.sleep(3600))
    for _ in range(5):  # until it sleeps
        await asyncio.sleep(0)
    clock.move_to(7200)

    await asyncio.wait_for(sleeper, 30)


def test_reading_how_far_ahead() -> None:
    """Only that figure counts; what else is told does not."""
    answer = httpx.Response(200, json={"ahead_seconds": 7200, "now": "never mind"})

    assert read_ahead_seconds(told(answer), URL) == 7200


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(404, json={"ahead_seconds": 1}),
        httpx.Response(200, text="<html>"),
        httpx.Response(200, json=[]),
        httpx.Response(200, json={"now": "2026-12-01T00:00:00Z"}),
        httpx.Response(200, json={"ahead_seconds": "soon"}),
        httpx.Response(200, json={"ahead_seconds": None}),
        httpx.Response(200, json={"ahead_seconds": -1}),
        httpx.Response(200, json={"ahead_seconds": 1e12}),
        httpx.Response(200, content=b'{"ahead_seconds": NaN}'),
        httpx.ConnectError("refused"),
    ],
    ids=lambda answer: str(getattr(answer, "text", answer))[:30],
)
def test_what_tells_no_time_is_refused(answer: Any) -> None:
    """The text names the address, so that a person sees which one is wrong."""
    with pytest.raises(ClockUnreadable, match=r"127\.0\.0\.1:8801"):
        read_ahead_seconds(told(answer), URL)


def test_following_goes_on_when_the_sandbox_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last reading holds meanwhile, and the next one counts again."""
    readings: list[Any] = [60.0, ClockUnreadable("away"), ClockUnreadable("away"), 120.0]
    seen: list[float] = []
    done = threading.Event()
    clock = MovedClock()

    def read(client: httpx.Client, url: str) -> float:
        seen.append(clock.ahead_seconds)
        if not readings:
            done.set()
            threading.Event().wait()  # for ever; the thread ends with the process
        reading = readings.pop(0)
        if isinstance(reading, Exception):
            raise reading
        return float(reading)

    monkeypatch.setattr(followed_clock, "read_ahead_seconds", read)
    monkeypatch.setattr(followed_clock, "ASK_SECONDS", 0)
    follower = threading.Thread(
        target=followed_clock._follow, args=(clock, httpx.Client(), URL), daemon=True
    )
    follower.start()

    assert done.wait(30)
    assert seen == [0, 60, 60, 60, 120]
