"""
Runs in which goods run short and a policy says what becomes of the orders.

Drawn from a stream of its own, so that what the other draws of a seed gave before is unchanged.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

from app.domain.policy import Action, Policy, Rejection, Rule
from app.simulator import SimulatedActiveAnts
from app.worker import Worker

SKUS = ("MUG-01", "BOWL-01", "SOAP-LAV", "TOTE-NAT")
REJECTION = Rejection("PRODUCT_OUT_OF_STOCK")
HOLD_SECONDS = (5, 30, 120)


@dataclass(frozen=True)
class PolicyPlan:
    """What is done about short stock, perhaps after a hold, and how few pieces there are."""

    action: Action
    hold_seconds: int | None
    stock: dict[str, int]


def draw_policy(seed: int) -> PolicyPlan | None:
    """Draw one run in four with scarce goods and a policy about them."""
    random = Random(f"policy {seed}")
    if random.random() >= 0.25:
        return None
    action = random.choice((Action.PARTIAL, Action.PARTIAL, Action.REJECT, Action.ACCEPT))
    stock = {sku: random.choice((0, 1, 1, 2, 7, 13, 1000)) for sku in SKUS}
    return PolicyPlan(action, random.choice((None, None, *HOLD_SECONDS)), stock)


def play_policy(plan: PolicyPlan | None, warehouse: SimulatedActiveAnts) -> Policy | None:
    """Make the goods scarce and return the policy; None where the run has none."""
    if plan is None:
        return None
    for sku, pieces in plan.stock.items():
        warehouse.set_stock(sku, pieces)
    rejection = REJECTION if plan.action is Action.REJECT else None
    rule = Rule(plan.action, rejection=rejection)
    if plan.hold_seconds is not None:
        hours = Decimal(plan.hold_seconds) / 3600
        rule = Rule(Action.HOLD, hours, plan.action, rejection=rejection)
    return Policy({"stock_short": rule})


def use_policy(worker: Worker, policy: Policy | None) -> None:
    """Have *worker* follow *policy*, as if it stood in its file."""
    if policy is not None:
        carrier = worker._carrier
        carrier._rules = replace(carrier._rules, policy=policy)
