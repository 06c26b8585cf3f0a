"""
What the warehouse says of products and stock, shared by all orders.

Each SKU is looked up once in a while, not once an order; the list of all stock is heavy and read
at most once an hour, by one worker (docs/rules/stock.md).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from app.errors import BridgeError, NotReady, NotYet, PeerAway
from app.ports import SkuFacts, Warehouse
from app.store.facts import (
    ProductFacts,
    load_products,
    load_reserved_pieces,
    newest_stock_read_at,
    save_product,
    save_stock,
)
from app.store.schedules import (
    ClaimedJob,
    claim_job,
    ensure_schedules,
    finish_job,
    kept_leased,
    load_schedule,
)
from app.store.session import Store

STOCK_JOB = "warehouse_stock"
STOCK_LIST_SECONDS = 3600.0
FAILED_LIST_SECONDS = 60.0
LOOK_AGAIN_SECONDS = 2.0
"""While another worker reads the list."""
_NO_SOURCE = "the warehouse has no such call"


class WarehouseFacts:
    """The shared snapshot, and how it is kept fresh."""

    def __init__(
        self, store: Store, warehouse: Warehouse, *, facts_seconds: float, lease_seconds: float
    ) -> None:
        """Ask *warehouse* again what is older than *facts_seconds*."""
        self._store = store
        self._warehouse = warehouse
        self._facts_seconds = facts_seconds
        self._lease_seconds = lease_seconds
        self._stock_list = asyncio.Lock()

    async def of(self, skus: Sequence[str], *, order_id: int) -> dict[str, SkuFacts]:
        """
        Return what is known of *skus*; other orders' reservations are taken off the stock.

        Raises:
            Transient: The warehouse could not be asked.
        """
        known = await load_products(self._store, skus)
        is_news = False
        for sku in skus:
            facts = known.get(sku)
            # A missing product is asked for each time: whoever adds it then retries the order.
            if facts is None or not facts.is_known or not self._is_fresh(facts, "checked_at"):
                checked_at = self._store.now()
                is_known = await self._warehouse.knows_product(sku)
                await save_product(self._store, sku, is_known=is_known, checked_at=checked_at)
                is_news = True
        if await self._refresh_stock(skus, known) or is_news:
            known = await load_products(self._store, skus)
        reserved = await load_reserved_pieces(self._store, skus, but_not=order_id)
        return {sku: _facts_of(known.get(sku), reserved.get(sku, 0)) for sku in skus}

    async def _refresh_stock(self, skus: Sequence[str], known: Mapping[str, ProductFacts]) -> bool:
        """Read the stock again where it is too old; tell whether anything was asked for."""
        if self._warehouse.reads_single_stock:
            stale = [sku for sku in skus if not self._is_fresh(known.get(sku), "stock_read_at")]
            for sku in stale:
                read_at = self._store.now()
                figure = await self._warehouse.read_stock(sku)
                if figure is not None:
                    await save_stock(self._store, [figure], read_at)
            return bool(stale)
        read = [facts.stock_read_at for facts in known.values() if facts.stock_read_at is not None]
        if read and self._age(max(read)) <= STOCK_LIST_SECONDS:
            return False
        async with self._stock_list:  # whoever comes meanwhile waits for the list
            await self._refresh_stock_list()
        return True

    async def _refresh_stock_list(self) -> None:
        newest = await newest_stock_read_at(self._store)
        if newest is not None and self._age(newest) <= STOCK_LIST_SECONDS:
            return
        await ensure_schedules(self._store, [STOCK_JOB])
        job = await claim_job(self._store, [STOCK_JOB], self._lease_seconds)
        if job is not None:
            await self._read_all_stock(job)
            return
        state = await load_schedule(self._store, STOCK_JOB)
        if state is None or state.last_note != _NO_SOURCE:
            wait = LOOK_AGAIN_SECONDS
            if state is not None:
                wait = max(wait, (state.next_run_at - self._store.now()) / timedelta(seconds=1))
            raise NotYet("active_ants", "read stock", retry_after_seconds=wait)

    async def _read_all_stock(self, job: ClaimedJob) -> None:
        read_at = self._store.now()
        error: str | None = "not finished"
        note, pause = "", FAILED_LIST_SECONDS
        try:
            async with kept_leased(self._store, job, self._lease_seconds):
                await save_stock(self._store, await self._warehouse.read_all_stock(), read_at)
            error, pause = None, STOCK_LIST_SECONDS
        except NotReady as missing:
            # There is no such call there: STOCK_CHECK decides what an unknown stock means.
            error, note, pause = str(missing), _NO_SOURCE, STOCK_LIST_SECONDS
        except PeerAway as away:
            # Not asked at all: whoever comes next may be the one that finds it back.
            error, pause = str(away), 0.0
            raise
        except BridgeError as trouble:
            error = str(trouble)
            raise
        finally:
            await finish_job(self._store, job, next_run_seconds=pause, error=error, note=note)

    def _is_fresh(self, facts: ProductFacts | None, column: str) -> bool:
        at: datetime | None = getattr(facts, column) if facts is not None else None
        return at is not None and self._age(at) <= self._facts_seconds

    def _age(self, at: datetime) -> float:
        return (self._store.now() - at) / timedelta(seconds=1)


def _facts_of(facts: ProductFacts | None, reserved: int) -> SkuFacts:
    if facts is None:
        return SkuFacts(is_known=False, stock_pieces=None)
    pieces = facts.stock_pieces
    return SkuFacts(bool(facts.is_known), None if pieces is None else max(0, pieces) - reserved)
