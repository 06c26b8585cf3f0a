"""
What was seen of a company that is not in its documentation, kept until it is written down.

A name is kept only where it cannot be about a person: a short identifier for a field, a word in
one of an enum's spellings for a value. Everything else is counted as `(other)`. The number of
names is bounded, so a company that uses ids as names cannot fill memory, database or metrics.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import structlog

from app.clock import Clock
from app.metrics import CONTRACT_SIGHTINGS

OTHER = "(other)"
MAX_NAMES_PER_PLACE = 40
MAX_NAME_CHARACTERS = 64

_FIELD = re.compile(r"[A-Za-z_][A-Za-z_:-]*(?:[0-9]{1,3}[A-Za-z_:-]*){0,4}")
_WORD = re.compile(
    r"[a-z]+[0-9]{0,3}(?:[._-][a-z]+[0-9]{0,3})*"  # ankor_confirmed, order.shipped, dhl-express
    r"|[A-Z]+[0-9]{0,3}(?:[_-][A-Z0-9]{1,24})*"  # PRE_TRANSIT, BUSEU1
    r"|[A-Z][a-z]+(?:[A-Z][a-z]+)*"  # New, InTransit
)
_LONG_NUMBER = re.compile(r"[0-9]{4}|[0-9a-f]{8}-[0-9a-f]{4}", re.IGNORECASE)
_KINDS = {str: "a text", bool: "a flag", int: "a number", float: "a number", list: "a list"}

log = structlog.get_logger(__name__)


class Kind(StrEnum):
    """What is not known."""

    EVENT = "event"
    VALUE = "value"
    FIELD = "field"


@dataclass(slots=True)
class Seen:
    """One thing not known: where it stands, what it is called, when and how often it was seen."""

    company: str
    kind: Kind
    place: str
    name: str
    first_seen_at: datetime
    last_seen_at: datetime
    count: int
    example: str
    """Where it came and what kind of value it was; never a value."""


class Sightings:
    """The notebook of one company in one process."""

    def __init__(self, company: str, clock: Clock) -> None:
        """Begin empty."""
        self.company = company
        self._clock = clock
        self._seen: dict[tuple[Kind, str, str], Seen] = {}
        self._names: dict[tuple[Kind, str], set[str]] = {}

    def note(self, kind: Kind, place: str, name: str, example: str) -> None:
        """Note that *name*, which nobody here knows, stood at *place*."""
        CONTRACT_SIGHTINGS.labels(self.company, kind).inc()
        name = self._bounded(kind, place, name if is_presentable(kind, name) else OTHER, example)
        now = self._clock.now()
        seen = self._seen.get((kind, place, name))
        if seen is None:
            seen = Seen(self.company, kind, place, name, now, now, 0, example)
            self._seen[kind, place, name] = seen
        seen.count += 1
        seen.last_seen_at = now

    def _bounded(self, kind: Kind, place: str, name: str, example: str) -> str:
        """Return *name*, or what stands for the rest where the place has many names already."""
        names = self._names.setdefault((kind, place), set())
        if name in names:
            return name
        if len(names) >= MAX_NAMES_PER_PLACE:
            return OTHER
        names.add(name)
        log.warning(
            "contract.unknown_seen",
            peer=self.company,
            kind=str(kind),
            place=place,
            name=name,
            example=example,
        )
        return name

    def drain(self) -> list[Seen]:
        """Return what was seen since the last time, and forget it."""
        seen, self._seen = self._seen, {}
        return list(seen.values())

    def put_back(self, seen: list[Seen]) -> None:
        """Take back what could not be written down."""
        for one in seen:
            newer = self._seen.get((one.kind, one.place, one.name))
            if newer is not None:
                one.count += newer.count
                one.last_seen_at = newer.last_seen_at
            self._seen[one.kind, one.place, one.name] = one


def is_presentable(kind: Kind, name: str) -> bool:
    """Tell whether *name* surely is a name, and nothing about a person or a single order."""
    pattern = _FIELD if kind is Kind.FIELD else _WORD
    return (
        len(name) <= MAX_NAME_CHARACTERS
        and pattern.fullmatch(name) is not None
        and _LONG_NUMBER.search(name) is None
    )


def describe(value: object) -> str:
    """Return what kind of value this is, never the value."""
    return "nothing" if value is None else _KINDS.get(type(value), "an object")
