"""Street lines that read two ways, dead phones, odd VAT numbers and postcodes."""

from dataclasses import replace

from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

TOTE = [OrderedLine("TOTE-NAT")]
DUTCH = Address("Ina Smit", "Winkel Smit", "Kerkstraat 5 12", "1012 JS", "Amsterdam", "NL")
FRENCH = Address("Ina Smit", "Winkel Smit", "12 rue Neuve 5", "75001", "Paris", "FR")


async def _place(world: World, ship_to: Address, **retailer: str | None) -> Order:
    """Place an order of a retailer whose VAT number and phone are good, but for *retailer*."""
    order = world.ankorstore.place_order(TOTE, ship_to, emit=False)
    sound = {"phone_number": "+31201234567", "vat_number": "NL004495445B01"}
    world.ankorstore.change_retailer(order.id, **{**sound, **retailer})
    await world.tell(order)
    await world.work()
    return order


async def _warnings(world: World, order: Order) -> list[str]:
    """Return every warning of the order's attempts."""
    messages = [row["message"] or "" for row in await world.history(order)]
    return [
        part.removeprefix("warning: ")
        for message in messages
        for part in message.split("; ")
        if part.startswith("warning: ")
    ]


async def test_a_guess_at_the_house_number_waits_for_a_person(
    store: Store, clock: FakeClock
) -> None:
    """Nothing is accepted or sent on a guess; a corrected address goes through."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, DUTCH)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "address_unsure")
        assert await world.reasons(order) == ["address_unsure"]
        assert (world.accepts(), world.creates()) == (0, 0)

        world.ankorstore.change_address(order.id, replace(DUTCH, street="Kerkstraat 5-12"))
        await world.retry(order)

        assert ((await world.held(order)).state, world.creates()) == (State.PLACED, 1)
        (sent,) = world.active_ants.orders_numbered(str(order.reference))
        assert sent.payload["deliveryAddressHouseNumberAddition"] == "-12"


async def test_a_guess_where_no_number_is_needed_is_sent_whole(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """The label shows the line as it was written, and the history says why."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, FRENCH)

        assert (await world.held(order)).state is State.PLACED
        assert await _warnings(world, order) == [
            "deliveryAddressStreet: sent whole, unsure (several_numbers)"
        ]
        (sent,) = world.active_ants.orders_numbered(str(order.reference))
        assert sent.payload["deliveryAddressStreet"] == "12 rue Neuve 5"
        assert "deliveryAddressHouseNumber" not in sent.payload


async def test_odd_contact_only_warns(sqlite_store: Store, clock: FakeClock) -> None:
    """A dead phone gives way to the brand's; the rest is sent as it is; no warning quotes it."""
    lisbon = Address("Ina Smit", "Winkel Smit", "Rua Augusta 25", "1100048", "Lisboa", "PT")
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), fallback_phone="+31 20 765 4321"
    ) as world:
        order = await _place(world, lisbon, phone_number="+351 21", vat_number="PT000")

        assert (await world.held(order)).state is State.PLACED
        assert await _warnings(world, order) == [
            "postal_code_odd: not of the form that PT uses, sent as it is",
            "vat_number_odd: the VAT number fails its country's check, sent as it is",
            "phone_unusable: the retailer's phone cannot be dialled",
            "phoneNumber: filled from FALLBACK_PHONE",
        ]
        (sent,) = world.active_ants.orders_numbered(str(order.reference))
        assert sent.payload["phoneNumber"] == "+31207654321"
        assert sent.payload["vatNumber"] == "PT000"
        assert sent.payload["deliveryAddressPostalCode"] == "1100048"
