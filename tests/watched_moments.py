"""Moments as the watchers see them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from app.domain.deadlines import Deadline
from app.domain.jobs import JOB_NAMES
from app.domain.lifecycle import State
from app.flow.forecast import Backlog
from app.flow.watch import PEERS, Watched
from app.store.queries import StatusFigures
from app.store.schedules import ScheduleState
from app.store.service_state import StateRecord
from app.store.webhook_watch import WebhookWatch

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def ago(seconds: float) -> datetime:
    """Return the moment so long before."""
    return AT - timedelta(seconds=seconds)


def moment() -> Watched:
    """Return a moment in which there is something of everything to tell."""
    return Watched(
        at=AT,
        figures=StatusFigures(
            orders={str(state): 1 for state in State},
            attention={"stock_short": 1},
            oldest_unfinished_at=AT,
            events_stored=1,
            events_unprocessed=1,
            found_by={"webhook": 1, "reconcile": 1},
            shipments_not_matched=1,
        ),
        peers={peer: {"away_since": AT, "budget_left": 1} for peer in PEERS},
        schedules={name: ScheduleState(name, AT, AT, None, None) for name in JOB_NAMES},
        workers=[{"worker_id": "w", "beat_at": AT}],
        backlog=Backlog(1, AT),
        deadlines=dict.fromkeys(Deadline, 1),
        pauses={},
        webhook=WebhookWatch(is_up=True),
        service=StateRecord(),
    )


def calm(**changes: Any) -> Watched:
    """Return a moment in which all is well, but for *changes*; figures by their own names."""
    watched = moment()
    of_figures = {
        name: changes.pop(name) for name in list(changes) if hasattr(watched.figures, name)
    }
    well = {"attention": {}, **of_figures}
    return replace(
        watched,
        **{
            "figures": replace(watched.figures, **well),
            "peers": {},
            "deadlines": dict.fromkeys(Deadline, 0),
            **changes,
        },
    )
