"""`kill -9`: at any moment, and at the moments that matter most."""

import asyncio
from dataclasses import dataclass

import pytest

from tests.chaos.fleet import Fleet
from tests.chaos.scale import IS_LONG, KILLS, ORDERS
from tests.chaos.stage import Stage
from tests.chaos.wire import Moment

LAYOUTS = {
    "SQLite": {"web": "serve --no-worker", "worker": "worker"},
    "PostgreSQL": {"one": "serve", "two": "serve", "worker": "worker"},
}
PAUSE_SECONDS = (0.2, 2.5)


@pytest.mark.long("sqlite")
async def test_killed_at_any_moment(stage: Stage, fleet: Fleet, database: str) -> None:
    """Processes are killed at random, again and again, while orders come in."""
    await fleet.start_ready(**LAYOUTS[database])
    await asyncio.gather(
        stage.place_orders(fleet, ORDERS, within_seconds=KILLS * sum(PAUSE_SECONDS) / 2),
        fleet.kill_again_and_again(KILLS, PAUSE_SECONDS),
    )

    await stage.conclude(fleet, "kill -9 at random", database, fleet.kills, "kills")
    assert fleet.own_exits == {}


@dataclass(frozen=True, slots=True)
class Point:
    """A moment of one call; the worker is killed then."""

    call: str
    pattern: str
    moment: Moment
    short_form_on: tuple[str, ...] = ()
    """The databases on which it is visited in the short form too."""


ACCEPT = "POST */-actions/transition"
CREATE = "POST */order/add"
CONFIRM = "POST */confirm"
FEED = "POST */shipment/byordertype"
TAKEN_OUT = "POST */shipment/sync"
POINTS = (
    Point("read order", "GET */api/v1/orders/*", Moment.ANSWERED),
    Point("accept", ACCEPT, Moment.SENT),
    Point("accept", ACCEPT, Moment.TAKEN),
    Point("accept", ACCEPT, Moment.ANSWERED),
    Point("search before create", "GET */order/search", Moment.ANSWERED),
    Point("create", CREATE, Moment.SENT),
    Point("create", CREATE, Moment.TAKEN, ("SQLite", "PostgreSQL")),
    Point("create", CREATE, Moment.ANSWERED),
    Point("shipments feed", FEED, Moment.TAKEN),
    Point("acknowledge shipments", TAKEN_OUT, Moment.SENT),
    Point("acknowledge shipments", TAKEN_OUT, Moment.TAKEN),
    Point("ask for quotes", "POST */shipping-quotes", Moment.TAKEN),
    Point("confirm", CONFIRM, Moment.SENT),
    Point("confirm", CONFIRM, Moment.TAKEN, ("PostgreSQL",)),
    Point("confirm", CONFIRM, Moment.ANSWERED),
)
COMMITTED_STATES = ("accepted", "placed", "dispatched", "shipped", "closed")
"""Right after the commit that brings an order there, or any later one, the worker is killed."""
SHORT_FORM_STATES = {"SQLite": ("placed",), "PostgreSQL": ()}


async def test_killed_at_named_points(stage: Stage, fleet: Fleet, database: str) -> None:
    """
    The worker is killed just before a write takes effect, after the company took it and before
    the answer is recorded, and right after the commit; the receiver between commit and answer.
    """
    await fleet.start_ready(web="serve --no-worker", worker="worker")
    points = [point for point in POINTS if IS_LONG or database in point.short_form_on]
    for point in points:
        trap = stage.wire.trap(point.pattern, point.moment)
        stage.place_order(fleet, ships_late=point.pattern == CREATE)
        await trap.wait()
        await fleet.kill("worker")
        trap.let_go()
    for state in COMMITTED_STATES if IS_LONG else SHORT_FORM_STATES[database]:
        order = stage.place_order(fleet)
        reached = COMMITTED_STATES[COMMITTED_STATES.index(state) :]
        await stage.store.wait_for_row(order.id, *reached)
        await fleet.kill("worker")
    stage.place_order(fleet)
    await stage.store.wait_for_new_event(stage.ankorstore)
    await fleet.kill("web")

    await stage.conclude(fleet, "kill -9 at named points", database, fleet.kills, "kills")
    assert fleet.own_exits == {}
