"""Nothing irreversible on an old verdict: news that comes in between is read first."""

from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
MOVED = Address("Ina Smit", "Winkel Smit", "Oudegracht 25 bis", "3511 LX", "Utrecht", "NL")
SKUS = [f"SKU-{number}" for number in range(8)]


def _interrupt(peer: Any, method: str, news: Callable[[], Coroutine[Any, Any, object]]) -> None:
    """Let *news* happen right before the first call of *method*."""
    plain = getattr(peer, method)
    is_first = True

    async def interrupted(*arguments: Any, **options: Any) -> Any:
        nonlocal is_first
        if is_first:
            is_first = False
            await news()
        return await plain(*arguments, **options)

    setattr(peer, method, interrupted)


def _order(world: World) -> Order:
    return world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)


async def test_cancelled_between_review_and_accept(store: Store, clock: FakeClock) -> None:
    """An event after the review makes the order be read again; cancelled, it is not accepted."""
    async with build_world(store, clock) as world:
        order = _order(world)

        async def news() -> None:
            world.ankorstore.cancel_order(order.id)
            await world.tell(order, event_type="order.cancelled")

        _interrupt(world.companies.marketplace, "reserve_call", news)
        await world.tell(order)
        await world.work()

        held = await world.held(order)
        assert (held.state, held.outcome) == (State.CLOSED, "cancelled")
        assert (await world.told(order), world.writes()) == (["woken", "closed"], [])


async def test_address_changed_between_review_and_create(store: Store, clock: FakeClock) -> None:
    """The warehouse gets the address as it is at the create, not as it was reviewed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = _order(world)

        async def news() -> None:
            world.ankorstore.change_address(order.id, MOVED)
            await world.tell(order, event_type="order.shipping_address_updated")

        _interrupt(world.companies.warehouse, "reserve_call", news)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        (create,) = world.active_ants.calls_to("POST */order/add")
        assert create.json()["deliveryAddressStreet"] == "Oudegracht"
        assert await world.told(order) == ["done", "woken", "waiting"]


async def test_cancelled_between_quote_and_confirm(sqlite_store: Store, clock: FakeClock) -> None:
    """An event after the quotes stops the confirm."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = _order(world)
        await world.tell(order)
        await world.work()

        async def news() -> None:
            world.ankorstore.cancel_order(order.id)
            await world.tell(order, event_type="order.cancelled")

        _interrupt(world.companies.marketplace, "reserve_call", news)
        await world.ship(order)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.DISPATCHED, "cancelled_after_shipping")
        assert world.confirms() == 0


@pytest.mark.parametrize("what", ["cancelled", "moved", "their carrier"])
async def test_change_without_an_event_is_seen_before_the_confirm(
    sqlite_store: Store, clock: FakeClock, what: str
) -> None:
    """Where the quotes took longer than VERDICT_SECONDS the order is read once more."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = _order(world)
        await world.tell(order)
        await world.work()

        async def silence() -> None:
            clock.advance(61)
            match what:
                case "cancelled":
                    world.ankorstore.cancel_order(order.id)
                case "moved":
                    world.ankorstore.change_address(order.id, MOVED)
                case _:
                    world.ankorstore.offer_shipping_methods(order.id, ["ankorstore"])

        _interrupt(world.companies.marketplace, "reserve_call", silence)
        await world.ship(order)

        reasons = {
            "cancelled": "cancelled_after_shipping",
            "moved": "address_changed_after_shipping",
            "their carrier": "own_carrier_not_possible",
        }
        assert (await world.reasons(order), world.confirms()) == ([reasons[what]], 0)


async def _review_slowly(world: World, status: str = "ankor_confirmed") -> Order:
    """Have the warehouse take 72 seconds for what a review of eight products asks."""
    for sku in SKUS:
        world.active_ants.set_stock(sku, 10)
    world.active_ants.faults.once(
        "GET */product/search", Fault.LATENCY, times=len(SKUS), seconds=9.0
    )
    lines = [OrderedLine(sku) for sku in SKUS]
    return world.ankorstore.place_order(lines, GOOD, status=status)


async def test_verdict_that_grew_old_is_read_again(sqlite_store: Store, clock: FakeClock) -> None:
    """After VERDICT_SECONDS the order is read once more; unchanged, it is accepted at once."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _review_slowly(world)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        assert (world.reads(order), world.accepts(), world.creates()) == (2, 1, 1)
        assert await world.told(order) == ["done", "waiting"]


async def test_change_without_an_event_is_seen_in_an_old_verdict(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What changed while the review took long holds the order, though no event told of it."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _review_slowly(world)
        world.ankorstore.do_later(
            30, lambda: world.ankorstore.ask_for_cancellation(order.id, "too slow")
        )
        await world.tell(order)
        await world.work()

        assert await world.reasons(order) == ["retailer_asked_to_cancel"]
        assert world.writes() == []


async def test_change_without_an_event_is_seen_before_the_create(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """An accepted order goes where it shall go at the create, though no event told of that."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _review_slowly(world, "brand_confirmed")
        world.ankorstore.do_later(30, lambda: world.ankorstore.change_address(order.id, MOVED))
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).state is State.PLACED
        (create,) = world.active_ants.calls_to("POST */order/add")
        assert create.json()["deliveryAddressStreet"] == "Oudegracht"
