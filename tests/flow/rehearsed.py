"""A scene of orders that take many ways, to be rehearsed, shown and erased."""

from dataclasses import dataclass

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.decisions_answer import accept_order, hold_order
from tests.flow.world import World

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
CREATE = "POST */order/add"


@dataclass
class Scene:
    """The orders by what is special about them."""

    orders: dict[str, Order]


async def play_scene(world: World) -> Scene:
    """Play all of it; two orders stay unfinished: one held by a person, one cancelled late."""
    orders: dict[str, Order] = {}

    async def place(name: str, lines: list[OrderedLine], address: Address = GOOD) -> Order:
        orders[name] = order = world.ankorstore.place_order(lines, address)
        await world.tell(order)
        await world.work()
        return order

    plain = await place("plain", [OrderedLine("TOTE-NAT", packs=2)])
    await world.ship(plain)

    parcels = await place("two parcels", [OrderedLine("TOTE-NAT"), OrderedLine("POSTER-A3")])
    await world.ship(parcels, parcels=2)

    apart = await place("two shipments", [OrderedLine("TOTE-NAT"), OrderedLine("POSTER-A3")])
    await world.ship(apart, lines={"TOTE-NAT": 1}, tracking=["A1"])
    await world.pass_time(3600)
    await world.ship(apart, tracking=["B1"])

    world.active_ants.faults.once(CREATE, Fault.LOSE_ANSWER_AFTER)
    lost = await place("lost create", [OrderedLine("TOTE-NAT")])
    await world.pass_time(120, steps=12)
    await world.ship(lost)

    world.active_ants.set_stock("POSTER-A3", 1)
    await world.pass_time(3700, steps=2)
    short = await place("partial", [OrderedLine("TOTE-NAT"), OrderedLine("POSTER-A3", packs=3)])
    assert (await world.held(short)).attention_reason is not None
    await accept_order(world.store, await world.held(short), by="Ann", reason="", is_partial=True)
    await world.work()
    await world.pass_time(60, steps=2)
    await world.ship(short)

    world.ankorstore.faults.once("GET */orders/*", Fault.SERVER_ERROR_BEFORE, status=503)
    held = await place("held", [OrderedLine("TOTE-NAT")])
    await hold_order(world.store, await world.held(held), by="Ann", reason="asked to wait")
    await world.pass_time(60)

    cancelled = await place("cancelled", [OrderedLine("TOTE-NAT")])
    world.ankorstore.cancel_order(cancelled.id)
    await world.tell(cancelled, event_type="order.brand_cancelled")
    await world.work()

    assert (await world.held(lost)).state is State.CLOSED
    return Scene(orders)
