"""What a person corrects in one order reaches the warehouse exactly, once it is released."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.corrections import Corrections, check_street, read_corrections
from app.domain.lifecycle import State
from app.domain.reasons import REASONS
from app.domain.sku_entries import SkuChange, SkuEntry
from app.simulator import Address, Order, OrderedLine
from app.store.decisions import Impossible
from app.store.decisions_corrections import correct_order_by_person
from app.store.session import Store
from app.store.sku_rules import change_sku_rules
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

BERLIN = Address("Ina Smit", "Laden Smit", "Neue Straße", "10115", "Berlin", "DE")
TOTE = [OrderedLine("TOTE-NAT")]


async def _place(world: World, lines: list[OrderedLine] | None = None) -> Order:
    order = world.ankorstore.place_order(lines or TOTE, BERLIN)
    await world.tell(order)
    await world.work()
    return order


async def _correct(world: World, order: Order, corrections: Corrections, **how: Any) -> str:
    held = await world.held(order)
    said = await correct_order_by_person(
        world.store, held, by="a test", reason="asked the shop", corrections=corrections, **how
    )
    await world.work()
    return said


def _payload(world: World, order: Order) -> dict[str, Any]:
    return world.active_ants.orders_numbered(str(order.reference))[-1].payload


async def test_corrected_address_reaches_the_warehouse_exactly(
    store: Store, clock: FakeClock
) -> None:
    """A house number that was missing is corrected, waits for its release, and is sent as said."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        assert await world.reasons(order) == ["house_number_missing"]
        corrections = Corrections(
            street=check_street(None, 12, "A-2", "2. Hof"), phone="+49 30 1234567"
        )

        assert "nothing is sent yet" in await _correct(world, order, corrections)
        assert await world.reasons(order) == ["corrected_not_released", "house_number_missing"]
        assert world.writes() == []
        await world.retry(order)

        assert (await world.held(order)).state is State.PLACED
        sent = _payload(world, order)
        assert {name: sent.get(f"deliveryAddress{name}") for name in PARTS} == {
            "Street": "Neue Straße",
            "HouseNumber": 12,
            "HouseNumberAddition": "A-2",
            "ExtraAddress": "2. Hof",
        }
        assert sent["phoneNumber"] == "+49301234567"
        assert sent["billingAddressStreet"] == "Neue Straße"
        assert "billingAddressHouseNumber" not in sent


PARTS = ("Street", "HouseNumber", "HouseNumberAddition", "ExtraAddress")


async def test_release_with_the_correction(store: Store, clock: FakeClock) -> None:
    """Corrected and released in one go, the order is reviewed and placed at once."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await _correct(
            world, order, Corrections(street=check_street("Neue Str.", 3, "", None)), releases=True
        )

        assert _payload(world, order)["deliveryAddressStreet"] == "Neue Str."
        told = [row["message"] for row in await world.history(order) if row["step"] == "correct"]
        assert told == ["address corrected, and released by a test: asked the shop"]


async def test_correction_of_skus_goes_before_everything(store: Store, clock: FakeClock) -> None:
    """For one order alone another SKU and pack mode hold; the next order is as ever."""
    said = {"sku_map": {"MUG-01": "MUG-02"}, "pack_mode_by_sku": {"MUG-01": "pack"}}
    async with build_world(store, clock, warehouse=hand_driven(), **said) as world:
        order = await _place(world, [OrderedLine("MUG-01")])
        entries = {"MUG-01": SkuEntry("BOWL-01", "factor:3")}
        street = check_street(None, 1, None, None)
        await _correct(world, order, Corrections(street, entries=entries), releases=True)
        other = await _place(world, [OrderedLine("MUG-01")])
        await _correct(world, other, Corrections(street), releases=True)

        assert [
            (item["sku"], item["quantity"]) for item in _payload(world, order)["orderItems"]
        ] == [("BOWL-01", 2)]
        assert [
            (item["sku"], item["quantity"]) for item in _payload(world, other)["orderItems"]
        ] == [("MUG-02", 1)]


async def test_an_order_that_asked_nobody_waits_for_its_release(
    store: Store, clock: FakeClock
) -> None:
    """A correction of an order that was on its way stops it, also for news, until released."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = world.ankorstore.place_order(TOTE, replace(BERLIN, street="Neue Straße 7"))
        await world.tell(order)
        await _correct(world, order, Corrections(phone="+49301234567"))
        world.ankorstore.accept_by_person(order.id)
        await world.tell(order)
        await world.work()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.RECEIVED, "corrected_not_released")
        assert "preview" in REASONS["corrected_not_released"].cure
        assert world.writes() == []
        await world.retry(order)
        assert _payload(world, order)["phoneNumber"] == "+49301234567"


async def test_an_entry_of_a_sku_releases_no_corrected_order(
    store: Store, clock: FakeClock
) -> None:
    """What becomes known of a SKU wakes no order that waits for the person who corrected it."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, [OrderedLine("NO-SUCH")])
        await _correct(world, order, Corrections(street=check_street(None, 12, None, None)))
        change = SkuChange("NO-SUCH", SkuEntry("MUG-01"))

        _, woken = await change_sku_rules(store, [change], by="a test", aliases={})
        await world.work()

        assert (woken, world.writes()) == (0, [])
        await world.retry(order)
        assert _payload(world, order)["orderItems"][0]["sku"] == "MUG-01"


async def test_corrected_house_number_is_not_sent_to_another_address(
    store: Store, clock: FakeClock
) -> None:
    """An address that changes after its correction was used is not mixed with it."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world, [OrderedLine("NO-SUCH")])
        await _correct(
            world, order, Corrections(street=check_street(None, 12, None, None)), releases=True
        )
        assert await world.reasons(order) == ["sku_unknown"]
        world.ankorstore.change_address(order.id, replace(BERLIN, street="Alte Gasse"))
        change = SkuChange("NO-SUCH", SkuEntry("MUG-01"))
        await change_sku_rules(store, [change], by="a test", aliases={})
        await world.work()

        assert await world.reasons(order) == ["correction_outdated", "house_number_missing"]
        assert world.creates() == 0
        await _correct(
            world, order, Corrections(street=check_street(None, 9, None, None)), releases=True
        )
        sent = _payload(world, order)
        assert (sent["deliveryAddressStreet"], sent["deliveryAddressHouseNumber"]) == (
            "Alte Gasse",
            9,
        )


async def test_what_is_at_the_warehouse_is_not_corrected(store: Store, clock: FakeClock) -> None:
    """Once it is, or may be, there, or is closed, a correction is refused and says what to do."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        street = Corrections(street=check_street(None, 12, None, None))
        await _correct(world, order, street, releases=True)
        with pytest.raises(Impossible, match="have it changed in Maya"):
            await _correct(world, order, street)
        closed = await _place(world)
        world.ankorstore.cancel_order(closed.id)
        await world.tell(closed)
        await world.work()
        with pytest.raises(Impossible, match="closed"):
            await _correct(world, closed, street)


async def test_corrections_add_up_repeat_and_go(store: Store, clock: FakeClock) -> None:
    """A second correction leaves the first; the same again changes nothing; --clear takes all."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await _correct(world, order, Corrections(street=check_street(None, 12, None, None)))
        await _correct(world, order, Corrections(street=check_street(None, None, "B", None)))
        count = len(await world.history(order))
        again = Corrections(street=check_street(None, None, "B", None))
        assert "nothing was changed" in await _correct(world, order, again)
        assert len(await world.history(order)) == count
        assert (await world.held(order)).corrections["street"] == {  # type: ignore[index]
            "street": None,
            "house_number": 12,
            "addition": "B",
            "extra": None,
        }
        await _correct(world, order, Corrections(), clears=True)
        kept = read_corrections((await world.held(order)).corrections)
        assert kept == Corrections(is_unreleased=True)
        await world.retry(order)
        assert await world.reasons(order) == ["house_number_missing"]
