"""
Cursor paging: which entries stand on a page, and the links to the pages beside it.

A cursor is the id of an entry and stays good when that entry has left the filtered list since.
"""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar
from urllib.parse import urlencode

from app.simulator.ankorstore.documents import Document
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.refusals import refuse
from app.simulator.exchange import Ask


class Numbered(Protocol):
    """What a cursor can name: it has an id, and a place in the order of creation."""

    id: str
    sequence: int


Entry = TypeVar("Entry", bound=Numbered)


def paginate(
    ask: Ask,
    matching: list[Entry],
    known: Mapping[str, Entry],
    habits: AnkorstoreHabits,
    base_url: str,
    cursor_of: Callable[[Entry], str] = lambda order: order.id,
) -> tuple[list[Entry], Document]:
    """
    Return the entries of the wanted page, and its ``meta`` and ``links``.

    *matching* is in order of creation; *known* holds whatever a cursor may name.
    """
    limit = _read_limit(ask, habits)
    direction = -1 if habits.newest_first else 1
    ordered = matching[::direction]
    after, before = ask.query.get("page[after]"), ask.query.get("page[before]")
    if after:
        edge = direction * _sequence(after, known)
        ordered = [one for one in ordered if direction * one.sequence > edge]
        page, has_more = ordered[:limit], len(ordered) > limit
    elif before:
        edge = direction * _sequence(before, known)
        ordered = [one for one in ordered if direction * one.sequence < edge]
        page, has_more = ordered[-limit:], True
    else:
        page, has_more = ordered[:limit], len(ordered) > limit
    first, last = (cursor_of(page[0]), cursor_of(page[-1])) if page else (None, None)
    links = {"first": _link(ask, base_url, limit)}
    if has_more and last is not None:
        links["next"] = _link(ask, base_url, limit, ("page[after]", last))
    if (after or before) and first is not None:
        links["prev"] = _link(ask, base_url, limit, ("page[before]", first))
    meta = {"page": {"from": first, "to": last, "hasMore": has_more, "perPage": limit}}
    return page, {"meta": meta, "links": links}


def _read_limit(ask: Ask, habits: AnkorstoreHabits) -> int:
    given = ask.query.get("page[limit]")
    if given is None:
        return habits.page_limit_default
    if not given.isdigit() or int(given) < 1:
        raise refuse(400, "The page limit must be a positive number.")
    if int(given) > habits.page_limit_max:
        if habits.refuses_large_pages:
            raise refuse(400, f"The page limit may not be above {habits.page_limit_max}.")
        return habits.page_limit_max
    return int(given)


def _sequence(cursor: str, known: Mapping[str, Numbered]) -> int:
    if cursor not in known:
        raise refuse(400, "The page cursor is not known.")
    return known[cursor].sequence


def _link(ask: Ask, base_url: str, limit: int, cursor: tuple[str, str] | None = None) -> str:
    kept = [(name, value) for name, value in ask.query.items() if not name.startswith("page[")]
    edge = [cursor] if cursor is not None else []
    query = urlencode([*kept, *edge, ("page[limit]", str(limit))])
    return f"{base_url}{ask.path}?{query}"
