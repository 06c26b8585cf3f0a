"""
The warehouse's feed of shipments: read, store, wake the orders, then acknowledge only our own.

The feed is shared by every shop of the login. Acknowledging another shop's row hides it from
that shop for ever, so only rows surely ours go, and only once stored (docs/rules/shipments.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.dispatch import Ownership, PlacedNumbers, judge_row
from app.domain.shipment import FEED_WINDOW_ROWS, Shipment
from app.ports import Warehouse
from app.store.session import Store
from app.store.shipments import (
    JudgedShipment,
    PlacedOrder,
    find_placed,
    list_acknowledgeable,
    list_unshipped,
    mark_acknowledged,
    save_shipments,
)

MAX_WINDOWS = 50
SEARCHES_PER_POLL = 200

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class FeedReport:
    """What one poll did; `is_blocked` means the feed was full of rows that are not ours."""

    rows: int = 0
    changed: int = 0
    acknowledged: int = 0
    searched: int = 0
    is_blocked: bool = False

    def __str__(self) -> str:
        """Tell it in one line."""
        text = f"{self.rows} rows, {self.changed} new, {self.acknowledged} acknowledged"
        if self.searched:
            text += f", {self.searched} orders searched"
        if self.is_blocked:
            text += "; ALERT: the feed is full of shipments that are not ours"
        return text


class ShipmentFeed:
    """Polls the warehouse for what it has sent."""

    def __init__(
        self,
        store: Store,
        warehouse: Warehouse,
        *,
        reads_by_type: bool,
        tracking_wait_seconds: float,
    ) -> None:
        """
        Read the feed of our order type, or search order by order where there is none.

        A row stays on the feed for *tracking_wait_seconds* while parcels of it lack a tracking.
        """
        self._store = store
        self._warehouse = warehouse
        self._reads_by_type = reads_by_type
        self._tracking_wait = timedelta(seconds=tracking_wait_seconds)
        self._search_after_order_id = 0

    async def poll(self) -> FeedReport:
        """
        Take in everything the warehouse tells now.

        Raises:
            BridgeError: The warehouse could not be asked; what was stored stays stored.
        """
        report = FeedReport()
        if self._reads_by_type:
            await self._read_feed(report)
        if not self._reads_by_type or report.is_blocked:
            await self._search_orders(report)
        return report

    async def _read_feed(self, report: FeedReport) -> None:
        done: set[str] = set()
        for _ in range(MAX_WINDOWS):
            rows = await self._warehouse.list_shipments()
            report.rows += len(rows)
            report.changed += await save_shipments(
                self._store, await judge_found(self._store, rows)
            )
            ours = [id_ for id_ in await self._find_done(rows) if id_ not in done]
            if ours:
                await self._warehouse.acknowledge_shipments(ours)
                await mark_acknowledged(self._store, ours)
                report.acknowledged += len(ours)
                done.update(ours)
            if len(rows) < FEED_WINDOW_ROWS:
                return
            if not ours:
                report.is_blocked = True
                log.error("feed.blocked", rows=len(rows))
                return

    async def _find_done(self, rows: Sequence[Shipment]) -> list[str]:
        """
        Return the ids of the rows that have nothing more to tell.

        Only the feed names every parcel, a search one of them. A full window hides what follows
        it, which is worse than a parcel without its number.
        """
        readable = {row.warehouse_shipment_id: row for row in rows if not row.problems}
        ours = await list_acknowledgeable(self._store, list(readable))
        is_full = len(rows) >= FEED_WINDOW_ROWS
        since = self._store.now() - self._tracking_wait
        return sorted(
            id_
            for id_, stored_at in ours.items()
            if is_full or stored_at <= since or not readable[id_].lacks_tracking
        )

    async def _search_orders(self, report: FeedReport) -> None:
        """Search for each placed order in turn, going on where the last poll stopped."""
        waiting = await list_unshipped(
            self._store, after_order_id=self._search_after_order_id, limit=SEARCHES_PER_POLL
        )
        for placed in waiting:
            found = await self._warehouse.search_shipments(placed.external_order_number)
            report.searched += 1
            report.rows += len(found)
            report.changed += await save_shipments(
                self._store, await judge_found(self._store, found)
            )
            self._search_after_order_id = placed.order_id
        if len(waiting) < SEARCHES_PER_POLL:
            self._search_after_order_id = 0


async def judge_found(store: Store, rows: Sequence[Shipment]) -> list[JudgedShipment]:
    """Say whose each row is, leaving out what is surely another shop's."""
    if not rows:
        return []
    placed = await find_placed(
        store,
        order_marks=[row.order_mark for row in rows if row.order_mark is not None],
        external_order_numbers=[
            row.external_order_number for row in rows if row.external_order_number is not None
        ],
    )
    numbers = [_numbers_of(one) for one in placed]
    order_ids = {one.marketplace_order_id: one.order_id for one in placed}
    judged = []
    for row in rows:
        verdict = judge_row(row, numbers)
        is_of_ours = verdict.ownership in (Ownership.OURS, Ownership.REPLACED)
        if verdict.ownership is Ownership.FOREIGN or (
            verdict.ownership is Ownership.UNREADABLE and verdict.reason is None
        ):
            continue
        owner = order_ids.get(verdict.marketplace_order_id or "")
        concerns_order = is_of_ours or verdict.reason is not None
        judged.append(
            JudgedShipment(
                row, str(verdict.ownership), owner if concerns_order else None, verdict.reason
            )
        )
    return judged


def _numbers_of(one: PlacedOrder) -> PlacedNumbers:
    return PlacedNumbers(
        marketplace_order_id=one.marketplace_order_id,
        external_order_number=one.external_order_number,
        warehouse_order_number=one.warehouse_order_number,
        is_live=one.is_live,
        is_proven=one.answer in ("created", "adopted"),
        skus=one.skus,
    )
