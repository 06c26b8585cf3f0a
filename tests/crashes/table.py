"""The rows of the table: cases of one kind, how many there are, and how they ended."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from tests.crashes import cases as every
from tests.crashes.life import Life, live
from tests.crashes.places import open_place
from tests.crashes.plans import VARIANTS
from tests.crashes.points import Case, Passed, Point, Setting
from tests.crashes.promises import find_broken

HEAD = """\
| database | order | unique numbers | the process | kind of point | points | cases | wrong | CPU s |
|---|---|---|---|---|---:|---:|---:|---:|"""


@dataclass(slots=True)
class Row:
    """One line of the table: *points* of one *kind*, and the *cases* they make."""

    setting: Setting
    ending: str
    kind: str
    points: int
    cases: list[Case]
    wrong: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        setting = self.setting
        cells = (
            setting.database,
            setting.variant,
            setting.uniqueness,
            self.ending,
            self.kind,
            str(self.points),
            str(len(self.cases)),
            str(self.wrong),
            f"{self.seconds:.0f}",
        )
        return f"| {' | '.join(cells)} |"


def play_faultless(setting: Setting, server_url: str | None = None) -> Life:
    """Play a life without faults, which tells the points; nothing may be wrong with it."""
    with open_place(setting.database, server_url) as place:
        life = live(Case(setting), place)
        assert not (broken := find_broken(life)), broken
        assert not (unknown := every.find_unknown_calls(life.fuse.passed[0])), unknown
        return life


def rows_of(life: Life, points: Sequence[Passed], *, lives: bool) -> Iterator[Row]:
    """Return a row for each kind of point among *points*, and for each ending."""
    setting = life.case.setting
    for kind, group in groupby(sorted(points, key=every.kind_of), key=every.kind_of):
        some = list(group)
        yield Row(setting, "dies", kind, len(some), every.dying_cases(setting, some))
        if lives and (found := every.living_cases(setting, some)):
            yield Row(setting, "lives on", kind, len(some), found)
    if lives:
        found = every.delivery_cases(setting, life)
        yield Row(setting, "lives on", "webhook", life.fuse.deliveries, found)


def plan_rows(database: str, server_url: str | None) -> list[Row]:
    """Return every row with one fault, of one database."""
    rows: list[Row] = []
    for variant in VARIANTS:
        life = play_faultless(Setting(database, variant), server_url)
        rows += rows_of(life, life.fuse.passed[0], lives=True)
    for uniqueness in ("immediate", "late"):
        life = play_faultless(Setting(database, "plain", uniqueness), server_url)
        rows += rows_of(life, every.around_the_create(life.fuse.passed[0]), lives=False)
    return rows


def plan_firsts(database: str, server_url: str | None) -> dict[Case, str]:
    """Return the first of two deaths, each with what it is about, every write once."""
    found: dict[Case, str] = {}
    for variant in VARIANTS:
        setting = Setting(database, variant)
        points = play_faultless(setting, server_url).fuse.passed[0]
        named = [(point, every.short_name(points, point)) for point in every.first_deaths(points)]
        known = set(found.values())
        found |= {Case(setting, (point,)): name for point, name in named if name not in known}
    return found


def rows_of_seconds(
    firsts: dict[Case, str], recoveries: Iterable[tuple[Case, Sequence[Passed]]]
) -> list[Row]:
    """Return a row for each thing the first death is about."""
    rows: dict[str, Row] = {}
    for case, recovery in recoveries:
        name, first = firsts[case], case.deaths[0]
        row = rows.setdefault(name, Row(case.setting, "dies twice", f"after {name}", 0, []))
        cases = every.second_deaths(case.setting, first, recovery)
        row.points += len({_place_of(one.deaths[1]) for one in cases})
        row.cases += cases
    return list(rows.values())


def _place_of(point: Point) -> tuple[str, int]:
    return point.kind, point.number
