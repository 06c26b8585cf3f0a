"""
Warehouse orders: taking them, finding them again, releasing them.

There is no cancel, no update and no address change, because the real one has none.
"""

from collections.abc import Callable, Collection
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from app.clock import Clock
from app.simulator.active_ants.envelopes import AMSTERDAM, NotOk, ok, read_members
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.not_found import answer_not_found
from app.simulator.active_ants.order_bodies import check_order, is_shippable, read_items
from app.simulator.active_ants.records import WarehouseOrder
from app.simulator.active_ants.stockroom import Stockroom
from app.simulator.exchange import Answer, Ask
from app.simulator.routes import Routes

EXTRAS = ("extra1", "extra2", "extra3", "extra4", "extra5")


class OrderDesk:
    """Answers for warehouse orders."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        habits: WarehouseHabits,
        stockroom: Stockroom,
        plan_shipping: Callable[[WarehouseOrder], None],
    ) -> None:
        self.orders: dict[int, WarehouseOrder] = {}
        self._by_external: dict[str, list[WarehouseOrder]] = {}
        self._clock = clock
        self._random = random
        self._habits = habits
        self._stockroom = stockroom
        self._plan_shipping = plan_shipping
        self._order_number = 42_375_130

    def add_routes(self, routes: Routes) -> None:
        """Put the calls on the table."""
        routes.add("POST", "/v2/order/add", self.add_order)
        routes.add("GET", "/v2/order/search", self.search_order)
        routes.add("POST", "/v2/order/search", self.search_order)
        routes.add("POST", "/v2/order/release", self.release_order)

    def find_all(self, external_order_number: str) -> list[WarehouseOrder]:
        """Return every order of this number, doubles included."""
        return list(self._by_external.get(external_order_number, ()))

    def renumber(
        self, order: WarehouseOrder, external_order_number: str, extra1: str | None
    ) -> WarehouseOrder:
        """Give an order the number, and the mark, another shop gave it."""
        self._by_external[order.external_order_number].remove(order)
        order.external_order_number = external_order_number
        order.extras["extra1"] = extra1
        self._by_external.setdefault(external_order_number, []).append(order)
        return order

    def next_order_number(self) -> int:
        """Return a number no order has."""
        self._order_number += self._random.randint(1, 5)
        return self._order_number

    def add_order(self, ask: Ask) -> Answer:
        """Take an order, or refuse it with NOK; an order once taken cannot be taken back."""
        members = read_members(ask)
        check_order(members)
        self._check_ids(members)
        items = read_items(members)
        for item in items:
            if item.sku not in self._stockroom.products:
                raise NotOk(f"Product with sku ({item.sku}) does not exist.")
        number = members["externalordernumber"]
        if self._is_taken(number):
            raise NotOk(f"Order with external order number ({number}) already exists.")
        order = WarehouseOrder(
            order_number=self.next_order_number(),
            external_order_number=number,
            order_type_id=members["ordertypeid"],
            shipping_method_id=members.get("shippingmethodid"),
            items=items,
            extras={name: members.get(name) for name in EXTRAS},
            created_at=self._clock.now(),
            is_on_hold=bool(members.get("onhold")),
            is_valid=is_shippable(members),
            ships_from_at=_read_date(members.get("preferredshippingdate")),
            payload=ask.json(),
        )
        self.orders[order.order_number] = order
        self._by_external.setdefault(number, []).append(order)
        for item in items:
            self._stockroom.reserve(item.sku, item.quantity)
        self._plan_shipping(order)
        is_same = self._habits.add_result == "order_number"
        result = order.order_number if is_same else order.order_number + 400_000_000
        return ok("Order has been successfully added.", result)

    def search_order(self, ask: Ask) -> Answer:
        """Answer the order of this number, once the search index knows of it."""
        given = read_members(ask) if ask.method == "POST" else ask.query
        wanted = {name.lower(): value for name, value in given.items()}
        number = wanted.get("externalordernumber")
        visible = [one for one in self.find_all(str(number)) if self._is_visible(one)]
        if not visible:
            return answer_not_found(self._habits, "Order could not be found.")
        order = visible[0]
        shows = self._habits.search_shows_extras
        result = {
            "orderNumber": order.order_number,
            "externalOrderNumber": order.external_order_number,
            **{name: value if shows else None for name, value in order.extras.items()},
        }
        return ok("Order found.", result)

    def release_order(self, ask: Ask) -> Answer:
        """Release an order that was placed on hold."""
        number = read_members(ask).get("externalordernumber")
        known = self.find_all(str(number))
        held = [one for one in known if one.is_on_hold and not one.is_cancelled]
        if not held:
            raise NotOk("Order could not be released.")
        for order in held:
            order.is_on_hold = False
            self._plan_shipping(order)
        return ok("Order has been released.")

    def _is_taken(self, number: str) -> bool:
        known = self.find_all(number)
        match self._habits.uniqueness:
            case "immediate":
                return bool(known)
            case "late":
                return any(self._is_visible(one) for one in known)
            case _:
                return False

    def _is_visible(self, order: WarehouseOrder) -> bool:
        lag = timedelta(seconds=self._habits.search_lag_seconds)
        return order.created_at + lag <= self._clock.now()

    def _check_ids(self, members: dict[str, Any]) -> None:
        habits = self._habits
        _check_known(members, "ordertypeid", {one.id for one in habits.order_types})
        _check_known(members, "languageid", set(habits.languages.values()))
        methods = {one.id for one in habits.shipping_methods}
        if members.get("shippingmethodid") is not None:
            _check_known(members, "shippingmethodid", methods)
        if members.get("warehouseid") is not None:
            _check_known(members, "warehouseid", ())
        for name in ("deliveryaddresscountryiso", "billingaddresscountryiso"):
            if members.get(name) is not None and members[name].upper() not in habits.countries:
                raise NotOk(f"The country ({members[name]}) is unknown.")


def _check_known(members: dict[str, Any], name: str, known: Collection[int]) -> None:
    if members[name] not in known:
        raise NotOk(f"The value ({members[name]}) of {name} is unknown.")


def _read_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        wanted = datetime.fromisoformat(text)
    except ValueError as problem:
        raise NotOk("The value of preferredshippingdate is not valid.") from problem
    return (wanted if wanted.tzinfo else wanted.replace(tzinfo=AMSTERDAM)).astimezone(UTC)
