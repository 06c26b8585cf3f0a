"""
What the flow may rely on at the marketplace, checked with the real client on the simulated one.

With ANTBRIDGE_OPENAPI_DIR set every exchange is held against the published description as well.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest

from app.ankorstore.auth import build_login
from app.ankorstore.client import AnkorstoreMarketplace
from app.ankorstore.subscriptions import AnkorstoreSubscriptions
from app.ankorstore.webhook import is_signed, read_event
from app.domain.order import MarketplaceOrder, ShownTracking
from app.domain.policy import REJECT_TYPES
from app.domain.shipment import (
    ParcelSize,
    ParcelTracking,
    ShippingQuote,
    TrackedGoods,
    TrackedParcel,
    Tracking,
)
from app.errors import BridgeError, OutcomeUnknown, RateLimited, Rejected, Transient, Unauthorized
from app.outbound import PeerConnection
from app.pacing import local_budget
from app.ports import Turn
from app.simulator import (
    Address,
    AnkorstoreHabits,
    Fault,
    Order,
    OrderedLine,
    SimulatedAnkorstore,
)
from tests.contract.openapi import CheckedTransport
from tests.contract.openapi_file import openapi_dir
from tests.fake_clock import FakeClock

PARCELS = (ParcelSize(40, 30, 20, Decimal("4.2")), ParcelSize(30, 20, 10, Decimal("0.5")))
LINK = "https://track.example/parcel?id=1Z"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@dataclass
class World:
    """The marketplace, our client to it, and the clock both go by."""

    clock: FakeClock
    company: SimulatedAnkorstore
    connection: PeerConnection
    marketplace: AnkorstoreMarketplace
    subscriptions: AnkorstoreSubscriptions

    @property
    def turn(self) -> Turn:
        return Turn(self.clock.monotonic() + 10)

    def order(self, status: str = "ankor_confirmed") -> Order:
        lines = [OrderedLine("MUG-01", packs=2, unit_multiplier=6), OrderedLine("VASE-02")]
        return self.company.place_order(lines, status=status)

    async def listed(self, status: str) -> list[str]:
        return [order.marketplace_order_id async for order in self.marketplace.list_orders(status)]

    async def brand_label(self, order: Order) -> ShippingQuote:
        quotes = await self.marketplace.request_quotes(order.id, PARCELS)
        (own,) = [quote for quote in quotes if quote.carrier_code == "ankorstore"]
        return own


def build_world(
    habits: AnkorstoreHabits | None = None, *, is_checked: bool = True, page_limit: int = 50
) -> World:
    clock = FakeClock()
    company = SimulatedAnkorstore(clock=clock, seed=11, habits=habits)
    transport: httpx.AsyncBaseTransport = company.transport()
    if is_checked and openapi_dir() is not None:
        transport = CheckedTransport(transport)
    connection = PeerConnection(
        "ankorstore",
        company.base_url,
        budget=local_budget(clock, requests_per_minute=600),
        clock=clock,
        timeout_seconds=10,
        auth=build_login(company.base_url, company.client_id, "simulated-secret", clock=clock),
        transport=transport,
    )
    return World(
        clock,
        company,
        connection,
        AnkorstoreMarketplace(connection, page_limit=page_limit),
        AnkorstoreSubscriptions(connection),
    )


HABITS = {
    "plural": AnkorstoreHabits(type_names="plural"),
    "singular": AnkorstoreHabits(type_names="singular", variant_relationship="productVariants"),
    "mixed": AnkorstoreHabits(type_names="mixed", transition_answer_lacks_master_order_id=False),
}


@pytest.fixture(params=HABITS)
async def world(request: pytest.FixtureRequest) -> AsyncIterator[World]:
    built = build_world(HABITS[request.param])
    yield built
    assert built.connection.sightings.drain() == [], "the simulator sends what is not documented"
    await built.connection.close()


class TestOrders:
    """Reading, listing and accepting orders."""

    async def test_an_order_is_read_whole(self, world: World) -> None:
        order = world.order()

        read = await world.marketplace.read_order(order.id)

        assert (read.marketplace_order_id, read.status) == (order.id, "ankor_confirmed")
        assert read.marketplace_reference == str(order.reference)
        assert read.master_order_id == order.master_order_id
        assert read.available_shipping_methods == ("custom", "ankorstore")
        assert (read.shipping_method, read.tracking, read.problems) == (None, None, ())
        assert [
            (line.sku, line.pack_quantity, line.unit_quantity, line.unit_multiplier)
            for line in read.lines
        ] == [("MUG-01", 2, 12, 6), ("VASE-02", 1, 1, 1)]
        assert read.amount_minor == sum(line.amount_minor or 0 for line in read.lines)
        assert all(line.vat_rate is not None and line.currency == "EUR" for line in read.lines)
        assert read.retailer is not None
        assert read.retailer.email == order.retailer.email
        assert read.ship_to.street == order.ship_to.street
        assert read.billing.city is not None
        assert read.ship_by_at is not None

    async def test_an_address_of_nulls_is_read(self, world: World) -> None:
        nobody = Address(None, None, None, None, None, None)
        order = world.company.place_order(ship_to=nobody)
        read = await world.marketplace.read_order(order.id)
        assert (read.ship_to.name, read.ship_to.street, read.problems) == (None, None, ())

    async def test_an_order_that_does_not_exist_is_refused(self, world: World) -> None:
        with pytest.raises(Rejected) as caught:
            await world.marketplace.read_order(UNKNOWN_ID)
        assert caught.value.status == 404

    async def test_a_list_holds_every_order_of_a_status_once(self, world: World) -> None:
        marketplace = AnkorstoreMarketplace(world.connection, page_limit=3)
        waiting = {world.order().id for _ in range(8)}
        accepted = world.order()
        world.company.accept_by_person(accepted.id)

        listed = [each async for each in marketplace.list_orders("ankor_confirmed")]

        assert sorted(each.marketplace_order_id for each in listed) == sorted(waiting)
        assert all(each.submitted_at and each.updated_at for each in listed)
        assert await world.listed("brand_confirmed") == [accepted.id]
        assert await world.listed("cancelled") == []

    async def test_a_walk_holds_every_order_of_every_status_once(self, world: World) -> None:
        marketplace = AnkorstoreMarketplace(world.connection, page_limit=3)
        orders = [world.order() for _ in range(8)]
        world.company.accept_by_person(orders[1].id)
        world.company.cancel_order(orders[2].id)

        walked = [each async for each in marketplace.walk_orders()]

        told = {each.marketplace_order_id: each.status for each in walked if each is not None}
        assert len(walked) == len(orders)
        assert told == {order.id: order.status for order in orders}
        assert all(each is not None and each.submitted_at for each in walked)

    async def test_an_order_is_accepted_once(self, world: World) -> None:
        """The second accept is refused in a way that asks for a look."""
        order = world.order()

        accepted = await world.marketplace.accept_order(order.id, turn=world.turn)

        assert (accepted.status, len(accepted.lines)) == ("brand_confirmed", 2)
        assert world.company.orders[order.id].status == "brand_confirmed"
        with pytest.raises(Rejected) as caught:
            await world.marketplace.accept_order(order.id, turn=world.turn)
        assert (caught.value.status, caught.value.code) == (409, "order_moved_on")
        assert "ORDER_ACTION_TRANSITION_FAILED" in caught.value.detail

    async def test_an_order_is_accepted_in_part(self, world: World) -> None:
        """Lines named keep so many packs, at 0 they go; lines not named stay whole."""
        order = world.order()
        mug, vase = (line.id for line in order.lines)

        accepted = await world.marketplace.accept_order(
            order.id, pack_quantities={mug: 1, vase: 0}, turn=world.turn
        )

        assert accepted.status == "brand_confirmed"
        assert [(one.line_id, one.pack_quantity, one.unit_quantity) for one in accepted.lines] == [
            (mug, 1, 6)
        ]
        read = await world.marketplace.read_order(order.id)
        assert read.lines == accepted.lines

    async def test_more_than_was_ordered_or_nothing_at_all_is_refused(self, world: World) -> None:
        order = world.order()
        mug, vase = (line.id for line in order.lines)

        for wanted in ({mug: 3}, {mug: 0, vase: 0}):
            with pytest.raises(Rejected) as caught:
                await world.marketplace.accept_order(
                    order.id, pack_quantities=wanted, turn=world.turn
                )
            assert caught.value.status == 422
        assert world.company.orders[order.id].status == "ankor_confirmed"

    @pytest.mark.parametrize("reject_type", REJECT_TYPES)
    async def test_an_order_is_rejected_once(self, world: World, reject_type: str) -> None:
        """Each type is taken; the second reject is refused in a way that asks for a look."""
        order = world.order()

        answer = await world.marketplace.reject_order(
            order.id, reject_type, "too far", turn=world.turn
        )

        assert answer.status == world.company.orders[order.id].status == "rejected"
        assert world.company.orders[order.id].brand_reject_reason == "too far"
        with pytest.raises(Rejected) as caught:
            await world.marketplace.reject_order(order.id, reject_type, None, turn=world.turn)
        assert (caught.value.status, caught.value.code) == (409, "order_moved_on")

    async def test_a_reject_without_words_needs_a_type_that_says_it(self, world: World) -> None:
        order = world.order()
        with pytest.raises(Rejected) as caught:
            await world.marketplace.reject_order(order.id, "OTHER", None, turn=world.turn)
        assert caught.value.status == 422

        await world.marketplace.reject_order(
            order.id, "PRODUCT_OUT_OF_STOCK", None, turn=world.turn
        )
        assert world.company.orders[order.id].brand_reject_reason == "PRODUCT_OUT_OF_STOCK"

    @pytest.mark.parametrize(
        "fault",
        [
            Fault.LOSE_ANSWER_AFTER,
            Fault.SERVER_ERROR_AFTER,
            Fault.TRUNCATE_BODY,
            Fault.NOT_JSON,
            Fault.WRONG_TYPE,
            Fault.EMPTY_BODY,
        ],
    )
    async def test_an_accept_without_a_usable_answer_took_effect(self, fault: Fault) -> None:
        """Nothing but a look tells: all of these answers hide an accepted order."""
        world = build_world(is_checked=False)
        order = world.order()
        world.company.faults.once("POST */transition", fault)

        with pytest.raises(OutcomeUnknown):
            await world.marketplace.accept_order(order.id, turn=world.turn)

        read = await world.marketplace.read_order(order.id)
        assert read.status == "brand_confirmed"

    @pytest.mark.parametrize(
        ("fault", "kind"),
        [
            (Fault.REFUSE_CONNECTION, Transient),
            (Fault.LOSE_ANSWER_BEFORE, OutcomeUnknown),
            (Fault.SERVER_ERROR_BEFORE, OutcomeUnknown),
            (Fault.TOO_MANY_REQUESTS, RateLimited),
            (Fault.TOO_MANY_REQUESTS_UNSAID, RateLimited),
        ],
    )
    async def test_an_accept_that_had_no_effect_may_be_made_again(
        self, fault: Fault, kind: type[BridgeError]
    ) -> None:
        world = build_world(is_checked=False)
        order = world.order()
        world.company.faults.once("POST */transition", fault)

        with pytest.raises(BridgeError) as caught:
            await world.marketplace.accept_order(order.id, turn=world.turn)
        assert type(caught.value) is kind
        assert world.company.orders[order.id].status == "ankor_confirmed"

        world.clock.advance(5)
        await world.marketplace.accept_order(order.id, turn=world.turn)
        assert world.company.orders[order.id].status == "brand_confirmed"


class TestShipping:
    """Quotes, confirm and parcel tracking."""

    async def test_one_quote_is_the_brands_own_carrier(self, world: World) -> None:
        order = world.order("brand_confirmed")

        quotes = await world.marketplace.request_quotes(order.id, PARCELS)

        own = [quote for quote in quotes if quote.carrier_code == "ankorstore"]
        assert len(own) == 1
        assert (own[0].service_code, own[0].collection_methods) == ("", ())
        others = [quote for quote in quotes if quote.carrier_code != "ankorstore"]
        assert others
        assert all(quote.service_code and quote.collection_methods for quote in others)

    @pytest.mark.parametrize(
        ("tracking", "shown"),
        [
            (Tracking(link=LINK), ("", LINK)),
            (Tracking(carrier_code="ups", number="1Z999AA10123456784"), ("1Z999AA10123456784", "")),
            (None, None),
        ],
    )
    async def test_a_confirm_of_the_own_carrier_ships_the_order(
        self, world: World, tracking: Tracking | None, shown: tuple[str, str] | None
    ) -> None:
        order = world.order("brand_confirmed")
        quote = await world.brand_label(order)

        confirmation = await world.marketplace.confirm_quote(
            quote.quote_id, tracking, turn=world.turn
        )

        assert confirmation.refund_text is not None
        assert confirmation.cost_text is None
        read = await world.marketplace.read_order(order.id)
        assert (read.status, read.shipping_method) == ("shipped", "custom")
        _compare_tracking(read, shown)

    async def test_a_confirm_of_another_carrier_shows_a_cost(self, world: World) -> None:
        order = world.order("brand_confirmed")
        quotes = await world.marketplace.request_quotes(order.id, PARCELS)
        other = next(quote for quote in quotes if quote.carrier_code != "ankorstore")

        confirmation = await world.marketplace.confirm_quote(other.quote_id, None, turn=world.turn)

        assert confirmation.refund_text is None
        assert confirmation.cost_text is not None

    async def test_an_earlier_quote_is_superseded(self, world: World) -> None:
        order = world.order("brand_confirmed")
        earlier = await world.brand_label(order)
        await world.brand_label(order)

        with pytest.raises(Rejected) as caught:
            await world.marketplace.confirm_quote(earlier.quote_id, None, turn=world.turn)

        assert (caught.value.status, caught.value.code) == (404, "quote_superseded")
        assert world.company.orders[order.id].status == "brand_confirmed"

    async def test_quotes_are_for_accepted_orders(self, world: World) -> None:
        with pytest.raises(Rejected):
            await world.marketplace.request_quotes(world.order().id, PARCELS)

    @pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_AFTER, Fault.NOT_JSON, Fault.EMPTY_BODY])
    async def test_a_confirm_without_a_usable_answer_took_effect(self, fault: Fault) -> None:
        world = build_world(is_checked=False)
        order = world.order("brand_confirmed")
        quote = await world.brand_label(order)
        world.company.faults.once("POST */confirm", fault)

        with pytest.raises(OutcomeUnknown):
            await world.marketplace.confirm_quote(quote.quote_id, None, turn=world.turn)

        assert (await world.marketplace.read_order(order.id)).status == "shipped"

    async def test_parcel_tracking_is_created_and_changed(self, world: World) -> None:
        """What is written is what is read, and its ids make a repeat harmless."""
        order = world.order("brand_confirmed")
        quote = await world.brand_label(order)
        await world.marketplace.confirm_quote(quote.quote_id, None, turn=world.turn)
        master = order.master_order_id
        assert await world.marketplace.read_tracking(master) is None
        variant = order.lines[0].variant.id
        first = TrackedParcel(
            "7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a01",
            "1Z1",
            LINK,
            "TRANSIT",
            goods=(TrackedGoods(variant, 2, 12, "T5113A", None),),
        )
        second = TrackedParcel("7c9d1f60-2a3b-5e1c-8b1f-5d7d3c9b0a02", "1Z2", LINK, "TRANSIT")
        tracking = ParcelTracking(
            "0b7f1c1e-4a2f-4f0b-9d35-1a1f3e6c1c11", "ups", "1Z1", LINK, "TRANSIT", (first,)
        )

        await world.marketplace.write_tracking(master, tracking, exists=False)
        assert await world.marketplace.read_tracking(master) == tracking

        both = ParcelTracking(
            tracking.tracking_id, "ups", "1Z1", LINK, "DELIVERED", (first, second)
        )
        for _ in range(2):
            await world.marketplace.write_tracking(master, both, exists=True)
        read = await world.marketplace.read_tracking(master)
        assert read is not None
        assert read.status == "DELIVERED"
        assert [each.tracked_parcel_id for each in read.parcels] == [
            first.tracked_parcel_id,
            second.tracked_parcel_id,
        ]


def _compare_tracking(order: MarketplaceOrder, shown: tuple[str, str] | None) -> None:
    if shown is None:
        assert order.tracking is None
        return
    number, link = shown
    assert isinstance(order.tracking, ShownTracking)
    if number:
        assert order.tracking.number == number
    if link:
        assert order.tracking.link == link


class TestSubscriptions:
    """Applications and webhook subscriptions."""

    @pytest.mark.parametrize("form", ["spec", "guide"])
    async def test_a_subscription_is_made_changed_and_deleted(self, form: str) -> None:
        habits = AnkorstoreHabits(subscription_form="spec" if form == "spec" else "guide")
        world = build_world(habits, is_checked=form == "spec")
        (application,) = await world.subscriptions.list_applications()
        assert application.client_id == world.company.client_id
        offered = await world.subscriptions.list_webhook_events()
        assert "order.brand_accepted" in offered

        made = await world.subscriptions.create_subscription(
            application.application_id, "https://hook.example/a", offered[:2]
        )
        assert made.signing_secret
        assert (made.url, made.events) == ("https://hook.example/a", offered[:2])

        changed = await world.subscriptions.update_subscription(
            made.subscription_id, "https://hook.example/b", offered[:3]
        )
        assert (changed.url, changed.events) == ("https://hook.example/b", offered[:3])
        (application,) = await world.subscriptions.list_applications()
        assert made.subscription_id in {each.subscription_id for each in application.subscriptions}

        for _ in range(2):  # one that is gone already is no error
            await world.subscriptions.delete_subscription(made.subscription_id)
        (application,) = await world.subscriptions.list_applications()
        assert made.subscription_id not in {
            each.subscription_id for each in application.subscriptions
        }


class TestWebhooks:
    """What the marketplace sends is signed and can be read."""

    @pytest.mark.parametrize(
        ("header", "encoding"),
        [
            ("signature", "hex"),
            ("X-Ankorstore-Hmac-SHA256", "hex"),
            ("X-Ankorstore-Hmac-SHA256", "base64"),
        ],
    )
    async def test_a_delivery_is_signed_and_names_its_order(
        self, header: str, encoding: str
    ) -> None:
        received: list[httpx.Request] = []

        def receive(request: httpx.Request) -> httpx.Response:
            received.append(request)
            return httpx.Response(200)

        clock = FakeClock(datetime(2026, 3, 2, tzinfo=UTC))
        company = SimulatedAnkorstore(
            clock=clock,
            webhook_url="https://bridge.example/webhooks/ankorstore",
            webhook_secret="shared",
            webhook_transport=httpx.MockTransport(receive),
            habits=AnkorstoreHabits(signature_header=header, signature_encoding=encoding),  # type: ignore[arg-type]
        )
        order = company.place_order()
        await company.deliver_due()

        (request,) = received
        assert is_signed(request.content, request.headers, ["other", "shared"])
        assert not is_signed(request.content, request.headers, ["other"])
        event = read_event(request.content)
        assert event.event_type == "order.brand_created"
        assert event.marketplace_order_id == order.id
        assert event.occurred_at is not None
        assert event.event_id == json.loads(request.content)["meta"]["event"]["id"]


class TestLogin:
    """One token for everybody, renewed when it must be."""

    async def test_tokens_that_end_are_renewed(self, world: World) -> None:
        order = world.order()
        await world.marketplace.read_order(order.id)
        world.company.expire_tokens()
        await world.marketplace.read_order(order.id)
        world.clock.advance(timedelta(hours=5).total_seconds())
        await world.marketplace.read_order(order.id)

        logins = world.company.access._logins  # the count of the running hour
        assert logins.count == 1

    async def test_a_token_that_is_refused_twice_is_a_refused_login(self) -> None:
        world = build_world(is_checked=False)
        order = world.order()
        world.company.faults.once("GET /api/*", Fault.UNAUTHORIZED, times=2)

        with pytest.raises(Unauthorized):
            await world.marketplace.read_order(order.id)
        assert (await world.marketplace.read_order(order.id)).status == "ankor_confirmed"

    async def test_a_single_401_is_not_even_noticed(self) -> None:
        world = build_world(is_checked=False)
        order = world.order()
        world.company.faults.once("POST */transition", Fault.UNAUTHORIZED)

        await world.marketplace.accept_order(order.id, turn=world.turn)

        assert len(world.company.calls_to("POST */transition")) == 2


async def test_a_refused_page_size_is_left_out() -> None:
    """A maximum nobody documents is found out."""
    habits = AnkorstoreHabits(page_limit_default=10, page_limit_max=10, refuses_large_pages=True)
    world = build_world(habits, page_limit=500)
    for _ in range(25):
        world.order()

    assert len(await world.listed("ankor_confirmed")) == 25
    assert len(await world.listed("ankor_confirmed")) == 25
