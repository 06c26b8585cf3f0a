"""
Nothing that runs often reads a big table from end to end, on either database.

Asked of the databases themselves, about the statements that are really executed. How long they
take at full size is measured by `python -m bench questions`.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from app.clock import Clock, SystemClock
from app.store.order_search import search_orders
from app.store.queries import OrderFilter
from app.store.session import Store
from bench.big_tables import OPEN_SHARE, fill
from bench.questions import QUESTIONS, Question
from tests.conftest import DATABASES, Databases
from tests.explaining import Effort, catching, explain
from tests.fake_clock import FakeClock

ORDERS = 50_000
MOST_ROWS = ORDERS * 3 // 4
"""Far above what any question needs, far below what reading a table costs."""
SORTED_BY_ID = {"newest orders", "a page further on", "newest events"}
"""A page of the newest walks the table, or the index of its times, from its end and stops."""
FURTHER_ON = ORDERS // 2


def _search(wanted: OrderFilter) -> Question:
    return lambda store: search_orders(store, wanted)


SEARCHES = {
    "a search": _search(OrderFilter(q="shop")),
    "a search further on": _search(OrderFilter(q="shop", after_id=FURTHER_ON)),
    "a search for closed orders": _search(OrderFilter(q="shop", state="closed")),
    "a search for closed orders further on": _search(
        OrderFilter(q="SHOP-1", state="closed", after_id=FURTHER_ON)
    ),
    "a search for late orders": _search(OrderFilter(q="shop", deadline="late")),
    "a search for orders that need attention": _search(OrderFilter(q="shop", attention="any")),
}
KINDS = [*DATABASES, "postgres by its own clock"]


@dataclass(frozen=True, slots=True)
class Big:
    """A database with big tables, and whose clock its statements ask."""

    url: str
    clock: Clock


def _make(kind: str, databases: Databases, orders: int) -> Big:
    name, _, has_own_clock = kind.partition(" ")
    big = Big(databases.make(name), SystemClock() if has_own_clock else FakeClock())

    async def prepare() -> None:
        store = Store(big.url, big.clock)
        try:
            await fill(store, orders)
            await QUESTIONS["moving the tallies"](store)
        finally:
            await store.close()

    asyncio.run(prepare())
    return big


@pytest.fixture(scope="module", params=KINDS)
def big(request: pytest.FixtureRequest, databases: Databases) -> Iterator[Big]:
    """Return a database with big tables."""
    made = _make(request.param, databases, ORDERS)
    yield made
    databases.drop(made.url)


@pytest.mark.parametrize("question", [*QUESTIONS, *SEARCHES])
async def test_question_is_answered_by_indexes(big: Big, question: str) -> None:
    """No statement of it scans a big table or touches more than a fraction of its rows."""
    store = Store(big.url, big.clock)
    try:
        with catching(store) as caught:
            await (QUESTIONS | SEARCHES)[question](store)
    finally:
        await store.close()

    assert caught
    for statement in caught:
        effort = explain(big.url, statement)
        told = f"{effort.rows} rows\n{effort.plan}\n{statement.sql}"
        assert effort.rows <= MOST_ROWS, told
        assert not effort.scans or question in SORTED_BY_ID, told


@pytest.mark.parametrize("kind", KINDS)
def test_a_look_for_due_orders_leaves_those_that_wait_alone(
    databases: Databases, kind: str
) -> None:
    """Asked every second: it may not read every open order each time."""
    orders = 20_000
    big = _make(kind, databases, orders)

    async def ask() -> Effort:
        store = Store(big.url, big.clock)
        try:
            with catching(store) as caught:
                await QUESTIONS["claim when nothing is due"](store)
        finally:
            await store.close()
        return explain(big.url, caught[-1])

    effort = asyncio.run(ask())
    databases.drop(big.url)
    assert effort.rows < orders // OPEN_SHARE // 2, effort.plan


async def test_a_scan_would_be_noticed(big: Big) -> None:
    """A statement without an index is told as what it is."""
    store = Store(big.url, big.clock)
    try:
        with catching(store) as caught:
            async with store.read() as connection:
                await connection.exec_driver_sql(
                    "SELECT count(*) FROM orders WHERE master_order_id IS NOT NULL"
                )
    finally:
        await store.close()

    effort = explain(big.url, caught[0])
    assert (effort.scans, effort.rows > MOST_ROWS) == (("orders",), True)
