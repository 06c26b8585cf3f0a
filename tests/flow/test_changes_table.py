"""Every cell of the table of docs/rules/changes.md: what follows from a change at each stage."""

import pytest

from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.domain.tasks import Answer
from app.simulator import Fault, Order
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.test_cancel_window import PATH, WINDOW_SECONDS, releases
from tests.flow.test_changes import GOOD, MOVED, TOTE, hear, settle
from tests.flow.test_settling import DOINGS, Doing
from tests.flow.world import World, build_world, hand_driven

ALL_DOINGS: dict[str, Doing] = {
    **{name: DOINGS[name] for name in ("cancel", "revert", "move", "lines", "labels")},
    "fulfilment": DOINGS["fulfilment"],
    "ship": DOINGS["ship"],
    "reject": lambda world, order: world.ankorstore.set_status(order.id, "rejected"),
    "bill": lambda world, order: world.ankorstore.change_billing_address(order.id, MOVED),
}
Ending = tuple[State, str | None, str | None]
"""State, outcome, and what a person is asked."""

LOGISTICS = "ignored: shipped by Ankorstore logistics"
SOMEBODY = "ignored: shipped by somebody else"
UNSENT: dict[str, Ending] = {
    "cancel": (State.CLOSED, "cancelled", None),
    "reject": (State.CLOSED, "rejected", None),
    "revert": (State.RECEIVED, None, "acceptance_reverted"),
    "move": (State.PLACED, None, None),
    "bill": (State.PLACED, None, None),
    "lines": (State.PLACED, None, None),
    "labels": (State.ACCEPTED, None, "labels_generated"),
    "fulfilment": (State.CLOSED, LOGISTICS, None),
    "ship": (State.CLOSED, SOMEBODY, None),
}
ON_HOLD = {
    "cancel": "cancelled_on_hold",
    "reject": "cancelled_on_hold",
    "revert": "cancelled_on_hold",
    "move": "changed_on_hold",
    "bill": None,
    "lines": "changed_on_hold",
    "labels": "labels_after_placing",
    "fulfilment": "fulfilment_after_placing",
    "ship": "shipped_by_somebody_else",
}
SENT = {
    "cancel": "cancelled_after_placing",
    "reject": "cancelled_after_placing",
    "revert": "reverted_after_placing",
    "move": "address_changed_after_placing",
    "bill": None,
    "lines": "lines_changed_after_placing",
    "labels": "labels_after_placing",
    "fulfilment": "fulfilment_after_placing",
    "ship": "shipped_by_somebody_else",
}
SHIPPED = {
    **SENT,
    "cancel": "cancelled_after_shipping",
    "reject": "cancelled_after_shipping",
    "move": "address_changed_after_shipping",
    "lines": "lines_changed_after_shipping",
}
CLOSED = {
    "bill": None,
    **dict.fromkeys(("revert", "labels", "fulfilment"), "reopened_after_shipping"),
    "cancel": "cancelled_after_shipping",
    "reject": "cancelled_after_shipping",
    "move": "address_changed_after_shipping",
    "lines": "lines_changed_after_shipping",
}


def _ending(held: OrderRecord) -> Ending:
    return (held.state, held.outcome, held.attention_reason)


def _has_note(messages: str) -> bool:
    return "the bill or the contact changed" in messages


async def _place(world: World) -> Order:
    order = world.ankorstore.place_order(TOTE, GOOD, GOOD)
    await hear(world, order)
    return order


async def _messages(world: World, order: Order) -> str:
    return " ".join(row["message"] for row in await world.history(order))


@pytest.mark.parametrize("doing", ALL_DOINGS)
async def test_not_sent(sqlite_store: Store, clock: FakeClock, doing: str) -> None:
    """Nothing is sent of an order that is over or taken back; a changed one is mapped again."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        world.active_ants.faults.always("*/order/search", Fault.SERVER_ERROR_BEFORE, status=500)
        order = await _place(world)
        assert _ending(await world.held(order)) == (State.ACCEPTED, None, None)
        ALL_DOINGS[doing](world, order)
        world.active_ants.faults.stop()
        await hear(world, order)
        await world.pass_time(900, steps=3)

        held = await world.held(order)
        assert _ending(held) == UNSENT[doing]
        payload = held.live.payload if held.live is not None else {}
        is_placed = held.state is State.PLACED
        assert (world.creates(), held.live is not None) == (int(is_placed), is_placed)
        if is_placed:
            moved = {"move": "deliveryAddressStreet", "bill": "billingAddressStreet"}.get(doing)
            streets = {name: payload[name] for name in payload if name.endswith("AddressStreet")}
            assert [name for name in streets if streets[name] == "Oudegracht"] == (
                [moved] if moved else []
            )
            assert payload["orderItems"][0]["quantity"] == order.lines[0].units


@pytest.mark.parametrize("doing", ALL_DOINGS)
async def test_on_hold(sqlite_store: Store, clock: FakeClock, doing: str) -> None:
    """What is asked about is never released; a new bill is noted, and the order is released."""
    async with build_world(
        sqlite_store,
        clock,
        warehouse=hand_driven(),
        cancel_window_minutes=WINDOW_SECONDS / 60,
        active_ants_path_order_release=PATH,
    ) as world:
        order = await _place(world)
        ALL_DOINGS[doing](world, order)
        await hear(world, order)
        held = await world.held(order)
        assert _ending(held) == (State.PLACED, None, ON_HOLD[doing])
        await world.pass_time(3 * WINDOW_SECONDS, steps=3)
        assert releases(world) == int(ON_HOLD[doing] is None)
        assert _has_note(await _messages(world, order)) is (doing == "bill")


@pytest.mark.parametrize("doing", ALL_DOINGS)
async def test_sent(sqlite_store: Store, clock: FakeClock, doing: str) -> None:
    """A task, and nothing is confirmed until it is answered; a new bill is noted."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        ALL_DOINGS[doing](world, order)
        await hear(world, order)
        held = await world.held(order)
        assert _ending(held) == (State.PLACED, None, SENT[doing])
        assert (held.new_address is not None) is (doing == "move")
        assert _has_note(await _messages(world, order)) is (doing == "bill")
        await world.ship(order)
        assert world.confirms() == int(SENT[doing] is None)


@pytest.mark.parametrize("doing", ALL_DOINGS)
async def test_all_shipped(sqlite_store: Store, clock: FakeClock, doing: str) -> None:
    """Seen right before the confirm: it is not made; for a new bill it is."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.active_ants.ship(str(order.reference))
        ALL_DOINGS[doing](world, order)
        await world.poll_feed()

        held = await world.held(order)
        if SHIPPED[doing] is None:
            assert _ending(held) == (State.CLOSED, "completed", None)
        else:
            assert _ending(held) == (State.DISPATCHED, None, SHIPPED[doing])
        assert world.confirms() == int(SHIPPED[doing] is None)


@pytest.mark.parametrize("doing", [name for name in ALL_DOINGS if name != "ship"])
async def test_closed(sqlite_store: Store, clock: FakeClock, doing: str) -> None:
    """A completed order that is called off or changed is a task; what cannot come is not asked."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order)
        assert (await world.held(order)).outcome == "completed"
        if doing == "move":
            world.ankorstore.change_address(order.id, MOVED)
        elif doing == "lines":
            line = order.lines[0]
            world.ankorstore.change_packs(order.id, {line.id: line.packs + 1})
        elif doing == "bill":
            world.ankorstore.change_billing_address(order.id, MOVED)
        else:
            status = {
                "cancel": "cancelled",
                "reject": "rejected",
                "revert": "ankor_confirmed",
                "labels": "shipping_labels_generated",
                "fulfilment": "fulfillment_requested",
            }[doing]
            world.ankorstore.set_status(order.id, status)
        await hear(world, order)

        assert _ending(await world.held(order)) == (State.CLOSED, "completed", CLOSED[doing])
        if CLOSED[doing] != "reopened_after_shipping":
            return
        moves = ("shipping_labels_generated", "fulfillment_requested", "brand_confirmed")
        for status in [one for one in moves if one != order.status]:
            await settle(world, order, Answer.SHIPPED)
            await hear(world, order)  # the same status is not asked about twice
            assert _ending(await world.held(order)) == (State.CLOSED, "completed", None)
            world.ankorstore.set_status(order.id, status)
            await hear(world, order)
            assert _ending(await world.held(order)) == (State.CLOSED, "completed", CLOSED[doing])
        assert world.confirms() == 1
