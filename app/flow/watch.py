"""
How all is going at one moment, read once for all who watch.

`/status`, `/metrics` and the alerts judge by the same figures. Reading them touches indexes that
hold nothing but what is open (docs/performance.md), however many rows there are.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.domain.deadlines import Deadline
from app.domain.pauses import Pause
from app.flow.forecast import Backlog, Pace, foresee_end
from app.store.backlog import count_backlog
from app.store.deadlines import count_deadlines
from app.store.pauses import load_pauses
from app.store.queries import StatusFigures, load_figures, load_peers, load_workers
from app.store.schedules import ScheduleState, load_schedules
from app.store.service_state import StateRecord, load_service_state
from app.store.session import Store
from app.store.webhook_watch import WebhookWatch, load_webhook_watch

PEERS = ("ankorstore", "active_ants")
STALE_WORKER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Watched:
    """All figures of one moment; rows of `peers` and `workers` are as the store has them."""

    at: datetime
    figures: StatusFigures
    peers: Mapping[str, Mapping[str, Any]]
    schedules: Mapping[str, ScheduleState]
    workers: Sequence[Mapping[str, Any]]
    """Those that have not said goodbye, newest heartbeat first."""
    backlog: Backlog
    deadlines: Mapping[Deadline, int]
    pauses: Mapping[str, Pause]
    webhook: WebhookWatch
    service: StateRecord

    @property
    def oldest_unfinished_seconds(self) -> float:
        """Age of the oldest order that is not closed, 0 where there is none."""
        oldest = self.figures.oldest_unfinished_at
        return max(0.0, (self.at - oldest).total_seconds()) if oldest is not None else 0.0

    @property
    def heartbeat_seconds(self) -> float | None:
        """Age of the newest heartbeat; None where no worker runs."""
        if not self.workers:
            return None
        beat_at: datetime = self.workers[0]["beat_at"]
        return max(0.0, (self.at - beat_at).total_seconds())

    @property
    def stale_workers(self) -> int:
        """How many workers fell silent without a goodbye."""
        return sum(is_stale(worker["beat_at"], self.at) for worker in self.workers)

    def away_seconds(self, peer: str) -> float:
        """For how long a company has been away; 0 while it is there."""
        since = self.peers.get(peer, {}).get("away_since")
        return max(0.0, (self.at - since).total_seconds()) if since is not None else 0.0


async def watch(store: Store, pace: Pace, at_risk_seconds: float) -> Watched:
    """Read everything; the database's own error where it cannot be read."""
    peers = await load_peers(store)
    pauses = await load_pauses(store)
    return Watched(
        at=store.now(),
        figures=await load_figures(store),
        peers=peers,
        schedules=await load_schedules(store),
        workers=await load_workers(store),
        backlog=await _read_backlog(store, pace, peers, pauses),
        deadlines=await count_deadlines(store, at_risk_seconds),
        pauses=pauses,
        webhook=await load_webhook_watch(store),
        service=await load_service_state(store),
    )


def is_stale(beat_at: datetime, now: datetime) -> bool:
    """Whether a worker's last heartbeat is too old for one that works."""
    return now - beat_at > timedelta(seconds=STALE_WORKER_SECONDS)


async def _read_backlog(
    store: Store,
    pace: Pace,
    peers: Mapping[str, Mapping[str, Any]],
    pauses: Mapping[str, Pause],
) -> Backlog:
    """Return the backlog; while a company is away, or a pause lasts, nobody can tell its end."""
    backlog = foresee_end(await count_backlog(store), pace, store.now())
    if pauses or any(peer.get("away_since") is not None for peer in peers.values()):
        return Backlog(backlog.orders, None)
    return backlog
