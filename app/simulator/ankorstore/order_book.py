"""
Every order of the simulated brand, and everything that can become of it.

The one place where a status changes: each move is allowed from certain statuses only, stamps the
order and emits its event. Endpoints and people's doings at the marketplace both go through here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from app.clock import Clock
from app.simulator.ankorstore.documents import order_resource, with_version
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.outbox import Outbox
from app.simulator.ankorstore.people import invent_retailer, make_id
from app.simulator.ankorstore.records import (
    Address,
    Order,
    OrderedLine,
    OrderLine,
    Retailer,
    Variant,
)
from app.simulator.ankorstore.refusals import ImpossibleMove
from app.simulator.goods import RANGE

FIRST_REFERENCE = 3_434_273_911


@dataclass(frozen=True, slots=True)
class Move:
    """A change of status: from where, to where, and what subscribers hear."""

    origins: frozenset[str]
    target: str
    event: str | None


def _move(origins: str, target: str, event: str | None) -> Move:
    return Move(frozenset(origins.split()), target, event)


ANY_OPEN = (
    "ankor_confirmed rejected brand_confirmed shipping_labels_generated fulfillment_requested "
    "shipped reception_refused received"
)
MOVES = {
    "accept": _move("ankor_confirmed", "brand_confirmed", "order.brand_accepted"),
    "reject": _move("ankor_confirmed", "rejected", "order.brand_rejected"),
    "cancel": _move(ANY_OPEN, "cancelled", "order.cancelled"),
    "revert_acceptance": _move(
        "brand_confirmed", "ankor_confirmed", "order.brand_accepted_reverted"
    ),
    "generate_labels": _move(
        "brand_confirmed", "shipping_labels_generated", "order.shipping_labels_generated"
    ),
    "reset_labels": _move(
        "shipping_labels_generated",
        "brand_confirmed",
        "order.shipping_labels_generated_reverted",
    ),
    "request_fulfillment": _move("brand_confirmed", "fulfillment_requested", None),
    "ship": _move(
        "brand_confirmed shipping_labels_generated fulfillment_requested",
        "shipped",
        "order.shipped",
    ),
    "receive": _move("shipped reception_refused", "received", "order.shipment_received"),
    "refuse_reception": _move("shipped", "reception_refused", "order.shipment_refused"),
    "invoice": _move("received", "invoiced", None),
    "pay": _move("invoiced", "brand_paid", "order.brand_paid"),
}
SHIPPING_METHODS = {
    "generate_labels": "ankorstore",
    "reset_labels": None,
    "request_fulfillment": "fulfillment",
}


class OrderBook:
    """Orders, variants and retailers of one brand."""

    def __init__(
        self, clock: Clock, random: Random, habits: AnkorstoreHabits, outbox: Outbox
    ) -> None:
        self.orders: dict[str, Order] = {}
        self.by_master_id: dict[str, Order] = {}
        self.variants: dict[str, Variant] = {}
        self.retailers: dict[str, Retailer] = {}
        self._clock = clock
        self.random = random
        self._habits = habits
        self._outbox = outbox
        self.last_reference = FIRST_REFERENCE

    def add_variant(
        self,
        sku: str,
        *,
        name: str | None = None,
        unit_multiplier: int = 1,
        unit_price_minor: int = 500,
        vat_rate: float = 20.0,
        stock_quantity: int = 1000,
    ) -> Variant:
        """Add a product with one variant, or return the one that has this SKU."""
        if sku not in self.variants:
            self.variants[sku] = Variant(
                id=make_id(self.random),
                product_id=make_id(self.random),
                sku=sku,
                name=name or sku,
                unit_multiplier=unit_multiplier,
                unit_price_minor=unit_price_minor,
                vat_rate=vat_rate,
                stock_quantity=stock_quantity,
                created_at=self._clock.now(),
                sequence=len(self.variants),
            )
        return self.variants[sku]

    def place(
        self,
        lines: Sequence[OrderedLine] | None = None,
        ship_to: Address | None = None,
        billing: Address | None = None,
        retailer: Retailer | None = None,
        *,
        status: str = "ankor_confirmed",
        currency: str = "EUR",
        reference: int | None = None,
        shipping_methods: Sequence[str] = ("custom", "ankorstore"),
        submitted_at: datetime | None = None,
        emit: bool = True,
    ) -> Order:
        """Let a retailer order. What is not given is invented."""
        now = self._clock.now()
        buyer, shop = invent_retailer(self.random, now)
        buyer = retailer or buyer
        self.retailers[buyer.id] = buyer
        submitted_at = submitted_at or now
        order = Order(
            id=make_id(self.random),
            master_order_id=make_id(self.random),
            sequence=len(self.orders),
            reference=reference if reference is not None else self._next_reference(),
            status=status,
            lines=[self._make_line(line, now) for line in lines or self._invent_lines()],
            retailer=buyer,
            ship_to=ship_to or shop,
            billing=billing or ship_to or shop,
            currency=currency,
            submitted_at=submitted_at,
            created_at=submitted_at,
            updated_at=now,
            ships_from_at=submitted_at + timedelta(days=1),
            ships_until_at=submitted_at + timedelta(days=5),
            has_singular_types=self._draw_spelling(),
            billing_item_id=make_id(self.random),
            shipping_methods=list(shipping_methods),
        )
        order.note_change(now, status)
        self.orders[order.id] = order
        self.by_master_id[order.master_order_id] = order
        if emit:
            is_new = status == "ankor_confirmed"
            self.emit("order.brand_created" if is_new else "order.brand_accepted", order)
        return order

    def check_move(self, name: str, order: Order) -> Move:
        """
        Return the move of this name.

        Raises:
            ImpossibleMove: The order's status does not allow it.
        """
        move = MOVES[name]
        if order.status not in move.origins:
            raise ImpossibleMove(f"{name} is not possible from {order.status}")
        return move

    def make_move(self, name: str, order: Order) -> Order:
        """Make a move, emit its event and return the order."""
        move = self.check_move(name, order)
        target = self._habits.rejected_status if name == "reject" else move.target
        if name in SHIPPING_METHODS:
            order.shipping_method = SHIPPING_METHODS[name]
        if name == "reset_labels":
            order.provider = None
        if name == "ship":
            order.shipping_method = order.shipping_method or "custom"
            order.shipped_at = self._clock.now()
            order.shipment_id = make_id(self.random)
        if target == "brand_paid":
            order.brand_paid_at = self._clock.now()
        order.note_change(self._clock.now(), target)
        if move.event is not None:
            self.emit(move.event, order)
        return order

    def emit(self, event: str, order: Order) -> None:
        """Tell subscribers about *order*; the body is the order without its includes."""
        document = with_version({"data": order_resource(order)})
        self._outbox.emit(event, order.id, document)

    def _make_line(self, wanted: OrderedLine, now: datetime) -> OrderLine:
        known = next((goods for goods in RANGE if goods.sku == wanted.sku), None)
        variant = self.variants.get(wanted.sku) or self.add_variant(
            wanted.sku,
            name=wanted.name or (known.name if known else None),
            unit_multiplier=wanted.unit_multiplier or (known.unit_multiplier if known else 1),
            unit_price_minor=wanted.unit_price_minor or (known.unit_price_minor if known else 500),
            vat_rate=wanted.vat_rate
            if wanted.vat_rate is not None
            else (known.vat_rate if known else 20.0),
        )
        if wanted.unit_multiplier is not None:
            variant.unit_multiplier = wanted.unit_multiplier
        price, vat_rate = wanted.unit_price_minor, wanted.vat_rate
        return OrderLine(
            id=make_id(self.random),
            variant=variant,
            packs=wanted.packs,
            units=wanted.units or wanted.packs * variant.unit_multiplier,
            unit_price_minor=variant.unit_price_minor if price is None else price,
            vat_rate=variant.vat_rate if vat_rate is None else vat_rate,
            created_at=now,
        )

    def _invent_lines(self) -> list[OrderedLine]:
        chosen = self.random.sample(RANGE, self.random.randint(1, 3))
        return [OrderedLine(goods.sku, packs=self.random.randint(1, 4)) for goods in chosen]

    def _draw_spelling(self) -> bool:
        habit = self._habits.type_names
        return habit == "singular" or (habit == "mixed" and self.random.random() < 0.25)

    def _next_reference(self) -> int:
        self.last_reference += self.random.randint(1, 9)
        return self.last_reference
