"""A company that is away for three days: nobody gives up, and then the pressing go first."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from app.circuit import FAILURES_TO_OPEN
from app.wiring import ACTIVE_ANTS, ANKORSTORE
from tests.backlog.world import BacklogWorld, is_drained, run_patiently
from tests.conftest import Databases

ORDERS = 24
HOURS = 72.0
HANDS = 4
SLOW = {"poll_seconds": 300.0, "shipping_delay_seconds": 5, "reconcile_seconds": 3600}


def quiet_lines(lines: list[Any], since: str) -> list[tuple[str, str]]:
    """Return the lines about a company and about failures, from the first *since* on."""
    told = [(line["event"], line.get("peer", "")) for line in lines]
    start = next(index for index, (event, _) in enumerate(told) if event == since)
    heard = ("peer.went_away", "peer.returned", "attempt.finished", "job.failed")
    return [line for line in told[start:] if line[0] in heard]


@pytest.mark.parametrize(
    ("peer", "kind"),
    [
        (ANKORSTORE, "sqlite"),
        pytest.param(ACTIVE_ANTS, "sqlite", marks=pytest.mark.long),
        pytest.param(ANKORSTORE, "postgres", marks=pytest.mark.long),
        pytest.param(ACTIVE_ANTS, "postgres", marks=pytest.mark.long),
    ],
)
def test_an_outage_of_three_days(
    databases: Databases, kind: str, peer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    No order asks a person, no attempt is used up, two lines tell of it; nothing is called but
    the probes, nothing written for orders that wait. Afterwards orders are placed by ship-by date.
    """

    structlog.reset_defaults()
    monkeypatch.setattr("app.worker.BEAT_SECONDS", 600.0)

    async def work(world: BacklogWorld) -> None:
        await world.start()
        await world.rest(hours=0.1)  # the warehouse's settings are read
        world.go_away(peer)
        with capture_logs() as lines:
            order_ids = await world.place(ORDERS // 2)
            await world.rest(hours=1)
            order_ids += await world.place(ORDERS - ORDERS // 2)
            await world.rest(hours=1)
            claims = await _claims(world)
            before = sum(world.statuses[peer].values())
            await world.rest(hours=HOURS - 2)

            waiting = await world.rows(
                "SELECT state, attention_reason, attempt_count, waits_for FROM orders"
            )
            assert len(waiting) == ORDERS
            assert {(row.state, row.attention_reason) for row in waiting} == {("received", None)}
            assert sum(row.attempt_count for row in waiting) <= FAILURES_TO_OPEN + HANDS
            name = {ANKORSTORE: "Ankorstore", ACTIVE_ANTS: "Active Ants"}[peer]
            assert {row.waits_for for row in waiting} == {f"{name} to answer again"}
            status = await world.status()
            assert status["peers"][peer]["away_since"] is not None
            assert status["backlog"] == {"orders": ORDERS, "ends_at": None}
            hours = HOURS - 2
            probes = sum(world.statuses[peer].values()) - before
            assert hours * 5 <= probes <= hours * 3600 / 180 + 1
            # One order at most goes out to probe; the others are not even claimed.
            assert await _claims(world) - claims <= probes

            world.come_back()
            await world.until(is_drained, hours=2)
            await world.rest(hours=0.2)  # until the next heartbeat
            assert (await world.status())["peers"][peer]["away_since"] is None
        told = quiet_lines(lines, "peer.went_away")
        assert [line for line in told if line[0].startswith("peer.")] == [
            ("peer.went_away", peer),
            ("peer.returned", peer),
        ]
        between = told[1 : told.index(("peer.returned", peer))]
        assert len(between) <= ORDERS + FAILURES_TO_OPEN
        assert ("job.failed", "") not in between
        assert await world.rows("SELECT 1 FROM orders WHERE outcome != 'completed'") == []
        _assert_by_ship_by_date(world, order_ids)

    run_patiently(work, databases.make(kind), worker_concurrency=HANDS, **SLOW)


async def _claims(world: BacklogWorld) -> int:
    """Return how often orders were claimed so far."""
    ((claims,),) = await world.rows("SELECT sum(fencing_token) FROM orders")
    return int(claims)


def _assert_by_ship_by_date(world: BacklogWorld, order_ids: list[str]) -> None:
    """What was placed first, ships first; the hands at work may swap neighbours."""
    placed = [one.extras["extra1"] for one in world.active_ants.orders.values()]
    assert sorted(placed) == sorted(order_ids)
    ships: dict[str, datetime] = {
        order_id: world.ankorstore.orders[order_id].ships_until_at for order_id in order_ids
    }
    by_date = sorted(placed, key=lambda order_id: ships[order_id])
    moved = [abs(placed.index(one) - by_date.index(one)) for one in placed]
    assert max(moved[4:]) <= 8, moved
    assert ships[placed[-1]] - ships[placed[4]] > timedelta(days=5)
