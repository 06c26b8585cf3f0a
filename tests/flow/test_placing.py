"""At most one warehouse order: searching, settling, adopting, and numbers that are taken."""

from typing import Any

import pytest
from sqlalchemy import delete

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.models import WarehouseOrder
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
TOTE = [OrderedLine("TOTE-NAT")]
CREATE = "POST */order/add"


def _placed(world: World, order: Order) -> list[Any]:
    return world.active_ants.orders_numbered(str(order.reference))


async def _place(world: World, **changes: Any) -> Order:
    order = world.ankorstore.place_order(TOTE, GOOD, **changes)
    await world.tell(order)
    await world.work()
    return order


async def _occupy(world: World, reference: int, extra1: str | None) -> None:
    """Let another shop of the same client have placed an order under this number."""
    donor = await _place(world)
    (theirs,) = _placed(world, donor)
    world.active_ants.occupy_number(theirs, str(reference), extra1)


@pytest.mark.parametrize("uniqueness", ["immediate", "late", "off"])
@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.LOSE_ANSWER_BEFORE])
async def test_search_that_lags_behind(
    sqlite_store: Store, clock: FakeClock, uniqueness: str, fault: Fault
) -> None:
    """While a search may still be behind nobody creates again, whatever the warehouse refuses."""
    warehouse = hand_driven(search_lag_seconds=25.0, uniqueness=uniqueness)
    async with build_world(sqlite_store, clock, warehouse=warehouse) as world:
        world.active_ants.faults.once(CREATE, fault)
        order = await _place(world)
        await world.pass_time(39, steps=13)
        creates = 1
        assert world.creates() == creates
        if fault is Fault.LOSE_ANSWER_BEFORE:
            assert (await world.held(order)).state is State.ACCEPTED
            creates = 2
        await world.pass_time(40, steps=4)

        held = await world.held(order)
        assert (held.state, world.creates()) == (State.PLACED, creates)
        assert held.live is not None
        assert held.live.answer == ("adopted" if creates == 1 else "created")
        assert len(_placed(world, order)) == 1


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.LOSE_ANSWER_BEFORE])
async def test_number_is_fixed_with_the_first_intent(
    sqlite_store: Store, clock: FakeClock, fault: Fault
) -> None:
    """Another prefix counts for later orders: this one is searched and placed as it was noted."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.once(CREATE, fault)
        order = await _place(world)
        await world.restart(order_number_prefix="AK")
        await world.pass_time(90, steps=9)
        later = await _place(world)

        live = (await world.held(order)).live
        assert live is not None
        assert live.external_order_number == str(order.reference)
        numbers = [one.external_order_number for one in world.active_ants.orders.values()]
        assert numbers == [str(order.reference), f"AK{later.reference}"]


@pytest.mark.parametrize("uniqueness", ["immediate", "off"])
async def test_create_that_takes_effect_late_never_doubles(
    sqlite_store: Store, clock: FakeClock, uniqueness: str
) -> None:
    """A create that arrives after its timeout, and shows even later, is found and adopted."""
    warehouse = hand_driven(search_lag_seconds=5.0, uniqueness=uniqueness)
    async with build_world(sqlite_store, clock, warehouse=warehouse) as world:
        world.active_ants.faults.once(CREATE, Fault.LATENCY, seconds=30.0)
        order = await _place(world)
        await world.pass_time(80, steps=20)

        held = await world.held(order)
        assert (held.state, world.creates(), len(_placed(world, order))) == (State.PLACED, 1, 1)
        assert held.live is not None
        assert held.live.answer == "adopted"


@pytest.mark.parametrize("extra1", [None, "0b1f7c1e-0000-4000-8000-000000000000"])
async def test_number_taken_by_another_shop(
    sqlite_store: Store, clock: FakeClock, extra1: str | None
) -> None:
    """An order of this number without our mark is never taken for ours; a prefix settles it."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        await _occupy(world, 777001, extra1)
        order = await _place(world, reference=777001)
        for _ in range(2):
            held = await world.held(order)
            assert (held.state, held.attention_reason) == (State.ACCEPTED, "number_taken")
            assert (held.live, world.creates()) == (None, 1)
            await world.retry(order)

        await world.restart(order_number_prefix="AK")
        await world.retry(order)

        held = await world.held(order)
        assert (held.state, world.creates()) == (State.PLACED, 2)
        assert held.live is not None
        assert held.live.external_order_number == "AK777001"


@pytest.mark.parametrize("is_ours", [True, False])
async def test_number_refused_as_existing(
    sqlite_store: Store, clock: FakeClock, is_ours: bool
) -> None:
    """A number refused though the search knows nothing asks a person; it may be our own order."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        await _occupy(world, 777002, None)
        world.active_ants.habits.search_lag_seconds = 1e6
        order = await _place(world, reference=777002)
        held = await world.held(order)
        assert (held.attention_reason, world.creates()) == ("number_taken", 2)
        assert held.may_be_at_warehouse

        world.active_ants.habits.search_lag_seconds = 0.0
        if is_ours:
            (theirs,) = _placed(world, order)
            world.active_ants.occupy_number(theirs, str(order.reference), order.id)
        await world.retry(order)

        held = await world.held(order)
        expected = (State.PLACED, None) if is_ours else (State.ACCEPTED, "number_taken")
        assert (held.state, held.attention_reason) == expected
        assert (world.creates(), len(_placed(world, order))) == (2, 1)


async def test_restored_backup_adopts_what_is_there(store: Store, clock: FakeClock) -> None:
    """An order of ours found by its mark is adopted, though nothing here knows of a create."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
        order = await _place(world)
        async with store.write() as connection:
            await connection.execute(delete(WarehouseOrder))
        await world.pass_time(5)

        held = await world.held(order)
        assert (held.state, world.creates()) == (State.PLACED, 1)
        assert held.live is not None
        assert held.live.answer == "adopted"
        assert held.live.warehouse_order_number == str(_placed(world, order)[0].order_number)


@pytest.mark.parametrize("habit", ["nok", "null", "empty", "404"])
async def test_every_way_to_say_not_found(
    sqlite_store: Store, clock: FakeClock, habit: str
) -> None:
    """Each answer that surely says "nothing there" lets an order be created, once it settled."""
    warehouse = hand_driven(not_found=habit, nok_status=200 if habit != "nok" else 400)
    async with build_world(sqlite_store, clock, warehouse=warehouse) as world:
        world.active_ants.faults.once(CREATE, Fault.LOSE_ANSWER_BEFORE)
        order = await _place(world)
        await world.pass_time(60, steps=6)

        assert (await world.held(order)).state is State.PLACED
        assert (world.creates(), len(_placed(world, order))) == (2, 1)


@pytest.mark.parametrize(
    ("habits", "settings"),
    [
        ({}, {"active_ants_not_found_pattern": "no such words"}),
        ({"missing_paths": ("/v2/order/search", "/order/search")}, {}),
    ],
    ids=["another NOK", "no such path"],
)
async def test_search_that_does_not_answer_the_question_creates_nothing(
    sqlite_store: Store, clock: FakeClock, habits: dict[str, Any], settings: dict[str, Any]
) -> None:
    """A refused search, or one that is not there, is no "not found": the order waits."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(**habits), **settings
    ) as world:
        order = await _place(world)
        await world.pass_time(3000, steps=10)

        held = await world.held(order)
        assert (held.state, held.attention_reason, held.live) == (State.ACCEPTED, None, None)
        assert held.attempt_count > 5
        assert held.next_attempt_at is not None
        assert (world.creates(), len(_placed(world, order))) == (0, 0)


async def test_refused_order_asks_a_person_and_can_be_sent_again(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The warehouse's own words are kept; after the cure a retry creates under the same number."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        languages, world.active_ants.habits.languages = world.active_ants.habits.languages, {}
        order = await _place(world)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "warehouse_refused")
        assert "languageid is unknown" in held.attention_detail[0]["detail"]
        assert not held.may_be_at_warehouse
        await world.pass_time(3600, steps=4)
        assert world.creates() == 1

        world.active_ants.habits.languages = languages
        await world.retry(order)

        held = await world.held(order)
        assert (held.state, world.creates()) == (State.PLACED, 2)


async def test_shipment_with_our_mark_proves_the_order(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Goods that left under our mark settle a lost create, though the search never shows it."""
    warehouse = hand_driven(search_lag_seconds=1e6, uniqueness="off")
    async with build_world(sqlite_store, clock, warehouse=warehouse) as world:
        world.active_ants.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
        order = await _place(world)
        await world.pass_time(12, steps=4)
        assert (await world.held(order)).state is State.ACCEPTED
        await world.ship(order)
        await world.pass_time(300, steps=10)

        assert (await world.held(order)).outcome == "completed"
        assert (world.creates(), len(_placed(world, order))) == (1, 1)


async def test_goods_sent_though_the_number_seemed_taken(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Where the search shows no marks, the goods tell whose the order is that has the number."""
    warehouse = hand_driven(search_shows_extras=False)
    async with build_world(sqlite_store, clock, warehouse=warehouse) as world:
        world.active_ants.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
        order = await _place(world)
        await world.pass_time(60, steps=2)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.ACCEPTED, "number_taken")
        await world.ship(order)

        assert (await world.held(order)).outcome == "completed"
        assert (world.creates(), world.confirms()) == (1, 1)
