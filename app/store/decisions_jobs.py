"""
What people decide about the periodic jobs: run one out of turn, pause it, resume it.

Each decision that changes something is written down with it, in the same transaction: who took it,
when, and why where that was said. They are kept.
"""

from typing import Any, cast

from sqlalchemy import ColumnElement, Table, insert, select, union_all, update

from app.domain.jobs import JOB_NAMES, JobDecision, JobVerb
from app.store.models import Schedule
from app.store.models_jobs import JobDecisionRow
from app.store.schedules import ScheduleState, ensure_schedules, load_schedules
from app.store.session import Store

_schedules = cast(Table, Schedule.__table__)
_decisions = cast(Table, JobDecisionRow.__table__)
_IS_PAUSED = _schedules.c.paused_at.is_not(None)


async def run_job(store: Store, name: str, *, by: str, reason: str = "") -> bool:
    """Have a job run at the next opportunity; return whether it may, which a paused one may not."""
    decision = JobDecision(name, JobVerb.RUN, store.now(), by, reason or None)
    return await _decide(store, decision, ~_IS_PAUSED, next_run_at=store.time())


async def pause_job(store: Store, name: str, *, by: str, reason: str) -> ScheduleState:
    """Have a job run no more until it is resumed; one that is paused stays paused as it was."""
    await ensure_schedules(store, [name])
    decision = JobDecision(name, JobVerb.PAUSE, store.now(), by, reason)
    values = {"paused_at": decision.decided_at, "paused_by": by, "pause_reason": reason}
    await _decide(store, decision, ~_IS_PAUSED, **values)
    return (await load_schedules(store))[name]


async def resume_job(store: Store, name: str, *, by: str, reason: str = "") -> bool:
    """Have a job run again when it is due; return whether it was paused."""
    decision = JobDecision(name, JobVerb.RESUME, store.now(), by, reason or None)
    values = dict.fromkeys(("paused_at", "paused_by", "pause_reason"))
    return await _decide(store, decision, _IS_PAUSED, **values)


async def list_job_decisions(store: Store, limit_each: int) -> list[JobDecision]:
    """Return the last decisions about each job, the newest first."""
    last = (
        select(*_decisions.c)
        .where(_decisions.c.job == name)
        .order_by(_decisions.c.id.desc())
        .limit(limit_each)
        .subquery()
        for name in JOB_NAMES
    )
    found = union_all(*(select(one) for one in last)).subquery()
    columns = (found.c.job, found.c.decision, found.c.decided_at, found.c.decided_by)
    newest_first = select(*columns, found.c.reason).order_by(found.c.id.desc())
    async with store.read() as connection:
        return [JobDecision(*row) for row in await connection.execute(newest_first)]


async def _decide(
    store: Store, decision: JobDecision, condition: ColumnElement[bool], **values: Any
) -> bool:
    """Write *values* to the row of a job that fulfils *condition*; tell whether it does."""
    fitting = update(_schedules).where(_schedules.c.name == decision.job, condition)
    added = {name: getattr(decision, name) for name in JobDecision.__dataclass_fields__}
    async with store.write() as connection:
        changed = await connection.execute(fitting.values(values).returning(_schedules.c.name))
        if changed.first() is None:
            return False
        await connection.execute(insert(_decisions).values(added))
        return True
