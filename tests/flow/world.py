"""
A small world for flow tests: the real store and worker, both simulated companies, a clock.

Nothing runs by itself: a test lets the worker carry what is due, moves the clock, and looks at
what stands at the companies and in the store.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from app.domain.jobs import DOCTOR, SHIPMENTS, WEBHOOKS
from app.domain.record import OrderRecord
from app.settings import Settings
from app.simulator import (
    Order,
    Shipment,
    SimulatedActiveAnts,
    SimulatedAnkorstore,
    WarehouseHabits,
)
from app.store.decisions import retry_order
from app.store.decisions_jobs import pause_job
from app.store.inbox import Disposition, Inbox
from app.store.inbox_writing import IncomingEvent
from app.store.queries import find_order, load_history
from app.store.schedules import ensure_schedules, run_soon
from app.store.session import Store
from app.wiring import Companies, Transports, build_companies
from app.worker import Worker
from tests.fake_clock import FakeClock

ORDER_TYPE = "ANKORSTORE"


class World:
    """Everything a flow test holds in its hands."""

    def __init__(
        self,
        store: Store,
        clock: FakeClock,
        ankorstore: SimulatedAnkorstore,
        active_ants: SimulatedActiveAnts,
        settings: Settings,
        *,
        shares_budgets: bool = True,
    ) -> None:
        self.store = store
        self._shares_budgets = shares_budgets
        self.clock = clock
        self.ankorstore = ankorstore
        self.active_ants = active_ants
        self.settings = settings
        self.companies: Companies = self._build_companies()
        self.worker = Worker(settings, store, self.companies)
        self.inbox = Inbox(store)
        self._told = 0

    def _build_companies(self) -> Companies:
        transports = Transports(self.ankorstore.transport(), self.active_ants.transport())
        shared = self.store if self._shares_budgets else None
        return build_companies(self.settings, self.clock, transports, shared)

    async def restart(self, **settings: Any) -> None:
        """Start the service again on the same database, with *settings* changed."""
        await self.companies.close()
        changed = {**self.settings.model_dump(), **settings}
        self.settings = Settings(_env_file=None, **changed)
        self.companies = self._build_companies()
        self.worker = Worker(self.settings, self.store, self.companies)
        await self.worker.run_jobs_once()

    def start_worker(self) -> None:
        """Start a process anew: what the last one held in memory is gone."""
        self.worker = Worker(self.settings, self.store, self.companies)

    async def tell(
        self, order: Order, event_id: str | None = None, event_type: str = "order.brand_created"
    ) -> Disposition:
        """Take in an event about *order*, as the receiver does."""
        self._told += 1
        return await self.inbox.store_event(
            IncomingEvent(
                source="ankorstore",
                event_id=event_id or f"event-{self._told}",
                event_type=event_type,
                marketplace_order_id=order.id,
                raw_body=b"{}",
                headers={},
                occurred_at=None,
            )
        )

    async def work(self) -> None:
        """Let the worker carry everything that is due now."""
        await self.worker.run_until_idle()

    async def run_jobs(self) -> None:
        """Let the worker run the periodic jobs that are due now."""
        await self.worker.run_jobs_once()

    async def pass_time(self, seconds: float, *, steps: int = 1) -> None:
        """Let time pass in equal steps; jobs and orders that become due are worked on."""
        for _ in range(steps):
            self.clock.advance(seconds / steps)
            await self.run_jobs()
            await self.work()

    async def poll_feed(self) -> None:
        """Let the worker read the warehouse's feed now, and carry what that wakes."""
        await self.run_job(SHIPMENTS)

    async def run_job(self, name: str) -> None:
        """Let the worker run one periodic job now, and carry what that wakes."""
        await run_soon(self.store, name)
        await self.run_jobs()
        await self.work()

    async def ship(self, order: Order, **arguments: Any) -> Shipment:
        """Let the warehouse ship, and the service hear of it."""
        shipment = self.active_ants.ship(str(order.reference), **arguments)
        await self.poll_feed()
        return shipment

    async def held(self, order: Order) -> OrderRecord:
        """Return the order as the store holds it."""
        record = await find_order(self.store, order.id)
        assert record is not None, "the order is not held"
        return record

    async def history(self, order: Order) -> list[Mapping[str, Any]]:
        """Return the order's attempts."""
        return await load_history(self.store, (await self.held(order)).order_id)

    async def retry(self, order: Order) -> None:
        """Retry the order, as a person does, and let the worker carry it."""
        await retry_order(self.store, await self.held(order), by="a test")
        await self.work()

    async def reasons(self, order: Order) -> list[str]:
        """Return every reason for which the order asks for a person."""
        return [finding["reason"] for finding in (await self.held(order)).attention_detail]

    async def told(self, order: Order) -> list[str]:
        """Return the outcomes of the order's attempts, oldest first."""
        return [row["outcome"] for row in await self.history(order)]

    def accepts(self) -> int:
        """Return how many accepts reached the marketplace."""
        return len(self.ankorstore.calls_to("POST */-actions/transition"))

    def creates(self) -> int:
        """Return how many creates reached the warehouse."""
        return len(self.active_ants.calls_to("POST */order/add"))

    def confirms(self) -> int:
        """Return how many confirms reached the marketplace."""
        return len(self.ankorstore.calls_to("POST */confirm"))

    def writes(self) -> list[str]:
        """Return every call that changed, or would have changed, something at a company."""
        calls = [*self.ankorstore.calls, *self.active_ants.calls]
        patterns = (
            "POST */-actions/transition",
            "POST */confirm",
            "* */tracking",
            "POST */order/add",
            "POST */shipment/sync",
        )
        return [
            f"{call.method} {call.path}"
            for call in calls
            if call.method != "GET" and any(call.matches(pattern) for pattern in patterns)
        ]

    def reads(self, order: Order) -> int:
        """Return how often the order was read at the marketplace."""
        return len(self.ankorstore.calls_to(f"GET */orders/{order.id}"))


def make_settings(
    ankorstore: SimulatedAnkorstore, active_ants: SimulatedActiveAnts, **changes: Any
) -> Settings:
    """Return settings that fit the simulated companies; *changes* on top."""
    values: dict[str, Any] = {
        "ankorstore_base_url": "http://127.0.0.1:1",
        "ankorstore_client_id": ankorstore.client_id,
        "ankorstore_client_secret": ankorstore.client_secret,
        "ankorstore_webhook_secrets": ankorstore.webhook_secret,
        "active_ants_base_url": "http://127.0.0.1:2",
        "active_ants_username": active_ants.username,
        "active_ants_password": active_ants.password,
        "active_ants_order_type": ORDER_TYPE,
        "operator_token": "test-operator-token",
        "active_ants_requests_per_minute": 60_000,
        "pack_mode": "unit",
        **changes,
    }
    return Settings(_env_file=None, **values)


def hand_driven(**habits: Any) -> dict[str, Any]:
    """Return a warehouse that ships only when told to, by a carrier with a tracking page."""
    calm = {"ships_by_itself": False, "default_shipping_method": "BUSEU1", **habits}
    return {"habits": WarehouseHabits(**calm)}


def prompt() -> dict[str, Any]:
    """Return a warehouse that ships by itself after a minute, with a tracking page."""
    return hand_driven(ships_by_itself=True)


async def pause_the_set_up(store: Store) -> None:
    """Pause the jobs that ask the companies something now and then, whatever the orders do."""
    jobs = (DOCTOR, WEBHOOKS)
    await ensure_schedules(store, jobs)
    for job in jobs:
        await pause_job(store, job, by="tests", reason="calls are counted")


@asynccontextmanager
async def build_world(
    store: Store,
    clock: FakeClock,
    *,
    seed: int = 0,
    warehouse: Mapping[str, Any] | None = None,
    marketplace: Mapping[str, Any] | None = None,
    shares_budgets: bool = True,
    **settings: Any,
) -> AsyncIterator[World]:
    """Build a world with the warehouse's settings read already."""
    ankorstore = SimulatedAnkorstore(clock=clock, seed=seed, **(marketplace or {}))
    ankorstore.base_url = "http://127.0.0.1:1"
    active_ants = SimulatedActiveAnts(clock=clock, seed=seed, **(warehouse or {}))
    world = World(
        store,
        clock,
        ankorstore,
        active_ants,
        make_settings(ankorstore, active_ants, **settings),
        shares_budgets=shares_budgets,
    )
    await pause_the_set_up(store)
    try:
        await world.run_jobs()
        yield world
    finally:
        await world.companies.close()
