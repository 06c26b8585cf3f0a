"""
What a company documents of its answers: one TOML file a company, beside this module.

The files were made from the documentation, not from this program: a field that is documented and
read by nobody here is known all the same. How they are written is told at the top of each.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from app.sentinel.sightings import Kind

_EVENT = "event"


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of object: which names it may have, and which words stand under some of them."""

    names: frozenset[str] = frozenset()
    relationships: frozenset[str] = frozenset()
    objects: Mapping[str, str] = field(default_factory=dict)
    """Field → the kind of object (or of each object of a list) that stands there."""
    values: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KnownForm:
    """All kinds of objects one company sends, by name (a *place*)."""

    company: str
    shapes: Mapping[str, Shape]
    ignores_case: bool = False
    """Whether the company's names mean the same in any case of letters."""

    def words(self, place: str, name: str) -> frozenset[str]:
        """Return the words known under field *name* of *place*, none where it is no enum."""
        return self.shapes[place].values.get(name, frozenset())

    def knows(self, kind: Kind, place: str, name: str) -> bool:
        """Tell whether this version knows what an earlier one, maybe, did not."""
        if kind is Kind.EVENT:
            return name in self.words(_EVENT, "type")
        if kind is Kind.VALUE:
            place, _, field_name = place.rpartition(".")
            shape = self.shapes.get(place)
            return shape is not None and name in shape.values.get(field_name, frozenset())
        shape = self.shapes.get(place)
        if shape is None:
            return False
        spelled = name.casefold() if self.ignores_case else name
        return spelled in shape.names or spelled in shape.relationships


@cache
def load_form(company: str) -> KnownForm:
    """Return what is known of *company*'s answers; the files are part of the package."""
    text = files(__package__).joinpath(f"{company}.toml").read_text("utf-8")
    tables = tomllib.loads(text)
    same: Mapping[str, str] = tables.pop("same", {})
    ignores_case = company == "active_ants"
    shapes = {place: _read_shape(table, ignores_case) for place, table in tables.items()}
    shapes |= {alias: shapes[place] for alias, place in same.items()}
    return KnownForm(company, shapes, ignores_case)


def _read_shape(table: Mapping[str, Any], ignores_case: bool) -> Shape:
    def spell(name: str) -> str:
        return name.casefold() if ignores_case else name

    objects = {spell(name): place for name, place in table.get("objects", {}).items()}
    values = {spell(name): frozenset(words) for name, words in table.get("values", {}).items()}
    names = frozenset(spell(name) for name in table.get("fields", ()))
    return Shape(
        names=names | objects.keys() | values.keys(),
        relationships=frozenset(table.get("relationships", ())),
        objects=objects,
        values=values,
    )
