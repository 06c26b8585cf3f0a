"""Orders that must leave, that should have left, and those the warehouse is silent about."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from app.domain.deadlines import Deadline
from app.domain.jobs import DEADLINES
from app.domain.lifecycle import State
from app.flow.deadlines import propose_date, tell_deadline
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.deadlines import count_deadlines, take_deadline_news
from app.store.decisions import Impossible
from app.store.decisions_deadlines import postpone_order
from app.store.queries import OrderFilter, list_orders
from app.store.session import Store
from app.web.health import read_status
from app.wiring import backlog_pace
from tests.conftest import Databases
from tests.explaining import catching, explain
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven
from tests.store_rows import add_order

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
HOUR = 3600.0
DAY = 24 * HOUR
MAYA = "https://maya.activeants.nl/en/client/order/detail/"


async def _place(world: World, *skus: str) -> Order:
    order = world.ankorstore.place_order([OrderedLine(sku) for sku in skus or ["TOTE-NAT"]], GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _told(world: World) -> list[tuple[str, str]]:
    """Run the job and return the events it logged, with the orders they are about."""
    with capture_logs() as logs:
        await world.run_job(DEADLINES)
    names = ("order.at_risk", "order.late")
    return [(one["event"], one["correlation_id"]) for one in logs if one["event"] in names]


async def _postpone(world: World, order: Order, day: str) -> str:
    held = await world.held(order)
    said = await postpone_order(
        world.store, held, by="a test", reason="late truck", to=date.fromisoformat(day)
    )
    await world.work()
    return said


async def test_at_risk_then_late_each_told_once(store: Store, clock: FakeClock) -> None:
    """Counted, listed and logged once each, until the order has left."""
    async with build_world(store, clock, warehouse=hand_driven(), stale_working_days=60) as world:
        order, left = await _place(world), await _place(world)
        await world.ship(left)
        ship_by_at = (await world.held(order)).ship_by_at
        assert ship_by_at is not None
        assert await _told(world) == []
        clock.advance((ship_by_at - clock.now()) / timedelta(seconds=1) - DAY)
        assert await _told(world) == [("order.at_risk", order.id)]
        assert await _told(world) == []
        assert await count_deadlines(store, DAY) == {Deadline.AT_RISK: 1, Deadline.LATE: 0}
        for deadline, expected in (("at_risk", [order.id]), ("late", [])):
            page, _ = await list_orders(store, OrderFilter(deadline=deadline, at_risk_seconds=DAY))
            assert [one.marketplace_order_id for one in page] == expected

        clock.advance(DAY)
        assert await _told(world) == [("order.late", order.id)]
        assert await _told(world) == []
        status = await read_status(store, backlog_pace(world.settings))
        assert status["deadlines"] == {"at_risk": 0, "late": 1}
        held = await world.held(order)
        lines = tell_deadline(held, clock.now(), at_risk_seconds=DAY, country_code="NL")
        assert "It is late" in lines[0]
        await world.ship(order)
        assert await count_deadlines(store, DAY) == {Deadline.AT_RISK: 0, Deadline.LATE: 0}


async def test_order_postponed_out_of_reach_is_told_again(store: Store, clock: FakeClock) -> None:
    """The later date reaches Ankorstore and counts; once it comes near, the order is told anew."""
    async with build_world(store, clock, warehouse=hand_driven(), stale_working_days=60) as world:
        order = await _place(world)
        clock.advance(4.5 * DAY)
        assert await _told(world) == [("order.at_risk", order.id)]

        assert "is told now" in await _postpone(world, order, "2026-03-12")

        assert order.ships_until_updated_at == datetime(2026, 3, 12, 23, 59, 59, tzinfo=UTC)
        held = await world.held(order)
        assert (held.state, held.postpone_to) == (State.PLACED, None)
        assert held.ship_by_at == order.ships_until_updated_at
        assert await _told(world) == []
        clock.advance(5.5 * DAY)
        assert await _told(world) == [("order.at_risk", order.id)]
        steps = [row["message"] for row in await world.history(order)]
        assert "postponed to 2026-03-12 by a test: late truck" in steps


async def test_lost_answer_is_settled_by_telling_again(store: Store, clock: FakeClock) -> None:
    """A date whose answer was lost is told once more; the order goes on as it was."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        path = "PATCH */master-orders/*"
        world.ankorstore.faults.once(path, Fault.LOSE_ANSWER_AFTER)
        await _postpone(world, order, "2026-03-12")
        await world.pass_time(60, steps=4)
        assert len(world.ankorstore.calls_to(path)) == 1
        await world.pass_time(300, steps=10)

        assert len(world.ankorstore.calls_to(path)) == 2
        held = await world.held(order)
        assert (held.postpone_to, held.state) == (None, State.PLACED)
        assert held.is_waiting_named


async def test_refused_date_asks_a_person_and_is_owed_no_more(
    store: Store, clock: FakeClock
) -> None:
    """A refusal is shown and not repeated by a retry."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        path = "PATCH */master-orders/*"
        world.ankorstore.faults.once(path, Fault.SERVER_ERROR_BEFORE, status=422)
        await _postpone(world, order, "2026-03-12")

        held = await world.held(order)
        assert (held.attention_reason, held.postpone_to) == ("marketplace_refused", None)
        await world.retry(order)
        assert len(world.ankorstore.calls_to(path)) == 1
        assert (await world.held(order)).attention_reason is None


async def test_a_date_is_told_while_a_person_is_asked(store: Store, clock: FakeClock) -> None:
    """It is told at once, and settles nothing of what the person is asked."""
    async with build_world(store, clock) as world:
        order = await _place(world, "NO-SUCH")
        since = (await world.held(order)).attention_since
        clock.advance(60)
        await _postpone(world, order, "2026-03-12")

        held = await world.held(order)
        assert order.ships_until_updated_at is not None
        assert (held.attention_reason, held.attention_since) == ("sku_unknown", since)
        assert (held.postpone_to, held.waits_for) == (None, "a person")


async def test_no_date_is_told_of_an_order_that_is_over(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Cancelled before the date was told, it is closed and nothing is written to Ankorstore."""
    async with build_world(sqlite_store, clock) as world:
        order = await _place(world, "NO-SUCH")
        held = await world.held(order)
        await postpone_order(sqlite_store, held, by="a test", to=date(2026, 3, 12))
        world.ankorstore.cancel_order(order.id)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).outcome == "cancelled"
        assert world.ankorstore.calls_to("PATCH */master-orders/*") == []


async def test_dates_that_make_no_sense_are_refused(store: Store, clock: FakeClock) -> None:
    """Past, earlier than expected, years ahead, or of an order that has left: refused with why."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        for day, told in (
            ("2026-03-01", "is past"),
            ("2026-03-03", "name a later day"),
            ("2062-03-12", "look whether its year is right"),
        ):
            with pytest.raises(Impossible, match=told):
                await _postpone(world, order, day)
        held = await world.held(order)
        day = date(2026, 3, 12)
        await postpone_order(store, held, by="a test", to=day)
        again = await postpone_order(store, await world.held(order), by="a test", to=day)
        assert "nothing was changed" in again
        await world.work()
        await world.ship(order)
        with pytest.raises(Impossible, match="matters no more"):
            await _postpone(world, order, "2026-03-20")


async def test_orders_that_have_not_left_are_found_by_their_index(
    databases: Databases, clock: FakeClock
) -> None:
    """Counting and telling read an index that holds nothing else, however many orders there are."""
    url = databases.make("sqlite")
    store = Store(url, clock)
    await add_order(store)
    with catching(store) as caught:
        await count_deadlines(store, DAY)
        await take_deadline_news(store, DAY)
    await store.close()

    assert len(caught) == 5
    for statement in caught:
        plan = explain(url, statement).plan
        assert "ix_orders_not_left" in plan, (statement.sql, plan)


def test_the_proposed_day_is_one_the_warehouse_works_on() -> None:
    """After the date, after today, and no weekend or holiday."""
    friday = datetime(2026, 4, 24, 12, tzinfo=UTC)
    assert propose_date(friday, friday - timedelta(days=3), "NL") == date(2026, 4, 28)
    assert propose_date(friday, friday + timedelta(days=10), "NL") == date(2026, 5, 5)


async def test_silence_asks_a_person_after_working_days(store: Store, clock: FakeClock) -> None:
    """Placed on a Monday, three working days end with Thursday; the link leads to Maya."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.pass_time(3 * DAY + 14 * HOUR, steps=4)  # Thursday, 23:00
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(1.1 * HOUR)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, "no_shipment")
        (finding,) = held.attention_detail
        number = world.active_ants.orders_numbered(str(order.reference))[-1].order_number
        assert finding["field"] == f"order {order.reference}"
        assert finding["detail"] == f"{MAYA}{number}"


@pytest.mark.parametrize(("country", "asked_on"), [("DE", 28), ("NL", 29)])
async def test_silence_counts_the_working_days_of_the_warehouse(
    sqlite_store: Store, clock: FakeClock, country: str, asked_on: int
) -> None:
    """Placed on a Friday before King's Day, which is a holiday of the Netherlands alone."""
    clock.advance((datetime(2026, 4, 24, 9, tzinfo=UTC) - clock.now()) / timedelta(seconds=1))
    settings: dict[str, Any] = {"warehouse_country": country, "stale_working_days": 1}
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), **settings) as world:
        order = await _place(world)
        days = []
        while (await world.held(order)).attention_reason is None:
            await world.pass_time(6 * HOUR)
            days.append(clock.now().day)

        assert await world.reasons(order) == ["no_shipment"]
        assert days[-1] == asked_on


async def test_late_shipment_moves_the_order_on(store: Store, clock: FakeClock) -> None:
    """What is shipped while a person is asked carries the order to its end by itself."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.pass_time(4 * DAY, steps=8)
        assert await world.reasons(order) == ["no_shipment"]
        await world.ship(order)

        held = await world.held(order)
        assert (held.attention_reason, held.outcome) == (None, "completed")
        assert world.confirms() == 1


async def test_shipment_the_feed_never_told_of_is_found(store: Store, clock: FakeClock) -> None:
    """Each look at an order the warehouse is silent about searches for its shipments."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.pass_time(4 * DAY, steps=8)
        shipment = world.active_ants.ship(str(order.reference))
        world.active_ants.acknowledged.add(shipment.id)
        await world.tell(order)
        await world.work()

        assert (await world.held(order)).outcome == "completed"


async def test_retry_waits_as_long_again(store: Store, clock: FakeClock) -> None:
    """A person who saw to it is not asked again at once, but after as many working days."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.pass_time(4 * DAY, steps=8)
        await world.retry(order)
        held = await world.held(order)
        assert (held.attention_reason, held.waits_for) == (None, "the warehouse to ship")
        await world.pass_time(3 * DAY, steps=6)  # over a weekend
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(4 * DAY, steps=8)
        assert await world.reasons(order) == ["no_shipment"]


async def test_retry_waits_from_the_retry_on(sqlite_store: Store, clock: FakeClock) -> None:
    """However late a person saw to it, the working days are counted from then."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.pass_time(9 * DAY, steps=9)  # asked on Thursday, seen to on Wednesday
        assert await world.reasons(order) == ["no_shipment"]
        await world.retry(order)
        await world.pass_time(2 * DAY, steps=2)
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(4 * DAY, steps=4)
        assert await world.reasons(order) == ["no_shipment"]


async def test_cancelled_while_silent_is_the_worse_news(store: Store, clock: FakeClock) -> None:
    """A cancel replaces the question, and a shipment after it confirms nothing."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.pass_time(4 * DAY, steps=8)
        world.ankorstore.cancel_order(order.id)
        await world.tell(order)
        await world.work()
        assert await world.reasons(order) == ["cancelled_after_placing"]
        await world.ship(order)
        assert (await world.reasons(order), world.confirms()) == (["cancelled_after_placing"], 0)


SITUATIONS: dict[str, dict[str, Any]] = {
    "well": {},
    "unknown SKU": {"skus": ["NO-SUCH"]},
    "accept refused": {"ankorstore": ("POST */-actions/transition", Fault.SERVER_ERROR_BEFORE)},
    "accept unanswered": {"ankorstore": ("POST */-actions/transition", Fault.LOSE_ANSWER_AFTER)},
    "create unanswered": {"active_ants": ("POST */order/add", Fault.LOSE_ANSWER_AFTER)},
    "create never sent": {"active_ants": ("POST */order/add", Fault.SERVER_ERROR_BEFORE)},
    "search broken": {"active_ants": ("* */order/search*", Fault.SERVER_ERROR_BEFORE)},
    "read broken": {"ankorstore": ("GET */orders/*", Fault.SERVER_ERROR_BEFORE)},
    "confirm unanswered": {"ankorstore": ("POST */confirm", Fault.LOSE_ANSWER_AFTER)},
    "quotes refused": {
        "ankorstore": ("POST */shipping-quotes", Fault.SERVER_ERROR_BEFORE, {"status": 422})
    },
}


@pytest.mark.parametrize("situation", SITUATIONS)
async def test_nothing_waits_without_a_name(
    sqlite_store: Store, clock: FakeClock, situation: str
) -> None:
    """
    In every state, whatever goes wrong, an order that is not closed has a reason, or a time and
    what it waits for, whenever no worker holds it.
    """
    what = SITUATIONS[situation]
    seen: set[State] = set()
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        for company in ("ankorstore", "active_ants"):
            if company in what:
                pattern, fault, *options = what[company]
                faults = getattr(world, company).faults
                faults.once(pattern, fault, times=3, **(options[0] if options else {}))
        order = world.ankorstore.place_order(
            [OrderedLine(sku) for sku in what.get("skus", ["TOTE-NAT"])], GOOD
        )
        await world.tell(order)
        for number in range(40):
            await world.work()
            held = await world.held(order)
            seen.add(held.state)
            assert held.is_waiting_named, (held.state, held.waits_for, held.next_attempt_at)
            if number == 25 and held.state is State.PLACED:
                await world.ship(order)
            clock.advance(20)
    assert seen >= (
        {State.RECEIVED}
        if "skus" in what
        else {State.PLACED, State.CLOSED}
        - ({State.CLOSED} if situation == "quotes refused" else set())
    )
