"""The budget of calls a minute."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.pacing import local_budget
from tests.fake_clock import FakeClock


def most_in_a_minute(times: list[float]) -> int:
    """Return the largest number of calls in any minute, both ends included."""
    return max(sum(1 for other in times if 0 <= other - start <= 60.0) for start in times)


@st.composite
def budgets(draw: st.DrawFn) -> tuple[int, int]:
    rate = draw(st.integers(1, 90))
    return rate, draw(st.integers(1, max(1, rate - 1)))


@given(budgets(), st.lists(st.floats(0, 90), min_size=1, max_size=250), st.floats(0, 1e6))
def test_no_minute_ever_holds_more_calls_than_allowed(
    budget: tuple[int, int], pauses: list[float], uptime: float
) -> None:
    """Wherever the minute starts and however the calls come, the rate is the limit."""
    rate, burst = budget
    clock = FakeClock()
    clock.advance(uptime)
    paced = local_budget(clock, requests_per_minute=rate, burst=burst)

    async def call_in_bursts() -> list[float]:
        times = []
        for pause in pauses:
            if pause > 60:  # else the caller is in a hurry
                clock.advance(pause - 60)
            await paced.take()
            times.append(clock.monotonic())
        return times

    assert most_in_a_minute(asyncio.run(call_in_bursts())) <= rate


async def test_many_callers_are_served_in_turn_and_evenly() -> None:
    """Callers that wait together get their places one spacing apart."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=61)
    order: list[int] = []

    async def call(number: int) -> None:
        await paced.take()
        order.append(number)

    await asyncio.gather(*(call(number) for number in range(20)))

    assert order == list(range(20))
    assert clock.monotonic() == pytest.approx(19 * 1.001)


async def test_a_pause_holds_everybody_back_also_those_who_wait_already() -> None:
    """The peer's pause counts from when it was asked for, whoever waits."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=600)
    await paced.take()
    waiting = asyncio.ensure_future(paced.take())
    await asyncio.sleep(0)

    await paced.pause(30)
    await waiting

    assert clock.monotonic() >= 30


async def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=600)

    await paced.pause(30)
    await paced.pause(1)
    await paced.take()

    assert clock.monotonic() == 30


async def test_left_counts_down_and_recovers() -> None:
    """What could be called at once now: the burst, less what was taken, back with time."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=63, burst=3)
    assert await paced.left() == 3

    await paced.take()
    await paced.take()
    assert await paced.left() == 1

    clock.advance(1.01)
    assert await paced.left() == 2
    await paced.pause(5)
    assert await paced.left() == 0


async def test_the_peers_own_count_ends_the_burst() -> None:
    """With nothing left at the peer the next call waits one spacing."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=63, burst=3)

    await paced.note_remaining(0)
    assert await paced.left() == 0
    await paced.take()

    assert clock.monotonic() == pytest.approx(1.001)


async def test_a_caller_that_gives_up_leaves_its_place_to_the_next() -> None:
    """A cancelled wait takes nothing."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=60)
    await paced.take()
    waiting = asyncio.ensure_future(paced.take())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    started = clock.monotonic()
    await paced.take()

    assert clock.monotonic() - started <= 1.1


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (5, 5), (5, 0), (1, 2)])
def test_a_budget_that_could_be_exceeded_cannot_be_made(rate: int, burst: int) -> None:
    with pytest.raises(AssertionError):
        local_budget(FakeClock(), requests_per_minute=rate, burst=burst)
