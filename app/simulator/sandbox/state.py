"""What a sandbox is made of: both companies on one clock, and a note of what was done to them."""

import secrets
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

from app.clock import AHEAD_SECONDS_MAX, MovedClock
from app.simulator.active_ants import SimulatedActiveAnts, WarehouseOrder
from app.simulator.ankorstore import SimulatedAnkorstore
from app.simulator.ankorstore.order_book import FIRST_REFERENCE
from app.simulator.goods import RANGE
from app.simulator.sandbox.connector import TodaysConnector

NOTES_KEPT = 12
REFERENCES_SINCE = 1_764_547_200


@dataclass(frozen=True, slots=True)
class Note:
    """Something that was done in the sandbox."""

    at: datetime
    text: str


@dataclass(slots=True)
class Sandbox:
    """Both companies and their clock."""

    ankorstore: SimulatedAnkorstore
    active_ants: SimulatedActiveAnts
    clock: MovedClock
    notes: deque[Note] = field(default_factory=lambda: deque(maxlen=NOTES_KEPT))
    titles: dict[str, str] = field(default_factory=dict)
    """As what each order was placed here, by its id."""
    connector: TodaysConnector = field(init=False)

    def __post_init__(self) -> None:
        self.connector = TodaysConnector(self.ankorstore, self.active_ants, self.note)

    def note(self, text: str) -> None:
        """Keep what was done, for the page to tell."""
        self.notes.appendleft(Note(self.clock.now(), text))

    def move_clock(self, seconds: float) -> None:
        """
        Move the clock of both companies ahead; what became due happens at the next tick.

        Raises:
            ValueError: Farther than the clock goes.
        """
        ahead = self.clock.ahead_seconds + seconds
        if ahead > AHEAD_SECONDS_MAX:
            raise ValueError("the clock goes ten years ahead at most")
        self.clock.move_to(ahead)

    def orders_at_warehouse(self, order_id: str) -> list[WarehouseOrder]:
        """Return what was placed at the warehouse for an order of the marketplace, by whomever."""
        todays = self.connector.placed.get(order_id)
        return [
            one
            for one in self.active_ants.orders.values()
            if one.extras.get("extra1") == order_id or one is todays
        ]


def build_sandbox(webhook_url: str | None, shipping_delay_seconds: float) -> Sandbox:
    """
    Return a sandbox with ids and references no earlier one had.

    A service may still hold the orders of an earlier sandbox; a new order must not look like one.
    """
    clock = MovedClock()
    seed = secrets.randbits(32)
    ankorstore = SimulatedAnkorstore(clock=clock, seed=seed, webhook_url=webhook_url)
    started = int(clock.now().timestamp()) - REFERENCES_SINCE
    ankorstore.book.last_reference = FIRST_REFERENCE + max(0, started)
    active_ants = SimulatedActiveAnts(
        clock=clock, seed=seed, shipping_delay_seconds=shipping_delay_seconds
    )
    active_ants.habits.default_shipping_method = "BUSEU1"  # one with tracking
    for goods in RANGE:  # on sale before the first order, as a brand's products are
        ankorstore.add_variant(
            goods.sku,
            name=goods.name,
            unit_multiplier=goods.unit_multiplier,
            unit_price_minor=goods.unit_price_minor,
            vat_rate=goods.vat_rate,
        )
    return Sandbox(ankorstore, active_ants, clock)
