"""The operators' API about what came in: listed, shown with its body, replayed as a hint."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Path, Query
from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from app.store.decisions import Impossible
from app.store.events import (
    KEPT_AS,
    MAX_EVENT_PAGE,
    EventFilter,
    EventShown,
    count_window,
    list_events,
    load_event,
    load_event_content,
    replay_event,
    replay_window,
)
from app.store.inbox import Disposition
from app.store.session import Store
from app.web.operations import Text, find_named_order
from app.web.pauses import WRONG
from app.web.published import UNKNOWN_ORDER, Refusal, Responses, answers
from app.web.published_steering import (
    LONGEST_TYPE,
    EventPage,
    EventWhole,
    Moment,
    Replayed,
    WindowReplay,
    WindowReplayed,
    WindowShown,
)
from app.web.signed import ANONYMOUS, Signed

BIGGEST_ID = 2**63 - 1
NO_EVENT: Responses = {404: answers(Refusal, "No event has this id.")}
RowId = Annotated[int, Field(ge=1, le=BIGGEST_ID)]
"""Of the page before; limits stand at the number, or the published form would not tell them."""
Event = Annotated[int, Path(ge=1, le=BIGGEST_ID)]
Type = Annotated[Text, Query(max_length=LONGEST_TYPE)]
Since = Annotated[Moment | SkipJsonSchema[None], Query(description="Received then or later.")]
Until = Annotated[Moment | SkipJsonSchema[None], Query(description="Received before.")]


def events_router(store: Store, on_wake: Callable[[], None]) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get(
        "/events",
        response_model=None,
        responses={200: answers(EventPage, "A page."), 422: WRONG[422], **UNKNOWN_ORDER},
    )
    async def page_of_events(
        type: Type = None,
        disposition: Annotated[
            Text, Query(json_schema_extra={"enum": [str(one) for one in KEPT_AS]})
        ] = None,
        order: Annotated[Text, Query(max_length=200)] = None,
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, Query(ge=1, le=MAX_EVENT_PAGE)] = 50,
        after: Annotated[RowId | SkipJsonSchema[None], Query()] = None,
    ) -> dict[str, Any]:
        """List what came in, newest first, a page at a time; a duplicate adds nothing."""
        named = await find_named_order(store, order) if order else None
        wanted = EventFilter(
            event_type=_storable(type),
            disposition=_kept(disposition),
            order_id=named.order_id if named is not None else None,
            since=since,
            until=until,
            after_id=after,
            limit=limit,
        )
        page, next_id = await list_events(store, wanted)
        return {
            "events": [event_json(one) for one in page],
            "next": str(next_id) if next_id is not None else None,
        }

    @router.get(
        "/events/window",
        response_model=None,
        responses={200: answers(WindowShown, "What it holds."), 422: WRONG[422]},
    )
    async def window(
        since: Annotated[Moment, Query()],
        until: Annotated[Moment, Query()],
        type: Type = None,
    ) -> dict[str, Any]:
        """Count what a replay of a time window would be about."""
        _require_order(since, until)
        return asdict(await count_window(store, since, until, _storable(type)))

    @router.post(
        "/events/window/replay",
        response_model=None,
        responses={
            200: answers(WindowReplayed, "What was replayed."),
            409: answers(Refusal, "The window names other orders than expected, or too many."),
            **WRONG,
        },
    )
    async def replay_all(wanted: WindowReplay) -> dict[str, Any]:
        """Wake every order that events of a time window name, if they are as many as expected."""
        _require_order(wanted.since, wanted.until)
        try:
            done = await replay_window(
                store,
                wanted.since,
                wanted.until,
                event_type=_storable(wanted.event_type),
                expected_orders=wanted.expected_orders,
                by=wanted.by,
                reason=wanted.reason,
            )
        except Impossible as impossible:
            raise HTTPException(409, str(impossible)) from None
        on_wake()
        return {**asdict(done), "message": f"{done.orders} orders are read again now"}

    @router.get(
        "/events/{event}",
        response_model=None,
        responses={200: answers(EventWhole, "The event."), 422: WRONG[422], **NO_EVENT},
    )
    async def show_event(event: Event) -> dict[str, Any]:
        """Show one event with its body, which may name people."""
        shown = await _find(event)
        content = await load_event_content(store, event)
        return {**event_json(shown), "body": content.body if content is not None else None}

    @router.post(
        "/events/{event}/replay",
        response_model=None,
        responses={
            200: answers(Replayed, "What follows."),
            409: answers(Refusal, "It names no order."),
            **NO_EVENT,
            **WRONG,
        },
    )
    async def replay_one(event: Event, why: Signed | None = None) -> dict[str, str]:
        """Wake the order that an event names; recorded in its history."""
        await _find(event)
        by, reason = (why.by, why.reason) if why is not None else (ANONYMOUS, "")
        try:
            message = await replay_event(store, event, by=by, reason=reason)
        except Impossible as impossible:
            raise HTTPException(409, str(impossible)) from None
        on_wake()
        return {"message": message}

    async def _find(row_id: int) -> EventShown:
        if (found := await load_event(store, row_id)) is None:
            raise HTTPException(404, "no event has this id")
        return found

    return router


def event_json(one: EventShown) -> dict[str, Any]:
    """Return an event as the API shows it."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(one).items()
    }


def _kept(disposition: str | None) -> Disposition | None:
    if disposition and disposition not in KEPT_AS:
        raise HTTPException(422, f"disposition: must be one of {', '.join(KEPT_AS)}")
    return Disposition(disposition) if disposition else None


def _storable(text: str | None) -> str | None:
    """Return a type of event to look for; what no database can hold is refused."""
    if text and not text.isprintable():
        raise HTTPException(422, "type: holds a character that no type of event has")
    return text or None


def _require_order(since: datetime, until: datetime) -> None:
    if since >= until:
        raise HTTPException(422, "until: must be later than since")
