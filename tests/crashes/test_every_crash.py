"""
The short form of the crash table: on SQLite a plain order's life, all of its calls and every other
death at a commit; on PostgreSQL what lies around the calls that cannot be undone. `make crashes`
plays the whole table.
"""

import os
from collections.abc import Sequence

import pytest

from tests.crashes import cases as every
from tests.crashes.life import Life, live
from tests.crashes.places import Place
from tests.crashes.play import play
from tests.crashes.points import Case, Passed, Point, Setting

SQLITE = Setting("sqlite")
POSTGRES = Setting("postgres")
KINDS = ("call: login", "call: read", "call: write", "commit", "read of the store")
LIVING = (
    "call: login",
    "call: write",
    pytest.param("call: read", marks=pytest.mark.long),
    pytest.param("commit", marks=pytest.mark.long),
)


def _play(cases: Sequence[Case], place: Place) -> None:
    assert cases
    results = (play(case, place) for case in cases)
    reports = [result.report() for result in results if result.broken]
    assert not reports, "\n\n".join(reports)


def _of_kind(life: Life, kind: str) -> list[Passed]:
    return [one for one in life.fuse.passed[0] if every.kind_of(one) == kind]


@pytest.mark.parametrize("kind", KINDS)
def test_process_dies_at_every_point_with_every_fate(
    faultless: Life, place: Place, kind: str
) -> None:
    """Wherever the process dies, the next one brings the order to its end, with nothing twice."""
    cases = every.dying_cases(SQLITE, _of_kind(faultless, kind))
    _play(cases[::2] if kind == "commit" and os.environ.get("TESTS") != "all" else cases, place)


@pytest.mark.parametrize("kind", LIVING)
def test_every_answer_is_lost_and_every_commit_fails(
    faultless: Life, place: Place, kind: str
) -> None:
    """Whatever a living process misses or cannot store, the order ends the same way."""
    _play(every.living_cases(SQLITE, _of_kind(faultless, kind)), place)


def test_every_webhook_or_its_answer_is_lost(faultless: Life, place: Place) -> None:
    """A webhook that was lost comes again, one that was stored is a duplicate."""
    _play(every.delivery_cases(SQLITE, faultless), place)


@pytest.mark.long
def test_irreversible_calls_on_postgres(postgres_place: Place) -> None:
    """Around the accept, the create and the confirm, PostgreSQL ends every case as SQLite does."""
    points = every.around_the_irreversible(live(Case(POSTGRES), postgres_place).fuse.passed[0])
    names = {one.name for one in points}
    assert names >= {*every.INTENTS, every.ANSWER}
    assert all(any(every.fits(name, (call,)) for name in names) for call in every.IRREVERSIBLE)
    _play(every.dying_cases(POSTGRES, points), postgres_place)
    calls = [one for one in points if one.kind == "call"]
    _play(every.living_cases(POSTGRES, calls), postgres_place)


def test_first_commit_of_each_kind_fails_on_postgres(postgres_place: Place) -> None:
    """What a process wrote in vain it does not take for written."""
    firsts: dict[str, Passed] = {}
    for one in live(Case(POSTGRES), postgres_place).fuse.passed[0]:
        if one.kind == "commit":
            firsts.setdefault(one.name, one)
    points = [Point("commit", one.number, "without-effect") for one in firsts.values()]
    _play([Case(POSTGRES, trouble=point) for point in points], postgres_place)


def test_second_process_dies_around_its_create(place: Place, faultless: Life) -> None:
    """Dying again where the next process looks, intends and creates changes nothing."""
    (create,) = [one for one in _of_kind(faultless, "call: write") if "order/add" in one.name]
    first = Point("call", create.number, "never-sent")
    recovery = play(Case(SQLITE, (first,)), place).recovery
    cases = every.second_deaths(SQLITE, first, every.around_the_create(recovery))
    _play(cases, place)
