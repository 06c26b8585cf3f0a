"""The process's own counters, for Prometheus. No label ever holds an order or personal data."""

from prometheus_client import CollectorRegistry, Counter, Histogram

REGISTRY = CollectorRegistry()

CALLS = Counter(
    "antbridge_peer_calls_total",
    "Calls to a company, by operation and how they ended.",
    ("peer", "operation", "result"),
    registry=REGISTRY,
)
CALL_SECONDS = Histogram(
    "antbridge_peer_call_seconds",
    "How long calls to a company took.",
    ("peer",),
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "antbridge_webhook_deliveries_total",
    "Webhook deliveries received, by answer.",
    ("answer",),
    registry=REGISTRY,
)
ATTEMPTS = Counter(
    "antbridge_attempts_total",
    "Attempts at a step of an order, by step and outcome.",
    ("step", "outcome"),
    registry=REGISTRY,
)
SCHEDULED_RUNS = Counter(
    "antbridge_scheduled_runs_total",
    "Runs of periodic work, by job and result.",
    ("job", "result"),
    registry=REGISTRY,
)
COMMITS = Counter(
    "antbridge_database_commits_total",
    "Transactions committed by this process.",
    registry=REGISTRY,
)
BUDGET_COMMITS = Counter(
    "antbridge_budget_commits_total",
    "Of those, transactions about the shared budget.",
    registry=REGISTRY,
)
