"""Many orders at once, real workers on one database, and companies that count and refuse."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, TypeVar

import httpx
from sqlalchemy import text

from app.domain.lifecycle import State
from app.simulator import (
    Address,
    Fault,
    Order,
    OrderedLine,
    SimulatedActiveAnts,
    SimulatedAnkorstore,
)
from app.simulator.company import Company
from app.store.inbox import Inbox
from app.web.health import read_status
from app.wiring import ANKORSTORE, Transports, backlog_pace, build_companies
from app.worker import Worker
from tests.backlog.patient_loop import PatientLoop, PatientStore
from tests.flow.world import make_settings, pause_the_set_up
from tests.simulation.virtual_loop import VirtualClock
from tests.store_rows import make_event

T = TypeVar("T")
GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
GOODS = ("TOTE-NAT", "MUG-01", "SOAP-LAV")
LOOK_SECONDS = 10.0
HOUR_SECONDS = 3600.0


class SlowWire(httpx.AsyncBaseTransport):
    """The way to a company, with a delay either way; counts what it answered."""

    def __init__(self, company: Company, statuses: Counter[int], random: Random) -> None:
        self._inner = company.transport()
        self._statuses = statuses
        self._random = random

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(self._random.uniform(0.02, 0.3))
        response = await self._inner.handle_async_request(request)
        self._statuses[response.status_code] += 1
        await asyncio.sleep(self._random.uniform(0.02, 0.1))
        return response


@dataclass(frozen=True, slots=True)
class Drained:
    """How a backlog was worked off."""

    orders: int
    hours: float
    foreseen_hours: float
    refused: int
    calls: int

    @property
    def forecast_error(self) -> float:
        """By what share of the real time the forecast was wrong."""
        return abs(self.foreseen_hours - self.hours) / self.hours


class DeafWorker(Worker):
    """Hears no notifications: listening looks at the connection ten times a virtual second."""

    async def _listen(self) -> None:
        await self._stopping.wait()


class BacklogWorld:
    """Companies, replicas and one database under a virtual clock."""

    def __init__(
        self,
        loop: PatientLoop,
        database_url: str,
        *,
        replicas: int = 1,
        shipping_delay_seconds: float = 60.0,
        poll_seconds: float = 3.0,
        **settings: Any,
    ) -> None:
        self.loop = loop
        self.clock = VirtualClock(loop)
        self.random = Random(7)
        self.statuses: dict[str, Counter[int]] = {"ankorstore": Counter(), "active_ants": Counter()}
        self.ankorstore = SimulatedAnkorstore(clock=self.clock, keep_calls=False)
        self.ankorstore.base_url = "http://127.0.0.1:1"
        self.active_ants = SimulatedActiveAnts(clock=self.clock, keep_calls=False)
        self.active_ants.habits.default_shipping_method = "BUSEU1"
        self.active_ants.habits.shipping_delay_seconds = shipping_delay_seconds
        for product in self.active_ants.products.values():
            self.active_ants.set_stock(product.sku, 10**9)
        limits = {"active_ants_requests_per_minute": 60}
        self.settings = make_settings(self.ankorstore, self.active_ants, **{**limits, **settings})
        self.active_ants.habits.requests_per_minute = self.settings.active_ants_requests_per_minute
        habits = self.ankorstore.habits
        habits.requests_per_minute = self.settings.ankorstore_requests_per_minute
        habits.requests_per_hour = self.settings.ankorstore_requests_per_hour
        self.store = PatientStore(database_url, loop)
        self.stores = [PatientStore(database_url, loop) for _ in range(replicas)]
        self.companies = [
            build_companies(self.settings, self.clock, self._wires(), store)
            for store in self.stores
        ]
        self.workers = [
            DeafWorker(
                self.settings,
                store,
                companies,
                poll_seconds=poll_seconds,
                jitter=self.random.random,
            )
            for store, companies in zip(self.stores, self.companies, strict=True)
        ]
        self._running: list[asyncio.Task[None]] = []

    def _wires(self) -> Transports:
        return Transports(
            SlowWire(self.ankorstore, self.statuses["ankorstore"], self.random),
            SlowWire(self.active_ants, self.statuses["active_ants"], self.random),
        )

    async def start(self) -> None:
        """Let all workers run, without the jobs that are about no order."""
        await pause_the_set_up(self.store)
        self._running = [asyncio.create_task(worker.run()) for worker in self.workers]

    async def stop(self) -> None:
        """Stop all workers and close everything."""
        for worker in self.workers:
            worker.stop()
        await asyncio.gather(*self._running)
        for companies in self.companies:
            await companies.close()
        for store in (*self.stores, self.store):
            await store.close()

    async def place(self, count: int) -> list[str]:
        """Have *count* orders placed at the marketplace, and told of; return their ids."""
        inbox = Inbox(self.store)
        order_ids: list[str] = []
        for start in range(0, count, 500):
            orders = [self._order() for _ in range(min(500, count - start))]
            await asyncio.gather(
                *(inbox.store_event(make_event(f"e-{one.id}", one.id)) for one in orders)
            )
            order_ids += [one.id for one in orders]
        await inbox.close()
        return order_ids

    def _order(self) -> Order:
        order = self.ankorstore.place_order([OrderedLine(self.random.choice(GOODS))], GOOD)
        order.ships_until_at = self.clock.now() + timedelta(days=self.random.uniform(4, 30))
        return order

    async def status(self) -> dict[str, Any]:
        """Return what `GET /status` shows."""
        return await read_status(self.store, backlog_pace(self.settings))

    async def until(self, is_so: Callable[[dict[str, Any]], bool], *, hours: float) -> float:
        """Wait until the status shows what is wanted; return the hours it took."""
        started = self.clock.monotonic()
        while self.clock.monotonic() - started < hours * HOUR_SECONDS:
            await asyncio.sleep(LOOK_SECONDS)
            if is_so(await self.status()):
                return (self.clock.monotonic() - started) / HOUR_SECONDS
        raise AssertionError(f"not so within {hours} hours: {await self.status()}")

    async def rest(self, *, hours: float) -> None:
        """Let time pass."""
        await asyncio.sleep(hours * HOUR_SECONDS)

    async def rows(self, statement: str) -> list[Any]:
        """Ask the database directly."""
        async with self.store.read() as connection:
            return list((await connection.execute(text(statement))).all())

    def go_away(self, peer: str) -> None:
        """Let a company fail at everything, logins included."""
        company: Company = self.ankorstore if peer == ANKORSTORE else self.active_ants
        company.faults.always("* *", Fault.SERVER_ERROR_BEFORE, status=503)

    def come_back(self) -> None:
        """Let both companies work again."""
        self.ankorstore.faults.stop()
        self.active_ants.faults.stop()


def is_drained(status: dict[str, Any]) -> bool:
    """Tell whether every order is closed."""
    orders = status["orders"]
    return orders[State.CLOSED] > 0 and sum(orders.values()) == orders[State.CLOSED]


async def drain(world: BacklogWorld, orders: int) -> Drained:
    """Work *orders* off, and compare the end with what was foreseen at the beginning."""
    await world.place(orders)
    before = await world.status()
    assert before["backlog"]["orders"] == orders
    span = datetime.fromisoformat(before["backlog"]["ends_at"]) - world.clock.now()
    await world.start()
    hours = await world.until(is_drained, hours=3 * span / timedelta(hours=1) + 1)
    return Drained(
        orders=orders,
        hours=hours,
        foreseen_hours=span / timedelta(hours=1),
        refused=sum(statuses[429] for statuses in world.statuses.values()),
        calls=sum(sum(statuses.values()) for statuses in world.statuses.values()),
    )


def run_patiently(
    work: Callable[[BacklogWorld], Awaitable[T]], database_url: str, **options: Any
) -> T:
    """Run *work* in a world of its own on a loop of its own."""
    loop = PatientLoop()

    async def whole() -> T:
        world = BacklogWorld(loop, database_url, **options)
        try:
            return await work(world)
        finally:
            await world.stop()

    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(whole())
