"""
What came in, for operators: listed, shown, and replayed.

A replay is a hint like the event itself: the order it names is woken and read again. No event is
stored a second time, and nothing is decided from a stored body.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Select, Table, func, insert, literal_column, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.decisions import Impossible, signed
from app.store.inbox import Disposition
from app.store.models import Attempt, Event, Order
from app.store.orders import wake_orders
from app.store.session import Store

KEPT_AS = (Disposition.STORED, Disposition.IGNORED)
"""What a stored event can be; a duplicate adds none."""
MAX_EVENT_PAGE = 200
MAX_REPLAYED_ORDERS = 10_000
_BATCH = 500


@dataclass(frozen=True, slots=True)
class EventShown:
    """An event without its body."""

    id: int
    event_id: str
    event_type: str
    disposition: str
    marketplace_order_id: str | None
    marketplace_reference: str | None
    occurred_at: datetime | None
    received_at: datetime
    processed_at: datetime | None
    """When its order was first looked at afterwards."""
    pruned_at: datetime | None
    """When its body was emptied for its age."""


@dataclass(frozen=True, slots=True)
class EventContent:
    """What came with an event. The body may name people; no header is a credential."""

    body: str = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; None means any. Times are of receipt, `until` not included."""

    event_type: str | None = None
    disposition: Disposition | None = None
    order_id: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    only_unprocessed: bool = False
    after_id: int | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Window:
    """How much a replay of a time window is about; events without an order are not counted."""

    events: int
    orders: int


_EVENTS = cast(Table, Event.__table__)
_COLUMNS = [
    Order.__table__.c[one.name] if one.name == "marketplace_reference" else _EVENTS.c[one.name]
    for one in fields(EventShown)
]
_SHOWN: Select[Any] = (
    select(*_COLUMNS).select_from(Event).outerjoin(Order, Order.id == Event.order_id)
)
_NAMES_ORDER = Event.order_id.is_not(None)


async def list_events(store: Store, wanted: EventFilter) -> tuple[list[EventShown], int | None]:
    """Return a page of events, newest first, and the id to go on after (None at the end)."""
    assert 1 <= wanted.limit <= MAX_EVENT_PAGE
    statement = _filtered(_SHOWN, wanted)
    async with store.read() as connection:
        if wanted.after_id is not None:
            last = await _received_at(connection, wanted.after_id)
            if last is None:
                return [], None
            # The first half alone is a range of the index.
            older = or_(Event.received_at < last, Event.id < wanted.after_id)
            statement = statement.where(Event.received_at <= last, older)
        statement = statement.order_by(Event.received_at.desc(), Event.id.desc())
        rows = (await connection.execute(statement.limit(wanted.limit + 1))).all()
    page = [EventShown(*row) for row in rows[: wanted.limit]]
    return page, (page[-1].id if len(rows) > wanted.limit else None)


def _filtered(statement: Select[Any], wanted: EventFilter) -> Select[Any]:
    if wanted.event_type is not None:
        statement = statement.where(Event.event_type == wanted.event_type)
    if wanted.disposition is not None:  # a word of the index of ignored events, no parameter
        statement = statement.where(Event.disposition == literal_column(f"'{wanted.disposition}'"))
    if wanted.order_id is not None:
        statement = statement.where(Event.order_id == wanted.order_id)
    if wanted.since is not None:
        statement = statement.where(Event.received_at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(Event.received_at < wanted.until)
    if wanted.only_unprocessed:
        statement = statement.where(Event.processed_at.is_(None))
    return statement


async def _received_at(connection: AsyncConnection, row_id: int) -> datetime | None:
    return (
        await connection.execute(select(Event.received_at).where(Event.id == row_id))
    ).scalar_one_or_none()


async def load_event(store: Store, row_id: int) -> EventShown | None:
    """Return one event without its body."""
    async with store.read() as connection:
        row = (await connection.execute(_SHOWN.where(Event.id == row_id))).first()
    return EventShown(*row) if row is not None else None


async def load_event_content(store: Store, row_id: int) -> EventContent | None:
    """Return what an event held as it came in, None once it was emptied for its age."""
    statement = select(Event.raw_body, Event.headers)
    kept = statement.where(Event.id == row_id, Event.pruned_at.is_(None))
    async with store.read() as connection:
        row = (await connection.execute(kept)).first()
    return EventContent(row.raw_body.decode("utf-8", "replace"), row.headers) if row else None


async def replay_event(store: Store, row_id: int, *, by: str, reason: str = "") -> str:
    """
    Wake the order that an event names, and note who did; return what follows.

    Raises:
        Impossible: There is no such event, or it names no order.
    """
    async with store.write() as connection:
        statement = select(Event.order_id, Event.event_type).where(Event.id == row_id)
        row = (await connection.execute(statement)).first()
        if row is None:
            raise Impossible(f"no event has the id {row_id}")
        if row.order_id is None:
            raise Impossible(f"the event ({row.event_type}) tells of no order of ours")
        await _wake(store, connection, [row.order_id], signed(_told(row.event_type), by, reason))
    return "the order it names is read again now"


def _told(event_type: str) -> str:
    return f"event {event_type} replayed"


async def count_window(
    store: Store, since: datetime, until: datetime, event_type: str | None = None
) -> Window:
    """Count what a replay of a time window would be about."""
    async with store.read() as connection:
        return await _count(connection, EventFilter(event_type, since=since, until=until))


async def _count(connection: AsyncConnection, wanted: EventFilter) -> Window:
    counts: Any = select(func.count(), func.count(Event.order_id.distinct()))
    row = (await connection.execute(_filtered(counts, wanted).where(_NAMES_ORDER))).one()
    return Window(events=row[0], orders=row[1])


async def replay_window(
    store: Store,
    since: datetime,
    until: datetime,
    *,
    event_type: str | None = None,
    expected_orders: int,
    by: str,
    reason: str = "",
) -> Window:
    """
    Wake every order that events received in a time window name, once each, all or none.

    Raises:
        Impossible: The window names another number of orders than expected, or too many.
    """
    wanted = EventFilter(event_type, since=since, until=until)
    async with store.write() as connection:
        window = await _count(connection, wanted)
        if window.orders > MAX_REPLAYED_ORDERS:
            raise Impossible(
                f"the window names {window.orders} orders; at most {MAX_REPLAYED_ORDERS} are "
                "replayed at once: narrow it"
            )
        if window.orders != expected_orders:
            raise Impossible(
                f"the window holds {window.events} events of {window.orders} orders, and "
                f"{expected_orders} were expected: look again, then confirm that number"
            )
        every: Select[Any] = select(Event.order_id).distinct()
        named = _filtered(every, wanted).where(_NAMES_ORDER)
        order_ids = sorted((await connection.execute(named)).scalars())
        done = _told(event_type) if event_type is not None else "events replayed"
        done += f", received {since:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC,"
        for start in range(0, len(order_ids), _BATCH):
            some = order_ids[start : start + _BATCH]
            await _wake(store, connection, some, signed(done, by, reason))
    return window


async def _wake(
    store: Store, connection: AsyncConnection, order_ids: Sequence[int], message: str
) -> None:
    await wake_orders(store, connection, order_ids)
    row = {
        "happened_at": store.now(),
        "step": "replay",
        "outcome": "decided",
        "message": message,
        "attempt_number": 0,
        "duration_ms": 0,
    }
    await connection.execute(
        insert(Attempt), [{"order_id": order_id, **row} for order_id in order_ids]
    )
