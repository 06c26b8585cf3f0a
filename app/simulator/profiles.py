"""Ready-made pairs of companies."""

from typing import Any

from app.clock import Clock
from app.simulator.active_ants.company import SimulatedActiveAnts
from app.simulator.active_ants.habits import WarehouseHabits
from app.simulator.ankorstore.company import SimulatedAnkorstore
from app.simulator.ankorstore.habits import AnkorstoreHabits


def instant_companies(
    clock: Clock, seed: int = 0, **ankorstore_options: Any
) -> tuple[SimulatedAnkorstore, SimulatedActiveAnts]:
    """
    Return a pair for benchmarks: no delay, no limit, no record of calls.

    *ankorstore_options* go to the marketplace, such as ``webhook_url``.
    """
    ankorstore_habits = AnkorstoreHabits(
        requests_per_minute=None,
        requests_per_hour=None,
        requests_per_day=None,
        tokens_per_hour=None,
        label_seconds=0.0,
        page_limit_max=500,
        page_limit_default=100,
    )
    warehouse_habits = WarehouseHabits(shipping_delay_seconds=0.0, default_shipping_method="BUSEU1")
    ankorstore = SimulatedAnkorstore(
        clock=clock, seed=seed, habits=ankorstore_habits, keep_calls=False, **ankorstore_options
    )
    active_ants = SimulatedActiveAnts(
        clock=clock, seed=seed, habits=warehouse_habits, keep_calls=False
    )
    for product in active_ants.products.values():
        active_ants.set_stock(product.sku, 10**9)
    return ankorstore, active_ants
