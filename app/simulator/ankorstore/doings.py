"""What people do at the marketplace, each with the event it causes."""

from datetime import datetime

from app.clock import Clock
from app.simulator.ankorstore.order_book import OrderBook
from app.simulator.ankorstore.records import Address, Order
from app.simulator.ankorstore.tracking_links import PROVIDERS, build_link


class Doings:
    """
    The doings of brand, retailer and support outside the API.

    Each returns the order and raises ImpossibleMove where the order's status does not allow it.
    """

    book: OrderBook
    clock: Clock

    @property
    def orders(self) -> dict[str, Order]:
        """Every order by id."""
        return self.book.orders

    def accept_by_person(self, order_id: str) -> Order:
        """Accept in the web interface."""
        return self._move("accept", order_id)

    def reject_by_person(self, order_id: str, reason: str = "PRODUCT_OUT_OF_STOCK") -> Order:
        """Reject in the web interface."""
        self.orders[order_id].brand_reject_reason = reason
        return self._move("reject", order_id)

    def cancel_order(self, order_id: str) -> Order:
        """Cancel, as Ankorstore may at any time."""
        return self._move("cancel", order_id)

    def revert_acceptance(self, order_id: str) -> Order:
        """Take the acceptance back, as only Ankorstore's support can."""
        return self._move("revert_acceptance", order_id)

    def generate_labels(self, order_id: str, provider: str = "ups") -> Order:
        """Choose the Ankorstore label in the web interface."""
        self.orders[order_id].provider = provider
        return self._move("generate_labels", order_id)

    def reset_labels(self, order_id: str) -> Order:
        """Undo the choice of the Ankorstore label."""
        return self._move("reset_labels", order_id)

    def request_fulfillment(self, order_id: str) -> Order:
        """Let Ankorstore's own centre ship; no event of internal orders tells of it."""
        return self._move("request_fulfillment", order_id)

    def ship_by_person(
        self, order_id: str, provider: str | None = None, number: str = "", link: str = ""
    ) -> Order:
        """Ship in the web interface, or let the carrier scan the Ankorstore label."""
        order = self.orders[order_id]
        self.book.check_move("ship", order)
        if provider or number or link:
            order.provider = provider if provider in PROVIDERS else order.provider
            order.tracking = {"number": number, "link": link or build_link(provider, number)}
        return self._move("ship", order_id)

    def receive_shipment(self, order_id: str) -> Order:
        """Let the retailer confirm the goods."""
        return self._move("receive", order_id)

    def refuse_shipment(self, order_id: str) -> Order:
        """Let the retailer refuse the goods."""
        return self._move("refuse_reception", order_id)

    def invoice_order(self, order_id: str) -> Order:
        """Invoice a received order; no event tells of it."""
        return self._move("invoice", order_id)

    def pay_brand(self, order_id: str) -> Order:
        """Pay the brand for an invoiced order."""
        return self._move("pay", order_id)

    def change_address(self, order_id: str, ship_to: Address) -> Order:
        """Change where the order goes; ``updatedAt`` does not tell of it."""
        order = self.orders[order_id]
        order.ship_to = ship_to
        order.rendered.clear()
        self.book.emit("order.shipping_address_updated", order)
        return order

    def change_billing_address(self, order_id: str, billing: Address) -> Order:
        """Change the invoice address; ``updatedAt`` does not tell of it."""
        order = self.orders[order_id]
        order.billing = billing
        order.rendered.clear()
        self.book.emit("order.billing_address_updated", order)
        return order

    def change_packs(self, order_id: str, packs: dict[str, int]) -> Order:
        """Let support set the packs of lines by line id; no event of its own tells of it."""
        order = self.orders[order_id]
        for line in order.lines:
            wanted = packs.get(line.id, line.packs)
            line.packs, line.units = wanted, wanted * line.variant.unit_multiplier
        order.note_change(self.clock.now())
        return order

    def ask_for_cancellation(self, order_id: str, reason: str) -> Order:
        """Let the retailer ask to cancel; no event tells of it."""
        order = self.orders[order_id]
        order.retailer_cancellation_request_reason = reason
        order.note_change(self.clock.now())
        return order

    def archive_variant(self, sku: str) -> None:
        """Stop selling a product; orders that hold it keep their lines, and no event tells."""
        self.book.variants[sku].archived_at = self.clock.now()
        for order in self.orders.values():
            order.rendered.clear()

    def skew_totals(self, order_id: str, minor: int) -> Order:
        """Have the order's totals say *minor* more than its lines, as a bug there might."""
        order = self.orders[order_id]
        order.total_off_minor = minor
        order.rendered.clear()
        return order

    def expect_shipping_by(self, order_id: str, at: datetime) -> Order:
        """Set the latest date on which the order is expected to be shipped."""
        order = self.orders[order_id]
        order.ships_until_at = at
        order.note_change(self.clock.now())
        return order

    def _move(self, name: str, order_id: str) -> Order:
        return self.book.make_move(name, self.orders[order_id])
