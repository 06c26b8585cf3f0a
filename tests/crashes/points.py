"""
Where a process can die or an answer can get lost, and the names of the cases made of that.

Whatever a process does outside itself is a call, a commit or a read of the store. A crash
anywhere between two of them is the same crash as one right before the second: what a process
holds in memory is gone either way. So these points are all there are.
"""

from dataclasses import dataclass
from typing import Self

CALL_FATES = ("never-sent", "lost-before", "lost-after", "late", "arrived")
"""
Of a call during which the process dies: it never left; it left and was never taken in; it was
taken in before the death; it is taken in some seconds after the death; its answer arrived and
the process died holding it.
"""
COMMIT_FATES = ("before", "without-effect", "with-effect")
READ_FATES = ("before",)
ANSWER_FATES = (
    "lost-before",
    "lost-after",
    "lost-before-silent",
    "lost-after-silent",
    "late-silent",
)
"""
Of a call whose sender lives on and hears nothing: it is told so by a reset, or, where silent,
waits until its timeout. Late: taken in after the sender has given up.
"""
DELIVERY_FATES = ("lost-before", "lost-after")
"""Of a webhook: it never came, or the marketplace never heard that it did."""
FATES = {"call": CALL_FATES, "commit": COMMIT_FATES, "read": READ_FATES}
LIVING_FATES = {"call": ANSWER_FATES, "commit": COMMIT_FATES, "delivery": DELIVERY_FATES}


@dataclass(frozen=True, slots=True)
class Point:
    """One point in a process's life, the number of its kind, and what happens there."""

    kind: str
    number: int
    fate: str

    def __str__(self) -> str:
        return f"{self.kind}-{self.number}-{self.fate}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` writes."""
        kind, number, fate = text.split("-", 2)
        return cls(kind, int(number), fate)


@dataclass(frozen=True, slots=True)
class Setting:
    """What an order's life is played with: the database, the order, the warehouse's habit."""

    database: str
    variant: str = "plain"
    uniqueness: str = "off"

    def __str__(self) -> str:
        return f"{self.database}/{self.variant}/{self.uniqueness}"


@dataclass(frozen=True, slots=True)
class Case:
    """
    One life of an order.

    *deaths* are the points at which the first process dies, then the one after it; or the
    process lives on and *trouble* is what happens to one of its calls or commits.
    """

    setting: Setting
    deaths: tuple[Point, ...] = ()
    trouble: Point | None = None

    def __str__(self) -> str:
        if self.trouble is not None:
            return f"{self.setting}/lives/{self.trouble}"
        return f"{self.setting}/dies/{'+'.join(str(point) for point in self.deaths)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` writes."""
        database, variant, uniqueness, end, points = text.split("/")
        setting = Setting(database, variant, uniqueness)
        if end == "lives":
            return cls(setting, trouble=Point.parse(points))
        return cls(setting, tuple(Point.parse(one) for one in points.split("+") if one))


@dataclass(frozen=True, slots=True)
class Passed:
    """A point a process passed, with what it did there."""

    kind: str
    number: int
    name: str
    is_ended: bool = True
    """False for a transaction that was given up by the process itself."""
