"""
The page for Prometheus: the counters of this process, and what the database counts.

Names follow Prometheus' own conventions: what only ever grows ends in `_total`, units stand last.
What comes from the database is the same whichever process is asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app import __version__
from app.domain.deadlines import Deadline
from app.domain.jobs import JOB_NAMES
from app.domain.pauses import Pausable
from app.domain.reasons import REASONS
from app.flow.watch import PEERS, Watched
from app.metrics import REGISTRY

_Family = TypeVar("_Family", GaugeMetricFamily, CounterMetricFamily)
OTHER_REASON = "other"
"""Stands for reasons only a newer version knows, so that labels stay few."""


def render_page(watched: Watched | None) -> bytes:
    """Return the page; None stands for a database that cannot be read."""
    registry = CollectorRegistry()
    registry.register(_Families(_families(watched)))
    return generate_latest(REGISTRY) + generate_latest(registry)


class _Families(Collector):
    """Hands over what was collected already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families

    def describe(self) -> Iterable[Metric]:
        return ()


def _families(watched: Watched | None) -> Iterator[Metric]:
    yield _gauge("build_info", "Which version runs.", {__version__: 1}, "version")
    yield _gauge("database_up", "Whether the database answers.", watched is not None)
    if watched is not None:
        yield from _orders(watched)
        yield from _backlog(watched)
        yield from _companies(watched)
        yield from _work(watched)
        yield from _webhook(watched)


def _orders(watched: Watched) -> Iterator[Metric]:
    figures = watched.figures
    asked = dict.fromkeys((*REASONS, OTHER_REASON), 0)
    for reason, count in figures.attention.items():
        asked[reason if reason in REASONS else OTHER_REASON] += count
    yield _gauge("orders", "Orders by state.", figures.orders, "state")
    yield _counter("orders_found", "Orders ever, by who told of them.", figures.found_by, "by")
    yield _gauge("needs_attention", "Orders that wait for a person.", figures.needs_attention)
    yield _gauge("orders_needing_attention", "The same by reason.", asked, "reason")
    yield _gauge("wrong_labels", "Orders with a label nobody wanted.", figures.wrong_labels)
    at_risk, late = watched.deadlines[Deadline.AT_RISK], watched.deadlines[Deadline.LATE]
    yield _gauge("orders_at_risk", "Orders that must leave soon.", at_risk)
    yield _gauge("orders_late", "Orders that should have left.", late)
    yield _gauge(
        "oldest_unfinished_seconds",
        "Age of the oldest order not closed.",
        watched.oldest_unfinished_seconds,
    )
    yield _counter("events_stored", "Events ever stored.", figures.events_stored)
    yield _gauge("events_unprocessed", "Events not looked at yet.", figures.events_unprocessed)
    yield _gauge("shipments_not_matched", "Shipments not matched.", figures.shipments_not_matched)


def _backlog(watched: Watched) -> Iterator[Metric]:
    backlog = watched.backlog
    yield _gauge("backlog_orders", "Orders that have work waiting.", backlog.orders)
    if backlog.ends_at is not None:
        left = (backlog.ends_at - watched.at).total_seconds()
        text = "Seconds until the orders that have work waiting could be through."
        yield _gauge("backlog_seconds_left", text, left)


def _companies(watched: Watched) -> Iterator[Metric]:
    away = {peer: watched.away_seconds(peer) for peer in PEERS}
    is_away = {peer: watched.peers.get(peer, {}).get("away_since") is not None for peer in PEERS}
    left = {
        peer: count
        for peer in PEERS
        if (count := watched.peers.get(peer, {}).get("budget_left")) is not None
    }
    text = "Whether a company is left alone because calls to it failed."
    yield _gauge("peer_away", text, is_away, "peer")
    text = "For how long a company has been left alone, 0 while it is there."
    yield _gauge("peer_away_seconds", text, away, "peer")
    yield _gauge("peer_budget_left", "Calls that could be made at once.", left, "peer")


def _work(watched: Watched) -> Iterator[Metric]:
    paused = {str(what): what in watched.pauses for what in Pausable}
    yield _gauge("paused", "Whether a person paused it.", paused, "what")
    stale = watched.stale_workers
    workers = {"alive": len(watched.workers) - stale, "stale": stale}
    yield _gauge("workers", "Workers that have not said goodbye.", workers, "state")
    if watched.heartbeat_seconds is not None:
        text = "Age of the newest heartbeat of any worker."
        yield _gauge("worker_heartbeat_age_seconds", text, watched.heartbeat_seconds)
    jobs = {name: watched.schedules[name] for name in JOB_NAMES if name in watched.schedules}
    failing = {name: job.last_error is not None for name, job in jobs.items()}
    overdue = {
        name: max(0.0, (watched.at - job.next_run_at).total_seconds()) for name, job in jobs.items()
    }
    ran = {
        name: job.last_run_at.timestamp()
        for name, job in jobs.items()
        if job.last_run_at is not None
    }
    yield _gauge(
        "schedule_failing", "Whether a periodic job's last run failed.", failing, "schedule"
    )
    text = "Seconds since a periodic job should have begun to run, or has been running."
    yield _gauge("schedule_overdue_seconds", text, overdue, "schedule")
    yield _gauge("schedule_last_run_timestamp_seconds", "When a job last ran.", ran, "schedule")


def _webhook(watched: Watched) -> Iterator[Metric]:
    webhook = watched.webhook
    if webhook.is_up is not None:
        text = "Whether a subscription has Ankorstore tell us of orders, as seen last."
        yield _gauge("webhook_subscription_up", text, webhook.is_up)
    text = "How often that subscription was found gone or changed."
    yield _counter("webhook_subscription_losses", text, webhook.loss_count)


def _gauge(
    name: str, text: str, values: float | Mapping[str, float], label: str = ""
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"antbridge_{name}", text, labels=[label] if label else [])
    return _filled(family, values)


def _counter(
    name: str, text: str, values: float | Mapping[str, float], label: str = ""
) -> CounterMetricFamily:
    family = CounterMetricFamily(f"antbridge_{name}", text, labels=[label] if label else [])
    return _filled(family, values)


def _filled(family: _Family, values: float | Mapping[str, float]) -> _Family:
    given = {"": values} if isinstance(values, int | float) else values
    for label, value in given.items():
        family.add_metric([label] if label else [], float(value))
    return family
