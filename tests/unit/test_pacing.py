"""The budget of calls a minute."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grants import LocalBook
from app.pacing import PATIENCE_SECONDS, PacedBudget, local_budget
from app.ports import Priority, RateWindow, call_priority
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


async def call_as(paced: PacedBudget, priority: Priority, told: list[Priority]) -> None:
    """Wait for a place in a task of its own priority."""
    call_priority.set(priority)
    place = await paced.take()
    told.append(priority)
    place.give_back()


async def test_the_urgent_go_first_whoever_came_first() -> None:
    """Tracking before orders before all else; also before one that is about to be served."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=61)
    await paced.take()
    told: list[Priority] = []
    came = (Priority.UPKEEP, Priority.ORDERS, Priority.TRACKING, Priority.ORDERS)
    await asyncio.gather(
        *(asyncio.ensure_future(call_as(paced, priority, told)) for priority in came)
    )

    assert told == [Priority.TRACKING, Priority.ORDERS, Priority.ORDERS, Priority.UPKEEP]


async def test_nobody_waits_for_ever() -> None:
    """A call that can wait goes first after two minutes, however many urgent ones come."""
    clock = FakeClock()
    paced = local_budget(clock, requests_per_minute=61)
    await paced.take()
    told: list[Priority] = []
    patient = asyncio.ensure_future(call_as(paced, Priority.UPKEEP, told))
    urgent = [
        asyncio.ensure_future(call_as(paced, Priority.TRACKING, told))
        for _ in range(2 * int(PATIENCE_SECONDS))
    ]
    await asyncio.gather(patient, *urgent)

    before = told.index(Priority.UPKEEP)
    assert PATIENCE_SECONDS - 5 <= before <= PATIENCE_SECONDS + 5


async def test_only_so_many_calls_are_under_way() -> None:
    """A caller waits for a slot until one is given back, and giving back twice frees one."""
    paced = local_budget(FakeClock(), requests_per_minute=600, burst=50, max_in_flight=2)
    first, _second = await paced.take(), await paced.take()
    third = asyncio.ensure_future(paced.take())
    fourth = asyncio.ensure_future(paced.take())
    await asyncio.sleep(0)
    assert (third.done(), paced.waiting()) == (False, 2)

    first.give_back()
    first.give_back()
    for _ in range(5):
        await asyncio.sleep(0)
    assert (third.done(), fourth.done()) == (True, False)
    fourth.cancel()


async def test_what_a_call_sends_besides_waits_for_no_slot() -> None:
    """The call that sends it holds the slot everybody in the queue waits for."""
    paced = local_budget(FakeClock(), requests_per_minute=600, max_in_flight=1)
    place = await paced.take()
    waiting = asyncio.ensure_future(paced.take())
    paid = asyncio.ensure_future(paced.take(is_paid=True))
    await asyncio.sleep(0)

    await asyncio.wait_for(paced.take_besides(), 1)
    assert not waiting.done()
    place.give_back()
    (await paid).give_back()
    await waiting


@given(st.lists(st.floats(0, 40), min_size=1, max_size=120))
def test_every_window_holds(pauses: list[float]) -> None:
    """With several windows none of them ever holds more calls than its limit."""
    windows = (RateWindow("short", 60.0, 20, 5), RateWindow("long", 600.0, 50, 25))
    clock = FakeClock()
    paced = PacedBudget(clock, LocalBook(clock, windows))

    async def call() -> list[float]:
        times = []
        for pause in pauses:
            if pause > 30:
                clock.advance(pause - 30)
            await paced.take()
            times.append(clock.monotonic())
        return times

    times = asyncio.run(call())
    for window in windows:
        for start in times:
            assert sum(0 <= at - start <= window.seconds for at in times) <= window.limit
