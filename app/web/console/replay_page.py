"""The replay of all events of a time window, once the number of their orders is confirmed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from app.store.decisions import Impossible
from app.store.events import MAX_REPLAYED_ORDERS, Window, count_window, replay_window
from app.web.console.events_page import LONGEST_TYPE
from app.web.console.fields import WrongField, moment_of, reason_of_form, text_or_none
from app.web.console.visits import Console, Visit, require_operator

PATH = "/events/replay"
_FIELDS = ("type", "since", "until")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A time window of receipt, `until` not included, and a type of event, None for all."""

    since: datetime
    until: datetime
    event_type: str | None


def add_replay(console: Console, wake: Callable[[], None]) -> None:
    """Add it to *console*, before the page of one event; *wake* has a worker look for orders."""

    async def choose(visit: Visit) -> Response:
        require_operator(visit.person)
        given = {name: visit.query.get(name, "").strip() for name in _FIELDS}
        if not given["since"] or not given["until"]:
            return _show(visit, given)
        try:
            wanted = _wanted_of(given)
        except WrongField as wrong:
            return _show(visit, given, 422, wrong=wrong)
        return _show(visit, given, window=await _count(visit, wanted))

    async def replay(visit: Visit) -> Response:
        given = {name: visit.form.get(name, "") for name in (*_FIELDS, "reason")}
        try:
            wanted = _wanted_of(given)
        except WrongField as wrong:
            return _show(visit, given, 422, wrong=wrong)
        try:
            done = await replay_window(
                visit.store,
                wanted.since,
                wanted.until,
                event_type=wanted.event_type,
                expected_orders=_number_of(visit.form.get("count", "")),
                by=visit.person.name,
                reason=reason_of_form(visit.form),
            )
        except WrongField as wrong:
            return _show(visit, given, 422, wrong=wrong, window=await _count(visit, wanted))
        except Impossible as impossible:
            problem = f"Not possible: {impossible}."
            return _show(visit, given, 409, problem=problem, window=await _count(visit, wanted))
        wake()
        orders = "1 order is" if done.orders == 1 else f"{done.orders} orders are"
        return visit.say(f"Replay: {orders} read again now.", "/events")

    console.add_page(PATH, choose)
    console.add_action(PATH, replay)


def _show(visit: Visit, given: Mapping[str, str], status: int = 200, **context: Any) -> Response:
    shown: dict[str, Any] = {"problem": None, "wrong": None, "window": None, **context}
    return visit.page("replay.html", status, given=given, most=MAX_REPLAYED_ORDERS, **shown)


async def _count(visit: Visit, wanted: Wanted) -> Window:
    return await count_window(visit.store, wanted.since, wanted.until, wanted.event_type)


def _wanted_of(given: Mapping[str, str]) -> Wanted:
    """
    Return the window that a form names.

    Raises:
        WrongField: It is none.
    """
    since, until = moment_of(given, "since"), moment_of(given, "until")
    if since is None or until is None:
        raise WrongField("since" if since is None else "until", "give a time")
    if since >= until:
        raise WrongField("until", "give a time later than the first")
    return Wanted(since, until, text_or_none(given, "type", LONGEST_TYPE))


def _number_of(text: str) -> int:
    """Return the number that was confirmed; what is none fits no window."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 18 else -1
