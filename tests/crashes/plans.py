"""What is fixed in every case: the orders, the delays, and a simulation's plan without chance."""

from random import Random

from tests.crashes.points import Case
from tests.simulation.plan import SETTLE_SECONDS, OrderPlan, Plan

SEARCH_LAG_SECONDS = 3.0
LATE_SECONDS = SETTLE_SECONDS - SEARCH_LAG_SECONDS - 0.5
"""How late a request may take effect and still be seen by a search when the settle time ends."""
POLL_SECONDS = 5.0
VARIANTS = {
    "plain": OrderPlan(at_seconds=0.5, skus=("MUG-01",), is_told=True, parcels=1, parts=1),
    "parcels": OrderPlan(
        at_seconds=0.5, skus=("MUG-01", "BOWL-01"), is_told=True, parcels=2, parts=1
    ),
    "untold": OrderPlan(at_seconds=0.5, skus=("MUG-01",), is_told=False, parcels=1, parts=1),
}
"""The orders: one of one line; one whose parcels are told too; one no webhook tells of."""


def make_plan(case: Case) -> Plan:
    """Return a simulation's plan with one order and no fault at all."""
    return Plan(
        seed=0,
        random=Random(0),
        workers=1,
        poll_seconds=POLL_SECONDS,
        orders=[VARIANTS[case.setting.variant]],
        exchange_faults={},
        fault_routes=(),
        store_faults={},
        crash_chance=0.0,
        clock_ahead_seconds=0.0,
        clock_jumps=[],
        freezes=[],
        store_gone=[],
        feed_disorder_chance=0.0,
        uniqueness=case.setting.uniqueness,
        search_lag_seconds=SEARCH_LAG_SECONDS,
        late_seconds=LATE_SECONDS,
        redelivery_chance=0.0,
        event_loss_chance=0.0,
        is_out_of_order=False,
        feed="by_type",
        max_in_flight=1,
        foreign_shipments=3,
        not_found="nok",
    )
