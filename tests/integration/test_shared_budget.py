"""One budget per company for all processes, in the database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from app.pacing import PacedBudget
from app.ports import Priority, RateWindow, call_priority
from app.shared_grants import SharedBook
from app.store.budget import SharedBudget
from app.store.session import Store
from tests.fake_clock import FakeClock

EVEN = (RateWindow("minute", 60.0, 60),)
LEASE_SECONDS = 30.0


class Replicas:
    """Several processes' budgets of one company."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.made: list[PacedBudget] = []

    def start(
        self, windows: tuple[RateWindow, ...] = EVEN, slots: int | None = None
    ) -> PacedBudget:
        """Return the budget of one more process."""
        shared = SharedBudget(self.store, "peer", windows, slots=slots, lease_seconds=LEASE_SECONDS)
        clock = self.store.clock
        book = SharedBook(clock, shared, windows[0], has_slots=slots is not None)
        self.made.append(PacedBudget(clock, book))
        return self.made[-1]


@pytest.fixture
async def replicas(store: Store) -> AsyncIterator[Replicas]:
    """Return processes that share each kind of database."""
    made = Replicas(store)
    yield made
    for budget in made.made:
        await budget.close()


async def test_three_processes_keep_to_the_limits_of_one(
    replicas: Replicas, clock: FakeClock
) -> None:
    """Whoever asks, no minute holds more calls than the limit, nor any longer window."""
    windows = (RateWindow("minute", 60.0, 30, 5), RateWindow("hour", 600.0, 80, 40))
    budgets = [replicas.start(windows) for _ in range(3)]
    times: list[float] = []

    async def call(budget: PacedBudget) -> None:
        for _ in range(30):
            await budget.take()
            times.append(clock.monotonic())

    await asyncio.gather(*(call(budget) for budget in budgets))

    assert len(times) == 90
    for window in windows:
        for start in times:
            assert sum(0 <= at - start <= window.seconds for at in times) <= window.limit


async def test_the_budget_outlives_the_process(replicas: Replicas, clock: FakeClock) -> None:
    """A process that starts, calls and dies over and over gets no call more."""
    started = clock.monotonic()
    for _ in range(10):
        await replicas.start().take()
    assert clock.monotonic() - started >= 9 * 60.0 / 59


async def test_a_first_commit_that_failed_is_made_up_for(
    replicas: Replicas, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that a failed transaction did not make are made by the next one."""
    budget = replicas.start(slots=1)
    write = store.write

    @asynccontextmanager
    async def failing() -> AsyncIterator[Any]:
        async with write() as connection:
            yield connection
            raise OperationalError("COMMIT", None, Exception("gone"))

    with monkeypatch.context() as patched:
        patched.setattr(store, "write", failing)
        with pytest.raises(OperationalError):
            await budget.take()
    await budget.take()


async def test_a_pause_holds_for_all(replicas: Replicas, clock: FakeClock) -> None:
    """One process is told to wait, all wait; a shorter pause does not end it."""
    first, second = replicas.start(), replicas.start()
    await first.pause(40)
    await second.pause(1)
    assert (await first.left(), await second.left()) == (0, 0)

    await second.take()

    assert clock.monotonic() >= 40


async def test_the_peers_own_count_slows_all_down(replicas: Replicas, clock: FakeClock) -> None:
    windows = (RateWindow("minute", 60.0, 63, 3),)
    first, second = replicas.start(windows), replicas.start(windows)
    assert await second.left() == 3

    await first.note_remaining(3)
    assert await second.left() == 3
    await first.note_remaining(0)

    assert await second.left() == 0


async def test_one_call_at_a_time_in_all_processes(replicas: Replicas, clock: FakeClock) -> None:
    """The slot of one is waited for by the others until it is given back."""
    windows = (RateWindow("minute", 60.0, 600, 100),)
    first, second = replicas.start(windows, slots=1), replicas.start(windows, slots=1)
    place = await first.take()
    taking = asyncio.ensure_future(second.take())
    await clock.sleep(10)
    assert not taking.done()

    place.give_back()
    await first.close()
    await clock.sleep(1)

    (await asyncio.wait_for(taking, 5)).give_back()


async def test_the_slot_of_a_dead_process_frees_itself(
    replicas: Replicas, clock: FakeClock
) -> None:
    """Nobody waits longer for it than its lease; what the dead one still does changes nothing."""
    dead, living = replicas.start(slots=1), replicas.start(slots=1)
    late = await dead.take()
    died_at = clock.monotonic()

    place = await living.take()
    assert LEASE_SECONDS - 1 <= clock.monotonic() - died_at <= LEASE_SECONDS + 1
    late.give_back()
    await dead.close()
    third = asyncio.ensure_future(replicas.start(slots=1).take())
    await clock.sleep(5)

    assert not third.done()
    place.give_back()
    await living.close()
    await third


async def test_the_urgent_of_one_process_go_before_the_others(
    replicas: Replicas, clock: FakeClock
) -> None:
    """A waiting call holds less urgent ones of other processes back until it went."""
    shared = [
        SharedBudget(replicas.store, "peer", EVEN, slots=None, lease_seconds=LEASE_SECONDS)
        for _ in range(2)
    ]
    urgent, patient = shared
    take = {"places": 1, "wants_slot": False}
    while (await patient.take(**take, priority=Priority.ORDERS)).waits_seconds:
        pass
    assert not (await urgent.take(**take, priority=Priority.TRACKING)).waits_seconds
    clock.advance(1.5)

    assert not (await patient.take(**take, priority=Priority.ORDERS)).waits_seconds
    assert not (await patient.take(**take, priority=Priority.UPKEEP)).waits_seconds
    assert (await urgent.take(**take, priority=Priority.TRACKING)).waits_seconds
    clock.advance(1.5)
    assert (await patient.take(**take, priority=Priority.ORDERS)).waits_seconds


async def test_a_mark_of_a_dead_process_fades(replicas: Replicas, clock: FakeClock) -> None:
    """It holds the others back for two seconds, not for ever."""
    budget = SharedBudget(replicas.store, "peer", EVEN, slots=None, lease_seconds=LEASE_SECONDS)
    take = {"places": 1, "wants_slot": False}
    while (await budget.take(**take, priority=Priority.TRACKING)).waits_seconds:
        pass
    clock.advance(2.5)
    assert (await budget.take(**take, priority=Priority.UPKEEP)).waits_seconds


async def test_a_caller_that_is_cut_off_leaks_no_slot(replicas: Replicas, clock: FakeClock) -> None:
    """Cut off while the database answers, its slot is given back, not left to its lease."""
    budget = replicas.start(slots=1)
    for rounds in range(1, 12):
        taking = asyncio.ensure_future(budget.take())
        for _ in range(rounds):
            await asyncio.sleep(0.001)
        taking.cancel()
        (ended,) = await asyncio.gather(taking, return_exceptions=True)
        if not isinstance(ended, BaseException):
            ended.give_back()
        clock.advance(2)
    await budget.close()
    started = clock.monotonic()

    await replicas.start(slots=1).take()

    assert clock.monotonic() - started < 5


async def test_tasks_of_one_process_share_one_question(
    replicas: Replicas, store: Store, clock: FakeClock
) -> None:
    """Twenty callers that wait are granted their places in blocks, not one by one."""
    windows = (RateWindow("minute", 60.0, 600, 60),)
    budget = replicas.start(windows)
    before = store.commit_count
    call_priority.set(Priority.ORDERS)

    await asyncio.gather(*(budget.take() for _ in range(20)))

    assert store.commit_count - before <= 3
    assert isinstance(clock.now(), datetime)
