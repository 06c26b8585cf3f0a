"""Retailers who order, and what people then do to orders."""

import asyncio
import random

from app.simulator import Order, OrderedLine, SimulatedAnkorstore
from app.simulator.ankorstore.refusals import ImpossibleMove

SKUS = ("MUG-01", "BOWL-01", "SOAP-LAV", "TOTE-NAT")
UNTOLD_SHARE = 0.15
INTERFERED_SHARE = 0.15
DOINGS = ("cancel", "accept", "change billing address")
INTERFERE_SECONDS = 2.0


class People:
    """Everybody at the marketplace, and what they did."""

    def __init__(self, ankorstore: SimulatedAnkorstore, random: random.Random) -> None:
        self.orders: list[Order] = []
        self.touched: set[str] = set()
        self.accepted_by_people: set[str] = set()
        self.about_to_interfere = 0
        self._ankorstore = ankorstore
        self._random = random

    def order(self, *, is_plain: bool) -> Order:
        """Order something; unless *is_plain*, nobody may be told, and somebody may interfere."""
        if not is_plain and self._random.random() < UNTOLD_SHARE:
            self._ankorstore.outbox.lose_next()
        skus = self._random.sample(SKUS, self._random.choice((1, 2)))
        order = self._ankorstore.place_order(
            [OrderedLine(sku, packs=self._random.choice((1, 2, 3))) for sku in skus]
        )
        self.orders.append(order)
        if not is_plain and self._random.random() < INTERFERED_SHARE:
            doing = self._random.choice(DOINGS)
            delay_seconds = self._random.uniform(0, INTERFERE_SECONDS)
            self.about_to_interfere += 1
            asyncio.get_running_loop().call_later(delay_seconds, self._interfere, order, doing)
        return order

    def _interfere(self, order: Order, doing: str) -> None:
        self.about_to_interfere -= 1
        try:
            match doing:
                case "cancel":
                    self._ankorstore.cancel_order(order.id)
                case "accept":
                    self._ankorstore.accept_by_person(order.id)
                    self.accepted_by_people.add(order.id)
                case _:
                    self._ankorstore.change_billing_address(order.id, order.billing)
        except ImpossibleMove:
            return
        self.touched.add(order.id)
