"""
The dead man's switch: an address that is called every minute while all is well, and else is not.

Whoever watches that address raises the alarm when the calls stop: an alert that lives inside a
service that died tells nobody.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

import structlog

from app.alerts.channels import NotSent, PlainHttp
from app.store.schedules import ScheduleState, load_schedules
from app.store.session import Store

IDLE_LATE = timedelta(minutes=10)
"""So long after its time a job that nobody runs is not run at all."""
RUNNING_LATE = timedelta(hours=6)
"""A job that has been running for so long hangs."""

log = structlog.get_logger(__name__)


class DeadMan:
    """
    Calls while all is well.

    That this runs proves the worker alive and the database writable: the job was claimed by a
    commit a moment ago.
    """

    def __init__(self, store: Store, http: PlainHttp, jobs: Collection[str]) -> None:
        """Call through *http* while all of *jobs* run in time."""
        self._store = store
        self._http = http
        self._jobs = jobs

    async def run(self) -> str:
        """Call, or say what is not well."""
        schedules = await load_schedules(self._store)
        now = self._store.now()
        late = [name for name in self._jobs if _is_late(schedules.get(name), now)]
        if late:
            log.warning("dead_man.silent", late_jobs=", ".join(sorted(late)))
            return f"not called: late: {', '.join(sorted(late))}"
        try:
            await self._http.call("GET")
        except NotSent as failure:
            log.warning("dead_man.not_reached", error=str(failure))
            return f"not reached: {failure}"
        return "called"


def _is_late(job: ScheduleState | None, now: datetime) -> bool:
    if job is None:
        return True
    is_running = job.lease_until is not None and job.lease_until > now
    return now - job.next_run_at > (RUNNING_LATE if is_running else IDLE_LATE)
