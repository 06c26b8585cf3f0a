"""How fast whole orders are carried, and what one costs in commits and calls."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.acknowledging import STEADY_EVENTS, Steady, measure_steady
from bench.children import WEBHOOK_SECRET, Child, Service, run_child, run_service

BUDGETS = {
    "ANKORSTORE_REQUESTS_PER_MINUTE": "60000000",
    "ANKORSTORE_REQUESTS_PER_HOUR": "60000000",
    "ANKORSTORE_REQUESTS_PER_DAY": "60000000",
    "ACTIVE_ANTS_REQUESTS_PER_MINUTE": "60000000",
    "ACTIVE_ANTS_MAX_IN_FLIGHT": "8",
}
INTERVALS = {"SHIPMENT_POLL_SECONDS": "1", "RECONCILE_SECONDS": "86400"}
LOOK_SECONDS = 0.25
PATIENCE_SECONDS_AN_ORDER = 1.0
PATIENCE_SECONDS = 300.0
LIST_CALLS = "list orders"
ALL_EVENTS_SHARE = 10


@dataclass(frozen=True, slots=True)
class Carried:
    """What carrying so many orders took; commits and calls are those of the whole process."""

    orders: int
    seconds: float
    commits: float
    calls: Mapping[str, float]
    resident_before_mib: float
    resident_after_mib: float
    events: int

    @property
    def per_second(self) -> float:
        """Orders carried a second, from the first webhook to the last order closed."""
        return self.orders / self.seconds

    @property
    def calls_per_order(self) -> float:
        """Calls to Ankorstore about orders; the reconciler's lists are no order's."""
        return sum(n for name, n in self.calls.items() if name != LIST_CALLS) / self.orders


async def carry_orders(
    client: Child, folder: Path, database_url: str, orders: int, *, all_events: bool = False
) -> Carried:
    """
    Carry *orders* from their webhook to closed, against both companies in another process.

    Each order is told once, by `order.brand_created`; with *all_events* the simulated Ankorstore
    sends every event itself as things happen.
    """
    async with run_child("bench.companies") as companies:
        settings = (await companies.ask())["settings"]
        environment = {
            "DATABASE_URL": database_url,
            **settings,
            **BUDGETS,
            **INTERVALS,
        }
        async with run_service(folder, environment, with_worker=True) as service:
            await service.wait_until_settled()
            before, before_calls = await _figures(service)
            resident = service.resident_mib()
            started = time.perf_counter()
            if all_events:
                url = f"http://127.0.0.1:{service.port}/webhooks/ankorstore"
                await companies.ask(place=orders, webhook_url=url)
            else:
                placed = await companies.ask(place=orders)
                started = time.perf_counter()
                await client.ask(
                    what="events",
                    port=service.port,
                    order_ids=placed["order_ids"],
                    secret=WEBHOOK_SECRET,
                    seconds=60.0,
                )
            await _wait_until_closed(service, orders)
            seconds = time.perf_counter() - started
            after, after_calls = await _figures(service)
            status = await service.status()
            return Carried(
                orders=orders,
                seconds=seconds,
                commits=after - before,
                calls={
                    name: number - before_calls.get(name, 0.0)
                    for name, number in after_calls.items()
                },
                resident_before_mib=resident,
                resident_after_mib=service.resident_mib(),
                events=status["inbox"]["stored"],
            )


async def measure_steady_with_worker(
    client: Child, folder: Path, database_url: str, *, lifts_budgets: bool
) -> Steady:
    """Send an even stream of new orders to a service that carries them at the same time."""
    async with run_child("bench.companies") as companies:
        settings = (await companies.ask())["settings"]
        budgets = BUDGETS if lifts_budgets else {}
        environment = {"DATABASE_URL": database_url, **settings, **budgets, **INTERVALS}
        async with run_service(folder, environment, with_worker=True) as service:
            await service.wait_until_settled()
            placed = await companies.ask(place=STEADY_EVENTS)
            return await measure_steady(client, service, placed["order_ids"])


async def _figures(service: Service) -> tuple[float, dict[str, float]]:
    commits = sum((await service.metric("antbridge_database_commits_total")).values())
    # What the shared budget grants in blocks belongs to no order.
    commits -= sum((await service.metric("antbridge_budget_commits_total")).values())
    calls = await service.metric("antbridge_peer_calls_total", peer="ankorstore")
    return commits, calls


async def _wait_until_closed(service: Service, orders: int) -> None:
    patience_seconds = PATIENCE_SECONDS + PATIENCE_SECONDS_AN_ORDER * orders
    ends = time.perf_counter() + patience_seconds
    while time.perf_counter() < ends:
        status = await service.status()
        if status["needs_attention"]:
            raise RuntimeError(f"{status['needs_attention']} orders need attention")
        if status["orders"]["closed"] >= orders:
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise RuntimeError(f"the orders were not carried in {patience_seconds:.0f} s")
