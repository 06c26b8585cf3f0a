"""
Compares what the marketplace lists with what is held, and repairs the difference.

Webhooks get lost; this is what finds their orders. It decides nothing: it creates the orders
nobody told of and wakes those whose news may have been missed (docs/rules/reconcile.md).
"""

from dataclasses import dataclass

from app.domain.order import ListedOrder
from app.domain.statuses import ACCEPTED_STATUS, LISTED_STATUSES, REFUSED_STATUS
from app.ports import Marketplace
from app.store.reconcile import add_missing_orders, wake_differing, wake_unlisted
from app.store.session import Store

BATCH = 500
UNREAD_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class ReconcileReport:
    """What one run found: orders listed, created, and woken because something differs."""

    listed: int
    created: int
    differing: int
    unlisted: int
    created_accepted: int = 0
    """How many of those created had been accepted by somebody else."""

    def __str__(self) -> str:
        """Tell it in one line."""
        return (
            f"{self.listed} listed, {self.created} found, "
            f"{self.differing} changed, {self.unlisted} no longer listed or long unread"
        )


async def reconcile(store: Store, marketplace: Marketplace, *, source: str) -> ReconcileReport:
    """
    Walk both lists to their end, then repair.

    Raises:
        BridgeError: A list could not be read to its end; nothing was changed.
    """
    started_at = store.now()
    listed: dict[str, ListedOrder] = {}
    for status in LISTED_STATUSES:
        async for order in marketplace.list_orders(status):
            listed[order.marketplace_order_id] = order
    created = created_accepted = differing = 0
    orders = list(listed.values())
    for start in range(0, len(orders), BATCH):
        batch = orders[start : start + BATCH]
        accepted = [order for order in batch if order.status == ACCEPTED_STATUS]
        waiting = [order for order in batch if order.status != ACCEPTED_STATUS]
        created_accepted += await add_missing_orders(store, source, accepted)
        created += await add_missing_orders(store, source, waiting)
        differing += await wake_differing(store, source, batch)
    unlisted = await wake_unlisted(
        store, source, set(listed), started_at=started_at, unread_seconds=UNREAD_SECONDS
    )
    created += created_accepted
    differing += await _wake_refused(store, marketplace, source=source)
    return ReconcileReport(len(orders), created, differing, unlisted, created_accepted)


async def _wake_refused(store: Store, marketplace: Marketplace, *, source: str) -> int:
    """
    Wake held orders whose delivery the retailer refused; those of other times are left alone.

    Such an order is closed here and in neither of the other lists: only its event tells of it,
    and events get lost.
    """
    refused = [order async for order in marketplace.list_orders(REFUSED_STATUS)]
    woken = 0
    for start in range(0, len(refused), BATCH):
        woken += await wake_differing(store, source, refused[start : start + BATCH])
    return woken
