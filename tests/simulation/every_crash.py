"""
Every crash point of one order, enumerated: each call with each fate of its answer, each commit.

A run without faults counts the points; then one run per point and fate lets the process die
there, starts another, and lets it finish. The real store is used, on either database.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.simulator import Order, SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.company import Company
from app.store.inbox import Inbox, IncomingEvent
from app.store.queries import find_order
from app.store.session import Store
from app.wiring import Transports, build_companies
from app.worker import Worker
from tests.fake_clock import FakeClock
from tests.flow.world import make_settings

CALL_FATES = ("never sent", "lost before", "lost after", "arrived")
COMMIT_FATES = ("before", "without effect", "with effect")
MAX_ROUNDS = 60
ROUND_SECONDS = 20.0


class Crash(BaseException):
    """The process is gone; no handler may swallow it."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where the process dies: the number of a call or commit, and what becomes of it."""

    kind: str
    number: int
    fate: str


class Fuse:
    """Counts calls and commits, and blows at one point."""

    def __init__(self, point: Point | None = None) -> None:
        self.point = point
        self.is_blown = False
        self.is_armed = True
        self.counts = {"call": 0, "commit": 0}

    def count(self, kind: str) -> str | None:
        """Count one more; return the fate if this is where the process dies."""
        if self.is_blown:
            raise Crash
        if not self.is_armed:
            return None
        self.counts[kind] += 1
        point = self.point
        if point is not None and (point.kind, point.number) == (kind, self.counts[kind]):
            return point.fate
        return None

    def blow(self) -> None:
        """Die here; nothing has any effect from now on."""
        self.is_blown = True
        raise Crash


class FusedTransport(httpx.AsyncBaseTransport):
    """The way to a company through a fuse."""

    def __init__(self, company: Company, fuse: Fuse) -> None:
        self._inner = company.transport()
        self._fuse = fuse

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        fate = self._fuse.count("call")
        if fate in ("never sent", "lost before"):
            self._fuse.blow()
        response = await self._inner.handle_async_request(request)
        if fate in ("lost after", "arrived"):
            if fate == "arrived":
                await response.aread()
            self._fuse.blow()
        return response


class FusedStore(Store):
    """The real store through a fuse."""

    def __init__(self, database_url: str, clock: FakeClock, fuse: Fuse) -> None:
        super().__init__(database_url, clock)
        self._fuse = fuse

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        fate = self._fuse.count("commit")
        if fate == "before":
            self._fuse.blow()
        async with super().write() as connection:
            yield connection
            if fate == "without effect":
                self._fuse.blow()
        if fate == "with effect":
            self._fuse.blow()


@dataclass(slots=True)
class Ending:
    """What stands at the end of a case."""

    ankorstore: SimulatedAnkorstore
    active_ants: SimulatedActiveAnts
    order: Order
    state: str
    outcome: str | None
    attention: str | None
    fuse: Fuse

    def problems(self) -> list[str]:
        """Return what is not as it should be."""
        found = []
        placed = [
            one
            for one in self.active_ants.orders.values()
            if one.extras.get("extra1") == self.order.id
        ]
        accepts = [status for _, status in self.order.history if status == "brand_confirmed"]
        confirms = [c for c in self.ankorstore.calls_to("POST */confirm") if c.status == 200]
        for what, is_right in (
            ("closed as completed", (self.state, self.outcome) == ("closed", "completed")),
            ("one warehouse order", len(placed) == 1),
            ("one accept", len(accepts) == 1),
            ("one confirm", len(confirms) == 1),
            ("shipped by own carrier", self.order.shipping_method == "custom"),
            ("acknowledged only ours", self._acknowledged_ours_only()),
        ):
            if not is_right:
                found.append(f"not {what}: {self.state}, {self.outcome}, {self.attention}")
        return found

    def _acknowledged_ours_only(self) -> bool:
        return all(
            shipment.extras.get("extra1") == self.order.id
            for shipment in self.active_ants.shipments.values()
            if shipment.is_acknowledged
        )


async def run_case(database_url: str, point: Point | None, *, uniqueness: str) -> Ending:
    """Carry one order with a crash at *point* and a new process after it."""
    clock = FakeClock()
    ankorstore = SimulatedAnkorstore(clock=clock)
    ankorstore.base_url = "http://127.0.0.1:1"
    active_ants = SimulatedActiveAnts(
        clock=clock,
        shipping_delay_seconds=30,
        uniqueness=uniqueness,  # type: ignore[arg-type]
        search_lag_seconds=3,
    )
    active_ants.habits.default_shipping_method = "BUSEU1"
    active_ants.add_foreign_shipments(3)
    order = ankorstore.place_order()
    fuse = Fuse(point)
    current = fuse
    told = False
    for _ in range(MAX_ROUNDS):
        told = await _live(database_url, clock, ankorstore, active_ants, order, current, told)
        if current.is_blown:
            current = Fuse()  # a new process, with nothing to die of
        clock.advance(ROUND_SECONDS)
        if await _is_over(database_url, clock, order):
            break
    record = await _read(database_url, clock, order)
    return Ending(
        ankorstore,
        active_ants,
        order,
        str(record.state) if record else "unknown",
        record.outcome if record else None,
        record.attention_reason if record else None,
        fuse,
    )


async def _live(
    database_url: str,
    clock: FakeClock,
    ankorstore: SimulatedAnkorstore,
    active_ants: SimulatedActiveAnts,
    order: Order,
    fuse: Fuse,
    told: bool,
) -> bool:
    """Be one process for a round; tell whether the event was taken in."""
    store = FusedStore(database_url, clock, fuse)
    settings = make_settings(
        ankorstore, active_ants, lease_seconds=20, shipment_poll_seconds=20, reconcile_seconds=40
    )
    companies = build_companies(
        settings,
        clock,
        Transports(FusedTransport(ankorstore, fuse), FusedTransport(active_ants, fuse)),
    )
    worker = Worker(settings, store, companies, jitter=lambda: 0.5)
    before = asyncio.all_tasks()
    try:
        if not told:
            await Inbox(store).store_event(
                IncomingEvent(
                    "ankorstore", "event-1", "order.brand_created", order.id, b"{}", {}, None
                )
            )
            told = True
        await worker.run_jobs_once()
        await worker.run_until_idle()
    except Crash:
        pass
    finally:
        strays = asyncio.all_tasks() - before
        for task in strays:
            task.cancel()
        await asyncio.gather(*strays, return_exceptions=True)
        fuse.is_armed = fuse.is_armed and not fuse.is_blown
        await companies.close()
        await store.close()
    return told


async def _read(database_url: str, clock: FakeClock, order: Order) -> Any:
    store = Store(database_url, clock)
    try:
        return await find_order(store, order.id)
    finally:
        await store.close()


async def _is_over(database_url: str, clock: FakeClock, order: Order) -> bool:
    record = await _read(database_url, clock, order)
    return record is not None and record.state == "closed"


def all_points(fuse: Fuse) -> list[Point]:
    """Return every point of a run without faults, with every fate."""
    calls = [
        Point("call", number, fate)
        for number in range(1, fuse.counts["call"] + 1)
        for fate in CALL_FATES
    ]
    commits = [
        Point("commit", number, fate)
        for number in range(1, fuse.counts["commit"] + 1)
        for fate in COMMIT_FATES
    ]
    return calls + commits
