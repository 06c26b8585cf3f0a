"""A worker that runs by itself, on the real clock, against both simulated companies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from structlog.contextvars import clear_contextvars

from app.clock import SystemClock
from app.simulator import Order, SimulatedActiveAnts, SimulatedAnkorstore
from app.store.inbox import Inbox
from app.store.session import Store
from app.wiring import Companies, Transports, build_companies
from app.worker import Worker
from tests.flow.world import make_settings
from tests.integration.conftest import until
from tests.store_rows import make_event, order_row

NEVER_SECONDS = 3600.0


class Gate(httpx.AsyncBaseTransport):
    """The way to a company; calls that fit *method* and *path* wait while it is shut."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner
        self._opened = asyncio.Event()
        self._opened.set()
        self.inside = 0
        self.most_inside = 0

    def shut(self) -> None:
        """Hold every call from now on."""
        self._opened.clear()

    def open(self) -> None:
        """Let all calls go on."""
        self._opened.set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        try:
            await self._opened.wait()
            return await self._inner.handle_async_request(request)
        finally:
            self.inside -= 1


class Live:
    """A worker process, as far as a test needs one."""

    def __init__(self, store: Store, *, poll_seconds: float, **settings: Any) -> None:
        clock = SystemClock()
        self.store = store
        self.ankorstore = SimulatedAnkorstore(clock=clock)
        self.ankorstore.base_url = "http://127.0.0.1:1"
        self.active_ants = SimulatedActiveAnts(clock=clock)
        self.gate = Gate(self.ankorstore.transport())
        budgets = {
            "ankorstore_requests_per_minute": 100_000,
            "active_ants_requests_per_minute": 100_000,
        }
        self.settings = make_settings(self.ankorstore, self.active_ants, **{**budgets, **settings})
        self.companies: Companies = build_companies(
            self.settings, clock, Transports(self.gate, self.active_ants.transport())
        )
        self.worker = Worker(self.settings, store, self.companies, poll_seconds=poll_seconds)
        self.inbox = Inbox(store, on_wake=self.worker.wake)
        self.running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Let the worker run; return once it has looked for work and knows the warehouse."""
        self.running = asyncio.create_task(self.worker.run())
        await until(lambda: not self.companies.warehouse.readiness_problems())

    async def stop(self) -> None:
        """Ask the worker to stop and wait until it did."""
        self.worker.stop()
        assert self.running is not None
        async with asyncio.timeout(20):
            await self.running

    async def tell(self, order: Order, inbox: Inbox | None = None) -> int:
        """Take in the event of a new order; return its row id."""
        await (inbox or self.inbox).store_event(make_event(f"event-{order.id}", order.id))
        async with self.store.read() as connection:
            rows = await connection.exec_driver_sql(
                f"SELECT id FROM orders WHERE marketplace_order_id = '{order.id}'"
            )
            return int(rows.scalar_one())

    async def until_row(self, order_id: int, **columns: Any) -> Any:
        """Wait until the order's row has these values and return it."""
        async with asyncio.timeout(20):
            while True:
                row = await order_row(self.store, order_id)
                if all(getattr(row, name) == value for name, value in columns.items()):
                    return row
                await asyncio.sleep(0.01)


@asynccontextmanager
async def living(
    store: Store, *, poll_seconds: float = NEVER_SECONDS, **settings: Any
) -> AsyncIterator[Live]:
    """Run a worker that by itself looks for work only at its start, and stop it in the end."""
    live = Live(store, poll_seconds=poll_seconds, **settings)
    try:
        await live.start()
        yield live
    finally:
        live.gate.open()
        await live.stop()
        await live.companies.close()
        clear_contextvars()
