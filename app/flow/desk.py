"""The desk at which one claimed order is worked on: `ports.Desk` on the real store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from app.domain.pauses import Pausable
from app.domain.record import OrderRecord
from app.domain.returns import OpenedBy, ReturnCase
from app.domain.shadow import ShadowRecord
from app.domain.sku_entries import SkuEntry
from app.errors import BridgeError, WokenMeanwhile
from app.flow.facts import WarehouseFacts
from app.flow.notebook import Commit, Notebook
from app.flow.shipments import judge_found
from app.flow.sku_book import SkuBook
from app.pause_board import PauseBoard
from app.ports import Marketplace, SkuFacts, StoredShipment, Turn, Warehouse
from app.step_record import IntentRecord, StepRecord, tell_error
from app.store.returns import load_returns, open_returns
from app.store.session import Store
from app.store.shadow import load_shadow
from app.store.shipments import load_shipments, save_shipments

_COLUMNS = tuple(one.name for one in fields(OrderRecord))


@dataclass(frozen=True, slots=True)
class DeskTimes:
    """How long a write may take to be sent, and how long a lease lasts, in seconds."""

    http_timeout_seconds: float
    lease_seconds: float


class OrderDesk(Notebook):
    """
    One order's desk on the real store.

    `record` keeps what the step under way was told and asked (`app/step_record.py`).
    """

    def __init__(
        self,
        held: OrderRecord,
        *,
        store: Store,
        marketplace: Marketplace,
        warehouse: Warehouse,
        facts: WarehouseFacts,
        times: DeskTimes,
        is_crowded: Callable[[], bool] = lambda: False,
        sku_book: SkuBook | None = None,
        pauses: PauseBoard | None = None,
    ) -> None:
        """Work on *held* in *store*; *is_crowded* tells whether more is due than may be called."""
        super().__init__(held, marketplace, warehouse)
        self._store = store
        self._facts = facts
        self._times = times
        self._is_crowded = is_crowded
        self.sku_book = sku_book or SkuBook(store)
        self.pauses = pauses or PauseBoard(store)
        self.record = StepRecord(held, store.now())

    def start_step(self, held: OrderRecord) -> None:
        """Go on with the order as it was recorded; readings are kept, notes are not."""
        super().start_step(held)
        self.record = StepRecord(held, self._store.now(), self.record.step_number + 1)

    @property
    def is_crowded(self) -> bool:
        """Whether more orders are due than the warehouse's budget lets through."""
        self.record.crowded.append(self._is_crowded())
        return self.record.crowded[-1]

    def now(self) -> datetime:
        """Return the time all workers agree on."""
        return self.record.tell_time(self._store.now())

    async def require_running(self, flow: Pausable) -> None:
        """Do nothing while the order's writes of that kind are not paused."""
        try:
            await self.pauses.require_running(flow, flow)
        except BridgeError as error:
            self.record.paused.append(tell_error(error))
            raise
        self.record.paused.append(None)

    async def load_shadow(self) -> ShadowRecord | None:
        """Return what shadow mode keeps of the order, None before it was first seen in it."""
        kept = await load_shadow(self._store, self.held.order_id)
        self.record.shadows.append(kept)
        return kept

    async def _entries(self, skus: Sequence[str]) -> tuple[int, Mapping[str, SkuEntry]]:
        table = await self.sku_book.table()
        entries = {sku: table.entries[sku] for sku in skus if sku in table.entries}
        self.record.entries.append((table.version, entries))
        return table.version, entries

    async def facts(self, skus: Iterable[str]) -> Mapping[str, SkuFacts]:
        """Return what the warehouse says of *skus*."""
        facts = await self._facts.of(list(skus), order_id=self.held.order_id)
        self.record.facts.append(facts)
        return facts

    async def shipments(self) -> Sequence[StoredShipment]:
        """Return what is stored of the order's shipments, oldest first."""
        stored = tuple(
            StoredShipment(
                row.shipment, row.judged.reason, row.stored_at, row.settled_at is not None
            )
            for row in await load_shipments(self._store, self.held.order_id)
        )
        self.record.shipments.append(stored)
        return stored

    async def search_shipments(self) -> Sequence[StoredShipment]:
        """Ask the warehouse for the order's shipments, store what it tells, return all."""
        assert self.held.live is not None
        number = self.held.live.external_order_number
        found = await self.warehouse.search_shipments(number)
        await save_shipments(self._store, await judge_found(self._store, found), wakes=False)
        return await self.shipments()

    async def returns(self) -> Sequence[ReturnCase]:
        """Return what comes back of the order, oldest first."""
        cases = tuple(await load_returns(self._store, self.held.order_id))
        self.record.returns.append(cases)
        return cases

    async def open_returns(self, warehouse_shipment_ids: Sequence[str]) -> None:
        """Open a return of each shipment that has none: the retailer refused the goods."""
        ids = list(warehouse_shipment_ids)
        self.record.intents.append(IntentRecord("open returns", {"shipments": ids}))
        await open_returns(self._store, self.held.order_id, ids, opened_by=OpenedBy.MARKETPLACE)

    async def _intend(self, intent: IntentRecord, commit: Commit) -> Turn | Mapping[str, int]:
        # Taken before the commit, so that what the store notes as the end is never earlier.
        start = self._store.clock.monotonic()
        self.record.intents.append(intent)
        last_call, self.last_call = self.last_call, (_PEERS[intent.kind], intent.kind)
        try:
            held, intent.short = await commit(self._store, self._limits())
        except (BridgeError, WokenMeanwhile) as error:
            intent.error = tell_error(error)
            raise
        if intent.short:
            self.last_call = last_call
            return intent.short
        intent.changed = {
            name: getattr(held, name)
            for name in _COLUMNS
            if getattr(held, name) != getattr(self.held, name)
        }
        self._committed(held)
        return Turn(start + self._times.http_timeout_seconds)

    def _limits(self) -> dict[str, float]:
        return {
            "sent_within_seconds": self._times.http_timeout_seconds,
            "lease_seconds": self._times.lease_seconds,
        }


_PEERS = {
    "accept order": "ankorstore",
    "reject order": "ankorstore",
    "create order": "active_ants",
    "release order": "active_ants",
    "confirm quote": "ankorstore",
    "reset label": "ankorstore",
}
