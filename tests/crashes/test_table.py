"""The table of crashes is whole, its cases are repeatable, and it can fail."""

import asyncio
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from app.simulator import SimulatedActiveAnts
from tests.crashes import cases as every
from tests.crashes.life import Life, live
from tests.crashes.places import Place
from tests.crashes.play import play
from tests.crashes.points import FATES, LIVING_FATES, Case, Passed, Point, Setting
from tests.crashes.promises import find_broken
from tests.fake_clock import FakeClock
from tests.simulation import planted
from tests.simulation.process import Crash, Process, ProcessStore, current_process, track_tasks
from tests.simulation.virtual_loop import VirtualClock, VirtualLoop
from tests.simulation.wire import Wire

SQLITE = Setting("sqlite")
POSTGRES = Setting("postgres")


@pytest.mark.parametrize("variant", ["plain", "parcels", "untold"])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_table_holds_every_call_and_every_commit(
    request: pytest.FixtureRequest, database: str, variant: str
) -> None:
    """The points are as many as the companies and the database counted, each with every fate."""
    place = request.getfixturevalue("place" if database == "sqlite" else "postgres_place")
    setting = Setting(database, variant)
    life = live(Case(setting), place)
    assert find_broken(life) == []
    counted = Counter(one.kind for one in life.fuse.passed[0])
    assert counted["call"] == life.calls_at_rest
    assert counted["commit"] == life.commits_at_rest
    assert every.find_unknown_calls(life.fuse.passed[0]) == []

    cases = every.dying_cases(setting, life.fuse.passed[0])
    assert {case.deaths[0] for case in cases} == {
        Point(kind, number, fate)
        for kind, fates in FATES.items()
        for number in range(1, counted[kind] + 1)
        for fate in fates
    }
    assert len(cases) == 5 * counted["call"] + 3 * counted["commit"] + counted["read"]
    living = every.living_cases(setting, life.fuse.passed[0])
    assert len(living) == 5 * counted["call"] + 3 * counted["commit"]
    assert len({case.trouble for case in living}) == len(living)
    assert LIVING_FATES.keys() == {"call", "commit", "delivery"}


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_points_are_the_same_every_time(request: pytest.FixtureRequest, database: str) -> None:
    """A case's number means the same point whenever it is played."""
    place = request.getfixturevalue("place" if database == "sqlite" else "postgres_place")
    first, second = (live(Case(Setting(database)), place) for _ in range(2))
    assert first.trace == second.trace
    assert first.fuse.passed == second.fuse.passed


def test_case_is_named_and_read_again(faultless: Life) -> None:
    """The name printed with a case is all it takes to play it again."""
    singles = every.dying_cases(SQLITE, faultless.fuse.passed[0])
    again = Point("call", 3, "late")
    named = [*singles, Case(SQLITE, (Point("commit", 7, "with-effect"), again))]
    named += every.living_cases(POSTGRES, faultless.fuse.passed[0])

    assert [Case.parse(str(case)) for case in named] == named


async def test_dead_process_has_no_effect(place: Place) -> None:
    """A dead process reads and writes nothing, sends nothing, and starts nothing."""
    company = SimulatedActiveAnts(clock=FakeClock())
    process = Process("dead", lambda process, name: None)
    process.die()
    clock = VirtualClock(VirtualLoop())
    store = ProcessStore(place.connection, clock, process, lambda process: "ok", lambda: False)
    wire = Wire(company, process, *[_refuse] * 3, lambda line: None)  # type: ignore[list-item]
    request = httpx.Request("POST", "http://127.0.0.1:2/token")
    commits = place.commits

    with pytest.raises(Crash):
        async with store.write():
            raise AssertionError("it wrote")
    with pytest.raises(Crash):
        async with store.read():
            raise AssertionError("it read")
    with pytest.raises(Crash):
        await wire.handle_async_request(request)
    assert (company.calls, place.commits) == ([], commits)

    done = []

    async def work() -> None:
        done.append("something")

    token = current_process.set(process)
    try:
        task = track_tasks(asyncio.get_running_loop(), work())
    finally:
        current_process.reset(token)
    await asyncio.wait([task])
    assert (task.cancelled(), done) == (True, [])


def _refuse(*args: object) -> None:
    raise AssertionError("it went on")


PLANTED: tuple[tuple[Callable[[], planted.Patches], str, str], ...] = (
    (planted.skip_the_look_before_create, "dies", "POST *order/add"),
    (planted.forget_the_settle_time, "lives", "POST *order/add"),
    (planted.take_a_lost_answer_for_not_sent, "lives", "POST *order/add"),
    (planted.take_a_lost_answer_for_done, "lives", "POST *order/add"),
    (planted.retry_a_lost_confirm_blindly, "dies", "POST *confirm"),
    (planted.acknowledge_shipments_before_storing, "dies", "POST *shipment/sync"),
    (planted.acknowledge_before_storing, "dies", "Inbox._commit"),
)


@pytest.mark.parametrize(
    ("bug", "ending", "where"), PLANTED, ids=[bug.__name__ for bug, _, _ in PLANTED]
)
def test_planted_bug_is_found(
    place: Place, bug: Callable[[], planted.Patches], ending: str, where: str
) -> None:
    """With the bug in the code, a case around the write it concerns ends wrong."""
    with planted.planted(bug):
        points = [one for one in live(Case(SQLITE), place).fuse.passed[0] if _fits(one, where)]
        make = every.dying_cases if ending == "dies" else every.living_cases
        cases = make(SQLITE, points)
        assert cases
        found = next(result for case in cases if (result := play(case, place)).broken)
    assert f"make crashes CASE={found.case}" in found.report()
    assert f"HERE {(*found.case.deaths, found.case.trouble)[0]}" in found.report()
    assert play(found.case, place).broken == ()


def _fits(passed: Passed, where: str) -> bool:
    return passed.kind != "read" and every.fits(passed.name, (where,))
