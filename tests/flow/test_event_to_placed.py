"""How long an order took from its first event to the warehouse, and whether a person was needed."""

from app.metrics import REGISTRY
from app.simulator import Address, Order, OrderedLine
from app.store.decisions_answer import hold_order, release_order
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
NAME = "antbridge_event_to_placed_seconds"
PEOPLE = ("not asked", "asked")


def _counted(sample: str = "count", **labels: str) -> list[float]:
    """Return what is counted, for orders that went by themselves and for the others."""
    values = (
        REGISTRY.get_sample_value(f"{NAME}_{sample}", {"person": person, **labels})
        for person in PEOPLE
    )
    return [value or 0.0 for value in values]


def _since(before: list[float], sample: str = "count", **labels: str) -> list[float]:
    return [now - then for now, then in zip(_counted(sample, **labels), before, strict=True)]


async def _place(world: World, sku: str = "TOTE-NAT") -> Order:
    order = world.ankorstore.place_order([OrderedLine(sku)], GOOD)
    await world.tell(order)
    return order


async def test_an_order_that_needs_nobody(store: Store, clock: FakeClock) -> None:
    """It is measured once, from its event to its placing, however long it lives after that."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        counted, summed = _counted(), _counted("sum")
        quick, slow = _counted("bucket", le="60.0"), _counted("bucket", le="120.0")
        order = await _place(world)
        clock.advance(90)
        await world.work()
        await world.ship(order)
        await world.pass_time(7200, steps=2)

    assert _since(counted) == [1, 0]
    assert 90 <= _since(summed, "sum")[0] < 100
    assert _since(quick, "bucket", le="60.0") == [0, 0]
    assert _since(slow, "bucket", le="120.0") == [1, 0]


async def test_an_order_that_waited_for_a_person(store: Store, clock: FakeClock) -> None:
    """The time a person took is not the service's: such orders are counted apart."""
    async with build_world(store, clock, warehouse=hand_driven(), accept_mode="manual") as world:
        counted = _counted()
        order = await _place(world)
        await world.work()
        asked_at = (await world.held(order)).person_asked_at
        clock.advance(600)
        world.ankorstore.accept_by_person(order.id)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).person_asked_at == asked_at is not None
    assert _since(counted) == [0, 1]


async def test_an_order_a_person_held(store: Store, clock: FakeClock) -> None:
    """A hold of an operator's own counts as a person needed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        counted = _counted()
        order = await _place(world)
        await hold_order(store, await world.held(order), by="Ann")
        await release_order(store, await world.held(order), by="Ann")
        await world.work()

    assert _since(counted) == [0, 1]


async def test_an_order_no_event_told_of(store: Store, clock: FakeClock) -> None:
    """One found by comparing lists has no event to be measured from."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        counted = _counted()
        order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
        await world.pass_time(600, steps=2)

        assert (await world.held(order)).found_by == "reconcile"
        assert (await world.held(order)).live is not None
    assert _since(counted) == [0, 0]
