"""Bundles: one SKU sold, and parts that the warehouse may show within, besides or instead."""

from typing import Literal

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.store.decisions_shipping import confirm_partial
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0


async def _place(world: World) -> Order:
    parts = {"MUG-01": 2, "SOAP-LAV": 1}
    world.active_ants.mishaps.describe_product("TOTE-NAT", parts=parts)
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
    await world.tell(order)
    await world.work()
    return order


@pytest.mark.parametrize("rows", ["within", "besides"])
async def test_bundle_counts_once(
    store: Store, clock: FakeClock, rows: Literal["within", "besides"]
) -> None:
    """The parts are no goods of their own: nothing is over, and they add no weight."""
    async with build_world(store, clock, warehouse=hand_driven(bundle_rows=rows)) as world:
        order = await _place(world)
        await world.ship(order)

        assert (await world.held(order)).outcome == "completed"
        history = " ".join(row["message"] for row in await world.history(order))
        assert "more was shipped" not in history
        (quoted,) = world.ankorstore.calls_to("POST */shipping-quotes")
        assert [parcel["kg"] for parcel in quoted.json()["parcels"]] == [0.3]


async def test_parts_in_place_of_the_bundle(sqlite_store: Store, clock: FakeClock) -> None:
    """Nobody here knows what a bundle is made of: after the wait a person says it is the order."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(bundle_rows="instead")
    ) as world:
        order = await _place(world)
        await world.ship(order)
        await world.pass_time(49 * HOUR, steps=3)

        held = await world.held(order)
        assert held.attention_reason == "partial_shipment_overdue"
        detail = "2 of TOTE-NAT; sent besides: 4 of MUG-01, 2 of SOAP-LAV"
        assert held.attention_detail[0]["detail"] == detail
        await confirm_partial(sqlite_store, held, by="Ann", reason="the bundle")
        await world.work()
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


async def test_parts_found_by_search(sqlite_store: Store, clock: FakeClock) -> None:
    """A search row of foreign SKUs needs a person, who may say that it is the order."""
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(bundle_rows="instead"),
        shipment_feed="search",
    ) as world:
        order = await _place(world)
        await world.ship(order)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, "sku_not_ordered")
        assert world.confirms() == 0

        await confirm_partial(sqlite_store, held, by="Ann", reason="the bundle in parts")
        await world.work()
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)
