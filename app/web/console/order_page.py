"""One order: its whole story, what it is made of, and what can be decided about it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.responses import Response

from app.domain.deadlines import deadline_of
from app.domain.record import OrderRecord
from app.errors import BridgeError
from app.flow.calls_shown import ShownAttempt, ShownCall, load_calls
from app.flow.case import gather_case, tell_story
from app.flow.preview import Preview, preview_json
from app.flow.story import FOUND_IN_LIST, name_of, tell_address, tell_attempt, tell_event
from app.flow.wording import PEER_NAMES, describe_failure
from app.store.returns import load_returns
from app.store.shipments import load_shipments
from app.web.console.finding import find_order_of
from app.web.console.offered import offered_else, offered_first
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline; `more` are the particulars of a call."""

    at: datetime
    kind: str
    text: str
    more: tuple[str, ...] = ()
    event_row_id: int | None = None
    """Of what came in: the event that has a page of its own."""
    calls: tuple[ShownCall, ...] = ()
    """What was asked and answered, as far as it is kept."""


def add_order_page(
    console: Console,
    preview: Callable[[OrderRecord], Awaitable[Preview]],
    at_risk_seconds: float,
    country_code: str,
) -> None:
    """Add it, and the page that compares with the marketplace, to *console*."""

    async def order_page(visit: Visit) -> Response:
        order = await find_order_of(visit)
        store, now = visit.store, visit.store.now()
        shipments = await load_shipments(store, order.order_id)
        case = await gather_case(store, order)
        told = tell_story(case, at_risk_seconds=at_risk_seconds, country_code=country_code)
        live = order.live
        deadline = deadline_of(order, now, at_risk_seconds)
        first = offered_first(order, is_near=deadline is not None)
        return visit.page(
            "order.html",
            order=order,
            name=name_of(order),
            deadline=deadline,
            present=[*told.deadline, *told.present],
            verdict=told.verdict,
            sent_words=told.shipments,
            new_address=tell_address(order.new_address) if order.new_address else None,
            shipments=shipments,
            returns=await load_returns(store, order.order_id),
            payload=flatten(live.payload) if live is not None else [],
            story=moments_of(
                order, case.events, case.history, await load_calls(store, order.order_id)
            ),
            first=first,
            others=offered_else(first),
        )

    async def preview_page(visit: Visit) -> Response:
        order = await find_order_of(visit)
        try:
            seen = preview_json(await preview(order))
        except BridgeError as trouble:
            back = (f"/orders/{order.marketplace_order_id}", f"Order {name_of(order)}")
            text = _tell_trouble(trouble)
            raise Refused(503, "Nothing could be compared", text, back) from None
        return visit.page(
            "preview.html",
            order=order,
            name=name_of(order),
            seen=seen,
            payload=flatten(seen["payload"] or {}),
        )

    console.add_page("/orders/{order}", order_page)
    console.add_page("/orders/{order}/preview", preview_page)


def _tell_trouble(trouble: BridgeError) -> str:
    """Return why nothing could be compared; unlike a step, a page is not tried again by itself."""
    failure = describe_failure(trouble)
    waits = trouble.resolution.startswith("Nothing to do")
    what = "Try again in a minute." if waits else trouble.resolution
    return f"{failure[0].upper()}{failure[1:]}. {what} Nothing was changed."


def moments_of(
    order: OrderRecord,
    events: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
    recorded: Sequence[ShownAttempt] = (),
) -> list[Moment]:
    """Return what came in and what was tried, in the order of time, as `why` tells it."""
    moments = [
        Moment(
            event["received_at"],
            "event",
            tell_event(event),
            event_row_id=event["id"],
        )
        for event in events
    ]
    if order.found_by != "webhook":
        moments.append(Moment(order.created_at, "event", FOUND_IN_LIST))
    calls = {one.step.attempt_id: one.calls for one in recorded}
    moments += [
        Moment(
            row["happened_at"],
            row["outcome"].replace(" ", "-"),
            tell_attempt(row),
            _call(row),
            calls=calls.get(row["id"], ()),
        )
        for row in history
    ]
    return sorted(moments, key=lambda moment: moment.at)


def _call(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the particulars of an attempt's last call that its sentence leaves out."""
    if row["call"] is None:
        return ()
    took = f"took {row['duration_ms']} ms"
    if row["peer"] in PEER_NAMES:
        return (took,)
    status = f", answered {row['status']}" if row["status"] is not None else ""
    return (f"{row['peer']}: {row['call']}{status}", took)


def flatten(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Return every text of a document with the way to it."""
    if isinstance(value, Mapping):
        pairs = [(f"{path}.{name}" if path else str(name), one) for name, one in value.items()]
    elif isinstance(value, Sequence) and not isinstance(value, str):
        pairs = [(f"{path}[{number}]", one) for number, one in enumerate(value, 1)]
    else:
        return [(path, "" if value is None else str(value))]
    return [flat for way, one in pairs for flat in flatten(one, way)]
