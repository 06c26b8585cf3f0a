"""
What a street line was split into, by which reading, and what speaks against it.

The codes of readings and doubts are stable: operators, tests and the corpus name them
(docs/rules/addresses.md).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

Rule = Literal[
    "number_last", "number_first", "embedded_number_first", "none", "post_box", "too_long"
]
"""Which reading made a split; the last three leave the line whole."""


class Confidence(StrEnum):
    """How far a split can be trusted."""

    SURE = "sure"
    LIKELY = "likely"
    UNSURE = "unsure"
    """Two readings are about as good: a person must look where the number is needed."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that speaks against a split, and the most that can be said of one with it."""

    code: str
    confidence: Confidence
    sentence: str


_TABLE = (
    Doubt(
        "number_unread",
        Confidence.UNSURE,
        "The line holds a number that fits no reading.",
    ),
    Doubt(
        "several_numbers",
        Confidence.UNSURE,
        "Another number of the line could be the house number.",
    ),
    Doubt(
        "number_of_unit",
        Confidence.UNSURE,
        "The number stands behind the word for a unit, flat, box, plot, road or kilometre.",
    ),
    Doubt(
        "second_number_larger",
        Confidence.UNSURE,
        "A larger number follows; either of the two could be the house number.",
    ),
    Doubt(
        "number_is_year",
        Confidence.UNSURE,
        "The number could be a year in the street's name.",
    ),
    Doubt(
        "postal_code_like",
        Confidence.UNSURE,
        "A number could be a postcode.",
    ),
    Doubt(
        "street_without_name",
        Confidence.UNSURE,
        "What is left as the street is no name.",
    ),
    Doubt(
        "comma_in_street",
        Confidence.UNSURE,
        "The street holds a comma: other words than its name may stand in it.",
    ),
    Doubt(
        "second_number",
        Confidence.LIKELY,
        "A second, smaller number follows; it was taken as the addition.",
    ),
    Doubt(
        "year_in_street",
        Confidence.LIKELY,
        "The street ends in a year, which could be the house number.",
    ),
    Doubt(
        "number_like_year",
        Confidence.LIKELY,
        "The house number looks like a year.",
    ),
    Doubt(
        "words_moved",
        Confidence.LIKELY,
        "Words before the street were moved to the extra address.",
    ),
    Doubt(
        "unusual_order",
        Confidence.LIKELY,
        "The number stands on the other side of the street than is usual in this country.",
    ),
)

DOUBTS: dict[str, Doubt] = {doubt.code: doubt for doubt in _TABLE}

_ORDER = (Confidence.UNSURE, Confidence.LIKELY)


@dataclass(frozen=True, slots=True)
class StreetParts:
    """
    A street line in the warehouse's four parts; an absent text is empty.

    Two splits are equal when their parts are, however they were come by.
    """

    street: str = field(repr=False)
    house_number: int | None = field(default=None, repr=False)
    addition: str = field(default="", repr=False)
    extra: str = field(default="", repr=False)
    rule: Rule = field(default="none", compare=False)
    doubts: tuple[str, ...] = field(default=(), compare=False)
    """Codes of `DOUBTS`, none twice."""

    @property
    def confidence(self) -> Confidence:
        """The least that any doubt leaves."""
        left = {DOUBTS[code].confidence for code in self.doubts}
        return next((level for level in _ORDER if level in left), Confidence.SURE)

    @property
    def is_unsure(self) -> bool:
        """Whether the split is no more than a guess."""
        return self.confidence is Confidence.UNSURE
