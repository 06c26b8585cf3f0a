"""
Where a chaos test plays: both companies on real sockets, people who order, and the verdict.

The companies live in the test's own process, so that the checks read their state itself.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from app.clock import SystemClock
from app.simulator import (
    Order,
    OrderedLine,
    ServedCompanies,
    SimulatedActiveAnts,
    SimulatedAnkorstore,
    serve_companies,
)
from app.simulator.active_ants.company import Uniqueness
from app.simulator.ankorstore.refusals import ImpossibleMove
from app.store.migrate import sync_url
from tests.chaos.fleet import Fleet, Replica
from tests.chaos.patience import wait_until
from tests.chaos.report import Result, record
from tests.chaos.scale import PATIENCE_SECONDS
from tests.chaos.wire import Wire
from tests.e2e.processes import service_environment
from tests.simulation.checks import DOUBLE, LOST, find_unrest, find_violations, run_checks

SKUS = ("MUG-01", "BOWL-01", "SOAP-LAV", "TOTE-NAT")
LEASE_SECONDS = 2.0
SEARCH_LAG_SECONDS = 0.3
FOREIGN_SHIPMENTS = 5
SHIPS_AT_ONCE_SECONDS = 0.3
SHIPS_LATE_SECONDS = 5.0
"""Later than a lost create is settled: no shipment tells that it worked."""
WEBHOOK_RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)
UNTOLD_SHARE = 0.15
DISTURBED_SHARE = 0.15
DOINGS = ("cancel", "accept", "change billing address")
INTERVALS = {
    "HTTP_TIMEOUT_SECONDS": "1",
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "WAREHOUSE_SETTLE_SECONDS": "1.5",
    "SHIPMENT_POLL_SECONDS": "0.5",
    "RECONCILE_SECONDS": "2",
    "RETRY_BASE_SECONDS": "0.2",
    "ANKORSTORE_REQUESTS_PER_MINUTE": "60000",
}


class StoreWitness:
    """Looks into the service's database from outside."""

    def __init__(self, database_url: str, problems: list[str]) -> None:
        self.problems = problems
        self._engine = create_engine(sync_url(database_url), pool_pre_ping=True)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Ask the store directly."""
        with self._engine.connect() as connection:
            return list(connection.execute(text(statement), values).mappings())

    def close(self) -> None:
        """Look no longer."""
        self._engine.dispose()


class Stage:
    """The companies, the orders, and who watches."""

    def __init__(self, served: ServedCompanies, database_url: str, seed: int) -> None:
        self.ankorstore = served.ankorstore
        self.active_ants = served.active_ants
        self.orders: list[Order] = []
        self.touched: set[str] = set()
        self.accepted_by_people: set[str] = set()
        self.wire = Wire(served.ankorstore, served.active_ants)
        self.observer = StoreWitness(database_url, self.wire.problems)
        self.environment = {**service_environment(served, database_url), **INTERVALS}
        self.random = random.Random(seed)

    def place_order(
        self, fleet: Fleet, *, is_plain: bool = True, ships_late: bool = False
    ) -> Order:
        """Let a retailer order; unless *is_plain*, webhooks may fail and people may interfere."""
        seconds = SHIPS_LATE_SECONDS if ships_late else SHIPS_AT_ONCE_SECONDS
        self.active_ants.habits.shipping_delay_seconds = seconds
        receivers = [one for one in fleet.replicas.values() if one.port and one.is_wanted]
        self.tell(self.random.choice(receivers))
        if not is_plain and self.random.random() < UNTOLD_SHARE:
            self.ankorstore.outbox.lose_next()
        skus = self.random.sample(SKUS, self.random.choice((1, 2)))
        order = self.ankorstore.place_order(
            [OrderedLine(sku, packs=self.random.choice((1, 2, 3))) for sku in skus]
        )
        self.orders.append(order)
        if not is_plain and self.random.random() < DISTURBED_SHARE:
            doing = self.random.choice(DOINGS)
            delay_seconds = self.random.uniform(0, 2)
            asyncio.get_running_loop().call_later(delay_seconds, self._disturb, order, doing)
        return order

    def tell(self, receiver: Replica) -> None:
        """Send the webhooks of what happens from now on to *receiver*."""
        self.ankorstore.webhook_url = f"{receiver.url}/webhooks/ankorstore"

    async def place_orders(self, fleet: Fleet, count: int, *, within_seconds: float) -> None:
        """Let retailers order, one after the other, with everything that happens to orders."""
        for _ in range(count):
            self.place_order(fleet, is_plain=False, ships_late=self.random.random() < 0.5)
            await asyncio.sleep(self.random.uniform(0, 2 * within_seconds / count))

    def _disturb(self, order: Order, doing: str) -> None:
        try:
            match doing:
                case "cancel":
                    self.ankorstore.cancel_order(order.id)
                case "accept":
                    self.ankorstore.accept_by_person(order.id)
                    self.accepted_by_people.add(order.id)
                case _:
                    self.ankorstore.change_billing_address(order.id, order.billing)
        except ImpossibleMove:
            return
        self.touched.add(order.id)

    def row_of(self, order_id: str) -> Any:
        """Return what the store has of an order, None where it has nothing."""
        rows = self.observer.rows(
            "SELECT * FROM orders WHERE marketplace_order_id = :order_id", order_id=order_id
        )
        return rows[0] if rows else None

    async def wait_for_row(self, order_id: str, *states: str) -> Any:
        """Wait until the store shows an order in one of *states* and return its row."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            row = await asyncio.to_thread(self.row_of, order_id)
            if row is not None and row["state"] in states:
                return row
            await asyncio.sleep(0.005)
        raise AssertionError(f"{order_id} never was {states}:\n{self._tell_stories()}")

    async def wait_for_new_event(self) -> None:
        """Wait until the store has an event that was not answered yet, or was this moment."""
        answered = {one.event_id for one in self.ankorstore.deliveries if one.is_delivered}
        ends = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < ends:
            rows = await asyncio.to_thread(self.observer.rows, "SELECT event_id FROM events")
            if {row["event_id"] for row in rows} - answered:
                return
            await asyncio.sleep(0)
        raise AssertionError("no event came in")

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

    def holder_of(self, order_id: str) -> int:
        """Return the id of the process that holds the order's lease."""
        return int(self.row_of(order_id)["leased_by"].split("-")[-2])

    async def come_to_rest(self, fleet: Fleet) -> float:
        """Wait until nothing is under way any more; return how many seconds that took."""
        started = time.monotonic()
        while unrest := await asyncio.to_thread(self._find_unrest):
            if time.monotonic() - started > PATIENCE_SECONDS:
                problems = "\n".join(unrest)
                stories = await asyncio.to_thread(self._tell_stories)
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
        try:
            return on_their_way + find_unrest(self)
        except DBAPIError as trouble:
            return [f"the store cannot be read: {trouble}"]

    def _tell_stories(self) -> str:
        """Return the history of every order that is not closed."""
        lines = []
        for row in self.observer.rows("SELECT * FROM orders WHERE state != 'closed'"):
            lines.append(
                f"order {row['marketplace_reference']} {row['marketplace_order_id']}: "
                f"{row['state']}, attention {row['attention_reason']}, waits for "
                f"{row['waits_for']}, next {row['next_attempt_at']}, not before "
                f"{row['not_before_at']}, leased by {row['leased_by']} until {row['lease_until']}"
            )
            attempts = self.observer.rows(
                "SELECT * FROM attempts WHERE order_id = :id ORDER BY id", id=row["id"]
            )
            lines += [f"    {a['happened_at']} {a['step']}: {a['message']}" for a in attempts]
        return "\n".join(lines)

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
            stage.observer.close()
