"""What only support, a bug or time does to orders at the marketplace; no event tells of it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from app.clock import Clock
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.records import Order


class Oddities:
    """The doings that no status of an order forbids. Each returns the order."""

    book: OrderBook
    clock: Clock

    def set_status(self, order_id: str, status: str) -> Order:
        """Have support set a status, also one nobody has heard of, from whichever it was."""
        order = self.book.orders[order_id]
        order.note_change(self.clock.now(), status)
        return order

    def choose_shipping_method(self, order_id: str, method: str | None) -> Order:
        """Choose how the order is shipped (`custom`, `ankorstore`), or take the choice back."""
        return self._change(order_id, shipping_method=method)

    def offer_shipping_methods(self, order_id: str, methods: Sequence[str]) -> Order:
        """Offer these shipping methods from now on, and no others."""
        return self._change(order_id, shipping_methods=list(methods))

    def leave_quote(
        self, order_id: str, provider: str = "ups", method: str = "ankorstore"
    ) -> Order:
        """Leave a quote with the order, as looking at prices in the web interface does."""
        return self._change(order_id, latest_quote={"provider": provider, "shippingMethod": method})

    def show_tracking(self, order_id: str, number: str, link: str) -> Order:
        """Show a tracking of somebody's choice with the order."""
        return self._change(order_id, tracking={"number": number, "link": link})

    def forget_submission(self, order_id: str) -> Order:
        """Lose the date on which the order was submitted."""
        return self._change(order_id, submitted_at=None)

    def change_retailer(self, order_id: str, **members: Any) -> Order:
        """Have the retailer change what is known of the shop, or take it away."""
        order = self.book.orders[order_id]
        return self._change(order_id, retailer=replace(order.retailer, **members))

    def withdraw_cancellation(self, order_id: str) -> Order:
        """Let the retailer want the order after all."""
        return self._change(order_id, retailer_cancellation_request_reason=None)

    def rename_sku(self, sku: str, new_sku: str) -> None:
        """Give a variant another SKU, in the catalogue and in every order that holds it."""
        variants = self.book.variants
        variants[new_sku] = variants.pop(sku)
        variants[new_sku].sku = new_sku
        for order in self.book.orders.values():
            if any(line.variant is variants[new_sku] for line in order.lines):
                order.note_change(self.clock.now())

    def forget_order(self, order_id: str) -> Order:
        """Lose an order: it can be read no more, and its events name nobody."""
        return self.book.orders.pop(order_id)

    def _change(self, order_id: str, **members: Any) -> Order:
        order = self.book.orders[order_id]
        for name, value in members.items():
            setattr(order, name, value)
        order.note_change(self.clock.now())
        return order
