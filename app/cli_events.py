"""The commands `antbridge events …`: what came in, and reading again what it named."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli_database import WRONG_USE, find_one, operator_name, with_store
from app.domain.signing import one_line
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

TIME_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
EventId = Annotated[int, typer.Argument(metavar="ID", min=1, help="As `events list` shows it.")]
TypeText = Annotated[str | None, typer.Option("--type", help="Only this type of event.")]
Since = Annotated[datetime | None, typer.Option(formats=TIME_FORMATS, help="UTC.")]
Reason = Annotated[str, typer.Option(help="Why; kept in the history of each order.")]

events_cli = typer.Typer(help="Look at what came in, and have it read again.", no_args_is_help=True)


@events_cli.command("list")
def list_command(
    event_type: TypeText = None,
    disposition: Annotated[
        Disposition | None, typer.Option(help="stored, or ignored: it tells of no order of ours.")
    ] = None,
    order: Annotated[str | None, typer.Option(help="Only events that tell of this order.")] = None,
    since: Since = None,
    until: Since = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_EVENT_PAGE)] = 50,
    after: Annotated[int | None, typer.Option(min=1, help="Go on after this id.")] = None,
) -> None:
    """List events, newest first: id, when, type, disposition, order, event's own id."""
    if disposition not in (None, *KEPT_AS):
        raise typer.BadParameter(f"--disposition: use one of {', '.join(KEPT_AS)}")

    async def show(store: Store) -> int:
        named = await find_one(store, order) if order is not None else None
        if order is not None and named is None:
            return WRONG_USE
        wanted = EventFilter(
            event_type=event_type,
            disposition=disposition,
            order_id=named.order_id if named is not None else None,
            since=_in_utc(since),
            until=_in_utc(until),
            after_id=after,
            limit=limit,
        )
        page, next_id = await list_events(store, wanted)
        for event in page:
            print("\t".join(_row(event)))
        if next_id is not None:
            print(f"There are more: --after {next_id}", file=sys.stderr)
        return 0

    with_store(show)


@events_cli.command("show")
def show_command(
    event: EventId,
    with_body: Annotated[
        bool, typer.Option("--body", help="Print the body too; it may name people.")
    ] = False,
) -> None:
    """Show one event."""

    async def show(store: Store) -> int:
        found = await load_event(store, event)
        if found is None:
            print(f"antbridge: no event has the id {event}", file=sys.stderr)
            return WRONG_USE
        for label, value in (
            ("id", found.id),
            ("event's own id", found.event_id),
            ("type", found.event_type),
            ("disposition", found.disposition),
            ("order", found.marketplace_reference or found.marketplace_order_id),
            ("happened", found.occurred_at),
            ("received", found.received_at),
            ("order looked at", found.processed_at),
            ("body emptied", found.pruned_at),
        ):
            if value is not None:
                print(f"{label:>16}: {value}")
        if with_body and (content := await load_event_content(store, event)) is not None:
            print(content.body)
        return 0

    with_store(show)


@events_cli.command("replay")
def replay_command(event: EventId, reason: Reason = "") -> None:
    """Have the order that an event names read again, as when it came in."""

    async def replay(store: Store) -> int:
        try:
            print(await replay_event(store, event, by=operator_name(), reason=one_line(reason)))
        except Impossible as impossible:
            print(f"antbridge: {impossible}", file=sys.stderr)
            return 1
        return 0

    with_store(replay)


@events_cli.command("replay-window")
def replay_window_command(
    since: Annotated[datetime, typer.Option(formats=TIME_FORMATS, help="UTC.")],
    until: Annotated[datetime, typer.Option(formats=TIME_FORMATS, help="UTC, not included.")],
    event_type: TypeText = None,
    is_confirmed: Annotated[
        bool, typer.Option("--yes", help="Do it; without this it is only counted.")
    ] = False,
    reason: Reason = "",
) -> None:
    """Have every order read again that events received in a time window name."""
    start, end = since.replace(tzinfo=UTC), until.replace(tzinfo=UTC)
    if start >= end:
        raise typer.BadParameter("--until must be later than --since")

    async def replay(store: Store) -> int:
        window = await count_window(store, start, end, event_type)
        print(f"{window.events} events name {window.orders} orders")
        if not is_confirmed:
            print("nothing was done; add --yes to have these orders read again", file=sys.stderr)
            return 1
        try:
            await replay_window(
                store,
                start,
                end,
                event_type=event_type,
                expected_orders=window.orders,
                by=operator_name(),
                reason=one_line(reason),
            )
        except Impossible as impossible:
            print(f"antbridge: {impossible}", file=sys.stderr)
            return 1
        print(f"{window.orders} orders are read again now")
        return 0

    with_store(replay)


def _row(event: EventShown) -> tuple[str, ...]:
    return (
        str(event.id),
        f"{event.received_at:%Y-%m-%d %H:%M:%S}",
        event.event_type,
        event.disposition,
        event.marketplace_reference or event.marketplace_order_id or "",
        event.event_id,
    )


def _in_utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at is not None else None
