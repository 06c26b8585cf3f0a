"""What came in: listed by filters, one shown whole, and the order of one read again."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.responses import Response

from app.store.decisions import Impossible
from app.store.events import (
    KEPT_AS,
    EventFilter,
    EventShown,
    list_events,
    load_event,
    load_event_content,
    replay_event,
)
from app.store.inbox import Disposition
from app.store.queries import AmbiguousOrder, find_order
from app.store.session import Store
from app.web.console.fields import WrongField, moment_of, reason_of_form, text_or_none
from app.web.console.order_list import link_to, number_of
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit

PAGE = 50
LONGEST_TYPE = 200
_FILTERS = ("type", "disposition", "order", "since", "until", "unprocessed")


def add_events(console: Console, wake: Callable[[], None]) -> None:
    """Add them to *console*; *wake* has a worker look for due orders."""

    async def listing(visit: Visit) -> Response:
        query = visit.query
        given = {name: value for name in _FILTERS if (value := query.get(name, "").strip())}
        shown: dict[str, Any] = {"wrong": None, "events": [], "older": None}
        after_id = number_of(query, "after")
        try:
            wanted = replace(await _filter_of(visit.store, given), after_id=after_id, limit=PAGE)
        except WrongField as wrong:
            return visit.page(
                "events.html", 422, **_around(given, None), **{**shown, "wrong": wrong}
            )
        events, next_id = await list_events(visit.store, wanted)
        if next_id is not None:
            shown["older"] = link_to("/events", **given, after=next_id)
        return visit.page("events.html", **_around(given, after_id), **{**shown, "events": events})

    async def one(visit: Visit) -> Response:
        return await _show(visit, await _event_of(visit))

    async def replay(visit: Visit) -> Response:
        event = await _event_of(visit)
        try:
            reason = reason_of_form(visit.form)
            told = await replay_event(visit.store, event.id, by=visit.person.name, reason=reason)
        except WrongField as wrong:
            return await _show(visit, event, 422, wrong=wrong)
        except Impossible as impossible:
            return await _show(visit, event, 409, problem=f"Not possible: {impossible}.")
        wake()
        return visit.say(f"Replay: {told}.", f"/events/{event.id}")

    console.add_page("/events", listing)
    console.add_page("/events/{event}", one)
    console.add_action("/events/{event}/replay", replay)


def _around(given: Mapping[str, str], after_id: int | None) -> dict[str, Any]:
    """Return what stands around a list: its filters as they were given, and the way back."""
    return {
        "given": given,
        "dispositions": [str(one) for one in KEPT_AS],
        "newest": link_to("/events", **given) if after_id is not None else None,
        "window": link_to(
            "/events/replay", **{k: given.get(k) for k in ("type", "since", "until")}
        ),
    }


async def _filter_of(store: Store, given: Mapping[str, str]) -> EventFilter:
    """
    Return the filter that a query holds.

    Raises:
        WrongField: What is in one cannot be right.
    """
    disposition = given.get("disposition")
    if disposition is not None and disposition not in KEPT_AS:
        raise WrongField("disposition", f"choose one of: {', '.join(KEPT_AS)}")
    since, until = moment_of(given, "since"), moment_of(given, "until")
    if since is not None and until is not None and since >= until:
        raise WrongField("until", "give a time later than the first")
    return EventFilter(
        event_type=text_or_none(given, "type", LONGEST_TYPE),
        disposition=Disposition(disposition) if disposition is not None else None,
        order_id=await _order_id_of(store, given.get("order")),
        since=since,
        until=until,
        only_unprocessed=given.get("unprocessed") == "yes",
    )


async def _order_id_of(store: Store, text: str | None) -> int | None:
    if text is None:
        return None
    try:
        found = await find_order(store, text)
    except AmbiguousOrder as several:
        raise WrongField("order", f"{several}; give the id in brackets") from None
    if found is None:
        raise WrongField("order", "no order has this reference, id or number; write it in full")
    return found.order_id


async def _show(visit: Visit, event: EventShown, status: int = 200, **context: Any) -> Response:
    content = await load_event_content(visit.store, event.id)
    return visit.page(
        "event.html",
        status,
        event=event,
        headers=sorted(content.headers.items()) if content is not None else [],
        body=content.body if content is not None and visit.person.may_decide else None,
        given=visit.form,
        **{"problem": None, "wrong": None, **context},
    )


async def _event_of(visit: Visit) -> EventShown:
    """
    Return the event that the path names.

    Raises:
        Refused: There is none.
    """
    row_id = number_of(visit.request.path_params, "event")
    found = await load_event(visit.store, row_id) if row_id is not None else None
    if found is None:
        raise Refused(404, "No such event", "Open it from the list of events.")
    return found
