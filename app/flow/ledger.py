"""
The completeness ledger: every order of one day, and the proof that none is missing.

The marketplace's own list is walked to its last page, whatever the statuses, because it can be
asked neither for a day nor in an order; what it lists of the day is held against what is held
here (docs/rules/ledger.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from app.domain.lifecycle import Outcome, State
from app.domain.order import ListedOrder
from app.ports import Marketplace
from app.store.ledger import HeldOrder, load_held, load_held_between
from app.store.reconcile import add_missing_orders
from app.store.session import Store

BATCH = 500


class Standing(StrEnum):
    """How an order of the day stands."""

    DONE = "done"
    """Closed with an outcome of its own: completed, cancelled, rejected."""
    OPEN = "open"
    """Something is owed, by the service or by a person."""
    IGNORED = "ignored"
    """Closed because it is not the service's to carry; the outcome says why."""
    SHADOWED = "shadowed"
    """Carried by today's connector and followed in shadow mode only: nothing is owed here."""
    MISSING = "missing"
    """Ankorstore lists it and nothing here knows it."""
    UNLISTED = "unlisted"
    """It is open here, and Ankorstore's list does not have it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One order of the day: what is held, what was listed, and how the two fit."""

    standing: Standing
    held: HeldOrder | None
    listed: ListedOrder | None
    note: str = ""
    """Why an order that is here and not in the list is no contradiction."""


@dataclass(slots=True)
class Ledger:
    """
    The orders of a day.

    `listed_in_all` counts what Ankorstore listed of any day, `unreadable` those entries that
    tell no id; None where Ankorstore could not be asked and nothing is proven.
    """

    day: date
    entries: list[Entry] = field(default_factory=list)
    listed_in_all: int | None = None
    unreadable: int = 0

    def of(self, *standings: Standing) -> list[Entry]:
        """Return the entries that stand so."""
        return [entry for entry in self.entries if entry.standing in standings]

    @property
    def listed(self) -> int:
        """Return how many orders of the day Ankorstore lists."""
        return sum(entry.listed is not None for entry in self.entries)

    @property
    def is_proven(self) -> bool:
        """Whether every order listed is here, and every order here is listed or explained."""
        is_asked = self.listed_in_all is not None and self.unreadable == 0
        return is_asked and not self.of(Standing.MISSING, Standing.UNLISTED)


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return when a day begins and ends, in UTC."""
    start_at = datetime.combine(day, time(), UTC)
    return start_at, start_at + timedelta(days=1)


async def draw_up_held(store: Store, *, source: str, day: date) -> Ledger:
    """Return the orders of a day as they are held here, with nothing proven."""
    held = await load_held_between(store, source, *day_bounds(day))
    return Ledger(day, [Entry(_standing_of(one), one, None) for one in _in_order(held)])


async def draw_up(store: Store, marketplace: Marketplace, *, source: str, day: date) -> Ledger:
    """
    Return the orders of a day, held against the marketplace's whole list.

    What is held is read again after the walk, so that an order that comes in meanwhile is not
    called missing.

    Raises:
        BridgeError: The list could not be read to its end.
    """
    start_at, end_at = day_bounds(day)
    before = await load_held_between(store, source, start_at, end_at)
    ledger = Ledger(day, listed_in_all=0)
    listed: dict[str, ListedOrder] = {}
    async for order in marketplace.walk_orders():
        ledger.listed_in_all = (ledger.listed_in_all or 0) + 1
        if order is None:
            ledger.unreadable += 1
        elif (
            order.submitted_at is None
            or start_at <= order.submitted_at < end_at
            or order.marketplace_order_id in before
        ):
            listed[order.marketplace_order_id] = order
    held = await load_held_between(store, source, start_at, end_at)
    known = held | await load_held(store, source, [id_ for id_ in listed if id_ not in held])
    for id_, order in listed.items():
        if order.submitted_at is None and id_ in known and id_ not in held:
            continue  # of another day, as was read when it was looked at
        found = known.get(id_)
        standing = Standing.MISSING if found is None else _standing_of(found)
        ledger.entries.append(Entry(standing, found, order))
    ledger.entries += [
        _unlisted(one, is_new=one.marketplace_order_id not in before)
        for one in _in_order(held)
        if one.marketplace_order_id not in listed
    ]
    return ledger


async def take_in_missing(store: Store, ledger: Ledger, *, source: str) -> int:
    """Have the missing orders looked at as if reconciling had found them; return how many."""
    missing = [entry.listed for entry in ledger.of(Standing.MISSING) if entry.listed is not None]
    added = 0
    for start in range(0, len(missing), BATCH):
        added += await add_missing_orders(store, source, missing[start : start + BATCH])
    return added


def _standing_of(order: HeldOrder) -> Standing:
    if order.shadowed_at is not None and order.attention_reason is None:
        return Standing.SHADOWED
    if order.state != State.CLOSED or order.attention_reason is not None:
        return Standing.OPEN
    is_ignored = (order.outcome or "").startswith(Outcome.IGNORED)
    return Standing.IGNORED if is_ignored else Standing.DONE


def _unlisted(order: HeldOrder, *, is_new: bool) -> Entry:
    standing = _standing_of(order)
    if is_new:
        return Entry(standing, order, None, "came in while the list was read")
    is_open = order.state != State.CLOSED
    if standing is not Standing.OPEN and not is_open:
        return Entry(standing, order, None, "closed, and listed at Ankorstore no more")
    return Entry(Standing.UNLISTED, order, None)


def _in_order(held: Mapping[str, HeldOrder]) -> list[HeldOrder]:
    return sorted(held.values(), key=lambda one: (one.marketplace_reference or "", one.state))
