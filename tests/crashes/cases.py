"""
Which cases there are: every point of a life without faults, times every fate.

A life without faults is played first and tells its points. Each is then played again with a
death, or a lost answer, exactly there. For the writes, the process after the death is killed
too, at every point of what it did in the life with one death.
"""

from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase

from tests.crashes.life import Life
from tests.crashes.points import (
    DELIVERY_FATES,
    FATES,
    LIVING_FATES,
    Case,
    Passed,
    Point,
    Setting,
)

IRREVERSIBLE = ("POST *-actions/transition", "POST *order/add", "POST *confirm")
WRITES = (*IRREVERSIBLE, "P* *master-orders*tracking", "POST *shipment/sync")
LOOK_BEFORE_CREATE, CREATE = "GET *order/search", "POST *order/add"
LOGIN = "POST *token"
ARRIVALS = ("Inbox._commit", "add_missing_orders")
"""The commits that make an order known."""
WORDS = {
    "the accept": IRREVERSIBLE[0],
    "the create": IRREVERSIBLE[1],
    "the confirm": IRREVERSIBLE[2],
    "the tracking": WRITES[3],
    "the acknowledgement": WRITES[4],
    "the inbox's commit": ARRIVALS[0],
    "the reconcile's commit": ARRIVALS[1],
    "the intent to accept": "intend_accept",
    "the intent to create": "intend_create",
    "the intent to confirm": "intend_confirm",
}
REPEATABLE = ("GET *", "POST *byordertype", "POST *shipping-quotes")
ANSWER = "finish_step"
INTENTS = ("intend_accept", "intend_create", "intend_confirm")
TOLD_APART = {
    "call": ("never-sent", "lost-after", "late"),
    "commit": ("without-effect", "with-effect"),
    "read": (),
}
"""
The fates that differ in what they leave behind. A dead process does not know whether its request
was lost or an answer was on its way, and a death before a read is one before what follows it. Lives
with one death are played with every fate all the same; lives with two with these.
"""


def kind_of(passed: Passed) -> str:
    """Return the kind a point is counted under."""
    if passed.kind != "call":
        return "read of the store" if passed.kind == "read" else passed.kind
    if fnmatchcase(passed.name, LOGIN):
        return "call: login"
    return "call: write" if fits(passed.name, WRITES) else "call: read"


def find_unknown_calls(points: Iterable[Passed]) -> list[str]:
    """Return the calls that are neither known as writes nor as repeatable."""
    known = (*WRITES, *REPEATABLE, LOGIN)
    return [one.name for one in points if one.kind == "call" and not fits(one.name, known)]


def dying_cases(setting: Setting, points: Sequence[Passed]) -> list[Case]:
    """Return a case for every point and every fate of a process that dies there."""
    return [Case(setting, (point,)) for one in points for point in _fates(one, FATES)]


def living_cases(setting: Setting, points: Sequence[Passed]) -> list[Case]:
    """Return a case for every lost answer and failed commit of a process that lives on."""
    troubles = [point for one in points for point in _fates(one, LIVING_FATES)]
    return [Case(setting, trouble=point) for point in troubles]


def delivery_cases(setting: Setting, life: Life) -> list[Case]:
    """Return a case for every webhook and every way to lose it or its answer."""
    return [
        Case(setting, trouble=Point("delivery", number, fate))
        for number in range(1, life.fuse.deliveries + 1)
        for fate in DELIVERY_FATES
    ]


def first_deaths(points: Sequence[Passed]) -> list[Point]:
    """Return the deaths around what must not happen twice or get lost."""
    commits = [one for one in points if one.kind == "commit"]
    grave = [next(one for one in commits if one.name in ARRIVALS)]
    grave += [one for one in commits if one.name in INTENTS]
    grave += [one for one in points if one.kind == "call" and fits(one.name, WRITES)]
    return [point for one in grave for point in _fates(one, TOLD_APART)]


def short_name(points: Sequence[Passed], point: Point) -> str:
    """Return in a word what a grave point is about."""
    (name,) = [one.name for one in points if (one.kind, one.number) == (point.kind, point.number)]
    return next((word for word, pattern in WORDS.items() if fnmatchcase(name, pattern)), name)


def second_deaths(setting: Setting, first: Point, recovery: Sequence[Passed]) -> list[Case]:
    """Return a case for every death of the process that takes over after *first*."""
    return [Case(setting, (first, point)) for one in recovery for point in _fates(one, TOLD_APART)]


def around_the_create(points: Sequence[Passed]) -> list[Passed]:
    """Return the points from the look before the create to the commit of its answer."""
    looked = _index(points, lambda one: fits(one.name, (LOOK_BEFORE_CREATE,)))
    return list(points[looked : _answered(points, CREATE)])


def around_the_irreversible(points: Sequence[Passed]) -> list[Passed]:
    """Return the calls and commits from each intent to the commit of its answer."""
    found: list[Passed] = []
    for intent, call in zip(INTENTS, IRREVERSIBLE, strict=True):
        start = _index(points, lambda one, intent=intent: _is_commit(one, intent))
        found += [one for one in points[start : _answered(points, call)] if one.kind != "read"]
    return found


def _answered(points: Sequence[Passed], call: str) -> int:
    """Return the number of points up to the commit that stores the answer to a call."""
    called = _index(points, lambda one: fits(one.name, (call,)))
    return 1 + called + _index(points[called:], lambda one: _is_commit(one, ANSWER))


def _is_commit(passed: Passed, name: str) -> bool:
    return passed.kind == "commit" and passed.name == name


def _fates(passed: Passed, fates: dict[str, tuple[str, ...]]) -> list[Point]:
    names = fates.get(passed.kind, ())
    if not passed.is_ended:  # a transaction the process gave up by itself is never committed
        names = tuple(name for name in names if name in ("before", "never-sent"))
    return [Point(passed.kind, passed.number, name) for name in names]


def fits(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _index(points: Sequence[Passed], fits: Callable[[Passed], bool]) -> int:
    return next(number for number, one in enumerate(points) if fits(one))
