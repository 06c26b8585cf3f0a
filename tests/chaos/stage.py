"""
Where a chaos test plays: both companies on real sockets, people who order, and the verdict.

The companies live in the test's own process, so that the checks read their state itself.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy.exc import DBAPIError

from app.clock import SystemClock
from app.simulator import (
    Order,
    ServedCompanies,
    SimulatedActiveAnts,
    SimulatedAnkorstore,
    serve_companies,
)
from app.simulator.active_ants.company import Uniqueness
from tests.chaos.fleet import Fleet
from tests.chaos.patience import wait_until
from tests.chaos.people import People
from tests.chaos.replica import Replica
from tests.chaos.report import Result, record
from tests.chaos.scale import PATIENCE_SECONDS
from tests.chaos.wire import Wire
from tests.chaos.witness import StoreWitness
from tests.e2e.processes import service_environment
from tests.simulation.checks import DOUBLE, LOST, find_violations, run_checks
from tests.simulation.evidence import find_unrest

LEASE_SECONDS = 2.0
SEARCH_LAG_SECONDS = 0.3
FOREIGN_SHIPMENTS = 5
SHIPS_AT_ONCE_SECONDS = 0.3
SHIPS_LATE_SECONDS = 5.0
"""Later than a lost create is settled: no shipment tells that it worked."""
WEBHOOK_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)
INTERVALS = {
    "HTTP_TIMEOUT_SECONDS": "1",
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "WAREHOUSE_SETTLE_SECONDS": "1.5",
    "SHIPMENT_POLL_SECONDS": "0.5",
    "RECONCILE_SECONDS": "2",
    "RETRY_BASE_SECONDS": "0.2",
    "ANKORSTORE_REQUESTS_PER_MINUTE": "60000",
}


class Stage:
    """The companies, the orders, and who watches."""

    def __init__(self, served: ServedCompanies, database_url: str, seed: int) -> None:
        self.ankorstore = served.ankorstore
        self.active_ants = served.active_ants
        self.random = random.Random(seed)
        self.people = People(served.ankorstore, self.random)
        self.orders = self.people.orders
        self.touched = self.people.touched
        self.accepted_by_people = self.people.accepted_by_people
        self.wire = Wire(served.ankorstore, served.active_ants)
        self.store = StoreWitness(database_url, self.wire.problems)
        self.environment = {**service_environment(served, database_url), **INTERVALS}

    @property
    def observer(self) -> StoreWitness:
        """Who watched, for the checks."""
        return self.store

    def place_order(
        self, fleet: Fleet, *, is_plain: bool = True, ships_late: bool = False
    ) -> Order:
        """Let a retailer order; unless *is_plain*, webhooks may fail and people may interfere."""
        seconds = SHIPS_LATE_SECONDS if ships_late else SHIPS_AT_ONCE_SECONDS
        self.active_ants.habits.shipping_delay_seconds = seconds
        receivers = [one for one in fleet.replicas.values() if one.port and one.is_wanted]
        self.tell(self.random.choice(receivers))
        return self.people.order(is_plain=is_plain)

    def tell(self, receiver: Replica) -> None:
        """Send the webhooks of what happens from now on to *receiver*."""
        self.ankorstore.webhook_url = f"{receiver.url}/webhooks/ankorstore"

    async def place_orders(self, fleet: Fleet, count: int, *, within_seconds: float) -> None:
        """Let retailers order, one after the other, with everything that happens to orders."""
        for _ in range(count):
            self.place_order(fleet, is_plain=False, ships_late=self.random.random() < 0.5)
            await asyncio.sleep(self.random.uniform(0, 2 * within_seconds / count))

    async def wait_for_refusal(self) -> None:
        """Wait until a webhook sent from now on is answered 503."""
        seen = self._count_refusals()
        await wait_until(
            lambda: self._count_refusals() > seen, lambda: "no webhook was answered 503"
        )

    def _count_refusals(self) -> int:
        return sum(
            attempt.status == 503
            for delivery in self.ankorstore.deliveries
            for attempt in delivery.attempts
        )

    async def come_to_rest(self, fleet: Fleet) -> float:
        """Wait until nothing is under way any more; return how many seconds that took."""
        started = time.monotonic()
        while unrest := await asyncio.to_thread(self._find_unrest):
            if time.monotonic() - started > PATIENCE_SECONDS:
                problems = "\n".join(unrest)
                stories = await asyncio.to_thread(self.store.tell_stories)
                words = fleet.last_words()
                raise AssertionError(f"not at rest:\n{problems}\n{stories}\n{words}")
            await asyncio.sleep(0.1)
        return time.monotonic() - started

    def _find_unrest(self) -> Sequence[str]:
        on_their_way = [
            f"event {one.event_id} is on its way to {one.url}"
            for one in self.ankorstore.deliveries
            if one.is_waiting
        ]
        if self.people.about_to_interfere:
            on_their_way.append("somebody is about to interfere with an order")
        try:
            return on_their_way + find_unrest(self)
        except DBAPIError as trouble:
            return [f"the store cannot be read: {trouble}"]

    async def conclude(
        self, fleet: Fleet, scenario: str, database: str, faults: int, what: str
    ) -> None:
        """
        Let all come to rest, stop every process, and give the verdict.

        *faults* counts the *what* that was done to the service.
        """
        seconds = await self.come_to_rest(fleet)
        statuses = await fleet.stop()
        violations = find_violations(self)
        record(
            Result(
                scenario=scenario,
                database=database,
                orders=len(self.orders),
                faults=faults,
                what=what,
                lost=len(run_checks(self, LOST)),
                double=len(run_checks(self, DOUBLE)),
                recovery_seconds=seconds,
            )
        )
        assert violations == [], fleet.last_words()
        assert set(statuses.values()) <= {0}, fleet.last_words()


@asynccontextmanager
async def set_stage(
    database_url: str, seed: int, *, uniqueness: Uniqueness = "off"
) -> AsyncIterator[Stage]:
    """Serve both companies; the warehouse does not even refuse a second order of one number."""
    clock = SystemClock()
    ankorstore = SimulatedAnkorstore(
        clock=clock, seed=seed, webhook_retry_seconds=WEBHOOK_RETRY_SECONDS
    )
    ankorstore.habits.requests_per_minute = None
    ankorstore.habits.tokens_per_hour = None  # every process that starts needs one
    ankorstore.outbox.duplicate_probability = 0.2
    ankorstore.outbox.delay_seconds_max = 0.3
    active_ants = SimulatedActiveAnts(
        clock=clock,
        seed=seed,
        uniqueness=uniqueness,
        search_lag_seconds=SEARCH_LAG_SECONDS,
    )
    active_ants.habits.default_shipping_method = "BUSEU1"  # one with tracking
    active_ants.add_foreign_shipments(FOREIGN_SHIPMENTS)
    async with serve_companies(ankorstore, active_ants, tick_seconds=0.02) as served:
        stage = Stage(served, database_url, seed)
        try:
            yield stage
        finally:
            stage.wire.spring_all()
            stage.store.close()
