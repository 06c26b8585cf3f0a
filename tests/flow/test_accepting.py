"""An order is accepted on a green verdict only; everything else asks a person before the accept."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app.domain.lifecycle import State
from app.simulator import Address, Order, OrderedLine
from app.simulator.ankorstore import included
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
ONE_TOTE = [OrderedLine("TOTE-NAT", packs=1)]


def _place(**changes: Any) -> Callable[[World], Order]:
    """Return what places one tote to a good address, with *changes* to the address or the order."""
    address = {key: changes.pop(key) for key in list(changes) if hasattr(GOOD, key)}
    wanted = {"lines": ONE_TOTE, "ship_to": replace(GOOD, **address), **changes}
    return lambda world: world.ankorstore.place_order(**wanted)


def _without_email(world: World) -> Order:
    order = _place()(world)
    return world.ankorstore.change_retailer(order.id, email=None)


def _nobody(world: World) -> Order:
    order = _place(name=None, organisation_name=None)(world)
    return world.ankorstore.change_retailer(
        order.id, first_name=None, last_name=None, company_name=None, store_name=""
    )


def _asked_to_cancel(world: World) -> Order:
    order = _place()(world)
    return world.ankorstore.ask_for_cancellation(order.id, "ordered twice")


def _their_carrier(world: World) -> Order:
    order = _place()(world)
    return world.ankorstore.choose_shipping_method(order.id, "ankorstore")


HELD: dict[str, tuple[str, Callable[[World], Order]]] = {
    "SKU unknown there": ("sku_unknown", _place(lines=[OrderedLine("NO-SUCH")])),
    "more than in stock": ("stock_short", _place(lines=[OrderedLine("TOTE-NAT", packs=1001)])),
    "two lines, too much": ("stock_short", _place(lines=[OrderedLine("MUG-01", packs=90)] * 2)),
    "no SKU": ("sku_missing", _place(lines=[OrderedLine("")])),
    "cancellation asked": ("retailer_asked_to_cancel", _asked_to_cancel),
    "only their carrier": ("own_carrier_not_possible", _place(shipping_methods=["ankorstore"])),
    "their carrier chosen": ("own_carrier_not_possible", _their_carrier),
    "no carrier offered": ("own_carrier_not_possible", _place(shipping_methods=[])),
    "no street": ("street_missing", _place(street=None)),
    "no house number": ("house_number_missing", _place(street="Damstraat")),
    "post box": ("post_box", _place(street="Postbus 12")),
    "no postcode": ("postal_code_missing", _place(postal_code="")),
    "odd postcode": ("postal_code_invalid", _place(postal_code="10115")),
    "no city": ("city_missing", _place(city=None)),
    "no country": ("country_missing", _place(country_code=None)),
    "outside the EU": ("country_not_served", _place(country_code="NO", postal_code="0150")),
    "not their country": ("country_not_served", _place(country_code="US", postal_code="10001")),
    "overseas": (
        "special_territory",
        _place(country_code="FR", postal_code="97400", street="4 rue de Paris"),
    ),
    "no e-mail": ("email_missing", _without_email),
    "nobody named": ("recipient_missing", _nobody),
    "no cents": ("currency_unsupported", _place(currency="JPY")),
    "number too short": ("order_number_too_short", _place(reference=12)),
}


async def test_what_holds_an_order_is_asked_before_the_accept(
    store: Store, clock: FakeClock
) -> None:
    """Each reason of the review asks a person, and nothing is sent to either company."""
    async with build_world(store, clock) as world:
        orders = {label: place(world) for label, (_, place) in HELD.items()}
        for order in orders.values():
            await world.tell(order)
        await world.work()
        await world.pass_time(900, steps=3)

        found = {}
        for label, order in orders.items():
            held = await world.held(order)
            found[label] = held.attention_reason
            assert (held.state, order.status) == (State.RECEIVED, "ankor_confirmed"), label
            assert (held.next_attempt_at, held.accept_intent_at) == (None, None), label
        assert found == {label: reason for label, (reason, _) in HELD.items()}
        assert world.writes() == []


@pytest.mark.parametrize("method", [None, "custom"])
async def test_own_carrier_chosen_or_quoted_is_no_obstacle(
    sqlite_store: Store, clock: FakeClock, method: str | None
) -> None:
    """A quote alone says nothing, our own asking leaves one; nor does the method that is wanted."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = _place(status="brand_confirmed")(world)
        world.ankorstore.choose_shipping_method(order.id, method)
        world.ankorstore.leave_quote(order.id)
        await world.tell(order)
        await world.work()

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.PLACED, None)


async def test_every_finding_is_told_at_once(sqlite_store: Store, clock: FakeClock) -> None:
    """One look tells the person all there is to correct, at both companies."""
    async with build_world(sqlite_store, clock) as world:
        order = world.ankorstore.place_order(
            [OrderedLine("NO-SUCH"), OrderedLine("TOTE-NAT", packs=1001), OrderedLine("")],
            replace(GOOD, street="Postbus 12", postal_code="x"),
            shipping_methods=["ankorstore"],
        )
        world.ankorstore.ask_for_cancellation(order.id, "ordered twice")
        await world.tell(order)
        await world.work()

        assert set(await world.reasons(order)) == {
            "retailer_asked_to_cancel",
            "own_carrier_not_possible",
            "sku_missing",
            "post_box",
            "postal_code_invalid",
            "sku_unknown",
            "stock_short",
        }
        assert (await world.told(order), world.writes()) == (["attention"], [])


async def test_preorder_waits_for_a_person(
    sqlite_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line whose goods will exist later holds the order; one whose date has passed does not."""
    plain = included.variant_resource
    dates = {
        "TEA-EARL": clock.now() + timedelta(days=3),
        "TOTE-NAT": clock.now() - timedelta(days=3),
    }

    def with_date(order: Order, variant: Any) -> dict[str, Any]:
        resource = plain(order, variant)
        resource["attributes"]["availableAt"] = dates[variant.sku].isoformat()
        return resource

    monkeypatch.setattr(included, "variant_resource", with_date)
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        later = world.ankorstore.place_order([OrderedLine("TEA-EARL")])
        now = world.ankorstore.place_order([OrderedLine("TOTE-NAT")])
        await world.tell(later)
        await world.tell(now)
        await world.work()

        assert await world.reasons(later) == ["preorder_line"]
        assert (await world.held(now)).state is State.PLACED
        assert (world.accepts(), world.creates()) == (1, 1)


@pytest.mark.parametrize("stock_check", ["required", "when_known"])
async def test_stock_that_cannot_be_known(
    sqlite_store: Store, clock: FakeClock, stock_check: str
) -> None:
    """Where the warehouse has no stock call, STOCK_CHECK decides whether that holds an order."""
    warehouse = hand_driven(missing_paths=("/v2/stock/*", "/stock/*"))
    async with build_world(
        sqlite_store, clock, warehouse=warehouse, stock_check=stock_check
    ) as world:
        order = world.ankorstore.place_order()
        await world.tell(order)
        await world.work()
        await world.pass_time(120, steps=2)

        held = await world.held(order)
        if stock_check == "required":
            assert (held.state, held.attention_reason) == (State.RECEIVED, "stock_unknown")
            assert world.writes() == []
        else:
            assert (held.state, held.attention_reason) == (State.PLACED, None)
            assert (world.accepts(), world.creates()) == (1, 1)


async def test_packs_are_confirmed_by_a_setting_only(sqlite_store: Store, clock: FakeClock) -> None:
    """While nobody said what a SKU is, goods sold in packs wait; a retry alone changes nothing."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven(), pack_mode=None) as world:
        packs = world.ankorstore.place_order([OrderedLine("MUG-01", packs=2), *ONE_TOTE], GOOD)
        single = world.ankorstore.place_order(ONE_TOTE, GOOD)
        for order in (packs, single):
            await world.tell(order)
        await world.work()
        assert (await world.held(single)).state is State.PLACED
        for _ in range(3):
            assert await world.reasons(packs) == ["pack_mode_unconfirmed"]
            await world.retry(packs)
        assert (world.accepts(), packs.status) == (1, "ankor_confirmed")

        await world.restart(pack_mode_by_sku={"MUG-01": "pack"})
        await world.retry(packs)

        assert (await world.held(packs)).state is State.PLACED
        (placed,) = world.active_ants.orders_numbered(str(packs.reference))
        assert [(item.sku, item.quantity) for item in placed.items] == [
            ("MUG-01", 2),
            ("TOTE-NAT", 1),
        ]


async def test_corrected_order_goes_on_after_a_retry(sqlite_store: Store, clock: FakeClock) -> None:
    """What was corrected at either company counts from the very retry that follows."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        street = _place(street="Damstraat")(world)
        sku = _place(lines=[OrderedLine("NEW-01")])(world)
        for order in (street, sku):
            await world.tell(order)
        await world.work()
        world.ankorstore.change_address(street.id, GOOD)
        world.active_ants.set_stock("NEW-01", 10)
        clock.advance(3601)  # the list of all stock is read once an hour
        for order in (street, sku):
            assert (await world.held(order)).state is State.RECEIVED
            await world.retry(order)

        for order in (street, sku):
            assert (await world.held(order)).state is State.PLACED
        assert (world.accepts(), world.creates()) == (2, 2)
