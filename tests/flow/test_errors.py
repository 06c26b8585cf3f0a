"""Trouble of a company and trouble of an order: what is tried again, when, and what gives up."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.circuit import FAILURES_TO_OPEN
from app.domain.lifecycle import State
from app.flow import answering
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven, prompt

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
HOUR, DAY = 3600.0, 86_400.0


def _order(world: World) -> Order:
    return world.ankorstore.place_order(TOTE, GOOD)


async def _tell(world: World, *orders: Order) -> None:
    for order in orders:
        await world.tell(order)
    await world.work()


async def _pauses(world: World, order: Order) -> list[float]:
    rows = [row for row in await world.history(order) if row["outcome"] == "failed"]
    return [(row["next_attempt_at"] - row["happened_at"]).total_seconds() for row in rows]


async def test_pauses_grow_and_then_stay(store: Store, clock: FakeClock) -> None:
    """1, 2, 4, 8 and 16 seconds, each with up to half a second more; then five minutes each."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order, other = _order(world), _order(world)
        world.ankorstore.faults.once(
            f"GET */orders/{order.id}", Fault.SERVER_ERROR_BEFORE, times=7, status=503
        )
        await _tell(world, order)
        while (await world.held(order)).state is State.RECEIVED:
            held = await world.held(order)
            assert held.next_attempt_at is not None
            clock.advance((held.next_attempt_at - clock.now()) / timedelta(seconds=1))
            await world.companies.marketplace.read_order(other.id)  # Ankorstore is there
            await world.work()

        assert (await world.held(order)).state is State.PLACED
        expected = (1, 2, 4, 8, 16, 300, 300)
        pauses = await _pauses(world, order)
        assert len(pauses) == len(expected)
        for pause, base in zip(pauses, expected, strict=True):
            assert base <= pause <= base + 0.5


@pytest.mark.parametrize("is_theirs", [True, False], ids=["ankorstore", "active_ants"])
async def test_pause_that_is_asked_for_is_kept(
    store: Store, clock: FakeClock, is_theirs: bool
) -> None:
    """Retry-After is obeyed by everybody; an event in between does not shorten it."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        company: Any = world.ankorstore if is_theirs else world.active_ants
        pattern = "GET */orders/*" if is_theirs else "GET */product/search"
        order, other = _order(world), _order(world)
        company.faults.once(pattern, Fault.TOO_MANY_REQUESTS, seconds=40)
        await _tell(world, order)
        asked_at = clock.now()
        clock.advance(10)
        await _tell(world, order)
        assert (await world.held(order)).attempt_count == 1
        (pause,) = await _pauses(world, order)
        assert 40 <= pause <= 41
        await _tell(world, other)
        await world.pass_time(45, steps=3)

        for one in (order, other):
            assert (await world.held(one)).state is State.PLACED
        later = [call.at for call in company.calls if call.at > asked_at]
        assert min(later) - asked_at >= timedelta(seconds=40)
        assert len(company.calls_to(pattern)) >= 2


@pytest.mark.parametrize("is_theirs", [True, False], ids=["ankorstore", "active_ants"])
async def test_outage_of_days_gives_no_order_up(
    sqlite_store: Store, clock: FakeClock, is_theirs: bool
) -> None:
    """A company that is away uses no order up, nor does its stumbling when it comes back."""
    async with build_world(sqlite_store, clock, warehouse=prompt(), retry_base_seconds=20) as world:
        company: Any = world.ankorstore if is_theirs else world.active_ants
        orders = [_order(world) for _ in range(3)]
        company.faults.always("* */api/*" if is_theirs else "* /v2/*", Fault.SERVER_ERROR_BEFORE)
        await _tell(world, *orders)
        await world.pass_time(2 * DAY, steps=22)
        for order in orders:
            held = await world.held(order)
            assert held.attention_reason is None
            assert held.attempt_count <= FAILURES_TO_OPEN
            assert held.next_attempt_at is not None
        company.faults.stop()
        call = f"GET */orders/{orders[0].id}" if is_theirs else "GET */product/search"
        company.faults.once(call, Fault.SERVER_ERROR_BEFORE, times=2)
        await world.pass_time(12 * HOUR, steps=6)

        for order in orders:
            held = await world.held(order)
            assert (held.outcome, held.attention_reason) == ("completed", None)
        assert (world.accepts(), world.creates(), world.confirms()) == (3, 3, 3)


async def test_order_that_fails_alone_gives_up(store: Store, clock: FakeClock) -> None:
    """Twenty failures while others succeed with the same call ask a person; a retry starts anew."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        bad = _order(world)
        plan = world.ankorstore.faults.always(f"GET */orders/{bad.id}", Fault.TRUNCATE_BODY)
        await _tell(world, bad, _order(world))
        await _tell(world, _order(world))
        for _ in range(25):
            clock.advance(301)
            await world.work()

        held = await world.held(bad)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "keeps_failing")
        assert held.attention_detail[0]["field"] == "read order"
        assert Counter(await world.told(bad)) == {"failed": 19, "attention": 1}
        assert world.reads(bad) == 20

        world.ankorstore.faults.stop(plan)
        await world.retry(bad)
        assert (await world.held(bad)).state is State.PLACED
        assert (world.accepts(), world.creates()) == (3, 3)


async def test_step_that_breaks_holds_up_nobody_else(
    sqlite_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect that hits one order costs that order its turns, then asks a person."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        bad, good = _order(world), _order(world)
        plain = answering.review

        async def broken(seen: Any, *arguments: Any, **options: Any) -> Any:
            if seen.marketplace_order_id == bad.id:
                raise ZeroDivisionError("a name nobody may read in a log")
            return await plain(seen, *arguments, **options)

        monkeypatch.setattr(answering, "review", broken)
        with capture_logs():
            await _tell(world, bad, good)
            assert (await world.held(good)).state is State.PLACED
            await _tell(world, _order(world))
            for _ in range(25):
                clock.advance(301)
                await world.work()

        assert await world.reasons(bad) == ["keeps_failing"]
        assert (world.accepts(), world.creates()) == (2, 2)
        assert "nobody may read" not in str(await world.history(bad))


async def test_token_that_ends_in_between(sqlite_store: Store, clock: FakeClock) -> None:
    """A 401 costs one new login and one repeat; no attempt fails of it, no write is doubled."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = _order(world)
        calls = {
            world.ankorstore: ("GET */orders/*", "POST */-actions/transition", "POST */confirm"),
            world.active_ants: ("GET */product/search", "POST */order/add"),
        }
        for company, patterns in calls.items():
            for pattern in patterns:
                company.faults.once(pattern, Fault.UNAUTHORIZED)
        await _tell(world, order)
        clock.advance(300)
        await world.ship(order)

        assert (await world.held(order)).outcome == "completed"
        assert "failed" not in await world.told(order)
        assert (world.accepts(), world.creates(), world.confirms()) == (2, 2, 2)
        assert len(world.active_ants.orders) == 1


@pytest.mark.parametrize("is_theirs", [True, False], ids=["ankorstore", "active_ants"])
async def test_login_that_is_refused_waits_for_the_cure(
    sqlite_store: Store, clock: FakeClock, is_theirs: bool
) -> None:
    """Wrong credentials are nobody's order's fault: all wait, and go on once they are right."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), reconcile_seconds=DAY
    ) as world:
        if is_theirs:
            door: Any = world.ankorstore.access
            right, door._client_secret = door._client_secret, "changed"
        else:
            door = world.active_ants.login
            right, door._known = door._known, ("changed", "changed")
        door.expire_tokens()
        order = _order(world)
        await _tell(world, order)
        await world.pass_time(5 * HOUR, steps=40)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, None)
        assert held.attempt_count <= FAILURES_TO_OPEN
        told = [row["message"] for row in await world.history(order)]
        assert any("refused the login" in message for message in told)
        assert world.writes() == []

        setattr(door, "_client_secret" if is_theirs else "_known", right)
        await world.pass_time(900, steps=3)
        assert (await world.held(order)).state is State.PLACED


async def test_budgets_are_kept(sqlite_store: Store, clock: FakeClock) -> None:
    """However many orders come at once, no minute holds more calls than the settings allow."""
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(),
        ankorstore_requests_per_minute=20,
        active_ants_requests_per_minute=30,
    ) as world:
        orders = [_order(world) for _ in range(12)]
        await _tell(world, *orders)
        await world.pass_time(900, steps=15)  # a call that waits too long for its place is put off

        for order in orders:
            assert (await world.held(order)).state is State.PLACED
        assert (world.accepts(), world.creates()) == (12, 12)
        for company, limit in ((world.ankorstore, 20), (world.active_ants, 30)):
            times = sorted(call.at for call in company.calls)
            for start, end in zip(times, times[limit:], strict=False):
                assert end - start >= timedelta(seconds=60)
