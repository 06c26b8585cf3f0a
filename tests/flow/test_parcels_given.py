"""Parcels as a person gives them, and confirms that wait for a person."""

from decimal import Decimal

import pytest

from app.domain.lifecycle import State
from app.domain.shipment import ParcelSize
from app.simulator import Address, Fault, Order, OrderedLine
from app.store.decisions import Impossible
from app.store.decisions_shipping import agree_parcels, confirm_partial
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
GIVEN = (ParcelSize(60, 40, 40, Decimal("28.5")), ParcelSize(40, 30, 20, Decimal("11.5")))


async def _place(world: World, packs: int = 2) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=packs)], GOOD)
    await world.tell(order)
    await world.work()
    return order


async def _agree(world: World, order: Order, parcels: tuple[ParcelSize, ...] | None) -> str:
    held = await world.held(order)
    said = await agree_parcels(world.store, held, by="Ann", reason="weighed", parcels=parcels)
    await world.work()
    return said


def _quoted(world: World) -> list[dict[str, float]]:
    asked = world.ankorstore.calls_to("POST */shipping-quotes")
    return list(asked[-1].json()["parcels"]) if asked else []


async def test_too_heavy_parcels_are_proposed_and_given(store: Store, clock: FakeClock) -> None:
    """The figures and a number of parcels that would do are shown; the given ones are quoted."""
    async with build_world(store, clock, warehouse=hand_driven()) as world:
        world.active_ants.mishaps.describe_product("TOTE-NAT", weight_kg=20.0)
        order = await _place(world)
        await world.ship(order)
        (finding,) = (await world.held(order)).attention_detail
        assert finding["reason"] == "parcel_too_heavy"
        assert finding["detail"] == (
            "40 kg in 1 parcels, 40 kg each; a quote holds 30: 2 parcels of 20 kg would hold it"
        )
        with pytest.raises(Impossible, match="30"):
            await _agree(world, order, (ParcelSize(40, 30, 20, Decimal("30.001")),))
        with pytest.raises(Impossible, match="weights and sizes that fit"):
            await _agree(world, order, None)
        assert _quoted(world) == []

        await _agree(world, order, GIVEN)
        assert (await world.held(order)).outcome == "completed"
        assert _quoted(world) == [
            {"length": 60, "width": 40, "height": 40, "kg": 28.5},
            {"length": 40, "width": 30, "height": 20, "kg": 11.5},
        ]
        with pytest.raises(Impossible, match="confirmed or closed"):
            await _agree(world, order, GIVEN)


async def test_too_many_and_too_large_parcels_go_on_as_given(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """More than 20 parcels, or more than 400 cm with girth: the person's list is quoted."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), parcel_default_cm="274x100x80"
    ) as world:
        many, large = await _place(world), await _place(world)
        await world.ship(many, parcels=21)
        await world.ship(large)
        (finding,) = (await world.held(many)).attention_detail
        assert (finding["reason"], finding["detail"].split(";")[0]) == (
            "too_many_parcels",
            "21 parcels of 0.015 kg",
        )
        (finding,) = (await world.held(large)).attention_detail
        assert finding["reason"] == "parcel_too_large"
        assert finding["detail"].startswith("274x100x80 cm, 634 cm with girth")

        for order in (many, large):
            await _agree(world, order, GIVEN)
            assert (await world.held(order)).outcome == "completed"
            assert len(_quoted(world)) == 2


async def test_confirm_waits_for_a_person(sqlite_store: Store, clock: FakeClock) -> None:
    """With CONFIRM_MODE=manual nothing is confirmed before a person has seen the parcels."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), confirm_mode="manual"
    ) as world:
        order = await _place(world)
        waiting = world.ankorstore.place_order([OrderedLine("TOTE-NAT")], GOOD)
        await world.tell(waiting)
        with pytest.raises(Impossible, match="received: the warehouse has sent nothing"):
            await agree_parcels(world.store, await world.held(waiting), by="Ann")
        await world.ship(order)
        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.DISPATCHED, "confirm_manual")
        assert held.attention_detail[0]["detail"] == "1 of 40x30x20 cm, 0.3 kg"
        await world.retry(order)
        assert ((await world.held(order)).attention_reason, world.confirms()) == (
            "confirm_manual",
            0,
        )

        await _agree(world, order, None)
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)
        assert [one["kg"] for one in _quoted(world)] == [0.3]


async def test_parcels_cannot_be_given_beforehand(sqlite_store: Store, clock: FakeClock) -> None:
    """Before all was sent nobody has seen the parcels: refused, with what is possible."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        with pytest.raises(Impossible, match=r"not sent all of it.*orders confirm-partial"):
            await _agree(world, order, GIVEN)
        await world.ship(order, lines={"TOTE-NAT": 1})
        with pytest.raises(Impossible, match="not sent all of it"):
            await _agree(world, order, None)
        await world.ship(order)
        assert ((await world.held(order)).outcome, len(_quoted(world))) == ("completed", 2)


async def test_parcels_given_while_the_tracking_is_awaited(
    sqlite_store: Store, clock: FakeClock
) -> None:
    """Given once all was sent, they are kept until the confirm; repeated, nothing changes."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.active_ants.ship(str(order.reference)).parcels.clear()
        await world.poll_feed()
        assert (await world.held(order)).waits_for == "the tracking number"
        await _agree(world, order, GIVEN)
        assert "already" in await _agree(world, order, GIVEN)
        assert [row["outcome"] for row in await world.history(order)].count("decided") == 1
        await world.pass_time(86_400, steps=4)
        assert ((await world.held(order)).outcome, len(_quoted(world))) == ("completed", 2)


@pytest.mark.parametrize(("mode", "parcels"), [("manual", None), ("auto", GIVEN)])
async def test_what_is_sent_later_asks_about_the_parcels_again(
    sqlite_store: Store, clock: FakeClock, mode: str, parcels: tuple[ParcelSize, ...] | None
) -> None:
    """An agreement is about what was sent by then; more of it before the confirm asks anew."""
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), confirm_mode=mode
    ) as world:
        order = await _place(world, packs=4)
        quotes = "POST */shipping-quotes"
        world.ankorstore.faults.always(quotes, Fault.SERVER_ERROR_BEFORE, status=500)
        await world.ship(order, lines={"TOTE-NAT": 1})
        await confirm_partial(sqlite_store, await world.held(order), by="Ann")
        await world.work()
        await _agree(world, order, parcels)
        await world.pass_time(60, steps=4)
        world.ankorstore.faults.stop()
        await world.ship(order, parcels=3)
        await world.pass_time(600, steps=3)

        assert (await world.reasons(order), world.confirms()) == (["confirm_manual"], 0)
        await _agree(world, order, GIVEN)
        assert ((await world.held(order)).outcome, len(_quoted(world))) == ("completed", 2)
