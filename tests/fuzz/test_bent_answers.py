"""
The whole flow between two companies one of whose answers in five is bent.

An odd answer may cost an attempt, and an order may end up with a person; what never happens is
that a step, a job or the worker breaks, or that a row cannot be written. Once the answers are
whole again, every order comes to rest.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from random import Random
from typing import Any

import httpx
import pytest
import structlog

from app.domain.lifecycle import State
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.store.session import Store
from app.wiring import Companies, Transports, build_companies
from tests.conftest import Databases
from tests.fake_clock import FakeClock
from tests.flow.test_arriving import GOOD
from tests.flow.world import World, make_settings, prompt
from tests.fuzz.odd_answers import bend

BROKEN = {"step.broke", "step.not_recorded", "job.broke", "job.not_recorded", "worker.stumbled"}
SHARE = 0.2
SEEDS = {"sqlite": range(8), "postgres": range(100, 103)}


class BendingTransport(httpx.AsyncBaseTransport):
    """Hands on what a company answers, and now and then something else."""

    def __init__(self, inner: httpx.AsyncBaseTransport, random: Random) -> None:
        self._inner = inner
        self._random = random
        self.share = SHARE
        self.bent = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._inner.handle_async_request(request)
        if self._random.random() >= self.share:
            return answer
        self.bent += 1
        body = bend(await answer.aread(), self._random)
        return httpx.Response(answer.status_code, content=body, request=request)


class BentWorld(World):
    """A world whose companies are reached through bending transports."""

    def _build_companies(self) -> Companies:
        random = Random(self.seed)
        self.bending = [
            BendingTransport(company.transport(), random)
            for company in (self.ankorstore, self.active_ants)
        ]
        return build_companies(self.settings, self.clock, Transports(*self.bending))

    def __init__(self, store: Store, clock: FakeClock, seed: int) -> None:
        self.seed = seed
        ankorstore = SimulatedAnkorstore(clock=clock, seed=seed)
        ankorstore.base_url = "http://127.0.0.1:1"
        active_ants = SimulatedActiveAnts(clock=clock, seed=seed, **prompt())
        settings = make_settings(ankorstore, active_ants)
        super().__init__(store, clock, ankorstore, active_ants, settings)


@contextmanager
def log_lines() -> Iterator[list[Mapping[str, Any]]]:
    """Keep every line the service logs."""
    with structlog.testing.capture_logs() as lines:
        yield lines


async def run_seed(databases: Databases, database: str, seed: int) -> tuple[int, Counter[str]]:
    """Carry three orders through bent answers; return how many were bent and how they ended."""
    url = databases.make(database)
    clock = FakeClock()
    store = Store(url, clock)
    world = BentWorld(store, clock, seed)
    with log_lines() as lines:
        orders = [world.ankorstore.place_order(ship_to=GOOD) for _ in range(3)]
        await world.run_jobs()
        for order in orders:
            await world.tell(order)
        await world.work()
        await world.pass_time(3600, steps=12)
        bent = sum(transport.bent for transport in world.bending)
        for transport in world.bending:
            transport.share = 0.0
        await world.pass_time(7200, steps=12)
    ends: Counter[str] = Counter()
    for order in orders:
        held = await world.held(order)
        is_at_rest = held.state is State.CLOSED or held.attention_reason or held.next_attempt_at
        assert is_at_rest, f"seed {seed}: {held}"
        ends[held.outcome or held.attention_reason or "waits"] += 1
    assert max(world.accepts(), world.creates(), world.confirms()) <= len(orders), f"seed {seed}"
    broken = [line for line in lines if line["event"] in BROKEN]
    assert not broken, f"seed {seed}: {broken[0]}"
    await world.companies.close()
    await store.close()
    databases.drop(url)
    return bent, ends


@pytest.mark.parametrize("database", SEEDS)
async def test_bent_answers(databases: Databases, database: str) -> None:
    """No answer breaks more than an attempt, or makes a write happen twice; most orders arrive."""
    bent, ends = 0, Counter[str]()
    for seed in SEEDS[database]:
        more, ended = await run_seed(databases, database, seed)
        bent += more
        ends += ended

    print(f"{bent} bent answers; {dict(ends)}")
    assert bent > 8 * len(SEEDS[database])
    assert ends["completed"] > ends.total() / 2
