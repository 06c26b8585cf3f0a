"""Where orders turn into shipments: by themselves after a while, or by hand in a test."""

from collections.abc import Callable, Mapping, Sequence
from random import Random

from app.clock import Clock
from app.simulator.active_ants.bundles import BundleRows
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.active_ants.records import (
    OrderedItem,
    Parcel,
    Shipment,
    ShippedItem,
    ShippingMethod,
    WarehouseOrder,
)
from app.simulator.active_ants.shipment_desk import ShipmentDesk
from app.simulator.active_ants.stockroom import Stockroom

RETRY_SECONDS_MIN = 1.0


class ShippingFloor:
    """Packs, labels and ships."""

    def __init__(
        self,
        clock: Clock,
        random: Random,
        habits: WarehouseHabits,
        stockroom: Stockroom,
        desk: ShipmentDesk,
        do_later: Callable[[float, Callable[[], None]], None],
    ) -> None:
        self._clock = clock
        self._random = random
        self._habits = habits
        self._stockroom = stockroom
        self._desk = desk
        self._do_later = do_later
        self._shipment_id = 42_434_541
        self._item_id = 90_000_000
        self.parcels_wanted: dict[str, int] = {}
        """In how many parcels an order ships by itself, by its `extra1`; else that is drawn."""
        self._bundles = BundleRows(habits, stockroom, self._next_item_id)

    def plan(self, order: WarehouseOrder) -> None:
        """Let *order* ship by itself once its time has come."""
        wait_seconds = self._habits.shipping_delay_seconds
        if order.ships_from_at is not None:
            until_wanted = (order.ships_from_at - self._clock.now()).total_seconds()
            wait_seconds = max(wait_seconds, until_wanted)
        self._do_later(wait_seconds, lambda: self._ship_when_due(order))

    def ship(
        self,
        order: WarehouseOrder,
        parcels: int = 1,
        lines: Mapping[str, int] | None = None,
        tracking: Sequence[str] | None = None,
        method: ShippingMethod | None = None,
    ) -> Shipment:
        """
        Ship what is left of *order*, or only *lines* (units by SKU), in so many parcels.

        *tracking* gives the carrier numbers, an empty one where there is none yet; without it
        they are invented.
        """
        assert not order.is_cancelled, "a cancelled order never ships"
        assert not order.is_on_hold, "an order on hold never ships"
        items = self._pick(order, lines)
        method = method or self._choose_method(order)
        numbers = list(tracking or (self._invent_number() for _ in range(parcels)))
        shipment = Shipment(
            id=self._next_shipment_id(),
            order_number=order.order_number,
            order_type_id=order.order_type_id,
            external_order_number=order.external_order_number,
            shipped_at=self._clock.now(),
            method=method,
            parcels=[_make_parcel(number, method) for number in numbers],
            items=self._bundles.show(items),
            extras=dict(order.extras),
            status=self._random.choice(("New", "labelled")),
        )
        for item in items:
            self._stockroom.take(item.sku, item.quantity)
        self._desk.add(shipment)
        self._deliver_later(shipment)
        return shipment

    def _deliver_later(self, shipment: Shipment) -> None:
        seconds = self._habits.delivery_seconds
        if seconds is None:
            return

        def move_to(status: str) -> None:
            shipment.status = status

        self._do_later(seconds / 2, lambda: move_to("out for delivery"))
        self._do_later(seconds, lambda: move_to("delivered"))

    def give_tracking(self, shipment: Shipment) -> None:
        """Let the carrier number the parcels that have no number yet."""
        for parcel in shipment.parcels:
            if not parcel.number:
                numbered = _make_parcel(self._invent_number(), shipment.method)
                parcel.number, parcel.track_url = numbered.number, numbered.track_url

    def add_foreign(
        self,
        order_type_id: int,
        order_number: int,
        external_order_number: str,
        extra1: str | None,
        sku: str,
    ) -> Shipment:
        """Add a shipment of another shop of the same client."""
        method = self._choose_method(None)
        shipment = Shipment(
            id=self._next_shipment_id(),
            order_number=order_number,
            order_type_id=order_type_id,
            external_order_number=external_order_number,
            shipped_at=self._clock.now(),
            method=method,
            parcels=[_make_parcel(self._invent_number(), method)],
            items=[ShippedItem(self._next_item_id(), sku, 1, 0.5, None, None)],
            extras={"extra1": extra1, "extra2": None, "extra3": None, "extra4": None}
            | {"extra5": None},
            status="labelled",
        )
        self._desk.add(shipment)
        return shipment

    def _ship_when_due(self, order: WarehouseOrder) -> None:
        habits = self._habits
        if order.is_complete or order.is_on_hold or order.is_cancelled or not order.is_valid:
            return
        wanted = [(item.sku, item.quantity - item.shipped) for item in order.items]
        if habits.ships_by_itself and self._stockroom.can_pick(wanted):
            drawn = 1 if self._random.random() < 0.8 else 2
            self.ship(order, self.parcels_wanted.get(order.extras.get("extra1") or "", drawn))
            return
        pause_seconds = max(RETRY_SECONDS_MIN, habits.shipping_delay_seconds)
        self._do_later(pause_seconds, lambda: self._ship_when_due(order))

    def _pick(self, order: WarehouseOrder, lines: Mapping[str, int] | None) -> list[ShippedItem]:
        left = dict(lines) if lines is not None else None
        picked = []
        for item in order.items:
            open_quantity = max(0, item.quantity - item.shipped)
            quantity = open_quantity if left is None else min(open_quantity, left.get(item.sku, 0))
            if left is not None and item is _last_of(order, item.sku):
                quantity = left.get(item.sku, 0)  # a test may ship more than was ordered
            if quantity > 0:
                if left is not None:
                    left[item.sku] -= quantity
                item.shipped += quantity
                picked.append(self._shipped_item(item, quantity))
        return picked

    def _shipped_item(self, item: OrderedItem, quantity: int) -> ShippedItem:
        product = self._stockroom.products[item.sku]
        return ShippedItem(
            self._next_item_id(),
            item.sku,
            quantity,
            product.weight_kg,
            item.extra6,
            item.extra7,
            product.lot_number,
            product.expires_at,
        )

    def _choose_method(self, order: WarehouseOrder | None) -> ShippingMethod:
        methods, wanted = self._habits.shipping_methods, self._habits.default_shipping_method
        for method in methods:
            if order is not None and method.id == order.shipping_method_id:
                return method
        for method in methods:
            if method.code == wanted:
                return method
        return self._random.choice(methods)

    def _invent_number(self) -> str:
        return f"3232{self._random.randrange(10**20):020d}"

    def _next_shipment_id(self) -> int:
        self._shipment_id += 1
        return self._shipment_id

    def _next_item_id(self) -> int:
        self._item_id += 1
        return self._item_id


def _last_of(order: WarehouseOrder, sku: str) -> OrderedItem:
    return [item for item in order.items if item.sku == sku][-1]


def _make_parcel(number: str, method: ShippingMethod) -> Parcel:
    has_page = bool(number and method.track_page)
    return Parcel(number, (method.track_page or "").format(number=number) if has_page else None)
