"""What changes at the marketplace after an order was sent: mapping of every event and stage."""

from typing import Any

import pytest
from sqlalchemy import update

from app.domain.lifecycle import State
from app.domain.tasks import Answer
from app.simulator import Address, Order, OrderedLine
from app.store.decisions_tasks import settle_task
from app.store.models import WarehouseOrder
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
MOVED = Address("Ina Smit", "Winkel Smit", "Oudegracht 25 bis", "3511 LX", "Utrecht", "NL")
RESPELT = Address("Ina  Smit", "Winkel Smit", " Damstraat  14 ", "1012JS", "Amsterdam", "NL")
UNUSABLE = Address("Ina Smit", "Winkel Smit", "Postbus 12", "3511 LX", "Utrecht", "NL")
TOTE = [OrderedLine("TOTE-NAT", packs=2)]
DAY = 86_400


async def place(world: World, lines: list[OrderedLine] | None = None) -> Order:
    order = world.ankorstore.place_order(lines or TOTE, GOOD)
    await hear(world, order)
    return order


async def hear(world: World, order: Order) -> None:
    await world.tell(order)
    await world.work()


def change_packs(world: World, order: Order, packs: int) -> None:
    world.ankorstore.change_packs(order.id, {order.lines[0].id: packs})


async def settle(world: World, order: Order, answer: Answer) -> None:
    await settle_task(world.store, await world.held(order), answer=answer, by="a test")
    await world.work()


async def set_placing(world: World, **columns: Any) -> None:
    async with world.store.write() as connection:
        await connection.execute(update(WarehouseOrder).values(**columns))


async def test_changes_before_sending_are_mapped_again(store: Store, clock: FakeClock) -> None:
    """An order that waits for a person is sent as it is when it goes on, not as it was."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world, [OrderedLine("TOTE-NAT", packs=1001)])
        assert await world.reasons(order) == ["stock_short"]
        world.ankorstore.change_address(order.id, MOVED)
        change_packs(world, order, 3)
        await world.retry(order)

        (create,) = world.active_ants.calls_to("POST */order/add")
        assert create.json()["deliveryAddressStreet"] == "Oudegracht"
        assert create.json()["orderItems"][0]["quantity"] == order.lines[0].units
        await hear(world, order)
        assert (await world.held(order)).attention_reason is None


@pytest.mark.parametrize("told", [True, False], ids=["by an event", "by the daily reading"])
async def test_address_changed_after_placing(store: Store, clock: FakeClock, told: bool) -> None:
    """An urgent task with number, link and new address, of which the history holds nothing."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, MOVED)
        if told:
            await hear(world, order)
        else:
            await world.pass_time(DAY + 1)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (
            State.PLACED,
            "address_changed_after_placing",
        )
        (placed,) = world.active_ants.orders.values()
        assert held.attention_detail[0]["link"].endswith(f"/order/detail/{placed.order_number}")
        assert str(placed.order_number) in held.attention_detail[0]["warehouse_order"]
        assert held.new_address is not None
        assert held.new_address["street"] == MOVED.street
        told_lines = str([dict(row) for row in await world.history(order)])
        assert "Oudegracht" not in told_lines + str(held.attention_detail) + repr(held)


async def test_what_is_no_change(store: Store, clock: FakeClock) -> None:
    """Other spacing, other settings, and a SKU renamed in the catalogue are no change."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, RESPELT)
        await hear(world, order)
        assert (await world.held(order)).attention_reason is None

        await world.restart(
            sku_map={"TOTE-NAT": "MUG-01"}, split_countries="BE", fallback_phone="+31200000000"
        )
        world.ankorstore.rename_sku("TOTE-NAT", "TOTE-RENAMED")
        await hear(world, order)
        assert (await world.held(order)).attention_reason is None


async def test_what_cannot_be_mapped_any_more_is_changed(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """A post box is a changed address, although nothing could be sent there."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, UNUSABLE)
        await hear(world, order)

        assert await world.reasons(order) == ["address_changed_after_placing"]


async def test_lines_changed_after_placing(store: Store, clock: FakeClock) -> None:
    """Another quantity is an urgent task; with the address changed too, both are named."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order, both = await place(world), await place(world)
        change_packs(world, order, 5)
        change_packs(world, both, 5)
        world.ankorstore.change_address(both.id, MOVED)
        await hear(world, order)
        await hear(world, both)

        assert await world.reasons(order) == ["lines_changed_after_placing"]
        assert await world.reasons(both) == [
            "lines_changed_after_placing",
            "address_changed_after_placing",
        ]


async def test_billing_change_is_noted_once(store: Store, clock: FakeClock) -> None:
    """A new bill is a warning in the history, once for each new one, and nothing more."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        for address in (MOVED, MOVED, UNUSABLE):
            world.ankorstore.change_billing_address(order.id, address)
            await hear(world, order)
            await hear(world, order)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, None)
        messages = [row["message"] for row in await world.history(order)]
        assert sum("the bill or the contact changed" in text for text in messages) == 2
        assert "Oudegracht" not in str(messages)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"


async def test_change_after_all_was_sent(store: Store, clock: FakeClock) -> None:
    """Goods on their way to the old address are confirmed only after a person's record."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order, lines = await place(world), await place(world)
        for one in (order, lines):
            world.active_ants.ship(str(one.reference))
        world.ankorstore.change_address(order.id, MOVED)
        change_packs(world, lines, 1)
        await world.poll_feed()

        assert await world.reasons(order) == ["address_changed_after_shipping"]
        assert await world.reasons(lines) == ["lines_changed_after_shipping"]
        assert world.confirms() == 0
        for one in (order, lines):
            await settle(world, one, Answer.SHIPPED)
            held = await world.held(one)
            assert (held.outcome, held.new_address) == ("completed", None)


async def test_news_after_closing(store: Store, clock: FakeClock) -> None:
    """A completed order that is cancelled, or goes elsewhere, is a task; answered, it is closed."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        cancelled, moved, quiet = [await place(world) for _ in range(3)]
        for order in (cancelled, moved, quiet):
            await world.ship(order)
            assert (await world.held(order)).outcome == "completed"
        world.ankorstore.cancel_order(cancelled.id)
        world.ankorstore.change_address(moved.id, MOVED)
        for order in (cancelled, moved, quiet):
            await hear(world, order)

        assert await world.reasons(cancelled) == ["cancelled_after_shipping"]
        assert await world.reasons(moved) == ["address_changed_after_shipping"]
        assert (await world.held(quiet)).attention_reason is None
        for order, outcome in ((cancelled, "cancelled"), (moved, "completed")):
            await hear(world, order)
            assert (await world.held(order)).attention_reason is not None
            await settle(world, order, Answer.SHIPPED)
            await hear(world, order)
            held = await world.held(order)
            assert (held.state, held.outcome) == (State.CLOSED, outcome)
            assert (held.attention_reason, held.next_attempt_at) == (None, None)


async def test_graver_news_replaces_a_change(sqlite_store: Store, clock: FakeClock) -> None:
    """An order whose address shall be changed and that is then cancelled asks for the cancel."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)
        since = (await world.held(order)).attention_since
        again = Address("Ina Smit", "Winkel Smit", "Neude 1", "3512 AD", "Utrecht", "NL")
        world.ankorstore.change_address(order.id, again)
        clock.advance(60)
        await hear(world, order)
        held = await world.held(order)
        assert held.new_address is not None
        assert (held.new_address["street"], held.attention_since) == ("Neude 1", since)

        world.ankorstore.cancel_order(order.id)
        await hear(world, order)
        assert await world.reasons(order) == ["cancelled_after_placing"]


@pytest.mark.parametrize("changed", ["address", "lines", "settings", "nothing"])
async def test_orders_sent_before_fingerprints(
    store: Store, clock: FakeClock, changed: str
) -> None:
    """Without a fingerprint the stored payload tells a change; streets split anew are the same."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await set_placing(world, fingerprint=None)
        match changed:
            case "address":
                world.ankorstore.change_address(order.id, MOVED)
            case "lines":
                change_packs(world, order, 7)
            case "settings":
                await world.restart(split_countries="BE", sku_map={"TOTE-NAT": "MUG-01"})
        await hear(world, order)

        expected = {
            "address": "address_changed_after_placing",
            "lines": "lines_changed_after_placing",
        }.get(changed)
        held = await world.held(order)
        assert held.attention_reason == expected
        assert held.live is not None
        assert (held.live.fingerprint is not None) is (expected is None)


async def test_pruned_payload_tells_nothing(sqlite_store: Store, clock: FakeClock) -> None:
    """With neither fingerprint nor payload nothing is compared, and nobody is bothered."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await place(world)
        await set_placing(world, fingerprint=None, payload={})
        world.ankorstore.change_address(order.id, MOVED)
        await hear(world, order)

        assert (await world.held(order)).attention_reason is None
