"""Goods under a number of ours that are not, or not surely, what our order waits for."""

from typing import Any

import pytest
from sqlalchemy import select

from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.simulator.active_ants.records import OrderedItem
from app.store.decisions import Impossible
from app.store.models import Shipment
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")


async def _place(world: World) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
    await world.tell(order)
    await world.work()
    return order


FOREIGN_MARK = "0b1f7c1e-0000-4000-8000-000000000000"


@pytest.mark.parametrize("extra1", [FOREIGN_MARK, None])
async def test_our_number_on_a_foreign_row(
    sqlite_store: Store, clock: FakeClock, extra1: str | None
) -> None:
    """A row of our number without our mark is shown as not matched and never acknowledged."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.active_ants.add_foreign_shipments(
            1, external_order_number=str(order.reference), extra1=extra1
        )
        await world.poll_feed()

        held = await world.held(order)
        assert (held.state, held.attention_reason, world.confirms()) == (State.PLACED, None, 0)
        assert world.active_ants.acknowledged == set()
        async with world.store.read() as connection:
            row = (await connection.execute(select(Shipment.disposition, Shipment.order_id))).one()
        assert tuple(row) == ("not_matched", None)


def _ship_under_another_number(world: World, order: Order, **changes: Any) -> None:
    left = {item.sku: item.quantity for item in _items(world, order)}
    shipment = world.active_ants.ship(str(order.reference), lines=left)
    world.active_ants.mishaps.relabel_shipment(shipment.id, **changes)


def _items(world: World, order: Order) -> list[OrderedItem]:
    (placed,) = world.active_ants.orders_numbered(str(order.reference))
    return placed.items


@pytest.mark.parametrize(
    "changes", [{"external_order_number": "OLD-1"}, {"order_number": 1}], ids=["number", "theirs"]
)
async def test_goods_sent_under_another_number_are_urgent(
    sqlite_store: Store, clock: FakeClock, changes: dict[str, Any]
) -> None:
    """Our goods under a number that is not the live one count for nothing and need a person."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        _ship_under_another_number(world, order, **changes)
        await world.poll_feed()

        held = await world.held(order)
        assert held.attention_reason == "replaced_order_shipped"
        assert (held.state, world.confirms()) == (State.PLACED, 0)
        with pytest.raises(Impossible, match="A retry does not settle that"):
            await world.retry(order)


async def test_second_warehouse_order_that_ships_after_the_end(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Goods that leave twice are urgent also when the order was closed long ago."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        first = await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        _ship_under_another_number(world, order, order_number=first.order_number + 1)
        await world.poll_feed()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.CLOSED, "replaced_order_shipped")
        assert world.confirms() == 1


async def test_search_row_with_goods_that_were_not_sent(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A row found by our number alone that holds a SKU we never sent needs a person."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), shipment_feed="search"
    ) as world:
        order = await _place(world)
        world.active_ants.add_foreign_shipments(1, external_order_number=str(order.reference))
        await world.poll_feed()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, "sku_not_ordered")
        assert (world.confirms(), world.active_ants.acknowledged) == (0, set())
