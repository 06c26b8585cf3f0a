"""The periodic jobs by name, which company each one calls, and what people decide about them."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.pauses import Pausable, find_stop

SHIPMENTS = "shipments"
RECONCILE = "reconcile"
WAREHOUSE_SETTINGS = "warehouse_settings"
RETENTION = "retention"
DEADLINES = "deadlines"
DELIVERIES = "deliveries"
RETURNS = "returns"
ALERTS = "alerts"
DEAD_MAN = "dead_man"
WEBHOOKS = "webhooks"
DOCTOR = "doctor"
SHADOW_SUMMARY = "shadow_summary"

_CALLS: dict[str, Pausable | None] = {
    SHIPMENTS: Pausable.ACTIVE_ANTS,
    RECONCILE: Pausable.ANKORSTORE,
    WAREHOUSE_SETTINGS: Pausable.ACTIVE_ANTS,
    RETENTION: None,
    DEADLINES: None,
    DELIVERIES: Pausable.ACTIVE_ANTS,
    RETURNS: Pausable.ACTIVE_ANTS,
    ALERTS: None,
    DEAD_MAN: None,
    WEBHOOKS: Pausable.ANKORSTORE,
    DOCTOR: None,
    SHADOW_SUMMARY: None,
}
JOB_NAMES = tuple(_CALLS)
JOB_PURPOSES = {
    SHIPMENTS: "Reads what the warehouse has sent.",
    RECONCILE: "Compares Ankorstore's lists with what is known, for webhooks that got lost.",
    WAREHOUSE_SETTINGS: "Reads which order types, shipping methods and the like the warehouse has.",
    RETENTION: "Empties and deletes what was kept for as long as the settings say.",
    DEADLINES: "Notes which orders must leave soon, and which should have.",
    DELIVERIES: "Asks how far parcels on their way are.",
    RETURNS: "Looks after goods on their way back.",
    ALERTS: "Sends a message when something needs people, and when it is over.",
    DEAD_MAN: "Calls DEADMAN_URL while all is well, so that silence is noticed elsewhere.",
    WEBHOOKS: "Looks whether Ankorstore still sends its webhooks here.",
    DOCTOR: "Checks the whole set-up.",
    SHADOW_SUMMARY: "Sums up what shadow mode has found.",
}
"""What each job does, for people."""


class JobVerb(StrEnum):
    """What a person can do with a job."""

    RUN = "run"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class JobDecision:
    """What a person did with a job: what, when, who, and why where that was said."""

    job: str
    decision: str
    """One of `JobVerb`, or what a newer version knows."""
    decided_at: datetime
    decided_by: str
    reason: str | None = field(repr=False)


_WATCHERS = frozenset({ALERTS, DEAD_MAN})
"""Whoever paused everything still wants to be told what goes wrong meanwhile."""


def stop_of(job: str, paused: Container[str]) -> Pausable | None:
    """Return which of *paused* keeps *job* from running; one that calls nobody waits for all."""
    if job in _WATCHERS:
        return None
    return find_stop(_CALLS.get(job) or Pausable.EVERYTHING, paused)
