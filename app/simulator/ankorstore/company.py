"""
The simulated marketplace itself: what a test holds in its hand.

Requests come in through ``respond``; what people do at the marketplace is inherited.
"""

from collections.abc import Sequence
from datetime import datetime

import httpx

from app.clock import Clock
from app.simulator.ankorstore.access import Access
from app.simulator.ankorstore.control import add_control_routes
from app.simulator.ankorstore.deliveries import Delivery, Subscription
from app.simulator.ankorstore.doings import Doings
from app.simulator.ankorstore.habits import AnkorstoreHabits
from app.simulator.ankorstore.master_desk import MasterDesk
from app.simulator.ankorstore.oddities import Oddities
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.order_desk import OrderDesk
from app.simulator.ankorstore.outbox import Outbox
from app.simulator.ankorstore.people import make_id
from app.simulator.ankorstore.quote_desk import QuoteDesk
from app.simulator.ankorstore.records import Address, Order, OrderedLine, Retailer, Variant
from app.simulator.ankorstore.refusals import Refused, error_answer, refuse
from app.simulator.ankorstore.sandbox_desk import SandboxDesk
from app.simulator.ankorstore.subscription_desk import SubscriptionDesk
from app.simulator.ankorstore.variant_desk import VariantDesk
from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask


class SimulatedAnkorstore(Doings, Oddities, Company):
    """Ankorstore, small: one brand, its orders, quotes, tokens and webhooks."""

    def __init__(
        self,
        *,
        clock: Clock,
        seed: int = 0,
        client_id: str = "simulated-client",
        client_secret: str = "simulated-secret",  # noqa: S107 - guards nothing real
        webhook_url: str | None = None,
        webhook_secret: str = "simulated-webhook-secret",  # noqa: S107 - as above
        webhook_transport: httpx.AsyncBaseTransport | None = None,
        webhook_retry_seconds: Sequence[float] = (1.0, 4.0, 16.0, 64.0),
        base_url: str = "http://ankorstore.test",
        habits: AnkorstoreHabits | None = None,
        keep_calls: bool = True,
    ) -> None:
        super().__init__(clock=clock, seed=seed, base_url=base_url, keep_calls=keep_calls)
        self.habits = habits or AnkorstoreHabits()
        self.client_id = client_id
        self.client_secret = client_secret
        self.webhook_secret = webhook_secret
        self.application_id = make_id(self.random)
        self.access = Access(clock, self.random, self.habits, client_id, client_secret)
        self.outbox = Outbox(
            clock,
            self.random,
            self.habits,
            self.application_id,
            transport=webhook_transport,
            retry_seconds=webhook_retry_seconds,
        )
        # Made in the web interface, where every event can be chosen.
        self._own = Subscription(make_id(self.random), webhook_url, (), webhook_secret)
        self.outbox.subscriptions[self._own.id] = self._own
        self.book = OrderBook(clock, self.random, self.habits, self.outbox)
        self._add_desks()

    def _add_desks(self) -> None:
        def base_url() -> str:
            return self.base_url

        orders = OrderDesk(self.book, self.habits, base_url)
        masters = MasterDesk(self.clock, self.book, self.habits, base_url)
        quotes = QuoteDesk(
            self.clock, self.book, orders, self.habits, self.do_later, masters.note_tracking
        )
        subscriptions = SubscriptionDesk(
            self.random, self.habits, self.outbox, self.application_id, self.client_id
        )
        sandbox = SandboxDesk(self.book, orders, self.habits)
        variants = VariantDesk(self.book, self.habits, base_url)
        orders.add_routes(self.routes)
        variants.add_routes(self.routes)
        masters.add_routes(self.routes)
        quotes.add_routes(self.routes)
        subscriptions.add_routes(self.routes)
        sandbox.add_routes(self.routes)
        add_control_routes(self, self.control)
        self.quotes = quotes.quotes

    @property
    def variants(self) -> dict[str, Variant]:
        """Every product variant by SKU."""
        return self.book.variants

    @property
    def deliveries(self) -> list[Delivery]:
        """Every event emitted, with its body, its signature and the attempts to deliver it."""
        return self.outbox.deliveries

    @property
    def webhook_url(self) -> str | None:
        """Where the subscription made in the web interface points."""
        return self._own.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self._own.url = url

    def respond(self, ask: Ask) -> Answer:
        """Let the caller in, or not, and answer."""
        if ask.path == "/oauth/token" and ask.method == "POST":
            return self.access.give_token(ask)
        wait_headers = self.access.count_request()
        try:
            if wait_headers is not None:
                raise refuse(429)
            self.access.admit(ask)
            handler = self.routes.find(ask)
            if handler is None:
                raise refuse(405 if self.routes.has_path(ask) else 404)
            answer = handler(ask)
        except Refused as refused:
            answer = error_answer(refused, wait_headers)
        answer.headers += self.access.limit_headers()
        return answer

    def refusal(self, status: int, headers: list[tuple[str, str]] | None = None) -> Answer:
        """Return an error document of the marketplace."""
        return error_answer(refuse(status), [*(headers or []), *self.access.limit_headers()])

    def wait_headers(self, seconds: float) -> list[tuple[str, str]]:
        """Return Retry-After and the epoch second it means."""
        reset = str(round(self.clock.now().timestamp() + seconds))
        return [*super().wait_headers(seconds), ("x-ratelimit-reset", reset)]

    def expire_tokens(self) -> None:
        """Make every token given out so far worthless."""
        self.access.expire_tokens()

    async def deliver_due(self) -> int:
        """Catch up, make the webhook attempts that are due, and return how many."""
        self.catch_up()
        return await self.outbox.deliver_due()

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
        return self.book.add_variant(
            sku,
            name=name,
            unit_multiplier=unit_multiplier,
            unit_price_minor=unit_price_minor,
            vat_rate=vat_rate,
            stock_quantity=stock_quantity,
        )

    def place_order(
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
        """Let a retailer order. What is not given is invented from the seed."""
        return self.book.place(
            lines,
            ship_to,
            billing,
            retailer,
            status=status,
            currency=currency,
            reference=reference,
            shipping_methods=shipping_methods,
            submitted_at=submitted_at,
            emit=emit,
        )
