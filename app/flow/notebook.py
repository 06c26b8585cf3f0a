"""
What every desk does with one order: look at it, note what is found out, ask before writing.

`OrderDesk` (`desk.py`) does so on the real store; `RehearsalDesk` (`rehearsing.py`) takes its
answers from a step record. Both make the same notes, so what a step decides can be compared.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from app.domain.corrections import correct_order, mark_address, read_corrections
from app.domain.lifecycle import State, can_move
from app.domain.order import MarketplaceOrder
from app.domain.record import OrderRecord
from app.domain.search_text import retailer_text
from app.domain.shipment import Tracking
from app.domain.sku_entries import SkuEntry
from app.ports import Marketplace, PreparedOrder, Turn, Warehouse
from app.step_record import IntentRecord
from app.store.placing import (
    intend_accept,
    intend_confirm,
    intend_create,
    intend_label_reset,
    intend_reject,
    intend_release,
    lines_json,
)
from app.store.session import Store

Limits = Mapping[str, float]
Commit = Callable[[Store, Limits], Awaitable[tuple[OrderRecord, Mapping[str, int]]]]
"""Writes an intent down; gives the order as it stands then, and what it is short of."""


@dataclass(frozen=True, slots=True)
class _Reading:
    seen: MarketplaceOrder
    at: datetime
    wake_seq: int


class Notebook(ABC):
    """
    One order and what was noted about it, for as long as its lease is held.

    `held` is the order as the store has it; `order` has what was noted since on top.
    """

    def __init__(self, held: OrderRecord, marketplace: Marketplace, warehouse: Warehouse) -> None:
        """Open the notebook of *held*."""
        self.held = held
        self.marketplace = marketplace
        self.warehouse = warehouse
        self.warnings: list[str] = []
        self.noted: dict[str, Any] = {}
        self.noted_placing: dict[str, Any] = {}
        self.noted_shadow: dict[str, Any] = {}
        self.settles_shipments = False
        self.last_call: tuple[str | None, str | None] = (None, None)
        self._reading: _Reading | None = None

    @abstractmethod
    def now(self) -> datetime:
        """Return the time all workers agree on."""

    @abstractmethod
    async def _entries(self, skus: Sequence[str]) -> tuple[int, Mapping[str, SkuEntry]]:
        """Return how often the table of SKUs has changed, and its entries of *skus*."""

    @abstractmethod
    async def _intend(self, intent: IntentRecord, commit: Commit) -> Turn | Mapping[str, int]:
        """Have *commit* write the intent down; return leave to act, or what is short."""

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
        self.noted_shadow.clear()
        self.settles_shipments = False
        self.last_call = (None, None)

    def has_news(self) -> bool:
        """Whether this step saw the order in another status, or changed since, than before."""
        watched = ("marketplace_status", "marketplace_updated_at")
        return any(
            name in self.noted and self.noted[name] != getattr(self.held, name) for name in watched
        )

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

    def note_shadow(self, **columns: Any) -> None:
        """Keep facts of what shadow mode follows, likewise."""
        self.noted_shadow.update(columns)

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
        skus = sorted({(line.sku or "").strip() for line in seen.lines})
        version, entries = await self._entries(skus)
        corrections = read_corrections(self.order.corrections)
        # What this step writes down must find the table as it was just used.
        self.held = replace(self.held, sku_version=version)
        if corrections.street is not None and corrections.made_for is None:
            corrections = replace(corrections, made_for=mark_address(seen.ship_to))
            self.note(corrections=corrections.as_json())
        return correct_order(seen, corrections, entries)

    def settle_shipments(self) -> None:
        """Note that a person has dealt with what the order's shipments ask."""
        self.settles_shipments = True

    async def intend_accept(
        self, needed: Mapping[str, int], *, may_be_short: bool = False
    ) -> Turn | Mapping[str, int]:
        """Reserve the pieces needed and note the intent; or return the shortage per SKU."""
        asked = {"needed": dict(needed), "may_be_short": may_be_short}
        intent = IntentRecord("accept order", asked, dict(self.noted))

        async def commit(store: Store, limits: Limits) -> tuple[OrderRecord, Mapping[str, int]]:
            return await intend_accept(
                store, self.held, intent.noted, needed, may_be_short=may_be_short, **limits
            )

        return await self._intend(intent, commit)

    async def intend_reject(self) -> Turn:
        """Note the intent to reject the order."""
        return await self._intend_plainly(IntentRecord("reject order"), intend_reject)

    async def intend_create(self, prepared: PreparedOrder) -> Turn:
        """Note the intent to place the order, with what will be sent."""

        async def write(
            store: Store, held: OrderRecord, columns: Mapping[str, Any], **limits: float
        ) -> OrderRecord:
            return await intend_create(store, held, columns, prepared, **limits)

        asked = {
            "external_order_number": prepared.external_order_number,
            "payload": prepared.payload,
            "lines": lines_json(prepared.lines),
            "fingerprint": prepared.fingerprint,
            "hold_seconds": prepared.hold_seconds,
        }
        return await self._intend_plainly(IntentRecord("create order", asked), write)

    async def intend_release(self) -> Turn:
        """Note the intent to have the live warehouse order released."""
        return await self._intend_plainly(IntentRecord("release order"), intend_release)

    async def intend_confirm(self, quote_id: str, tracking: Tracking | None) -> Turn:
        """Note the intent to confirm a quote."""
        sent = asdict(tracking) if tracking is not None else None
        asked = {"confirm_quote_id": quote_id, "tracking_sent": sent}
        return await self._intend_plainly(IntentRecord("confirm quote"), intend_confirm, asked)

    async def intend_label_reset(self) -> Turn:
        """Note the intent to take the marketplace's label back."""
        return await self._intend_plainly(IntentRecord("reset label"), intend_label_reset)

    async def _intend_plainly(
        self,
        intent: IntentRecord,
        write: Callable[..., Awaitable[OrderRecord]],
        columns: Mapping[str, Any] | None = None,
    ) -> Turn:
        """Intend what nothing can be short of; *columns* are written besides what was noted."""
        intent.noted = {**self.noted, **(columns or {})}

        async def commit(store: Store, limits: Limits) -> tuple[OrderRecord, Mapping[str, int]]:
            return await write(store, self.held, intent.noted, **limits), {}

        turn = await self._intend(intent, commit)
        assert isinstance(turn, Turn), "only an acceptance can be short of anything"
        return turn

    def _committed(self, held: OrderRecord) -> None:
        self.held = held
        self.noted.clear()
