"""The periodic jobs by name, and which company each one calls."""

from app.domain.pauses import Pausable

SHIPMENTS = "shipments"
RECONCILE = "reconcile"
WAREHOUSE_SETTINGS = "warehouse_settings"
RETENTION = "retention"
DEADLINES = "deadlines"
DELIVERIES = "deliveries"
RETURNS = "returns"

_CALLS: dict[str, Pausable | None] = {
    SHIPMENTS: Pausable.ACTIVE_ANTS,
    RECONCILE: Pausable.ANKORSTORE,
    WAREHOUSE_SETTINGS: Pausable.ACTIVE_ANTS,
    RETENTION: None,
    DEADLINES: None,
    DELIVERIES: Pausable.ACTIVE_ANTS,
    RETURNS: Pausable.ACTIVE_ANTS,
}
JOB_NAMES = tuple(_CALLS)


def needs_of(job: str) -> Pausable:
    """Return what must not be paused for *job* to run; one that calls nobody waits for all only."""
    return _CALLS.get(job) or Pausable.EVERYTHING
