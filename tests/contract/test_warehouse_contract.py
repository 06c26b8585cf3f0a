"""The warehouse's client against the simulated warehouse: both must read the contract alike."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from app.active_ants.auth import password_login
from app.active_ants.client import ActiveAntsWarehouse
from app.active_ants.paths import PathTable
from app.active_ants.rules import MappingRules
from app.domain.completeness import weigh_shipments
from app.domain.dispatch import Ownership, PlacedNumbers, judge_row
from app.domain.record import SentLine
from app.domain.shipment import Shipment
from app.errors import NotReady, OutcomeUnknown, RateLimited, Rejected, Transient, Unauthorized
from app.outbound import PeerConnection
from app.pacing import local_budget
from app.ports import FoundOrder, StockFigure, Turn
from app.simulator.active_ants import Product, SimulatedActiveAnts, WarehouseHabits
from app.simulator.faults import Fault
from tests.fake_clock import FakeClock

NUMBER = "3434273911"
ORDER_ID = "1ecb023e-7ec0-6d5c-a477-0242ac170009"
LINES = (SentLine("line-1", "MUG", 4, 1), SentLine("line-2", "VASE", 1, 6))
PAYLOAD: Mapping[str, Any] = {
    "externalOrderNumber": NUMBER,
    "clientReference": ORDER_ID,
    "extra1": ORDER_ID,
    "partialDelivery": False,
    "onHold": False,
    "email": "retailer@example.com",
    "phoneNumber": "+31600000000",
    "currency": "EUR",
    "paymentMethodId": 1,
    "deliveryAddressFirstName": "John",
    "deliveryAddressLastName": "Smith",
    "deliveryAddressStreet": "Test Street",
    "deliveryAddressHouseNumber": 14,
    "deliveryAddressPostalCode": "3333HC",
    "DeliveryAddressCityName": "DEN HAAG",
    "deliveryAddressCountryIso": "NL",
    "languageId": 1,
    "orderTypeId": 3002,
    "orderItems": [
        {"sku": line.sku, "quantity": line.sent_quantity, "name": line.sku, "price": 1, "vat": 21}
        | {"extra6": line.marketplace_line_id}
        for line in LINES
    ],
}
PLACED = PlacedNumbers(
    marketplace_order_id=ORDER_ID,
    external_order_number=NUMBER,
    warehouse_order_number=None,
    is_live=True,
    is_proven=True,
    skus=frozenset({"MUG", "VASE"}),
)


class World:
    """The simulated warehouse with our client in front of it."""

    def __init__(self, *, habits: WarehouseHabits | None = None, password: str = "right") -> None:
        self.clock = FakeClock()
        self.company = SimulatedActiveAnts(
            clock=self.clock,
            username="shop",
            password="right",
            products=[Product("MUG", stock=50, weight_kg=0.4), Product("VASE", stock=3)],
            habits=habits or WarehouseHabits(ships_by_itself=False),
        )
        host = self.company.base_url
        self.peer = PeerConnection(
            "active_ants",
            host,
            budget=local_budget(self.clock, requests_per_minute=6000),
            clock=self.clock,
            timeout_seconds=10,
            auth=password_login(host, "shop", password, clock=self.clock),
            transport=self.company.transport(),
        )
        self.warehouse = ActiveAntsWarehouse(
            self.peer,
            rules=MappingRules(order_type="ANKORSTORE"),
            paths=PathTable({"stock_get": "/v2/stock/get/{sku}"}),
        )

    async def start(self) -> "World":
        """Read the settings, as the service does before anything else."""
        self.warehouse.use_settings(await self.warehouse.read_settings())
        return self

    async def create(self, **changes: Any) -> str:
        turn = Turn(self.clock.monotonic() + 10)
        return await self.warehouse.create_order(PAYLOAD | changes, turn=turn)

    async def ours_in_feed(self) -> list[Shipment]:
        rows = await self.warehouse.list_shipments()
        return [row for row in rows if judge_row(row, [PLACED]).ownership is Ownership.OURS]


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = await World().start()
    yield world
    assert world.peer.sightings.drain() == [], "the simulator sends what is not documented"
    await world.peer.close()


async def test_settings_make_the_client_ready(world: World) -> None:
    """What the warehouse's settings hold is enough to place orders."""
    assert world.warehouse.readiness_problems() == ()


@pytest.mark.parametrize("add_result", ["order_number", "another_number"])
async def test_created_order_is_found(world: World, add_result: Any) -> None:
    """Search gives the order's own number and our mark, whatever the create answered."""
    world.company.habits.add_result = add_result

    created = await world.create()

    (order,) = world.company.orders_numbered(NUMBER)
    assert order.payload == PAYLOAD
    assert await world.warehouse.find_order(NUMBER) == FoundOrder(
        str(order.order_number), NUMBER, ORDER_ID
    )
    assert (created == str(order.order_number)) is (add_result == "order_number")


async def test_search_that_hides_the_mark(world: World) -> None:
    """An order without a mark is found, and proves nothing."""
    world.company.habits.search_shows_extras = False
    await world.create()

    found = await world.warehouse.find_order(NUMBER)

    assert found is not None
    assert found.order_mark is None


@pytest.mark.parametrize("habit", ["nok", "null", "empty", "404"])
@pytest.mark.parametrize("nok_status", [200, 400])
async def test_every_way_to_say_not_found(habit: Any, nok_status: int) -> None:
    """However the warehouse says that nothing is there, it is understood."""
    habits = WarehouseHabits(not_found=habit, nok_status=nok_status)
    world = await World(habits=habits).start()

    assert await world.warehouse.find_order(NUMBER) is None
    assert await world.warehouse.search_shipments(NUMBER) == ()
    assert not await world.warehouse.knows_product("BOWL")
    assert await world.warehouse.read_stock("BOWL") is None


async def test_search_lags_behind_a_create(world: World) -> None:
    """For a while a search may not know of an order that is there."""
    world.company.habits.search_lag_seconds = 20
    await world.create()

    assert await world.warehouse.find_order(NUMBER) is None
    world.clock.advance(21)
    assert await world.warehouse.find_order(NUMBER) is not None


@pytest.mark.parametrize("nok_status", [200, 400])
async def test_second_create_of_a_number(world: World, nok_status: int) -> None:
    """The number is taken: said with a code of its own."""
    world.company.habits.nok_status = nok_status
    await world.create()

    with pytest.raises(Rejected) as refused:
        await world.create()

    assert refused.value.code == "already_exists"
    assert len(world.company.orders_numbered(NUMBER)) == 1


async def test_create_with_an_unknown_sku(world: World) -> None:
    """A refusal for another cause has no code, and the warehouse's words."""
    with pytest.raises(Rejected) as refused:
        await world.create(orderItems=[{"sku": "BOWL", "quantity": 1}])

    assert refused.value.code == ""
    assert "BOWL" in refused.value.detail
    assert world.company.orders == {}


LOST_AFTER = [
    Fault.LOSE_ANSWER_AFTER,
    Fault.SERVER_ERROR_AFTER,
    Fault.TRUNCATE_BODY,
    Fault.NOT_JSON,
    Fault.WRONG_TYPE,
    Fault.EMPTY_BODY,
]


@pytest.mark.parametrize("fault", LOST_AFTER)
async def test_answer_lost_after_the_warehouse_took_the_order(world: World, fault: Fault) -> None:
    """The create proves nothing, one call was made, and the search that follows finds the order."""
    world.company.faults.once("POST */order/add", fault)

    with pytest.raises(OutcomeUnknown):
        await world.create()

    assert len(world.company.calls_to("POST */order/add")) == 1
    found = await world.warehouse.find_order(NUMBER)
    assert found is not None
    assert found.order_mark == ORDER_ID


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.LOSE_ANSWER_BEFORE, OutcomeUnknown),
        (Fault.SERVER_ERROR_BEFORE, OutcomeUnknown),
        (Fault.REFUSE_CONNECTION, Transient),
        (Fault.TOO_MANY_REQUESTS, RateLimited),
    ],
)
async def test_create_that_the_warehouse_never_took(
    world: World, fault: Fault, error: type[Exception]
) -> None:
    """Where it may have been taken the outcome is unknown; a search says that it was not."""
    world.company.faults.once("POST */order/add", fault)

    with pytest.raises(error):
        await world.create()

    assert await world.warehouse.find_order(NUMBER) is None


@pytest.mark.parametrize("fault", [*LOST_AFTER, Fault.SERVER_ERROR_BEFORE])
async def test_search_that_fails(world: World, fault: Fault) -> None:
    """A search without a whole answer never means that nothing is there."""
    await world.create()
    world.company.faults.once("GET */order/search*", fault)

    with pytest.raises(Transient):
        await world.warehouse.find_order(NUMBER)


async def test_tokens_that_expired(world: World) -> None:
    """A token the warehouse no longer takes is renewed on the way, and the create made once."""
    world.company.expire_tokens()

    await world.create()

    assert len(world.company.orders) == 1


async def test_wrong_password() -> None:
    """A refused login is told apart from everything else."""
    with pytest.raises(Unauthorized):
        await World(password="wrong").start()


async def test_older_paths() -> None:
    """A warehouse that knows only the older paths is served by them, each asked for once."""
    habits = WarehouseHabits(has_versioned_paths=False, ships_by_itself=False)
    world = await World(habits=habits).start()

    await world.create()
    for _ in range(2):
        assert await world.warehouse.find_order(NUMBER) is not None
        assert await world.warehouse.knows_product("MUG")
        assert await world.warehouse.search_shipments(NUMBER) == ()
        assert await world.warehouse.read_all_stock()

    missed = [call.path for call in world.company.calls if call.status == 404]
    assert len(missed) == len(set(missed)) == 6
    assert len(world.company.orders) == 1


async def test_paths_that_do_not_exist() -> None:
    """A search that lives nowhere is a set-up to correct, and no "not found"."""
    habits = WarehouseHabits(missing_paths=("*/order/search", "/v2/shipment/byordertype"))
    world = await World(habits=habits).start()

    with pytest.raises(NotReady, match="active_ants"):
        await world.warehouse.find_order(NUMBER)
    with pytest.raises(NotReady):
        await world.warehouse.list_shipments()


async def test_products_and_stock(world: World) -> None:
    """Products are known by SKU; stock is read one by one or all at once."""
    world.company.set_stock("VASE", -2)

    assert await world.warehouse.knows_product("MUG")
    assert not await world.warehouse.knows_product("BOWL")
    assert await world.warehouse.read_stock("MUG") == StockFigure("MUG", 50)
    assert await world.warehouse.read_stock("BOWL") is None
    assert await world.warehouse.read_all_stock() == (
        StockFigure("MUG", 50),
        StockFigure("VASE", 0),
    )
    assert all(product.is_flagged for product in world.company.products.values())


async def test_feed_with_foreign_rows(world: World) -> None:
    """Ours are told from other shops' rows, those that bear our number included."""
    await world.create()
    world.company.add_foreign_shipments(3)
    world.company.add_foreign_shipments(1, external_order_number=NUMBER)
    world.company.add_foreign_shipments(1, external_order_number=NUMBER, extra1="another-shop")
    world.company.add_foreign_shipments(2, order_type="WEBSHOP")
    sent = world.company.ship(NUMBER)

    rows = await world.warehouse.list_shipments()

    judged = [judge_row(row, [PLACED]).ownership for row in rows]
    assert judged.count(Ownership.FOREIGN) == 3
    assert judged.count(Ownership.NOT_MATCHED) == 2
    assert judged.count(Ownership.OURS) == 1
    (ours,) = await world.ours_in_feed()
    assert ours.warehouse_shipment_id == str(sent.id)
    assert ours.shipped_at is not None
    assert abs(ours.shipped_at - sent.shipped_at) < timedelta(seconds=1)
    assert weigh_shipments(LINES, [ours]).is_complete


async def test_feed_shows_a_row_until_it_is_acknowledged(world: World) -> None:
    """Acknowledging takes ours off the feed, leaves the others, and may be repeated."""
    await world.create()
    world.company.add_foreign_shipments(1)
    sent = world.company.ship(NUMBER)
    assert await world.ours_in_feed() == await world.ours_in_feed()

    for _ in range(2):
        await world.warehouse.acknowledge_shipments([str(sent.id)])

    assert world.company.acknowledged == {sent.id}
    assert await world.ours_in_feed() == []
    assert len(await world.warehouse.list_shipments()) == 1


async def test_acknowledgement_without_an_answer(world: World) -> None:
    """It is repeated: nothing comes of a second one."""
    await world.create()
    sent = world.company.ship(NUMBER)
    world.company.faults.once("POST */shipment/sync", Fault.LOSE_ANSWER_AFTER)

    with pytest.raises(Transient):
        await world.warehouse.acknowledge_shipments([str(sent.id)])
    await world.warehouse.acknowledge_shipments([str(sent.id)])

    assert world.company.acknowledged == {sent.id}


async def test_order_in_two_shipments(world: World) -> None:
    """Parts add up to the whole by feed and by search alike."""
    await world.create()
    world.company.ship(NUMBER, lines={"MUG": 3})
    (part,) = await world.ours_in_feed()
    assert weigh_shipments(LINES, [part]).missing == {"MUG": 1, "VASE": 1}

    world.company.ship(NUMBER, parcels=2)

    assert weigh_shipments(LINES, await world.ours_in_feed()).is_complete
    found = await world.warehouse.search_shipments(NUMBER)
    assert {judge_row(row, [PLACED]).ownership for row in found} == {Ownership.OURS}
    assert weigh_shipments(LINES, found).is_complete
    assert world.company.acknowledged == set()


@pytest.mark.parametrize(
    ("method", "carrier"),
    [
        ("BUSEU1", "dhl"),
        ("DPD_CL", "dpd"),
        ("UPS_STD", "ups"),
        ("AA_CS", "colissimo"),
        ("BELBE_BP", None),
        ("MAXAT_BPSC", None),
    ],
)
async def test_carrier_from_the_warehouses_own_settings(
    world: World, method: str, carrier: str | None
) -> None:
    """A shipment's method id leads through the settings to the marketplace's carrier code."""
    await world.create()
    world.company.ship(NUMBER, shipping_method=method)

    (row,) = await world.ours_in_feed()

    assert world.warehouse.carrier_code(row) == carrier
    assert method in world.warehouse.method_codes(row)


async def release_world(path: str) -> World:
    """Return a warehouse whose path for releasing an order was confirmed as *path*."""
    world = await World().start()
    world.warehouse = ActiveAntsWarehouse(
        world.peer,
        rules=MappingRules(order_type="ANKORSTORE"),
        paths=PathTable({"order_release": path}),
    )
    return world


async def test_release_of_an_order_on_hold() -> None:
    """Released once; a second time the warehouse refuses, which proves nothing by itself."""
    world = await release_world("/v2/order/release")
    await world.create(onHold=True)
    (order,) = world.company.orders_numbered(NUMBER)
    assert order.is_on_hold
    turn = Turn(world.clock.monotonic() + 10)

    await world.warehouse.release_order(NUMBER, turn=turn)

    assert not order.is_on_hold
    with pytest.raises(Rejected) as refused:
        await world.warehouse.release_order(NUMBER, turn=turn)
    assert refused.value.detail
    await world.peer.close()


async def test_release_of_what_is_not_there() -> None:
    """Unknown, cancelled in Maya, or at a path that does not exist: never taken for done."""
    world = await release_world("/v2/order/release")
    turn = Turn(world.clock.monotonic() + 10)
    with pytest.raises(Rejected):
        await world.warehouse.release_order(NUMBER, turn=turn)
    await world.create(onHold=True)
    world.company.cancel_in_maya(NUMBER)
    with pytest.raises(Rejected):
        await world.warehouse.release_order(NUMBER, turn=turn)
    await world.peer.close()
    wrong = await release_world("/v2/order/set-free")
    with pytest.raises(NotReady, match="release order"):
        await wrong.warehouse.release_order(NUMBER, turn=Turn(wrong.clock.monotonic() + 10))
    await wrong.peer.close()


async def test_release_is_off_until_its_path_is_confirmed(world: World) -> None:
    """Without the setting no call is made."""
    calls = len(world.company.calls)
    with pytest.raises(NotReady):
        await world.warehouse.release_order(NUMBER, turn=Turn(world.clock.monotonic() + 10))

    assert len(world.company.calls) == calls


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER_BEFORE, Fault.LOSE_ANSWER_AFTER])
async def test_release_whose_answer_is_lost(fault: Fault) -> None:
    """A write without an answer is unknown, whether it took effect or not."""
    world = await release_world("/v2/order/release")
    await world.create(onHold=True)
    world.company.faults.once("POST */order/release", fault)
    with pytest.raises(OutcomeUnknown):
        await world.warehouse.release_order(NUMBER, turn=Turn(world.clock.monotonic() + 10))
    await world.peer.close()
