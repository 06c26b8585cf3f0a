"""The desk at which one claimed order is worked on: `ports.Desk` on the real store."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.corrections import correct_order, mark_address, read_corrections
from app.domain.lifecycle import State, can_move
from app.domain.order import MarketplaceOrder
from app.domain.pauses import Pausable
from app.domain.record import OrderRecord
from app.domain.returns import OpenedBy, ReturnCase
from app.domain.search_text import retailer_text
from app.domain.shipment import Tracking
from app.flow.facts import WarehouseFacts
from app.flow.shipments import judge_found
from app.flow.sku_book import SkuBook
from app.pause_board import PauseBoard
from app.ports import (
    Marketplace,
    PreparedOrder,
    SkuFacts,
    StoredShipment,
    Turn,
    Warehouse,
)
from app.store.placing import (
    intend_accept,
    intend_confirm,
    intend_create,
    intend_label_reset,
    intend_reject,
    intend_release,
)
from app.store.returns import load_returns, open_returns
from app.store.session import Store
from app.store.shipments import load_shipments, save_shipments


@dataclass(frozen=True, slots=True)
class DeskTimes:
    """How long a write may take to be sent, and how long a lease lasts, in seconds."""

    http_timeout_seconds: float
    lease_seconds: float


@dataclass(frozen=True, slots=True)
class _Reading:
    seen: MarketplaceOrder
    at: datetime
    wake_seq: int


class OrderDesk:
    """
    One order's desk, for as long as its lease is held.

    `held` is the order as the store has it; `order` has what was noted since on top.
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
        self.held = held
        self.marketplace = marketplace
        self.warehouse = warehouse
        self.warnings: list[str] = []
        self.noted: dict[str, Any] = {}
        self.noted_placing: dict[str, Any] = {}
        self.settles_shipments = False
        self.last_call: tuple[str | None, str | None] = (None, None)
        self._store = store
        self._facts = facts
        self._times = times
        self._is_crowded = is_crowded
        self.sku_book = sku_book or SkuBook(store)
        self.pauses = pauses or PauseBoard(store)
        self._reading: _Reading | None = None

    @property
    def order(self) -> OrderRecord:
        """The order as it stands, with what was noted in this step."""
        known = {key: value for key, value in self.noted.items() if hasattr(self.held, key)}
        return replace(self.held, **known) if known else self.held

    def start_step(self, held: OrderRecord) -> None:
        """Go on with the order as it was recorded; readings are kept, notes are not."""
        self.held = held
        self.warnings.clear()
        self.noted.clear()
        self.noted_placing.clear()
        self.settles_shipments = False
        self.last_call = (None, None)

    def has_news(self) -> bool:
        """Whether this step saw the order in another status, or changed since, than before."""
        watched = ("marketplace_status", "marketplace_updated_at")
        return any(
            name in self.noted and self.noted[name] != getattr(self.held, name) for name in watched
        )

    @property
    def is_crowded(self) -> bool:
        """Whether more orders are due than the warehouse's budget lets through."""
        return self._is_crowded()

    def now(self) -> datetime:
        """Return the time all workers agree on."""
        return self._store.now()

    async def require_running(self, flow: Pausable) -> None:
        """Do nothing while the order's writes of that kind are not paused."""
        await self.pauses.require_running(flow, flow)

    def prove(self, state: State) -> None:
        """Note that *state* is proven."""
        assert can_move(self.held.state, state), f"{self.held.state} → {state} does not exist"
        self.noted["state"] = state

    def note(self, **columns: Any) -> None:
        """Keep facts to be committed with whatever this step commits next."""
        self.noted.update(columns)

    def note_placing(self, **columns: Any) -> None:
        """Keep facts of the live warehouse order, likewise."""
        self.noted_placing.update(columns)

    def warn(self, message: str) -> None:
        """Add a warning to the history of this step."""
        self.warnings.append(message)

    async def look(self, *, max_age_seconds: float) -> MarketplaceOrder:
        """Return the order as the marketplace shows it, read no longer than that ago."""
        reading = self._reading
        if (
            reading is not None
            and reading.wake_seq == self.held.wake_seq
            and self.now() - reading.at < timedelta(seconds=max_age_seconds)
        ):
            return reading.seen
        at = self.now()
        if self.last_call == (None, None):
            self.last_call = ("ankorstore", "read order")
        seen = await self.marketplace.read_order(self.held.marketplace_order_id)
        self._keep(seen, at)
        return seen

    def remember(self, seen: MarketplaceOrder) -> None:
        """Take an answer to a write as the newest reading, if it is a whole one."""
        master_order_id = seen.master_order_id or self.order.master_order_id
        seen = replace(seen, master_order_id=master_order_id)
        if seen.available_shipping_methods is None or seen.retailer is None:
            self._note_seen(seen, self.now())
            self._reading = None
        else:
            self._keep(seen, self.now())

    def _keep(self, seen: MarketplaceOrder, at: datetime) -> None:
        self._reading = _Reading(seen, at, self.held.wake_seq)
        self._note_seen(seen, at)
        self.note(retailer_text=retailer_text(seen))  # the answer to a write may name fewer people

    def _note_seen(self, seen: MarketplaceOrder, at: datetime) -> None:
        self.note(
            marketplace_reference=seen.marketplace_reference,
            master_order_id=seen.master_order_id or self.held.master_order_id,
            marketplace_status=seen.status,
            marketplace_updated_at=seen.updated_at,
            submitted_at=seen.submitted_at,
            ship_from_at=seen.ship_from_at,
            ship_by_at=seen.ship_by_at,
            read_at=at,
        )

    async def apply_corrections(self, seen: MarketplaceOrder) -> MarketplaceOrder:
        """Return *seen* with what operators said of its SKUs and corrected in it."""
        table = await self.sku_book.table()
        corrections = read_corrections(self.order.corrections)
        # What this step writes down must find the table as it was just used.
        self.held = replace(self.held, sku_version=table.version)
        if corrections.street is not None and corrections.made_for is None:
            corrections = replace(corrections, made_for=mark_address(seen.ship_to))
            self.note(corrections=corrections.as_json())
        return correct_order(seen, corrections, table.entries)

    async def facts(self, skus: Iterable[str]) -> Mapping[str, SkuFacts]:
        """Return what the warehouse says of *skus*."""
        return await self._facts.of(list(skus), order_id=self.held.order_id)

    async def shipments(self) -> Sequence[StoredShipment]:
        """Return what is stored of the order's shipments, oldest first."""
        return [
            StoredShipment(
                row.shipment, row.judged.reason, row.stored_at, row.settled_at is not None
            )
            for row in await load_shipments(self._store, self.held.order_id)
        ]

    async def search_shipments(self) -> Sequence[StoredShipment]:
        """Ask the warehouse for the order's shipments, store what it tells, return all."""
        assert self.held.live is not None
        number = self.held.live.external_order_number
        found = await self.warehouse.search_shipments(number)
        await save_shipments(self._store, await judge_found(self._store, found), wakes=False)
        return await self.shipments()

    async def returns(self) -> Sequence[ReturnCase]:
        """Return what comes back of the order, oldest first."""
        return await load_returns(self._store, self.held.order_id)

    async def open_returns(self, warehouse_shipment_ids: Sequence[str]) -> None:
        """Open a return of each shipment that has none: the retailer refused the goods."""
        await open_returns(
            self._store,
            self.held.order_id,
            warehouse_shipment_ids,
            opened_by=OpenedBy.MARKETPLACE,
        )

    async def intend_accept(
        self, needed: Mapping[str, int], *, may_be_short: bool = False
    ) -> Turn | Mapping[str, int]:
        """Reserve the pieces needed and note the intent; or return the shortage per SKU."""
        turn = self._turn()
        held, short = await intend_accept(
            self._store,
            self.held,
            self.noted,
            needed,
            may_be_short=may_be_short,
            **self._limits(),
        )
        if short:
            return short
        self.last_call = ("ankorstore", "accept order")
        self._committed(held)
        return turn

    async def intend_reject(self) -> Turn:
        """Note the intent to reject the order."""
        turn = self._turn()
        self.last_call = ("ankorstore", "reject order")
        self._committed(await intend_reject(self._store, self.held, self.noted, **self._limits()))
        return turn

    async def intend_create(self, prepared: PreparedOrder) -> Turn:
        """Note the intent to place the order, with what will be sent."""
        turn = self._turn()
        self.last_call = ("active_ants", "create order")
        self._committed(
            await intend_create(self._store, self.held, self.noted, prepared, **self._limits())
        )
        return turn

    async def intend_release(self) -> Turn:
        """Note the intent to have the live warehouse order released."""
        turn = self._turn()
        self.last_call = ("active_ants", "release order")
        self._committed(await intend_release(self._store, self.held, self.noted, **self._limits()))
        return turn

    def settle_shipments(self) -> None:
        """Note that a person has dealt with what the order's shipments ask."""
        self.settles_shipments = True

    async def intend_confirm(self, quote_id: str, tracking: Tracking | None) -> Turn:
        """Note the intent to confirm a quote."""
        sent = asdict(tracking) if tracking is not None else None
        columns = {**self.noted, "confirm_quote_id": quote_id, "tracking_sent": sent}
        turn = self._turn()
        self.last_call = ("ankorstore", "confirm quote")
        self._committed(await intend_confirm(self._store, self.held, columns, **self._limits()))
        return turn

    async def intend_label_reset(self) -> Turn:
        """Note the intent to take the marketplace's label back."""
        turn = self._turn()
        self.last_call = ("ankorstore", "reset label")
        self._committed(
            await intend_label_reset(self._store, self.held, self.noted, **self._limits())
        )
        return turn

    def _turn(self) -> Turn:
        # Taken before the commit, so that what the store notes as the end is never earlier.
        start = self._store.clock.monotonic()
        return Turn(start + self._times.http_timeout_seconds)

    def _limits(self) -> dict[str, float]:
        return {
            "sent_within_seconds": self._times.http_timeout_seconds,
            "lease_seconds": self._times.lease_seconds,
        }

    def _committed(self, held: OrderRecord) -> None:
        self.held = held
        self.noted.clear()
