"""
Shipping quotes: asking for them, and confirming one.

Only the quotes of the latest call count. The brand label ships at once; a carrier's label is
made a little later, which is what makes a wrong choice so hard to notice.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from app.clock import Clock
from app.simulator.ankorstore.documents import quote_object, with_version
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.order_desk import OrderDesk
from app.simulator.ankorstore.people import make_id
from app.simulator.ankorstore.quote_bodies import read_parcels, read_tracking
from app.simulator.ankorstore.records import Order, Quote
from app.simulator.ankorstore.refusals import invalid, refuse
from app.simulator.exchange import JSON_API, Answer, Ask, dump_json
from app.simulator.routes import Routes

CARRIERS = (
    ("ups", "11", "UPS Standard", ("pickup", "drop-off"), 2),
    ("ups", "65", "UPS Express Saver", ("pickup",), 1),
    ("dhl_express", "P", "DHL Express Worldwide", ("pickup",), 1),
    ("colissimo", "DOM", "Colissimo", ("drop-off",), 3),
)


class QuoteDesk:
    """Answers for shipping quotes."""

    def __init__(
        self,
        clock: Clock,
        book: OrderBook,
        desk: OrderDesk,
        habits: AnkorstoreHabits,
        do_later: Callable[[float, Callable[[], None]], None],
        note_tracking: Callable[[Order], None],
    ) -> None:
        self.quotes: dict[str, Quote] = {}
        self._clock = clock
        self._random = book.random
        self._book = book
        self._desk = desk
        self._habits = habits
        self._do_later = do_later
        self._note_tracking = note_tracking
        self._current: dict[str, list[str]] = {}
        self._shipment_number = 991_836

    def add_routes(self, routes: Routes) -> None:
        """Put the endpoints on the table."""
        routes.add("POST", "/api/v1/orders/{order}/shipping-quotes", self.make_quotes)
        routes.add("POST", "/api/v1/shipping-quotes/{quote}/confirm", self.confirm_quote)

    def make_quotes(self, ask: Ask) -> Answer:
        """Answer fresh quotes and forget the earlier ones of this order."""
        order = self._desk.find(ask.parts[0])
        parcels = read_parcels(ask)
        if order.status != "brand_confirmed":
            # What the marketplace answers here is not documented.
            raise invalid([("order", "The order cannot be shipped from this state.")])
        carriers = self._random.sample(CARRIERS, self._random.randint(1, 3))
        quotes = [self._carrier_quote(order, parcels, carrier) for carrier in carriers]
        brand_label = self._brand_label_quote(order, parcels)
        quotes.insert(self._random.randint(0, len(quotes)), brand_label)
        self._replace(order, quotes)
        order.latest_quote = latest_quote_object(order, brand_label)
        order.note_change(self._clock.now())
        data = [quote_object(quote, order.currency) for quote in quotes]
        return Answer(200, dump_json(with_version({"data": data})), JSON_API)

    def confirm_quote(self, ask: Ask) -> Answer:
        """Answer 404 for a quote unknown, superseded or used; else ship or begin a label."""
        quote = self.quotes.get(ask.parts[0])
        if quote is None:
            raise refuse(404)
        tracking = read_tracking(ask)
        order = self._desk.find(quote.order_id)
        if order.status != "brand_confirmed":
            raise invalid([("order", "The order cannot be shipped from this state.")])
        self._replace(order, [])
        order.latest_quote = latest_quote_object(order, quote)
        order.parcels = quote.parcels
        money = f"€{quote.amount_minor / 100:.2f}"
        if quote.is_brand_label:
            _set_tracking(order, tracking)
            if self._habits.shows_confirms:
                self._book.make_move("ship", order)
            if self._habits.confirm_creates_tracking:
                self._note_tracking(order)
            cost = {"refund": money}
        else:
            order.note_change(self._clock.now())
            self._do_later(self._habits.label_seconds, lambda: self._make_label(order, quote))
            cost = {"shippingCost": money}
        return self._confirmation(order, cost)

    def _confirmation(self, order: Order, cost: Mapping[str, str]) -> Answer:
        self._shipment_number += 1
        data = {
            "id": str(self._shipment_number),
            "uuid": make_id(self._random),
            "orderUuid": order.id,
            "provider": "ups",
            "currency": order.currency,
            **cost,
        }
        return Answer(200, dump_json(with_version({"data": data})), JSON_API)

    def _make_label(self, order: Order, quote: Quote) -> None:
        if order.status == "brand_confirmed":
            order.provider = quote.carrier_code
            self._book.make_move("generate_labels", order)

    def _replace(self, order: Order, quotes: list[Quote]) -> None:
        for quote_id in self._current.get(order.id, ()):
            self.quotes.pop(quote_id, None)
        self._current[order.id] = [quote.id for quote in quotes]
        self.quotes.update((quote.id, quote) for quote in quotes)

    def _brand_label_quote(self, order: Order, parcels: list[dict[str, float]]) -> Quote:
        amount_minor = self._random.randint(500, 2500)
        return Quote(
            make_id(self._random), order.id, "ankorstore", "", "", (), amount_minor, None, parcels
        )

    def _carrier_quote(
        self,
        order: Order,
        parcels: list[dict[str, float]],
        carrier: tuple[str, str, str, tuple[str, ...], int],
    ) -> Quote:
        code, service, name, collection, days = carrier
        pickup = self._clock.now().date() + timedelta(days=1)
        transit = {
            "estimatedDeliveryDate": (pickup + timedelta(days=days)).isoformat(),
            "pickupDate": pickup.isoformat(),
            "businessDaysInTransit": days,
        }
        amount_minor = self._random.randint(400, 3000)
        return Quote(
            make_id(self._random),
            order.id,
            code,
            service,
            name,
            collection,
            amount_minor,
            transit,
            parcels,
        )


def latest_quote_object(order: Order, quote: Quote) -> dict[str, Any]:
    """Return how the order shows a quote."""
    return {
        "id": quote.id,
        "provider": "custom" if quote.is_brand_label else "ups",
        "rateProvider": "ankorstore" if quote.is_brand_label else "ups",
        "rateAmount": {"amount": quote.amount_minor, "currency": order.currency},
        "shippingCostsOverview": {
            "amount": quote.amount_minor,
            "currency": order.currency,
            "type": "refund" if quote.is_brand_label else "fee",
        },
    }


def _set_tracking(order: Order, tracking: dict[str, str] | None) -> None:
    if tracking is None:
        return
    order.provider = tracking["provider"] or None
    order.tracking = {"number": tracking["number"], "link": tracking["link"]}
