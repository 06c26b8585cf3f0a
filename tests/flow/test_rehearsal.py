"""Recorded steps taken again: unchanged code decides the same, a planted change is named."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from app.flow.rehearsing import Rehearsed
from app.rehearsal import Rehearsal
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.rehearsed import play_scene
from tests.flow.world import World, build_world, hand_driven


async def _rehearse_all(world: World) -> dict[str, Rehearsed]:
    rehearsal = Rehearsal(world.store, world.settings)
    since = world.store.now().replace(year=2000)
    return {order.name: told async for order, told in rehearsal.of_all(since)}


async def test_unchanged_code_decides_the_same(store: Store, clock: FakeClock) -> None:
    """Every recorded step of every order, whatever way the order took."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        scene = await play_scene(world)
        told = await _rehearse_all(world)

        assert {str(one.reference) for one in scene.orders.values()} == set(told)
        for name, order in scene.orders.items():
            one = told[str(order.reference)]
            assert (one.difference, one.skipped) == (None, []), name
            assert one.same == len([r for r in await world.history(order) if r["outcome"] != "decided"])
