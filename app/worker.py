"""
The worker: claims due orders, has them carried on, and runs the periodic jobs.

Everything it does is safe to do twice and safe to stop at any moment; what makes it so are the
leases and fencing tokens of the store. It is woken by new work in its own process, by the
database's notification where there is one, and by time, which is the truth.
"""

import asyncio
import os
import random
import socket
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import uuid4

import psycopg
import structlog
from structlog.contextvars import bind_contextvars

from app import __version__
from app.absence import AbsenceNotes, reach
from app.clock import MovedClock
from app.domain.record import OrderRecord
from app.flow.carry import Carrier
from app.flow.desk import OrderDesk
from app.flow.recording import StepRecorder
from app.flow.sku_book import SkuBook
from app.in_force import watch_settings
from app.jobs import Jobs, build_jobs
from app.settings import Settings
from app.store.claims import claim_orders, has_due_orders, release_order, renew_leases
from app.store.presence import beat, say_goodbye
from app.store.service_state import enter_mode
from app.store.session import Store
from app.wiring import (
    ACTIVE_ANTS,
    Companies,
    build_facts,
    desk_times,
    flow_rules,
    known_secrets,
    write_down_sightings,
)

POLL_SECONDS = 1.0
BEAT_SECONDS = 15.0
MOVED_BEAT_SECONDS = 1.0
"""In a sandbox, whose clock is moved by more than a heartbeat may be old."""
CLOCK_CHECK_BEATS = 4
TROUBLE_PAUSE_SECONDS = 2.0
STOP_TIMEOUTS = 2
"""How many HTTP timeouts a stop waits: enough for any write under way to end and be recorded."""

log = structlog.get_logger(__name__)


class Worker:
    """One worker role: at most `WORKER_CONCURRENCY` orders at a time."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        companies: Companies,
        *,
        poll_seconds: float = POLL_SECONDS,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """Prepare; nothing runs before `run`. *jitter* is drawn from 0 to 1."""
        self.worker_id = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._settings = settings
        self._store = store
        self._companies = companies
        self._facts = build_facts(settings, store, companies)
        self._sku_book = SkuBook(store)
        self._jitter = jitter
        self._carrier = self._build_carrier(None)
        self._has_entered_mode = False
        self._absences = AbsenceNotes(store, companies)
        self._poll_seconds = poll_seconds
        self._jobs: Jobs = build_jobs(settings, store, companies)
        self._leaves_some = False
        self._held: dict[asyncio.Task[None], OrderDesk] = {}
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._finished = asyncio.Event()
        self._started_at: datetime = store.now()
        self._beats = 0
        self._told: dict[str, dict[str, Any]] = {}

    def _build_carrier(self, left_shadow_at: datetime | None) -> Carrier:
        return Carrier(
            self._store,
            flow_rules(self._settings, left_shadow_at),
            recorder=StepRecorder(
                self._store,
                watch_settings(self._settings, self._companies.warehouse, left_shadow_at),
                known_secrets(self._settings),
            ),
            lease_seconds=self._settings.lease_seconds,
            retry_base_seconds=self._settings.retry_base_seconds,
            jitter=self._jitter,
        )

    async def _enter_mode(self) -> None:
        """Note the mode before the first order is carried, and which orders it leaves alone."""
        if self._has_entered_mode:
            return
        state = await enter_mode(self._store, self._settings.mode)
        if state.left_shadow_at is not None:
            self._carrier = self._build_carrier(state.left_shadow_at)
        self._has_entered_mode = True

    def wake(self) -> None:
        """Look for due work now."""
        self._wake.set()

    def stop(self) -> None:
        """Claim nothing more; `run` returns once the running steps are finished."""
        self._stopping.set()
        self._wake.set()

    async def run(self) -> None:
        """Work until stopped, then finish what runs; leases are kept to the very end."""
        renew_seconds = self._settings.lease_seconds / 4
        is_moved = isinstance(self._store.clock, MovedClock)
        beat_seconds = MOVED_BEAT_SECONDS if is_moved else BEAT_SECONDS
        heart = asyncio.create_task(
            self._forever("heartbeat", self._beat, beat_seconds, self._finished)
        )
        keeper = asyncio.create_task(
            self._forever("leases", self._renew_leases, renew_seconds, self._finished)
        )
        jobs = asyncio.create_task(
            self._forever("jobs", self._jobs.run_due, self._poll_seconds, self._stopping)
        )
        ears = asyncio.create_task(self._listen()) if self._store.is_postgres else None
        log.info("worker.started", worker_id=self.worker_id, version=__version__)
        try:
            await self._forever(
                "claim", self.claim_and_start, self._poll_seconds, self._stopping, self._wake
            )
            await jobs
            patience_seconds = STOP_TIMEOUTS * self._settings.http_timeout_seconds
            await asyncio.gather(
                self._finish_steps(patience_seconds), self._jobs.finish(patience_seconds)
            )
        finally:
            self._finished.set()
            if ears is not None:
                ears.cancel()
            await asyncio.gather(heart, keeper, return_exceptions=True)
            await self._goodbye()

    async def claim_and_start(self) -> None:
        """Claim as many due orders as there are hands free, and start on them."""
        await self._enter_mode()
        free = self._settings.worker_concurrency - len(self._held)
        within = reach(self._companies, await self._companies.pauses.in_force(), free)
        if within.orders <= 0 or not await has_due_orders(self._store):
            return
        claimed = await claim_orders(
            self._store,
            limit=within.orders,
            limit_to_place=within.to_place,
            worker_id=self.worker_id,
            lease_seconds=self._settings.lease_seconds,
        )
        self._leaves_some = len(claimed) == within.orders
        for order in claimed:
            if self._stopping.is_set():
                await release_order(self._store, order)
                continue
            desk = self._desk_for(order)
            task = asyncio.create_task(self._carry(desk))
            self._held[task] = desk
            task.add_done_callback(self._put_down)

    async def run_until_idle(self) -> None:
        """Carry every order that is due now; for tests and commands that drive the worker."""
        while True:
            await self.claim_and_start()
            if not self._held:
                return
            await asyncio.wait(self._held, return_when=asyncio.FIRST_COMPLETED)

    async def run_jobs_once(self) -> None:
        """Run the periodic jobs that are due now; for tests that drive the worker."""
        await self._jobs.prepare()
        await self._jobs.run_due()
        await self._jobs.finish()

    async def _carry(self, desk: OrderDesk) -> None:
        bind_contextvars(correlation_id=desk.held.marketplace_order_id)
        await self._carrier.carry(desk, self._stopping.is_set)

    async def _finish_steps(self, patience_seconds: float) -> None:
        """Wait for the running steps; one that a company keeps waiting is cut off, given back."""
        if not self._held:
            return
        await asyncio.wait(self._held, timeout=patience_seconds)
        late = dict(self._held)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        for desk in late.values():
            await release_order(self._store, desk.held)

    def _put_down(self, task: asyncio.Task[None]) -> None:
        self._held.pop(task, None)
        # Half the hands together cost one claim instead of one each.
        if 2 * len(self._held) <= self._settings.worker_concurrency:
            self._wake.set()

    def _desk_for(self, order: OrderRecord) -> OrderDesk:
        return OrderDesk(
            order,
            store=self._store,
            marketplace=self._companies.marketplace,
            warehouse=self._companies.warehouse,
            facts=self._facts,
            times=desk_times(self._settings),
            is_crowded=self._is_crowded,
            sku_book=self._sku_book,
            pauses=self._companies.pauses,
        )

    def _is_crowded(self) -> bool:
        """Whether more is due than there are hands, and the warehouse's budget holds them up."""
        is_tight = self._companies.connections[ACTIVE_ANTS].budget.is_tight()
        return self._leaves_some and is_tight

    async def _forever(
        self,
        name: str,
        work: Callable[[], Coroutine[Any, Any, None]],
        pause_seconds: float,
        end: asyncio.Event,
        early: asyncio.Event | None = None,
    ) -> None:
        """Do *work* again and again until *end* is set, at once when *early* is set."""
        bell = early or end
        while not end.is_set():
            if early is not None:
                early.clear()
            pause = pause_seconds
            try:
                await work()
            except Exception:
                # The store is away or busy: nothing is lost, everything is tried again.
                log.exception("worker.stumbled", work=name)
                pause = TROUBLE_PAUSE_SECONDS
            if end.is_set():
                return
            try:
                async with asyncio.timeout(pause):
                    await bell.wait()
            except TimeoutError:
                pass

    async def _renew_leases(self) -> None:
        desks = list(self._held.values())
        held = [desk.held for desk in desks]
        kept = await renew_leases(self._store, held, self._settings.lease_seconds)
        for order in held:
            if order.order_id not in kept and any(d.held is order for d in self._held.values()):
                log.warning("lease.lost", order_id=order.order_id)

    async def _beat(self) -> None:
        if self._beats % CLOCK_CHECK_BEATS == 0:
            await self._store.compare_clocks()
        self._beats += 1
        peers: dict[str, dict[str, Any]] = {}
        for name, connection in self._companies.connections.items():
            health = connection.health
            peers[name] = {
                "last_success_at": health.last_success_at,
                "last_error_at": health.last_error_at,
                "last_error": health.last_error,
                "budget_left": await connection.budget.left(),
                "away_since": connection.circuit.away_since,
            }
        await self._absences.refresh()
        await beat(
            self._store,
            self.worker_id,
            version=__version__,
            started_at=self._started_at,
            peers={name: seen for name, seen in peers.items() if seen != self._told.get(name)},
        )
        self._told = peers
        await write_down_sightings(self._store, self._companies)

    async def _listen(self) -> None:
        """Be woken by other processes' commits; a lost notification costs a second."""
        while not self._stopping.is_set():
            try:
                async with await psycopg.AsyncConnection.connect(
                    self._store.psycopg_conninfo, autocommit=True
                ) as connection:
                    await connection.execute("LISTEN antbridge_wake")
                    async for _ in connection.notifies():
                        self._wake.set()
            except Exception as trouble:
                log.warning("worker.not_listening", error=type(trouble).__name__)
                await asyncio.sleep(TROUBLE_PAUSE_SECONDS)

    async def _goodbye(self) -> None:
        await write_down_sightings(self._store, self._companies)
        try:
            await say_goodbye(self._store, self.worker_id)
        except Exception:
            log.exception("worker.stumbled", work="goodbye")
        log.info("worker.stopped", worker_id=self.worker_id)
