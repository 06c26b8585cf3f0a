"""What the service and its operators ask of the store most often, by name."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

from app.domain.order import ListedOrder
from app.flow.forecast import Pace
from app.flow.watch import watch
from app.ports import RateWindow
from app.store.backlog import count_backlog, end_waiting, note_waiting
from app.store.claims import claim_orders, has_due_orders, release_order, renew_leases
from app.store.decisions import retry_order
from app.store.events import EventFilter, count_window, list_events
from app.store.inbox import Disposition, Inbox
from app.store.inbox_writing import IncomingEvent
from app.store.ledger import load_held, load_held_between
from app.store.order_lists import (
    count_attention,
    list_attention,
    list_oldest,
    list_stray_shipments,
)
from app.store.order_search import find_by_content, find_by_tracking
from app.store.orders import AttemptRow, Finish, finish_step
from app.store.pauses import load_pauses
from app.store.queries import (
    OrderFilter,
    find_order,
    list_orders,
    load_events,
    load_figures,
    load_history,
)
from app.store.reconcile import add_missing_orders, wake_differing, wake_unlisted
from app.store.retention import prune_attempts, prune_events, prune_names, prune_payloads
from app.store.session import Store
from app.store.shipments import (
    find_placed,
    list_acknowledgeable,
    list_unshipped,
    load_shipments,
    mark_acknowledged,
)
from app.store.tallies import advance_tallies
from app.store.trends import count_open, read_day
from bench.big_tables import OPEN_SHARE

Question = Callable[[Store], Awaitable[object]]
LEASE_SECONDS = 60.0
DAY_SECONDS = 86_400.0
LISTED = 500
KEPT_DAYS = 100
BEFORE_ALL_DAYS = 4000
SOURCE = "ankorstore"


def id_of(number: int) -> str:
    """Return the marketplace id of the order of this number."""
    return f"00000000-0000-4000-8000-{number:012d}"


def _listed() -> list[ListedOrder]:
    """Return what a list shows of open orders, most of them known and as they were."""
    numbers = range(OPEN_SHARE, OPEN_SHARE * (LISTED + 1), OPEN_SHARE)
    return [
        ListedOrder(id_of(number), f"R{number}", "brand_confirmed", None, None)
        for number in numbers
    ]


async def claim(store: Store) -> None:
    """Claim, keep, take a step of, and give back what is due."""
    held = await claim_orders(store, limit=8, worker_id="bench", lease_seconds=LEASE_SECONDS)
    await renew_leases(store, held, LEASE_SECONDS)
    attempt = AttemptRow("answer order", "done", "as told", 1, 1)
    finish = Finish(columns={}, attempt=attempt, next_attempt_at=store.now(), keeps_lease=True)
    woken = replace(held[0], wake_seq=held[0].wake_seq + 1)
    await release_order(store, await finish_step(store, woken, finish, LEASE_SECONDS))
    for order in held[1:]:
        await release_order(store, order)


async def claim_when_nothing_is_due(store: Store) -> None:
    """Look and claim with every open order held, or waiting for tomorrow."""
    await claim_orders(store, limit=10_000, worker_id="bench", lease_seconds=LEASE_SECONDS)
    assert not await has_due_orders(store)


async def take_in_events(store: Store) -> None:
    """Store new events of known and unknown orders, and duplicates."""
    inbox = Inbox(store)
    for event_id, number in (("new-1", 5), ("new-2", 10**9), ("event-1-7", 7)):
        await inbox.store_event(
            IncomingEvent(SOURCE, event_id, "order.shipped", id_of(number), b"{}", {}, store.now())
        )


async def reconcile(store: Store) -> None:
    """Compare listed orders with what is held."""
    await add_missing_orders(store, SOURCE, _listed())
    await wake_differing(store, SOURCE, _listed())
    numbers = range(OPEN_SHARE, 1_000_000, OPEN_SHARE)
    listed_ids = {id_of(number) for number in numbers if number % (10 * OPEN_SHARE)}
    await wake_unlisted(
        store,
        SOURCE,
        listed_ids,
        started_at=store.now() + timedelta(seconds=1),
        unread_seconds=86_400.0,
    )


async def prune(store: Store) -> None:
    """One batch of each kind, where there is work, and where there is none."""
    for days in (KEPT_DAYS, BEFORE_ALL_DAYS):
        before = store.now() - timedelta(days=days)
        await prune_events(store, before)
        await prune_payloads(store, before)
        await prune_names(store, before)
        await prune_attempts(store, before)


async def read_feed(store: Store) -> None:
    """Match a window of the feed, and what comes after."""
    await find_placed(
        store,
        order_marks=[id_of(number) for number in range(50, 100)],
        external_order_numbers=[f"AK{number}" for number in range(90, 150)],
    )
    ids = [f"S{number}" for number in range(50, 150)]
    await mark_acknowledged(store, await list_acknowledgeable(store, ids))
    await list_unshipped(store)


async def tell_of_one_order(store: Store) -> None:
    """All that is shown of one order."""
    for text in (id_of(4321), "R4321", "AK4321", "W4321", "N4321", "no such order"):
        await find_order(store, text)
    await load_history(store, 4321)
    await load_events(store, 4321)
    await load_shipments(store, 4321)


async def foresee(store: Store) -> None:
    """Count the backlog, and have it say whom it waits for and no longer."""
    await count_backlog(store)
    await note_waiting(store, "a company", only_to_place=False)
    await end_waiting(store, "a company")


async def watch_all(store: Store) -> None:
    """All that `/status`, `/metrics` and the alerts are made of."""
    window = RateWindow("minute", 60.0, 60)
    pace = Pace([window], [window], 300.0, False, 300.0, 50)
    await watch(store, pace, DAY_SECONDS)


async def decide(store: Store) -> None:
    """An operator's decision."""
    (order, *_), _ = await list_orders(store, OrderFilter(attention="any"))
    await retry_order(store, order, by="bench")


async def draw_up_ledger(store: Store) -> None:
    """A day of the ledger."""
    start_at = store.now() - timedelta(days=30)
    await load_held_between(store, SOURCE, start_at, start_at + timedelta(days=1))
    await load_held(store, SOURCE, [id_of(number) for number in range(100, 200)])


async def look_at_the_console(store: Store) -> None:
    """What its first page asks besides `/status`, and one day of its pictures."""
    for group in await count_attention(store):
        await list_attention(store, group.reason, 5)
    await list_oldest(store, 5)
    await count_open(store)
    start_at = store.now() - timedelta(days=30)
    await read_day(store, start_at, start_at + timedelta(hours=1))


async def search_in_the_console(store: Store) -> None:
    """What no order is called by: by tracking number, then through what is in the newest."""
    await find_by_tracking(store, "nothing")
    await find_by_content(store, "NOTHING")
    await find_by_content(store, "shop 777")
    await find_by_content(store, "shop", before_id=15_000)


async def list_in_the_console(store: Store) -> None:
    """What is paused, as on every page; events nobody looked at; shipments of nobody."""
    await load_pauses(store)
    await list_events(store, EventFilter(only_unprocessed=True))
    await list_stray_shipments(store, before_id=None, limit=50)


def _list(wanted: OrderFilter) -> Question:
    return lambda store: list_orders(store, wanted)


def _list_events(wanted: EventFilter) -> Question:
    return lambda store: list_events(store, wanted)


async def count_an_hour(store: Store) -> None:
    """An hour of events, before they are replayed."""
    end_at = store.now() - timedelta(days=30)
    await count_window(store, end_at - timedelta(hours=1), end_at)


QUESTIONS: dict[str, Question] = {
    "a look for due orders": has_due_orders,
    "claim, finish, release": claim,
    "claim when nothing is due": claim_when_nothing_is_due,
    "the inbox": take_in_events,
    "reconciling": reconcile,
    "pruning": prune,
    "the warehouse's feed": read_feed,
    "moving the tallies": advance_tallies,
    "/status": load_figures,
    "all that is watched": watch_all,
    "newest orders": _list(OrderFilter()),
    "a page further on": _list(OrderFilter(after_id=15_000)),
    "orders by state": _list(OrderFilter(state="placed")),
    "orders by a state nobody is in": _list(OrderFilter(state="dispatched")),
    "closed orders": _list(OrderFilter(state="closed")),
    "orders that need attention": _list(OrderFilter(attention="any")),
    "orders by reason": _list(OrderFilter(attention="stock_short")),
    "orders by a reason nobody has": _list(OrderFilter(attention="sku_unknown")),
    "orders by state and attention": _list(OrderFilter(state="placed", attention="any")),
    "orders by reference": _list(OrderFilter(q="R777")),
    "orders by number at the warehouse": _list(OrderFilter(q="AK777")),
    "orders by text that fits nothing": _list(OrderFilter(q="nothing")),
    "one order": tell_of_one_order,
    "newest events": _list_events(EventFilter()),
    "a page of events further on": _list_events(EventFilter(after_id=15_000)),
    "events by a type that never came": _list_events(EventFilter(event_type="nothing")),
    "ignored events": _list_events(EventFilter(disposition=Disposition.IGNORED)),
    "events of one order": _list_events(EventFilter(order_id=4321)),
    "an hour of events": count_an_hour,
    "the backlog": foresee,
    "a decision": decide,
    "the ledger": draw_up_ledger,
    "the console's overview": look_at_the_console,
    "the console's search": search_in_the_console,
    "the console's lists": list_in_the_console,
}
