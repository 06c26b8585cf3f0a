"""
What a seed draws: the orders, the people, the processes, and which faults exist in this run.

Whole kinds of fault are switched on or off per run, and how often they strike is drawn too:
this finds more than every fault always on.
"""

from dataclasses import dataclass, field
from random import Random

from tests.simulation.lost_creates import draw_lost_creates
from tests.simulation.policies import PolicyPlan, draw_policy

FAULTY_SECONDS = 45.0
SETTLE_SECONDS = 10.0
TIMEOUT_SECONDS = 4.0
LEASE_SECONDS = 12.0

EXCHANGE_FAULTS = (
    "refused",
    "lost out",
    "lost back",
    "silent",
    "slow",
    "429",
    "429 unsaid",
    "5xx before",
    "5xx after",
    "401",
    "truncated",
    "not json",
    "wrong type",
    "empty",
)
ROUTES = (
    "POST */-actions/transition",
    "POST */order/add",
    "GET */order/search",
    "POST */shipping-quotes",
    "POST */confirm",
    "GET */api/v1/orders/*",
    "GET */api/v1/orders",
    "POST */shipment/byordertype",
    "POST */shipment/sync",
    "POST */shipment/search",
    "* */tracking",
    "POST */token",
)
"""Where the faults of a run may strike, when they do not strike everywhere."""
WRITES = (
    "POST */-actions/transition",
    "POST */order/add",
    "POST */order/add",
    "POST */confirm",
    "POST */shipment/sync",
)
LOSSES = ("lost out", "lost back", "silent", "slow", "5xx after", "truncated")
"""After these the sender cannot know whether the company did as asked."""
STORE_FAULTS = ("fails before", "fails", "fails after", "busy")
DOINGS = (
    "cancel",
    "accept",
    "change address",
    "change billing",
    "revert",
    "labels",
    "ask for cancellation",
    "fulfilment",
    "reject",
)


@dataclass(frozen=True, slots=True)
class Freeze:
    """A worker that stands still from a moment on, leases and all, and then goes on."""

    at_seconds: float
    worker: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Jump:
    """A worker's clock that suddenly goes wrong by so much."""

    at_seconds: float
    worker: str
    ahead_seconds: float


@dataclass(slots=True)
class OrderPlan:
    """One order: when it is placed, of what, and what people do to it, and when."""

    at_seconds: float
    skus: tuple[str, ...]
    is_told: bool
    parcels: int
    parts: int
    doings: list[tuple[float, str]] = field(default_factory=list)
    doing_after_accept: tuple[float, str] | None = None
    """What somebody does so many seconds after the order was seen accepted."""
    arrives_accepted: bool = False
    number_is_taken: bool = False


@dataclass(slots=True)
class Plan:
    """Everything drawn from one seed."""

    seed: int
    random: Random
    workers: int
    poll_seconds: float
    orders: list[OrderPlan]
    exchange_faults: dict[str, float]
    fault_routes: tuple[str, ...]
    store_faults: dict[str, float]
    crash_chance: float
    clock_ahead_seconds: float
    clock_jumps: list[Jump]
    freezes: list[Freeze]
    store_gone: list[tuple[float, float]]
    """From when to when the store cannot be reached."""
    feed_disorder_chance: float
    uniqueness: str
    search_lag_seconds: float
    late_seconds: float
    redelivery_chance: float
    event_loss_chance: float
    is_out_of_order: bool
    feed: str
    max_in_flight: int
    foreign_shipments: int
    not_found: str
    policy: PolicyPlan | None = None


def draw_plan(seed: int) -> Plan:
    """Draw a run from *seed*."""
    random = Random(seed)
    is_calm = random.random() < 0.1
    fault_routes, exchange_faults = _draw_faults(random)
    store_faults = (
        {} if is_calm or random.random() < 0.5 else _some(random, STORE_FAULTS, (0.005, 0.05))
    )
    lag = random.choice((0.0, 0.0, 2.0, 5.0))
    plan = Plan(
        seed=seed,
        random=random,
        workers=random.choice((1, 1, 2, 3)),
        poll_seconds=random.choice((3.0, 8.0, 15.0)),
        orders=[_draw_order(random) for _ in range(random.choice((1, 1, 2, 3)))],
        exchange_faults={} if is_calm else exchange_faults,
        fault_routes=fault_routes,
        store_faults=store_faults,
        crash_chance=0.0 if is_calm else random.choice((0.0, 0.003, 0.01, 0.03)),
        clock_ahead_seconds=random.choice((0.0, 0.0, 0.0, 2.0, -2.0)),
        clock_jumps=[] if is_calm else _draw_jumps(random),
        freezes=[] if is_calm else _draw_freezes(random),
        store_gone=[] if is_calm else _draw_gone(random),
        feed_disorder_chance=0.0 if is_calm else random.choice((0.0, 0.0, 0.3)),
        uniqueness=random.choice(("immediate", "late", "off", "off")),
        search_lag_seconds=lag,
        late_seconds=random.choice((0.5, 3.0, SETTLE_SECONDS - lag - 0.5)),
        redelivery_chance=random.choice((0.0, 0.2, 0.5)),
        event_loss_chance=random.choice((0.0, 0.0, 0.3, 1.0)),
        is_out_of_order=random.random() < 0.3,
        feed=random.choice(("by_type", "by_type", "search")),
        max_in_flight=random.choice((1, 4)),
        foreign_shipments=random.choice((0, 0, 0, 0, 5, 5, 5, 120)),
        not_found=random.choice(("nok", "null", "empty", "404")),
    )
    plan.policy = draw_policy(seed)
    if (lost := draw_lost_creates(seed, SETTLE_SECONDS)) is not None:
        plan.fault_routes, plan.exchange_faults = ("POST */order/add",), lost.losses
        plan.search_lag_seconds, plan.late_seconds = lost.search_lag_seconds, lost.late_seconds
        plan.uniqueness = lost.uniqueness
    return plan


def _draw_faults(random: Random) -> tuple[tuple[str, ...], dict[str, float]]:
    """
    Draw where faults strike, and which how often.

    Faults everywhere keep an order from ever coming far; a few places, hit hard, do not. A third
    of the runs loses the answers to writes, which is what this service is about.
    """
    kind = random.random()
    if kind < 0.3:
        return ("*",), _some(random, EXCHANGE_FAULTS, (0.01, 0.1))
    if kind < 0.65:
        routes = random.sample(ROUTES, random.choice((1, 2, 3)))
        return tuple(routes), _some(random, EXCHANGE_FAULTS, (0.1, 0.6))
    routes = random.sample(WRITES, random.choice((1, 1, 2)))
    return tuple(routes), _some(random, LOSSES, (0.2, 0.7))


def _some(random: Random, kinds: tuple[str, ...], chances: tuple[float, float]) -> dict[str, float]:
    share = random.random()
    return {kind: random.uniform(*chances) for kind in kinds if random.random() < share}


def _draw_worker(random: Random) -> str:
    return f"worker-{random.choice((1, 1, 2, 3))}"


def _draw_jumps(random: Random) -> list[Jump]:
    return [
        Jump(random.uniform(0, 40), _draw_worker(random), random.uniform(-2.0, 2.0))
        for _ in range(random.choice((0, 0, 0, 1, 2)))
    ]


def _draw_freezes(random: Random) -> list[Freeze]:
    """Draw stalls, many of them longer than a lease."""
    return [
        Freeze(random.uniform(0, 40), _draw_worker(random), random.uniform(2, 2.5 * LEASE_SECONDS))
        for _ in range(random.choice((0, 0, 1, 2, 4)))
    ]


def _draw_gone(random: Random) -> list[tuple[float, float]]:
    starts = [random.uniform(0, 40) for _ in range(random.choice((0, 0, 0, 1, 2)))]
    return [(start, start + random.uniform(0.5, 15)) for start in starts]


def _draw_order(random: Random) -> OrderPlan:
    skus = ("MUG-01", "BOWL-01", "SOAP-LAV", "TOTE-NAT")
    order = OrderPlan(
        at_seconds=random.uniform(0, 10),
        skus=tuple(random.sample(skus, random.choice((1, 1, 2)))),
        is_told=random.random() < 0.8,
        parcels=random.choice((1, 1, 2)),
        parts=random.choice((1, 1, 2)),
        arrives_accepted=random.random() < 0.2,
        number_is_taken=random.random() < 0.05,
    )
    if random.random() < 0.4:
        for _ in range(random.choice((1, 1, 2))):
            order.doings.append((random.uniform(0, 42), random.choice(DOINGS)))
    if random.random() < 0.15:
        order.doing_after_accept = (random.choice((0.1, 0.5, 3.0)) * random.random(), "revert")
    elif random.random() < 0.15:
        order.doing_after_accept = (random.choice((0.1, 0.5, 3.0)) * random.random(), "cancel")
    return order
