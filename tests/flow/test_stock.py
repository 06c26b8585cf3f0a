"""Stock before the accept: the last pieces go to one order only, and the warehouse is spared."""

import pytest
from sqlalchemy.exc import OperationalError

from app.domain.lifecycle import State
from app.flow import facts
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")


def _order(world: World, packs: int = 6) -> Order:
    return world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=packs)], GOOD)


async def _tell(world: World, *orders: Order) -> None:
    for order in orders:
        await world.tell(order)
    await world.work()


async def test_last_pieces_are_promised_once(store: Store, clock: FakeClock) -> None:
    """Of orders that come at once only as many are accepted as there are pieces for."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 20)
        orders = [_order(world) for _ in range(5)]
        await _tell(world, *orders)

        states = [(await world.held(order)).state for order in orders]
        assert states.count(State.PLACED) == 3
        for order in orders:
            if (await world.held(order)).state is State.RECEIVED:
                assert await world.reasons(order) == ["stock_short"]
                assert order.status == "ankor_confirmed"
        assert (world.accepts(), world.creates()) == (3, 3)
        assert world.active_ants.products["TOTE-NAT"].stock == 2


async def test_promised_pieces_are_not_counted_twice(sqlite_store: Store, clock: FakeClock) -> None:
    """Once a newer figure knows of a placed order, only the figure counts."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 12)
        first, second, third = _order(world), _order(world), _order(world)
        await _tell(world, first)
        clock.advance(3601)
        await _tell(world, second)
        await _tell(world, third)

        assert (await world.held(second)).state is State.PLACED
        assert await world.reasons(third) == ["stock_short"]
        world.active_ants.set_stock("TOTE-NAT", 6)
        clock.advance(3601)
        await world.retry(third)
        assert (await world.held(third)).state is State.PLACED


async def test_pieces_of_a_cancelled_order_are_free_again(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """What was promised to an order that ended before its create can be promised again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 10)
        first, second = _order(world), _order(world)
        world.ankorstore.faults.once("POST */-actions/transition", Fault.LOSE_ANSWER_BEFORE)
        await _tell(world, first)
        await _tell(world, second)
        assert await world.reasons(second) == ["stock_short"]
        world.ankorstore.cancel_order(first.id)
        await world.pass_time(2)
        assert (await world.held(first)).outcome == "cancelled"
        await world.retry(second)

        assert (await world.held(second)).state is State.PLACED
        assert world.creates() == 1


async def test_pieces_of_a_reverted_order_are_free_again(store: Store, clock: FakeClock) -> None:
    """An acceptance taken back promises nothing; to accept it again needs the pieces anew."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.set_stock("TOTE-NAT", 10)
        first, second, third = _order(world), _order(world), _order(world)
        world.active_ants.faults.once("POST */order/add", Fault.REFUSE_CONNECTION)
        await _tell(world, first)
        assert (await world.held(first)).state is State.ACCEPTED
        await _tell(world, second)
        assert await world.reasons(second) == ["stock_short"]
        world.ankorstore.revert_acceptance(first.id)
        await _tell(world, first)
        await world.pass_time(5)
        assert await world.reasons(first) == ["acceptance_reverted"]
        await world.retry(second)
        assert (await world.held(second)).state is State.PLACED

        await world.retry(first)
        await _tell(world, third)
        assert await world.reasons(first) == await world.reasons(third) == ["stock_short"]


async def test_warehouse_is_asked_sparingly(sqlite_store: Store, clock: FakeClock) -> None:
    """A product is looked up every ten minutes, all stock once an hour, and never by its flag."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        for _ in range(3):
            await _tell(world, _order(world, 1), _order(world, 1))
        assert len(world.active_ants.calls_to("GET */stock/*")) == 1
        assert len(world.active_ants.calls_to("GET */product/search")) <= 2
        clock.advance(601)
        searched = len(world.active_ants.calls_to("GET */product/search"))
        await _tell(world, _order(world, 1))
        assert len(world.active_ants.calls_to("GET */product/search")) == searched + 1
        clock.advance(3001)
        await _tell(world, _order(world, 1))

        read = [call.path for call in world.active_ants.calls_to("GET */stock/*")]
        assert read == ["/v2/stock/bulk/true"] * 2


async def test_single_figures_where_their_call_is_known(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """With its path set, stock is asked product by product and the heavy list is left alone."""
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(),
        active_ants_path_stock_get="/v2/stock/get/{sku}",
    ) as world:
        world.active_ants.set_stock("TOTE-NAT", 6)
        first, second = _order(world), _order(world)
        await _tell(world, first)
        await _tell(world, second)

        assert (await world.held(first)).state is State.PLACED
        assert await world.reasons(second) == ["stock_short"]
        read = [call.path for call in world.active_ants.calls_to("GET */stock/*")]
        assert read == ["/v2/stock/get/TOTE-NAT"]


async def test_stock_list_given_up_while_the_store_was_away(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither saved nor given back: its lease runs out like any other, and it is read again."""
    full = OperationalError("UPDATE", {}, Exception("disk is full"))

    async def refuse(*args: object, **kwargs: object) -> None:
        raise full

    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = _order(world)
        with monkeypatch.context() as disk:
            disk.setattr(facts, "save_stock", refuse)
            disk.setattr(facts, "finish_job", refuse)
            await _tell(world, order)
        assert (await world.held(order)).state is State.RECEIVED
        await world.pass_time(world.settings.lease_seconds + 5)
        assert (await world.held(order)).state is State.PLACED
