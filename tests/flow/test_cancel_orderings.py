"""
Every ordering of cancel, create, ship, feed and confirm, lost answers included: none is sampled.

Whatever the service does outside itself is a call or a commit. Before each of them the order may
be cancelled, and before each of them the warehouse may ship; what happens between two of them
cannot be told from what happens right before the second. A life is played for every pair of such
places, with every fate of the create's and the confirm's answer, with and without an event that
tells of the cancel. Those in which an answer gets lost are played by `make orderings`; all others
always.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count, product
from typing import Any

import httpx
import pytest
import structlog

from app.simulator import Address, Fault, Order, OrderedLine
from app.simulator.company import Company
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven
from tests.simulation.process import Process, ProcessStore
from tests.simulation.run import silence_logs
from tests.simulation.world import _renew
from tests.store_rows import change_order

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
FATES: dict[str, Fault | None] = {
    "answered": None,
    "lost on the way there": Fault.LOSE_ANSWER_BEFORE,
    "answer lost": Fault.LOSE_ANSWER_AFTER,
}
CREATE, CONFIRM = "POST /v2/order/add", "confirm"
PLAYS_ALL = os.environ.get("ORDERINGS") == "all"
ROUNDS, LAST_SHIPPING_ROUND, PAUSE_SECONDS = 8, 2, 45


class Life:
    """One order's life, in which something happens before the n-th call or commit."""

    def __init__(self, world: World, *, is_told: bool) -> None:
        self.world = world
        self.is_told = is_told
        self.order: Order | None = None
        self.problems: list[str] = []
        self.trace: list[str] = []
        self.was_cancelled = False
        self.start(None, 0, 0)

    def start(self, order: Order | None, cancel_at: int, ship_at: int) -> None:
        """Begin a life; the places are counted from 1, 0 stands for never."""
        if order is not None:
            self.was_cancelled = False
            self.trace = []
        self.order, self.cancel_at, self.ship_at = order, cancel_at, ship_at
        self.place = 0
        self.last_seen = ""
        self.is_busy = False
        self.is_at_work = False

    @property
    def counts_commits(self) -> bool:
        """Whether a commit of now is a place."""
        return self.is_told and self.is_at_work

    @property
    def number(self) -> str:
        assert self.order is not None
        return str(self.order.reference)

    async def pass_place(self, name: str) -> None:
        """Count a place; let what is planned for it happen."""
        is_commit = name == "commit"
        # A commit is told from what surrounds it by an event alone; the jobs' own are no step.
        if self.order is None or self.is_busy or (is_commit and not self.counts_commits):
            return
        self.place += 1
        self.is_busy = True
        try:
            if self.place == self.cancel_at:
                self.trace.append("CANCEL")
                self.was_cancelled = True
                self.world.ankorstore.cancel_order(self.order.id)
                if self.is_told:
                    await self.world.tell(self.order, event_type="order.cancelled")
            if self.ship_at and self.place >= self.ship_at and self.can_ship():
                self.ship()
        finally:
            self.is_busy = False
        self.trace.append(name)

    def can_ship(self) -> bool:
        placed = self.world.active_ants.orders_numbered(self.number)
        return bool(placed) and not placed[0].is_complete

    def ship(self) -> None:
        self.trace.append("SHIP")
        self.world.active_ants.ship(self.number)

    def look_at(self, request: httpx.Request, response: httpx.Response | None) -> None:
        """Judge a call by what the service had seen of the order when it made it."""
        name = f"{request.method} {request.url.path}"
        is_write = name == CREATE or name.endswith(CONFIRM)
        if is_write and response is None and self.last_seen == "cancelled":
            self.problems.append(f"{name} after the cancel was seen: {self.trace}")
        is_taken = response is not None and response.is_success
        if name.endswith(CONFIRM) and is_taken and "CANCEL" in self.trace:
            self.problems.append(f"confirmed although cancelled: {self.trace}")
        is_read = request.url.path.endswith((f"/{self.order and self.order.id}", "/transition"))
        if is_read and response is not None and response.is_success:
            self.last_seen = response.json()["data"]["attributes"]["status"]


class WatchedTransport(httpx.AsyncBaseTransport):
    """The way to a company, each call of which is a place."""

    def __init__(self, company: Company, life: Life) -> None:
        self._inner = company.transport()
        self._life = life

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self._life.pass_place(f"{request.method} {request.url.path.rsplit('/', 1)[-1]}")
        self._life.look_at(request, None)
        response = await self._inner.handle_async_request(request)
        await response.aread()
        self._life.look_at(request, response)
        return response


class WatchedStore(ProcessStore):
    """The simulation's store in memory, for speed; each of its commits is a place."""

    life: Life | None = None

    def __init__(self, clock: FakeClock) -> None:
        process = Process("worker", lambda process, name: None)
        super().__init__(_renew(), clock, process, lambda process: "ok", lambda: False)  # type: ignore[arg-type]

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Any]:
        if self.life is not None:
            await self.life.pass_place("commit")
        async with super().write() as connection:
            yield connection


async def _play(life: Life, cancel_at: int, ship_at: int, fates: tuple[str, str]) -> bool:
    """Play one life; tell whether it came to the place of the cancel."""
    world = life.world
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
    life.start(None, 0, 0)
    await world.tell(order)
    for company, call, fate in (
        (world.active_ants, "POST */order/add", fates[0]),
        (world.ankorstore, "POST */confirm", fates[1]),
    ):
        company.faults.stop()
        if (fault := FATES[fate]) is not None:
            company.faults.once(call, fault)
    life.start(order, cancel_at, ship_at)
    for round_ in range(ROUNDS):
        life.is_at_work = True
        await world.work()
        life.is_at_work = False
        if round_ == LAST_SHIPPING_ROUND and life.can_ship():
            life.ship()
        await world.poll_feed()
        held = await world.held(order)
        if (held.outcome or held.attention_reason) and not life.can_ship():
            break
        world.clock.advance(PAUSE_SECONDS)
    await _judge(life, order)
    life.start(None, 0, 0)
    # An order that asks a person is looked at for ever, and would slow down all that follow.
    await change_order(
        world.store, held.order_id, state="closed", attention_reason=None, next_attempt_at=None
    )
    return life.was_cancelled


async def _judge(life: Life, order: Order) -> None:
    world, problems = life.world, life.problems
    held = await world.held(order)
    placed = world.active_ants.orders_numbered(str(order.reference))
    if len(placed) > 1:
        problems.append(f"placed {len(placed)} times: {life.trace}")
    if order.status not in ("cancelled", "shipped"):
        problems.append(f"Ankorstore shows {order.status}: {life.trace}")
    if order.status == "cancelled":
        statuses = [status for _, status in order.history]
        was_shipped = "shipped" in statuses
        if not placed:
            is_right = held.outcome == "cancelled"
        elif was_shipped:
            is_right = held.outcome == "completed" or held.attention_reason is not None
            if life.is_told:
                is_right = held.attention_reason == "cancelled_after_shipping"
        else:
            is_right = held.outcome is None and held.attention_reason in (
                "cancelled_after_placing",
                "cancelled_after_shipping",
            )
        if not is_right:
            ending = (held.state, held.outcome, held.attention_reason)
            problems.append(f"{ending} though cancelled: {life.trace}")
    elif (held.outcome, held.attention_reason) != ("completed", None):
        ending = (held.state, held.outcome, held.attention_reason)
        problems.append(f"{ending} though shipped: {life.trace}")


@pytest.fixture
def quiet() -> Iterator[None]:
    """Keep the log lines of thousands of lives out of the way."""
    before = structlog.get_config()
    silence_logs()
    yield
    structlog.configure(**before)


def _cases() -> Iterator[Any]:
    """Give every pair of fates, told and untold; the rarer half only where all are asked for."""
    for create_fate, confirm_fate, is_told in product(FATES, FATES, (True, False)):
        is_common = create_fate == confirm_fate == "answered"
        told = "told" if is_told else "untold"
        yield pytest.param(
            create_fate,
            confirm_fate,
            is_told,
            id=f"create {create_fate}-confirm {confirm_fate}-{told}",
            marks=() if is_common else pytest.mark.skipif(not PLAYS_ALL, reason="make orderings"),
        )


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("create_fate", "confirm_fate", "is_told"), [*_cases()])
async def test_every_ordering(
    clock: FakeClock, create_fate: str, confirm_fate: str, is_told: bool
) -> None:
    """Never placed once a cancel was seen, never confirmed once cancelled, never forgotten."""
    store = WatchedStore(clock)
    traces: set[tuple[str, ...]] = set()
    async with build_world(store, clock, warehouse=hand_driven(), reconcile_seconds=10**9) as world:
        life = Life(world, is_told=is_told)
        for company in (world.ankorstore, world.active_ants):
            transport = WatchedTransport(company, life)
            company.transport = lambda transport=transport: transport  # type: ignore[method-assign]
        await world.restart()
        store.life = life
        await _play(life, 0, 1, ("answered", "answered"))  # learns the stock
        fates = (create_fate, confirm_fate)
        await _play(life, 0, 0, fates)
        # Before it is placed nothing can ship: every earlier place would be this one again.
        first = life.trace.index("POST add") + 2
        lives = 0
        for ship_at in range(first, len(life.trace) + 2):
            for cancel_at in count(1):
                lives += 1
                was_cancelled = await _play(life, cancel_at, ship_at, fates)
                traces.add(tuple(life.trace))
                assert not life.problems, life.problems[0]
                if not was_cancelled:
                    break
    print(f"{lives} lives, {len(traces)} different orderings")
    assert len(traces) > 100
