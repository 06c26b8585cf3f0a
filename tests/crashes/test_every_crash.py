"""
The short form of the crash table: all of a plain order's life on SQLite, and on PostgreSQL what
lies around the calls that cannot be undone. `make crashes` plays the whole table.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import httpx
import pytest

from app.simulator import SimulatedActiveAnts
from tests.crashes import cases as every
from tests.crashes.life import Life, live
from tests.crashes.places import Place, open_place
from tests.crashes.play import play
from tests.crashes.points import FATES, LIVING_FATES, Case, Passed, Point, Setting
from tests.crashes.promises import find_broken
from tests.fake_clock import FakeClock
from tests.simulation import planted
from tests.simulation.process import Crash, Process, ProcessStore, current_process, track_tasks
from tests.simulation.run import silence_logs
from tests.simulation.virtual_loop import VirtualClock, VirtualLoop
from tests.simulation.wire import Wire

SQLITE = Setting("sqlite")
POSTGRES = Setting("postgres")
KINDS = ("call: login", "call: read", "call: write", "commit", "read")


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Return a SQLite file."""
    with open_place("sqlite") as made:
        yield made


@pytest.fixture(scope="module")
def postgres_place(postgres_server: str) -> Iterator[Place]:
    """Return a PostgreSQL database."""
    with open_place("postgres", postgres_server) as made:
        yield made


@pytest.fixture(scope="module")
def faultless(place: Place) -> Life:
    """Return a plain order's life in which nothing goes wrong."""
    silence_logs()
    return live(Case(SQLITE), place)


def _play(cases: Sequence[Case], place: Place) -> None:
    assert cases
    results = (play(case, place) for case in cases)
    reports = [result.report() for result in results if result.broken]
    assert not reports, "\n\n".join(reports)


def _of_kind(life: Life, kind: str) -> list[Passed]:
    return [one for one in life.passed[0] if every.kind_of(one) == kind]


@pytest.mark.parametrize("kind", KINDS)
def test_process_dies_at_every_point_with_every_fate(
    faultless: Life, place: Place, kind: str
) -> None:
    """Wherever the process dies, the next one brings the order to its end, with nothing twice."""
    _play(every.dying_cases(SQLITE, _of_kind(faultless, kind)), place)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "read"])
def test_every_answer_is_lost_and_every_commit_fails(
    faultless: Life, place: Place, kind: str
) -> None:
    """Whatever a living process misses or cannot store, the order ends the same way."""
    _play(every.living_cases(SQLITE, _of_kind(faultless, kind)), place)


def test_every_webhook_or_its_answer_is_lost(faultless: Life, place: Place) -> None:
    """A webhook that was lost comes again, one that was stored is a duplicate."""
    _play(every.delivery_cases(SQLITE, faultless), place)


def test_irreversible_calls_on_postgres(postgres_place: Place) -> None:
    """Around the accept, the create and the confirm, PostgreSQL ends every case as SQLite does."""
    silence_logs()
    points = every.around_the_irreversible(live(Case(POSTGRES), postgres_place).passed[0])
    assert len(points) == 9
    _play(every.dying_cases(POSTGRES, points), postgres_place)
    calls = [one for one in points if one.kind == "call"]
    _play(every.living_cases(POSTGRES, calls), postgres_place)


def test_second_process_dies_around_its_create(place: Place, faultless: Life) -> None:
    """Dying again where the next process looks, intends and creates changes nothing."""
    (create,) = [one for one in _of_kind(faultless, "call: write") if "order/add" in one.name]
    first = Point("call", create.number, "never-sent")
    recovery = play(Case(SQLITE, (first,)), place).recovery
    cases = every.second_deaths(SQLITE, first, every.around_the_create(recovery))
    _play(cases, place)


# The table is whole, and it can fail


@pytest.mark.parametrize("variant", ["plain", "parcels", "untold"])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_table_holds_every_call_and_every_commit(
    request: pytest.FixtureRequest, database: str, variant: str
) -> None:
    """The points are as many as the companies and the database counted, each with every fate."""
    silence_logs()
    place = request.getfixturevalue("place" if database == "sqlite" else "postgres_place")
    setting = Setting(database, variant)
    life = live(Case(setting), place)
    assert find_broken(life) == []
    counted = Counter(one.kind for one in life.passed[0])
    assert counted["call"] == life.calls_at_rest
    assert counted["commit"] == life.commits_at_rest
    assert every.find_unknown_calls(life.passed[0]) == []

    cases = every.dying_cases(setting, life.passed[0])
    assert {case.deaths[0] for case in cases} == {
        Point(kind, number, fate)
        for kind, fates in FATES.items()
        for number in range(1, counted[kind] + 1)
        for fate in fates
    }
    assert len(cases) == 5 * counted["call"] + 3 * counted["commit"] + counted["read"]
    living = every.living_cases(setting, life.passed[0])
    assert len(living) == 5 * counted["call"] + 3 * counted["commit"]
    assert len({case.trouble for case in living}) == len(living)
    assert LIVING_FATES.keys() == {"call", "commit", "delivery"}


def test_points_are_the_same_every_time(place: Place, postgres_place: Place) -> None:
    """A case's number means the same point whenever it is played, on either database."""
    lives = [live(Case(SQLITE), place) for _ in range(2)]
    lives.append(live(Case(POSTGRES), postgres_place))
    assert lives[0].trace == lives[1].trace
    assert [life.passed for life in lives] == [lives[0].passed] * 3


def test_case_is_named_and_read_again(faultless: Life) -> None:
    """The name printed with a case is all it takes to play it again."""
    singles = every.dying_cases(SQLITE, faultless.passed[0])
    again = Point("call", 3, "late")
    named = [*singles, Case(SQLITE, (Point("commit", 7, "with-effect"), again))]
    named += every.living_cases(POSTGRES, faultless.passed[0])

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
    silence_logs()
    with planted.planted(bug):
        points = [one for one in live(Case(SQLITE), place).passed[0] if _fits(one, where)]
        make = every.dying_cases if ending == "dies" else every.living_cases
        cases = make(SQLITE, points)
        assert cases
        found = next(result for case in cases if (result := play(case, place)).broken)
    assert f"make crashes CASE={found.case}" in found.report()
    assert f"HERE {(*found.case.deaths, found.case.trouble)[0]}" in found.report()
    assert play(found.case, place).broken == ()


def _fits(passed: Passed, where: str) -> bool:
    return passed.kind != "read" and every.fits(passed.name, (where,))
