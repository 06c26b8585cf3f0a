"""
What people are told of: the conditions, judged by one moment's figures. Pure.

The rules for Prometheus (`deploy/prometheus`) judge by the same bounds; `docs/alerts.md` has a
section for each. Nothing here names an order or a person: counts, reasons and companies only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.deadlines import Deadline
from app.flow.watch import PEERS, Watched, is_stale

AWAY_SECONDS = 600.0
SILENT_SECONDS = 3600.0
"""For so long a worker that fell silent is news; after that it is history."""
GROWTH = 1.1

CURES = {
    "needs-attention": "See `antbridge orders list --attention any`.",
    "wrong-label": "Take the label back now: `antbridge orders reset-label ORDER --reason WHY`.",
    "oldest-unfinished": "See the end of `antbridge orders list`, then `antbridge why ORDER`.",
    "orders-at-risk": "See `antbridge orders list --deadline at_risk`.",
    "orders-late": "See `antbridge orders list --deadline late`.",
    "backlog-growing": "See `backlog` and `peers` in /status.",
    "company-away": "See `peers` in /status; its orders wait and go on by themselves.",
    "webhook-subscription-lost": "See `antbridge webhooks verify`.",
    "worker-stale": "See why it ended; another goes on with its orders.",
}
"""Every condition with the first thing to do."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """From when on the oldest order and the backlog are news."""

    oldest_seconds: float
    backlog_orders: int


@dataclass(frozen=True, slots=True)
class Alert:
    """
    A condition that holds; *count* is how much of it there is: more of it is news again.

    `name` is a key of `CURES`, with the company after a slash where it is about one.
    """

    name: str
    count: int
    summary: str

    @property
    def text(self) -> str:
        """What people are told."""
        condition = self.name.partition("/")[0]
        return f"{self.summary}. {CURES[condition]} (docs/alerts.md#{condition})"


def judge(watched: Watched, bounds: Bounds, earlier_backlog: int | None) -> list[Alert]:
    """
    Return the conditions that hold; *earlier_backlog* is what it was an hour or two ago.

    The worker that judges is alive, so a stale one is another that fell silent lately.
    """
    return [*_orders(watched, bounds), *_service(watched, bounds, earlier_backlog)]


def _orders(watched: Watched, bounds: Bounds) -> Iterator[Alert]:
    figures = watched.figures
    if figures.needs_attention:
        reasons = ", ".join(
            f"{count} {reason}"
            for reason, count in sorted(figures.attention.items(), key=lambda one: -one[1])
        )
        count = figures.needs_attention
        yield Alert("needs-attention", count, f"{count} order(s) wait for a person: {reasons}")
    if figures.wrong_labels:
        summary = f"{figures.wrong_labels} order(s) have a shipping label that nobody wanted"
        yield Alert("wrong-label", figures.wrong_labels, summary)
    if watched.oldest_unfinished_seconds > bounds.oldest_seconds:
        days = watched.oldest_unfinished_seconds / 86_400
        yield Alert("oldest-unfinished", 1, f"The oldest order not closed is {days:.1f} days old")
    if at_risk := watched.deadlines[Deadline.AT_RISK]:
        yield Alert("orders-at-risk", at_risk, f"{at_risk} order(s) must leave soon and have not")
    if late := watched.deadlines[Deadline.LATE]:
        yield Alert("orders-late", late, f"{late} order(s) should have left and have not")


def _service(watched: Watched, bounds: Bounds, earlier_backlog: int | None) -> Iterator[Alert]:
    backlog = watched.backlog.orders
    is_grown = earlier_backlog is not None and backlog > GROWTH * earlier_backlog
    if backlog > bounds.backlog_orders and is_grown:
        summary = f"{backlog} orders have work waiting, an hour ago {earlier_backlog}"
        yield Alert("backlog-growing", 1, summary)
    for peer in PEERS:
        minutes = round(watched.away_seconds(peer) / 60)
        if watched.away_seconds(peer) > AWAY_SECONDS:
            yield Alert(f"company-away/{peer}", 1, f"{peer} has been away for {minutes} minutes")
    newly = watched.at - timedelta(seconds=SILENT_SECONDS)
    yield from _webhook(watched, newly)
    silent = sum(
        is_stale(worker["beat_at"], watched.at) and worker["beat_at"] > newly
        for worker in watched.workers
    )
    if silent:
        yield Alert("worker-stale", silent, f"{silent} worker(s) fell silent without a goodbye")


def _webhook(watched: Watched, newly: datetime) -> Iterator[Alert]:
    """One that was lost and made again a moment ago is news too: somebody deleted it."""
    webhook = watched.webhook
    if webhook.is_up is False:
        summary = f"Ankorstore's webhooks do not come: {webhook.problem}"
        yield Alert("webhook-subscription-lost", 2, summary)
    elif webhook.is_up and webhook.lost_at is not None and webhook.lost_at > newly:
        summary = "The webhook subscription at Ankorstore was lost and is there again"
        yield Alert("webhook-subscription-lost", 1, summary)
