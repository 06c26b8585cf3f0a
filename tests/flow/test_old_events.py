"""
Events signed a year ago, sent again today: by a sender that repeats, or by whoever kept a copy.

There is no age limit (docs/rules/signature.md): a known id is a duplicate, an unknown one is a
hint to look. Neither writes anything to either company, whatever the event itself claims.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.domain.lifecycle import State
from app.simulator import Order
from app.store.models import Event
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_arriving import ENDED, GOOD
from tests.flow.world import World, build_world, prompt
from tests.integration.web import deliver, event_body, running_web
from tests.store_rows import rows_of

YEAR_SECONDS = 365 * 86_400


@pytest.fixture
async def client(database_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the receiver, on the same database as `store`."""
    async with running_web(database_url, clock) as made:
        yield made


def created_event(event_id: str, order: Order, clock: FakeClock) -> bytes:
    """Return the event that tells of a new order which waits for its acceptance."""
    event = {"id": event_id, "type": "order.brand_created", "timestamp": clock.now().timestamp()}
    return event_body(event_id, order.id, meta={"event": event})


def calls_of(world: World) -> int:
    """Return how many calls either company got."""
    return len(world.ankorstore.calls) + len(world.active_ants.calls)


async def carry(world: World, client: httpx.AsyncClient, body: bytes, order: Order) -> None:
    """Take the order in by its event and carry it to its end."""
    assert (await deliver(client, body)).json() == {"status": "stored"}
    await world.work()
    await world.pass_time(1200, steps=3)
    assert (await world.held(order)).outcome == "completed"


async def test_known_event_a_year_later(
    client: httpx.AsyncClient, store: Store, clock: FakeClock
) -> None:
    """The same delivery again is a duplicate: nobody is woken and no company is called."""
    async with build_world(store, clock, warehouse=prompt()) as world:
        order = world.ankorstore.place_order(ship_to=GOOD)
        body = created_event("old", order, clock)
        await carry(world, client, body, order)
        before = await world.held(order)
        calls = calls_of(world)
        clock.advance(YEAR_SECONDS)

        assert (await deliver(client, body)).json() == {"status": "duplicate"}
        await world.work()

        assert calls_of(world) == calls
        assert await world.held(order) == before
        assert len(await rows_of(store, Event)) == 1


@pytest.mark.parametrize("status", ["shipped", "cancelled", "received", "brand_paid"])
async def test_unknown_event_of_an_order_we_completed(
    client: httpx.AsyncClient, store: Store, clock: FakeClock, status: str
) -> None:
    """A year-old event that was lost is stored, its order stays closed, nothing is written;
    that it was cancelled meanwhile is a task."""
    async with build_world(store, clock, warehouse=prompt()) as world:
        order = world.ankorstore.place_order(ship_to=GOOD)
        old = created_event("never came", order, clock)
        await carry(world, client, created_event("came", order, clock), order)
        world.ankorstore.set_status(order.id, status)
        writes = world.writes()
        clock.advance(YEAR_SECONDS)

        assert (await deliver(client, old)).json() == {"status": "stored"}
        await world.work()
        await world.pass_time(86_400, steps=4)

        held = await world.held(order)
        asked = "cancelled_after_shipping" if status == "cancelled" else None
        assert (held.state, held.outcome, held.attention_reason) == (
            State.CLOSED,
            "completed",
            asked,
        )
        assert world.writes() == writes
        stored = [(event.event_id, event.processed_at) for event in await rows_of(store, Event)]
        assert [event_id for event_id, _ in stored] == ["came", "never came"]
        assert all(processed_at is not None for _, processed_at in stored)


@pytest.mark.parametrize("status", ENDED)
async def test_unknown_event_of_an_order_never_held(
    client: httpx.AsyncClient, store: Store, clock: FakeClock, status: str
) -> None:
    """An order that ended long ago is read, because its event may lie; then it is closed."""
    async with build_world(store, clock, warehouse=prompt()) as world:
        order = world.ankorstore.place_order(ship_to=GOOD)
        old = created_event("old", order, clock)
        world.ankorstore.set_status(order.id, status)
        clock.advance(YEAR_SECONDS)

        assert (await deliver(client, old)).json() == {"status": "stored"}
        await world.work()

        held = await world.held(order)
        assert (held.state, held.outcome) == (State.CLOSED, ENDED[status])
        assert (world.reads(order), world.writes()) == (1, [])

        again = created_event("another", order, clock)
        assert (await deliver(client, again)).json() == {"status": "stored"}
        await world.pass_time(86_400, steps=4)
        assert world.writes() == []
        assert (await world.held(order)).outcome == ENDED[status]
