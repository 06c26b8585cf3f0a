"""
The process's own counters, for Prometheus. No label ever holds an order or personal data.

Every label has few values, all of them words of this program, or a status a company answered
with. What the database counts is added where the page is made (`app/web/metrics_page.py`).
"""

from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)

# When a counter was made is of use to nobody here, and doubles the page.
disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
ProcessCollector(registry=REGISTRY)

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
DELIVERIES = Histogram(
    "antbridge_webhook_acknowledgement_seconds",
    "How long webhook deliveries took to be answered, by answer.",
    ("answer",),
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
    registry=REGISTRY,
)
EVENT_TO_PLACED = Histogram(
    "antbridge_event_to_placed_seconds",
    "Time from an order's first event to its placing at the warehouse.",
    ("person",),
    buckets=(5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 14_400, 86_400),
    registry=REGISTRY,
)
for _person in ("asked", "not asked"):
    EVENT_TO_PLACED.labels(_person)
ATTEMPTS = Counter(
    "antbridge_attempts_total",
    "Attempts at a step of an order, by step and outcome.",
    ("step", "outcome"),
    registry=REGISTRY,
)
SCHEDULED_RUNS = Counter(
    "antbridge_scheduled_runs_total",
    "Runs of periodic work, by job and result.",
    ("schedule", "result"),
    registry=REGISTRY,
)
ALERT_MESSAGES = Counter(
    "antbridge_alert_messages_total",
    "Messages to people, by channel and result.",
    ("channel", "result"),
    registry=REGISTRY,
)
CONTRACT_SIGHTINGS = Counter(
    "antbridge_contract_unknown_total",
    "Fields, enum values and events a company sent that its documentation does not name.",
    ("peer", "kind"),
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


@contextmanager
def served(host: str, port: int | None) -> Iterator[int | None]:
    """
    Serve the process's own counters over plain HTTP until the block ends; None serves nothing.

    For a process without a web part. Returns the port, which the system picks where it is 0.

    Raises:
        OSError: Nobody can listen there.
    """
    if port is None:
        yield None
        return
    server, thread = start_http_server(port, host, registry=REGISTRY)
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
