"""
The process dies at every commit of an order's way, before or after it; another one goes on.

After a crash only the database and the companies are left, and the lease of the dead process:
until it ends nobody touches the order.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]


class Crash(BaseException):
    """The process dies: nothing may catch this."""


class CountedStore(Store):
    """A store that counts its write transactions, and at one of them lets the process die."""

    def __init__(self, database_url: str, clock: FakeClock) -> None:
        super().__init__(database_url, clock)
        self.count = 0
        self.has_crashed = False
        self._crash_at = 0
        self._after = False

    def crash_at(self, number: int, *, after: bool) -> None:
        self.count, self._crash_at, self._after, self.has_crashed = 0, number, after, False

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        self.count += 1
        self.has_crashed |= (is_last := self.count == self._crash_at)
        async with super().write() as connection:
            yield connection
            if is_last and not self._after:
                raise Crash
        if is_last:
            raise Crash


@pytest.fixture
async def counted(database_url: str, clock: FakeClock) -> AsyncIterator[CountedStore]:
    """Return a counting store on each database."""
    made = CountedStore(database_url, clock)
    yield made
    await made.close()


async def _live(world: World, order: Order) -> None:
    """Let one round of everything happen: the worker, the warehouse, the feed."""
    try:
        await world.work()
        if world.active_ants.orders_numbered(str(order.reference)):
            world.active_ants.ship(str(order.reference))
        await world.poll_feed()
    except Crash:
        pass


async def _learn_stock(world: World) -> None:
    """Have products and stock read, so that only an order's own commits are left."""
    order = world.ankorstore.place_order(TOTE, GOOD)
    await world.tell(order)
    await _live(world, order)


async def test_what_a_plain_order_costs(counted: CountedStore, clock: FakeClock) -> None:
    """
    A plain order costs six calls to Ankorstore: read, accept, read before quoting, quote,
    confirm, read back. Its own commits are nine: two claims, an intent and an answer each for
    accept, create and confirm, and the closing.
    """
    async with build_world(counted, clock, warehouse=hand_driven(), shares_budgets=False) as world:
        await _learn_stock(world)
        order = world.ankorstore.place_order(TOTE, GOOD)
        await world.tell(order)
        world.ankorstore.calls.clear()
        counted.crash_at(0, after=False)
        await world.work()
        commits = counted.count
        world.active_ants.ship(str(order.reference))
        await world.run_jobs()
        clock.advance(400)
        await world.run_jobs()
        counted.crash_at(0, after=False)
        await world.work()

        assert (await world.held(order)).outcome == "completed"
        assert (commits, counted.count) == (5, 4)
        about = world.ankorstore.calls_to(f"* *{order.id}*")
        assert len(about) + world.confirms() == 6


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after it"])
async def test_crash_at_every_commit(counted: CountedStore, clock: FakeClock, after: bool) -> None:
    """Wherever the process dies, the order ends with one accept, one create and one confirm."""
    async with build_world(counted, clock, warehouse=hand_driven()) as world:
        await _learn_stock(world)
        # Where the database matters is seen at an intent, an answer and a commit of the feed.
        numbers = (2, 5, 12) if counted.is_postgres else range(1, 16)
        for number in numbers:
            order = world.ankorstore.place_order(TOTE, GOOD)
            await world.tell(order)
            counted.crash_at(number, after=after)
            while (await world.held(order)).outcome is None:
                await _live(world, order)
                if counted.has_crashed:
                    world.start_worker()
                clock.advance(61)

            held = await world.held(order)
            assert (held.state, held.outcome) == (State.CLOSED, "completed"), number
            statuses = [status for _, status in order.history]
            assert statuses == ["ankor_confirmed", "brand_confirmed", "shipped"], number
            assert len(world.active_ants.orders_numbered(str(order.reference))) == 1, number
            assert counted.has_crashed, number
        assert world.creates() == len(numbers) + 1


@pytest.mark.parametrize("number", [2, 4])
async def test_lease_of_a_dead_process_is_respected(
    counted: CountedStore, clock: FakeClock, number: int
) -> None:
    """Nobody touches the order before the lease ends; then the next process goes on."""
    async with build_world(counted, clock, warehouse=hand_driven()) as world:
        await _learn_stock(world)
        order = world.ankorstore.place_order(TOTE, GOOD)
        await world.tell(order)
        counted.crash_at(number, after=True)
        with suppress(Crash):
            await world.work()
        assert counted.has_crashed
        world.start_worker()
        calls = len(world.ankorstore.calls) + len(world.active_ants.calls)
        clock.advance(59)
        await world.tell(order)
        await world.work()
        assert len(world.ankorstore.calls) + len(world.active_ants.calls) == calls

        clock.advance(2)
        await world.work()
        await world.pass_time(45, steps=5)

        assert (await world.held(order)).state is State.PLACED
        assert len(world.active_ants.orders_numbered(str(order.reference))) == 1
