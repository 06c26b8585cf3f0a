"""One confirm, on the brand's own quote only, with the tracking; anything odd asks a person."""

from typing import Any

import pytest
import structlog

from app.domain.lifecycle import State
from app.simulator import Address, Fault, Order, OrderedLine
from app.simulator.ankorstore import quote_desk
from app.store.session import Store
from tests.fake_clock import FakeClock
from tests.flow.world import World, build_world, hand_driven

GOOD = Address("Ina Smit", "Winkel Smit", "Damstraat 14", "1012 JS", "Amsterdam", "NL")
CONFIRM = "POST */confirm"
HOUR = 3600.0


async def _place(world: World) -> Order:
    order = world.ankorstore.place_order([OrderedLine("TOTE-NAT", packs=2)], GOOD)
    await world.tell(order)
    await world.work()
    assert (await world.held(order)).state is State.PLACED
    return order


def _change_quotes(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    plain = quote_desk.quote_object

    def changed(quote: Any, currency: str) -> dict[str, Any]:
        shown: dict[str, Any] = plain(quote, currency)
        if how == "doubled":
            shown |= {"carrierCode": "ankorstore", "serviceCode": "", "collectionMethod": []}
        elif quote.is_brand_label:
            shown |= {
                "missing": {"carrierCode": "own"},
                "service": {"serviceCode": "11"},
                "collection": {"collectionMethod": ["pickup"]},
            }[how]
        return shown

    monkeypatch.setattr(quote_desk, "quote_object", changed)


@pytest.mark.parametrize("how", ["missing", "doubled", "service", "collection"])
async def test_quotes_that_leave_a_doubt(
    sqlite_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """Unless exactly one quote is surely the brand's own, nothing is confirmed."""
    _change_quotes(monkeypatch, how)
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order)
        await world.pass_time(2 * HOUR, steps=3)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.DISPATCHED, "quote_unclear")
        assert (world.confirms(), order.status) == (0, "brand_confirmed")

        monkeypatch.undo()
        await world.retry(order)
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


@pytest.mark.parametrize("how", ["not offered", "theirs chosen"])
async def test_own_carrier_that_is_not_possible(
    sqlite_store: Store, clock: FakeClock, how: str
) -> None:
    """Where Ankorstore offers or shows another shipping method no quote is asked for."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        methods = list(order.shipping_methods)
        if how == "not offered":
            world.ankorstore.offer_shipping_methods(order.id, ["ankorstore"])
        else:
            world.ankorstore.choose_shipping_method(order.id, "ankorstore")
        await world.ship(order)
        assert await world.reasons(order) == ["own_carrier_not_possible"]
        assert (world.confirms(), world.ankorstore.calls_to("POST */shipping-quotes")) == (0, [])

        world.ankorstore.offer_shipping_methods(order.id, methods)
        world.ankorstore.choose_shipping_method(order.id, None)
        await world.retry(order)
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


async def test_quotes_in_any_order(sqlite_store: Store, clock: FakeClock) -> None:
    """Wherever it stands in the list, the brand label is confirmed and refunded."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        for _ in range(8):
            order = await _place(world)
            await world.ship(order)
            held = await world.held(order)
            assert (held.outcome, order.shipping_method) == ("completed", "custom")
            assert (held.refund_text or "").startswith("€")
        assert world.confirms() == 8


async def test_quote_that_is_superseded(sqlite_store: Store, clock: FakeClock) -> None:
    """A 404 on confirm means quoting again, as long as the order still waits for shipping."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.faults.once(CONFIRM, Fault.SERVER_ERROR_BEFORE, status=404)
        await world.ship(order)
        await world.pass_time(2)

        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 2)
        assert len(world.ankorstore.calls_to("POST */shipping-quotes")) == 2
        first, second = world.ankorstore.calls_to(CONFIRM)
        assert first.path != second.path


@pytest.mark.parametrize("has_effect", [True, False])
async def test_confirm_refused_because_of_the_state(
    sqlite_store: Store, clock: FakeClock, has_effect: bool
) -> None:
    """A 409 is looked into at once: done if the order is shipped by us, else a person is asked."""
    fault = Fault.SERVER_ERROR_AFTER if has_effect else Fault.SERVER_ERROR_BEFORE
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.faults.once(CONFIRM, fault, status=409)
        await world.ship(order)

        held = await world.held(order)
        expected = ("completed", None) if has_effect else (None, "marketplace_refused")
        assert (held.outcome, held.attention_reason) == expected
        assert world.confirms() == 1


@pytest.mark.parametrize("answer_is_lost", [True, False])
async def test_wrong_label_is_noticed(
    sqlite_store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, answer_is_lost: bool
) -> None:
    """A confirm that was charged, or led to a label, is urgent and is not repeated."""
    monkeypatch.setattr(quote_desk, "CARRIERS", (("own", "", "", (), 2),))
    async with build_world(
        sqlite_store, clock, warehouse=hand_driven(), ankorstore_brand_label_carrier_code="own"
    ) as world:
        order = await _place(world)
        if answer_is_lost:
            world.ankorstore.faults.once(CONFIRM, Fault.LOSE_ANSWER_AFTER)
        await world.ship(order)
        if answer_is_lost:
            await world.pass_time(12, steps=4)
        else:
            assert await world.reasons(order) == ["wrong_label_confirmed"]
        await world.pass_time(2 * HOUR, steps=3)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.DISPATCHED, "wrong_label_confirmed")
        assert (world.confirms(), order.status) == (1, "shipping_labels_generated")


@pytest.mark.parametrize("status", ["shipped", "received"])
async def test_shipped_by_another_carrier_after_our_confirm(
    sqlite_store: Store, clock: FakeClock, status: str
) -> None:
    """Shown shipped, but not by the brand's own carrier: urgent, told once, and never completed."""
    with structlog.testing.capture_logs() as logs:
        async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
            order = await _place(world)
            world.ankorstore.faults.once(CONFIRM, Fault.LOSE_ANSWER_AFTER)
            await world.ship(order)
            world.ankorstore.choose_shipping_method(order.id, "ankorstore")
            world.ankorstore.set_status(order.id, status)
            await world.pass_time(60, steps=3)

            held = await world.held(order)
            assert (held.state, held.attention_reason) == (
                State.DISPATCHED,
                "wrong_label_confirmed",
            )
            assert world.confirms() == 1
    levels = [one["log_level"] for one in logs if one["event"] == "order.wrong_label_confirmed"]
    assert levels == ["critical"]


async def test_own_method_alone_proves_no_confirm(sqlite_store: Store, clock: FakeClock) -> None:
    """A confirm that never arrived is made again, although `custom` shows: `shipped` does not."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.choose_shipping_method(order.id, "custom")
        world.ankorstore.faults.once(CONFIRM, Fault.LOSE_ANSWER_BEFORE)
        await world.ship(order)
        await world.pass_time(60, steps=6)

        held = await world.held(order)
        assert (held.outcome, order.status, world.confirms()) == ("completed", "shipped", 2)


async def test_parcels_that_fit_no_quote(sqlite_store: Store, clock: FakeClock) -> None:
    """More than 20 parcels, or parcels above 30 kg, are for a person; no quote is asked for."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        many, heavy = await _place(world), await _place(world)
        await world.ship(many, parcels=21)
        world.active_ants.mishaps.describe_product("TOTE-NAT", weight_kg=20.0)
        await world.ship(heavy)

        assert await world.reasons(many) == ["too_many_parcels"]
        assert await world.reasons(heavy) == ["parcel_too_heavy"]
        assert world.ankorstore.calls_to("POST */shipping-quotes") == []

        await world.restart(overweight="clamp")
        await world.retry(heavy)
        assert (await world.held(heavy)).outcome == "completed"
        (quoted,) = world.ankorstore.calls_to("POST */shipping-quotes")
        assert [parcel["kg"] for parcel in quoted.json()["parcels"]] == [30]


async def test_order_cancelled_before_the_confirm(sqlite_store: Store, clock: FakeClock) -> None:
    """The order is read right before; cancelled meanwhile, it is never confirmed."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.cancel_order(order.id)
        await world.ship(order)
        await world.pass_time(86_400, steps=2)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.DISPATCHED, "cancelled_after_shipping")
        assert (world.confirms(), len(world.ankorstore.calls_to("POST */shipping-quotes"))) == (
            0,
            0,
        )


async def test_other_tracking_is_shown(sqlite_store: Store, clock: FakeClock) -> None:
    """A tracking that is not the one sent asks a person; the order is shipped all the same."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.faults.once(CONFIRM, Fault.LOSE_ANSWER_AFTER)
        await world.ship(order)
        world.ankorstore.show_tracking(order.id, "1Z", "https://carrier.example/1Z")
        await world.pass_time(2)

        held = await world.held(order)
        assert (held.state, held.attention_reason) == (State.SHIPPED, "tracking_differs")
        await world.retry(order)
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


async def test_confirm_that_never_shows(sqlite_store: Store, clock: FakeClock) -> None:
    """A confirmed order that is not shown shipped is waited for, then asked about; sent once."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        world.ankorstore.habits.shows_confirms = False
        await world.ship(order)
        await world.pass_time(HOUR - 60, steps=4)
        assert (await world.held(order)).attention_reason is None
        await world.pass_time(HOUR / 4, steps=2)
        assert await world.reasons(order) == ["confirm_not_shown"]

        world.ankorstore.ship_by_person(order.id)
        await world.tell(order, event_type="order.shipped")
        await world.work()
        assert ((await world.held(order)).outcome, world.confirms()) == ("completed", 1)


@pytest.mark.parametrize(
    ("method", "provider", "has_link"),
    [("BUSEU1", None, True), ("UPS_STD", "ups", False), ("MAXAT_BPSC", None, True)],
)
async def test_tracking_is_told_in_one_form(
    sqlite_store: Store, clock: FakeClock, method: str, provider: str | None, has_link: bool
) -> None:
    """A link where the carrier has a page, else code and number; never both."""
    async with build_world(sqlite_store, clock, warehouse=hand_driven()) as world:
        order = await _place(world)
        await world.ship(order, shipping_method=method, tracking=["123456789"])

        (confirm,) = world.ankorstore.calls_to(CONFIRM)
        told = confirm.json()["tracking"]
        assert (order.provider, set(told)) == (
            provider,
            {"trackingLink"} if has_link else {"trackingProvider", "trackingNumber"},
        )
        assert "123456789" in str(told)
