"""
What is left of a run for the checks to look at, and whether anything is still under way.

The simulation and the tests with real processes both give this.
"""

from typing import Any, Protocol

from app.simulator import Order, SimulatedActiveAnts, SimulatedAnkorstore

WAITING = ("ankor_confirmed", "brand_confirmed")


class Witness(Protocol):
    """Who watched a run and can look into its store."""

    problems: list[str]
    """Broken promises that can only be seen while they are broken."""

    def rows(self, statement: str) -> list[Any]:
        """Ask the store directly."""


class Evidence(Protocol):
    """What is left of a run: both companies, the orders people placed, and a witness."""

    ankorstore: SimulatedAnkorstore
    active_ants: SimulatedActiveAnts
    orders: list[Order]
    touched: set[str]
    """The orders that people did something to."""
    accepted_by_people: set[str]

    @property
    def observer(self) -> Witness:
        """Who watched."""


def find_unrest(world: Evidence) -> list[str]:
    """Return what is still under way, in a few words each; nothing is when all is at rest."""
    rows = world.observer.rows("SELECT * FROM orders")
    known = {row["marketplace_order_id"] for row in rows}
    moving = [
        f"order {order.reference} is not known"
        for order in world.orders
        if order.id not in known and order.status in WAITING
    ]
    for row in rows:
        if lacks_what_was_called_off(world, row):
            continue
        is_settled = row["state"] == "closed" or row["attention_reason"] is not None
        if not is_settled or row["next_attempt_at"] is not None:
            moving.append(f"order {row['marketplace_order_id']} is {row['state']}")
    unread = world.observer.rows("SELECT event_id FROM events WHERE processed_at IS NULL")
    return moving + [f"event {row['event_id']} is not processed" for row in unread]


def lacks_what_was_called_off(world: Evidence, row: Any) -> bool:
    """
    Tell whether an order waits for a rest that people called off in Maya, a part being on its way.

    It waits for the day on which a person is asked, which is longer than a run lasts.
    """
    if row["waits_for"] != "the rest of the order" or row["next_attempt_at"] is None:
        return False
    order_id = row["marketplace_order_id"]
    placed = world.active_ants.orders.values()
    return any(one.is_cancelled and one.extras.get("extra1") == order_id for one in placed)
