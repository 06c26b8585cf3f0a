"""
Following parcels after an order was shipped, until they are delivered.

The warehouse's own word on each parcel is asked for rarely and late, after everything else; a
change wakes the order, whose follow-up tells it on (docs/rules/shipments.md, 'Delivery').
"""

from datetime import timedelta

import structlog

from app.domain.completeness import merge_rows
from app.domain.deliveries import is_delivered
from app.errors import BridgeError, NotReady, Paused, PeerAway
from app.flow.progress import ANSWERED_BY_PARTIAL
from app.flow.shipments import judge_found
from app.ports import ReturnsDesk, Warehouse
from app.store.carrier_reports import keep_carrier_reports
from app.store.deliveries import WatchedOrder, list_watched, note_look
from app.store.session import Store
from app.store.shipments import StoredRow, load_shipments, save_shipments

LOOK_SECONDS = 3600.0
"""Nobody asks about the parcels of one order more often."""
LOOKS_PER_RUN = 60

log = structlog.get_logger(__name__)


class DeliveryWatch:
    """Asks the warehouse how the parcels of finished orders fare."""

    def __init__(
        self, store: Store, warehouse: Warehouse, returns: ReturnsDesk, *, watch_days: float
    ) -> None:
        """Follow each order for *watch_days* after it was closed."""
        self._store = store
        self._warehouse = warehouse
        self._returns = returns
        self._watch = timedelta(days=watch_days)

    async def look(self) -> str:
        """
        Look at the orders that are due, a small batch; return what was found in one line.

        Raises:
            PeerAway: The warehouse is away.
            Paused: It, or everything, was paused meanwhile.
        """
        due = await list_watched(self._store, limit=LOOKS_PER_RUN)
        delivered = changed = failed = 0
        for watched in due:
            try:
                news, is_done = await self._look_at(watched)
            except (PeerAway, Paused, NotReady):
                raise
            except BridgeError as failure:
                failed += 1
                log.warning("delivery.look_failed", order_id=watched.order_id, error=str(failure))
                await self._look_later(watched)
                continue
            changed += news
            delivered += is_done
        reports = await self._read_reports()
        told = f"{len(due)} orders looked at, {changed} with news, {delivered} delivered"
        return told + (f", {failed} failed" if failed else "") + reports

    async def _look_at(self, watched: WatchedOrder) -> tuple[bool, bool]:
        """Take in what the warehouse tells of one order; say whether it is new, and the end."""
        found = await self._warehouse.search_shipments(watched.external_order_number)
        changed = await save_shipments(self._store, await judge_found(self._store, found))
        rows = await load_shipments(self._store, watched.order_id)
        shipments = merge_rows(row.shipment for row in rows if _is_sent(row))
        if shipments and all(is_delivered(one) for one in shipments):
            now = self._store.now()
            await note_look(self._store, watched.order_id, look_at=None, delivered_at=now)
            return bool(changed), True
        await self._look_later(watched)
        return bool(changed), False

    async def _look_later(self, watched: WatchedOrder) -> None:
        now = self._store.now()
        is_over = watched.closed_at is None or now - watched.closed_at >= self._watch
        look_at = None if is_over else now + timedelta(seconds=LOOK_SECONDS)
        await note_look(self._store, watched.order_id, look_at=look_at)

    async def _read_reports(self) -> str:
        """Keep what carriers report, where that call is switched on; nothing is derived from it."""
        if not self._returns.tells_carrier_statuses:
            return ""
        try:
            statuses = await self._returns.read_carrier_statuses()
        except (PeerAway, Paused):
            raise
        except BridgeError as failure:
            log.warning("carrier_statuses.not_read", error=str(failure))
            return ", carriers' reports not read"
        return f", {await keep_carrier_reports(self._store, statuses)} carriers' reports"


def _is_sent(row: StoredRow) -> bool:
    """Tell whether a row counts: of a finished order a person has answered the doubts about it."""
    return row.judged.reason is None or row.judged.reason in ANSWERED_BY_PARTIAL
