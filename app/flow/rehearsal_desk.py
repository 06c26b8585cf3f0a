"""A desk that answers from a step record: today's flow works at it, and nothing is written."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from app.domain.pauses import Pausable
from app.domain.returns import ReturnCase
from app.domain.shadow import ShadowRecord
from app.domain.sku_entries import SkuEntry
from app.flow.notebook import Commit, Notebook
from app.ports import Marketplace, SkuFacts, StoredShipment, Turn, Warehouse
from app.recorded_peer import error_of
from app.step_record import (
    Differs,
    IntentRecord,
    StepRecord,
    as_json,
    changed_held,
    find_difference,
)

Answered = TypeVar("Answered")


class RehearsalDesk(Notebook):
    """
    The desk of one visit to an order, as it was.

    Whatever asks or notes something else than was asked or noted then raises `Differs`.
    """

    def __init__(self, record: StepRecord, marketplace: Marketplace, warehouse: Warehouse) -> None:
        """Begin with the first step of the visit."""
        super().__init__(record.held, marketplace, warehouse)
        self._turn_to(record)

    def _turn_to(self, record: StepRecord) -> None:
        self._record = record
        self._times = list(record.times)
        self._reads = 0
        self._left = {name: list(getattr(record, name)) for name in _ASKED}

    def take_up(self, record: StepRecord) -> None:
        """Go on with the next step of the same visit; what was read stays at hand."""
        self.start_step(record.held)
        self._turn_to(record)

    @property
    def within_seconds(self) -> float:
        """How far times may be apart: the clock's readings match while as many are taken."""
        return 0.0 if self._reads == len(self._record.times) else self._record.seconds + 0.001

    def require_all_used(self) -> None:
        """
        Do nothing where all that was intended then is intended now.

        Raises:
            Differs: Something is not intended any more.
        """
        if left := self._left["intents"]:
            raise Differs(left[0].kind, "intended", "not intended")

    def _next(self, name: str, question: str) -> Any:
        left = self._left[name]
        if not left:
            raise Differs(question, "not asked", "asked")
        # Whoever asks once more than then is told the same again.
        return left.pop(0) if len(left) > 1 or name in _ONCE else left[0]

    def now(self) -> datetime:
        """Return the time as it was read then."""
        times = self._times
        offset = times[min(self._reads, len(times) - 1)] if times else 0
        self._reads += 1
        return self._record.started_at + timedelta(microseconds=offset)

    @property
    def is_crowded(self) -> bool:
        """Whether more was due then than could be called for."""
        return bool(self._next("crowded", "whether orders crowd"))

    async def require_running(self, flow: Pausable) -> None:
        """Raise what was raised then, if the flow was paused."""
        error = self._next("paused", f"whether {flow} is running")
        if error is not None:
            raise error_of(error)

    async def _entries(self, skus: Sequence[str]) -> tuple[int, Mapping[str, SkuEntry]]:
        version, entries = self._next("entries", "the table of SKUs")
        return version, entries

    async def load_shadow(self) -> ShadowRecord | None:
        """Return what shadow mode had kept of the order then."""
        kept: ShadowRecord | None = self._next("shadows", "what shadow mode keeps")
        return kept

    async def facts(self, skus: Iterable[str]) -> Mapping[str, SkuFacts]:
        """Return what was known of *skus* then."""
        asked = sorted(skus)
        known: Mapping[str, SkuFacts] = self._next("facts", "stock")
        if sorted(known) != asked:
            raise Differs("SKUs at the warehouse", ", ".join(sorted(known)), ", ".join(asked))
        return known

    async def shipments(self) -> Sequence[StoredShipment]:
        """Return what was stored of the order's shipments then."""
        stored: Sequence[StoredShipment] = self._next("shipments", "the order's shipments")
        return stored

    async def search_shipments(self) -> Sequence[StoredShipment]:
        """Make the search as then; what it led to in the store is what was stored then."""
        assert self.held.live is not None
        await self.warehouse.search_shipments(self.held.live.external_order_number)
        return await self.shipments()

    async def returns(self) -> Sequence[ReturnCase]:
        """Return what came back of the order then."""
        cases: Sequence[ReturnCase] = self._next("returns", "the order's returns")
        return cases

    async def open_returns(self, warehouse_shipment_ids: Sequence[str]) -> None:
        """Compare what returns are opened of."""
        self._intended(IntentRecord("open returns", {"shipments": list(warehouse_shipment_ids)}))

    async def _intend(self, intent: IntentRecord, commit: Commit) -> Turn | Mapping[str, int]:
        then = self._intended(intent)
        if then.error is not None:
            raise error_of(then.error)
        if then.short:
            return then.short
        self._committed(changed_held(self.held, then.changed))
        return Turn(0.0)

    def _intended(self, intent: IntentRecord) -> IntentRecord:
        then: IntentRecord = self._next("intents", intent.kind)
        if then.kind != intent.kind:
            raise Differs("what is about to be done", then.kind, intent.kind)
        for name in ("asked", "noted"):
            found = find_difference(
                as_json(getattr(then, name)),
                as_json(getattr(intent, name)),
                within_seconds=self.within_seconds,
            )
            if found is not None:
                raise Differs(f"{intent.kind}: {found.field}", found.then, found.now)
        return then


_ASKED = ("facts", "shadows", "shipments", "returns", "entries", "crowded", "paused", "intents")
_ONCE = ("intents", "paused")
"""What has an effect, or may differ from one question to the next."""
