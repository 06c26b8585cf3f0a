"""
The simulated warehouse itself: what a test holds in its hand.

Requests come in through ``respond``; the other methods are what happens in the warehouse.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from app.clock import Clock
from app.simulator.active_ants.back_office import BackOffice
from app.simulator.active_ants.control import add_control_routes
from app.simulator.active_ants.envelopes import NotOk, bare_answer, envelope, ok
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.login import Login
from app.simulator.active_ants.mishaps import Mishaps
from app.simulator.active_ants.order_desk import OrderDesk
from app.simulator.active_ants.paths import find_path
from app.simulator.active_ants.records import (
    OrderType,
    Product,
    Shipment,
    ShippingMethod,
    WarehouseOrder,
)
from app.simulator.active_ants.return_desk import ReturnDesk
from app.simulator.active_ants.settings_document import settings_document
from app.simulator.active_ants.shipment_desk import ShipmentDesk
from app.simulator.active_ants.shipping_floor import ShippingFloor
from app.simulator.active_ants.stockroom import Stockroom
from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask, dump_json
from app.simulator.goods import RANGE

Uniqueness = Literal["immediate", "late", "off"]
STATUS_PATHS = frozenset({"/status/get", "/v2/status/get"})


class SimulatedActiveAnts(Company):
    """Active Ants, small: one client, its products, orders and shipments."""

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int = 0,
        username: str = "simulated-shop",
        password: str = "simulated-password",  # noqa: S107 - guards nothing real
        products: Iterable[Product] | None = None,
        order_types: Sequence[OrderType] | None = None,
        uniqueness: Uniqueness | None = None,
        search_lag_seconds: float | None = None,
        shipping_delay_seconds: float | None = None,
        base_url: str = "http://active-ants.test",
        habits: WarehouseHabits | None = None,
        keep_calls: bool = True,
    ) -> None:
        super().__init__(clock=clock, seed=seed, base_url=base_url, keep_calls=keep_calls)
        self.habits = habits or WarehouseHabits()
        self.username = username
        self.password = password
        if order_types is not None:
            self.habits.order_types = tuple(order_types)
        if uniqueness is not None:
            self.habits.uniqueness = uniqueness
        if search_lag_seconds is not None:
            self.habits.search_lag_seconds = search_lag_seconds
        if shipping_delay_seconds is not None:
            self.habits.shipping_delay_seconds = shipping_delay_seconds
        self._add_parts(invent_products() if products is None else products)

    def _add_parts(self, products: Iterable[Product]) -> None:
        clock, random, habits = self.clock, self.random, self.habits
        self.login = Login(clock, random, habits, self.username, self.password)
        self.stockroom = Stockroom([replace(product) for product in products], habits)
        self._shipment_desk = ShipmentDesk(habits)
        self.floor = ShippingFloor(
            clock, random, habits, self.stockroom, self._shipment_desk, self.do_later
        )
        self.return_desk = ReturnDesk(habits, self._shipment_desk)
        self._order_desk = OrderDesk(clock, random, habits, self.stockroom, self.floor.plan)
        self._back_office = BackOffice(self.stockroom, self.floor)
        self.mishaps = Mishaps(self.stockroom, self._order_desk, self._shipment_desk)
        self.stockroom.add_routes(self.routes)
        self._order_desk.add_routes(self.routes)
        self._shipment_desk.add_routes(self.routes)
        self.return_desk.add_routes(self.routes)
        self.routes.add("GET", "/v2/settings/get", self._read_settings)
        add_control_routes(self, self.control)
        self._minute = -1
        self._requests_in_minute = 0

    @property
    def orders(self) -> dict[int, WarehouseOrder]:
        """Every warehouse order by order number."""
        return self._order_desk.orders

    @property
    def shipments(self) -> dict[int, Shipment]:
        """Every shipment by id, those of other shops included."""
        return self._shipment_desk.shipments

    @property
    def products(self) -> dict[str, Product]:
        """Every product by SKU."""
        return self.stockroom.products

    @property
    def acknowledged(self) -> set[int]:
        """The ids of all shipments taken out of the feed."""
        return {one.id for one in self.shipments.values() if one.is_acknowledged}

    def orders_numbered(self, external_order_number: str) -> list[WarehouseOrder]:
        """Return every order of this external number, doubles included."""
        return self._order_desk.find_all(external_order_number)

    def respond(self, ask: Ask) -> Answer:
        """Let the caller in, or not, and answer in an envelope."""
        if ask.path == "/token" and ask.method == "POST":
            return self.login.give_token(ask)
        if ask.path in STATUS_PATHS and ask.method == "GET":
            return ok("Status is OK.")
        if self._is_over_limit():
            return bare_answer(429)
        path = find_path(ask, self.habits)
        if path is None:
            return bare_answer(404)
        if not self.login.is_admitted(ask):
            return bare_answer(401)
        asked = replace(ask, path=path)
        handler = self.routes.find(asked)
        if handler is None:
            return bare_answer(405 if self.routes.has_path(asked) else 404)
        try:
            return handler(asked)
        except NotOk as refused:
            return envelope(refused.status or self.habits.nok_status, "NOK", refused.text)

    def refusal(self, status: int, headers: list[tuple[str, str]] | None = None) -> Answer:
        """Return an error of the web server in front, without an envelope."""
        return bare_answer(status, headers)

    def expire_tokens(self) -> None:
        """Make every token given out so far worthless."""
        self.login.expire_tokens()

    def set_stock(self, sku: str, stock: int) -> Product:
        """Set the stock of a product; adds it if it is new."""
        return self.stockroom.set_stock(sku, stock)

    def place_order(self, body: Mapping[str, Any]) -> WarehouseOrder:
        """
        Let another program of the client place an order, as `order/add` takes it.

        Raises:
            NotOk: It is refused.
        """
        ask = Ask("POST", "/v2/order/add", "", {}, dump_json(body))
        self._order_desk.add_order(ask)
        return self._order_desk.find_all(body["externalOrderNumber"])[-1]

    def ship(
        self,
        order: WarehouseOrder | str | int,
        parcels: int = 1,
        lines: Mapping[str, int] | None = None,
        tracking: Sequence[str] | None = None,
        shipping_method: str | None = None,
    ) -> Shipment:
        """
        Ship what is left of an order, or only *lines* (units by SKU).

        *order* is the order, its number, or its external order number; *shipping_method* a code.
        """
        found = self._find_order(order)
        method = self._find_method(shipping_method) if shipping_method else None
        return self.floor.ship(found, parcels, lines, tracking, method)

    def add_foreign_shipments(
        self,
        count: int,
        *,
        order_type: int | str | None = None,
        external_order_number: str | None = None,
        extra1: str | None = None,
    ) -> list[Shipment]:
        """
        Let other shops of the client ship, by default with the first order type.

        Numbers are invented unless *external_order_number* is given, to collide with ours.
        """
        type_id = self._find_order_type(order_type)
        return [
            self.floor.add_foreign(
                type_id,
                self._order_desk.next_order_number(),
                external_order_number or f"WEB-{self.random.randrange(10**7):07d}",
                extra1,
                "FOREIGN-SKU",
            )
            for _ in range(count)
        ]

    def cancel_in_maya(self, order: WarehouseOrder | str | int) -> WarehouseOrder:
        """Let a person cancel an order in the back office; it never ships."""
        found = self._find_order(order)
        self._back_office.cancel(found)
        return found

    def release_in_maya(self, order: WarehouseOrder | str | int) -> WarehouseOrder:
        """Let a person release an order that is on hold."""
        found = self._find_order(order)
        self._back_office.release(found)
        return found

    def change_in_maya(
        self,
        order: WarehouseOrder | str | int,
        address: Mapping[str, Any] | None = None,
        quantities: Mapping[str, int] | None = None,
    ) -> WarehouseOrder:
        """Let a person change members of the address, or quantities by `extra6`."""
        found = self._find_order(order)
        self._back_office.change_address(found, address or {})
        self._back_office.change_lines(found, quantities or {})
        return found

    def occupy_number(
        self, order: WarehouseOrder | str | int, number: str, extra1: str | None = None
    ) -> WarehouseOrder:
        """Make an order one that another shop placed under *number*, with its own mark."""
        return self.mishaps.renumber_order(self._find_order(order), number, extra1)

    def mark_delivered(self, shipment_id: int) -> None:
        """Let the carrier deliver."""
        self.mishaps.tell_status(shipment_id, "delivered")

    def _read_settings(self, ask: Ask) -> Answer:
        return ok("Settings found.", settings_document(self.habits))

    def _is_over_limit(self) -> bool:
        limit = self.habits.requests_per_minute
        if limit is None:
            return False
        minute = int(self.clock.now().timestamp() // 60)
        if minute != self._minute:
            self._minute, self._requests_in_minute = minute, 0
        self._requests_in_minute += 1
        return self._requests_in_minute > limit

    def _find_order(self, order: WarehouseOrder | str | int) -> WarehouseOrder:
        if isinstance(order, WarehouseOrder):
            return order
        if isinstance(order, int):
            return self.orders[order]
        if not (numbered := self.orders_numbered(order)):
            raise LookupError(f"no order has the number {order}")
        return numbered[-1]

    def _find_method(self, code: str) -> ShippingMethod:
        return next(one for one in self.habits.shipping_methods if one.code == code)

    def _find_order_type(self, wanted: int | str | None) -> int:
        types = self.habits.order_types
        if wanted is None:
            return types[0].id
        return next(one.id for one in types if wanted in (one.id, one.code))


def invent_products() -> list[Product]:
    """Return the brand's range as products."""
    return [Product(one.sku, name=one.name, weight_kg=one.weight_kg) for one in RANGE]
