"""Two replicas whose clocks are three minutes apart."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.clock import SystemClock
from tests.chaos.fleet import Fleet
from tests.chaos.launch import CLOCK_AHEAD, shift_clock
from tests.chaos.scale import KILLS, ORDERS
from tests.chaos.stage import Stage

AHEAD_SECONDS = 90.0
PAUSE_SECONDS = (0.5, 2.0)


async def test_clocks_differ(postgres_stage: Stage, postgres_fleet: Fleet) -> None:
    """
    One replica is 90 seconds ahead, the other 90 behind, and now and then one is killed: leases
    run out for nobody too early, and for everybody in time.
    """
    stage, fleet = postgres_stage, postgres_fleet
    await fleet.start("ahead", "serve", **{CLOCK_AHEAD: str(AHEAD_SECONDS)})
    await fleet.start("behind", "serve", **{CLOCK_AHEAD: str(-AHEAD_SECONDS)})
    await asyncio.gather(*(one.wait_until_ready() for one in fleet.replicas.values()))
    kills = KILLS // 2
    await asyncio.gather(
        stage.place_orders(fleet, ORDERS, within_seconds=kills * sum(PAUSE_SECONDS) / 2),
        fleet.kill_again_and_again(kills, PAUSE_SECONDS),
    )

    await stage.conclude(fleet, "clocks 180 s apart", "PostgreSQL", fleet.kills, "kills")
    assert fleet.own_exits == {}


def test_the_launcher_shifts_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shifted clock is wrong by what was asked for."""
    monkeypatch.setattr(SystemClock, "now", SystemClock.now)

    shift_clock(AHEAD_SECONDS)

    ahead = SystemClock().now() - datetime.now(UTC)
    assert timedelta(seconds=AHEAD_SECONDS - 5) < ahead <= timedelta(seconds=AHEAD_SECONDS)
