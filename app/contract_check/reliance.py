"""
What this version relies on at Ankorstore: calls, what it sends with them, what it reads of them.

A field that is read is written `path: types`, and `path: types = place.field` where it is an enum
whose known words are those of the sentinel's form. `included[retailer]` are the included resources
of one type; `[]` is every entry of a list.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from app.sentinel import load_form


@dataclass(frozen=True, slots=True)
class Read:
    """One field of an answer that is read."""

    path: str
    types: frozenset[str]
    words: frozenset[str]
    """The words that are known there; empty where it is no enum."""


@dataclass(frozen=True, slots=True)
class ReliedCall:
    """One call as this version makes it."""

    what: str
    """What is lost with it, in the words of the service."""
    method: str
    path: str
    """With `{}` for every parameter."""
    status: int
    query: Mapping[str, str]
    bodies: tuple[Any, ...]
    """Bodies as they are sent: every field and every word that is ever sent is in one of them."""
    reads: tuple[Read, ...]
    undescribed: frozenset[str]
    """Fields that are read although no published file has described them."""


@dataclass(frozen=True, slots=True)
class Reliance:
    """All calls, and how they log in."""

    token_path: str
    media_type: str
    calls: tuple[ReliedCall, ...]


@cache
def load_reliance() -> Reliance:
    """Return what this version relies on; the file is part of the package."""
    tables = tomllib.loads(files(__package__).joinpath("ankorstore.toml").read_text("utf-8"))
    by_call = {table["call"]: table for table in tables["calls"]}
    return Reliance(
        token_path=tables["token_path"],
        media_type=tables["media_type"],
        calls=tuple(_read_call(table, by_call) for table in by_call.values()),
    )


def _read_call(table: Mapping[str, Any], by_call: Mapping[str, Any]) -> ReliedCall:
    reads = by_call[table["reads_as"]]["reads"] if "reads_as" in table else table.get("reads", ())
    method, _, path = table["call"].partition(" ")
    return ReliedCall(
        what=table["what"],
        method=method.lower(),
        path=path,
        status=table["answers"],
        query=table.get("query", {}),
        bodies=tuple(json.loads(body) for body in table.get("bodies", ())),
        reads=tuple(_read_read(line) for line in reads),
        undescribed=frozenset(table.get("undescribed", ())),
    )


def _read_read(line: str) -> Read:
    path, _, rest = line.partition(": ")
    types, _, enum = rest.partition(" = ")
    place, _, name = enum.rpartition(".")
    words = load_form("ankorstore").words(place, name) if place else frozenset()
    return Read(path, frozenset(types.split("|")), words)
