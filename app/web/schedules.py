"""The operators' API about the periodic jobs."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, HTTPException

from app.domain.jobs import JOB_NAMES, JobDecision
from app.domain.pauses import Pause
from app.flow.steering import JobPaused, is_running, run_job_now, stop_of_job, tell_job
from app.store.decisions_jobs import list_job_decisions, pause_job, resume_job
from app.store.pauses import load_pauses
from app.store.schedules import (
    ScheduleState,
    ensure_schedules,
    load_schedules,
)
from app.store.session import Store
from app.web.pauses import WRONG, pause_json
from app.web.published import Refusal, Responses, answers
from app.web.published_steering import JobList, JobSteered
from app.web.signed import ANONYMOUS, Signed, Why

DECISIONS_SHOWN = 5
STEERED: Responses = {
    200: answers(JobSteered, "The job as it stands now."),
    404: answers(Refusal, "There is no such job."),
}


def schedules_router(store: Store) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get("/schedules", response_model=None, responses={200: answers(JobList, "Every job.")})
    async def list_schedules() -> dict[str, Any]:
        """List the periodic jobs: last and next run, what stops them, who steered them."""
        await ensure_schedules(store, JOB_NAMES)
        jobs = await load_schedules(store)
        return {"schedules": await shown([jobs[name] for name in JOB_NAMES])}

    async def shown(jobs: Sequence[ScheduleState]) -> list[dict[str, Any]]:
        pauses = await load_pauses(store)
        decisions = await list_job_decisions(store, DECISIONS_SHOWN)
        return [_job_json(job, pauses, decisions, store) for job in jobs]

    async def steered(job: ScheduleState) -> dict[str, Any]:
        message = tell_job(job, stop_of_job(job.name, await load_pauses(store)), store.now())
        return {**(await shown([job]))[0], "message": message}

    @router.post(
        "/schedules/{name}/run",
        response_model=None,
        responses={**STEERED, **WRONG, 409: answers(Refusal, "The job is paused.")},
    )
    async def run(name: str, why: Signed | None = None) -> dict[str, Any]:
        """Run a job as soon as a worker is free, besides its usual times."""
        await _require_job(store, name)
        by, reason = _who_and_why(why)
        try:
            return await steered(await run_job_now(store, name, by=by, reason=reason))
        except JobPaused as paused:
            raise HTTPException(409, str(paused)) from None

    @router.post("/schedules/{name}/pause", response_model=None, responses={**STEERED, **WRONG})
    async def pause(name: str, why: Why) -> dict[str, Any]:
        """Have a job run no more; one that is paused already stays paused as it was."""
        await _require_job(store, name)
        return await steered(await pause_job(store, name, by=why.by, reason=why.reason))

    @router.post("/schedules/{name}/resume", response_model=None, responses={**STEERED, **WRONG})
    async def resume(name: str, why: Signed | None = None) -> dict[str, Any]:
        """Have a job run again when it is due."""
        await _require_job(store, name)
        by, reason = _who_and_why(why)
        await resume_job(store, name, by=by, reason=reason)
        return await steered((await load_schedules(store))[name])

    return router


async def _require_job(store: Store, name: str) -> None:
    if name not in JOB_NAMES:
        raise HTTPException(404, f"there is no such job; there are {', '.join(JOB_NAMES)}")
    await ensure_schedules(store, [name])


def _who_and_why(why: Signed | None) -> tuple[str, str]:
    return (why.by, why.reason) if why is not None else (ANONYMOUS, "")


def _job_json(
    job: ScheduleState,
    pauses: Mapping[str, Pause],
    decisions: Iterable[JobDecision],
    store: Store,
) -> dict[str, Any]:
    stop = stop_of_job(job.name, pauses)
    times = ("last_run_at", "next_run_at", "paused_at")
    return {
        "name": job.name,
        **{
            name: at.isoformat() if (at := getattr(job, name)) is not None else None
            for name in times
        },
        "last_error": job.last_error,
        "last_note": job.last_note,
        "is_running": is_running(job, store.now()),
        "paused_by": job.paused_by,
        "pause_reason": job.pause_reason,
        "stopped_by": pause_json(stop) if stop is not None else None,
        "decisions": [
            {
                "decision": one.decision,
                "decided_at": one.decided_at.isoformat(),
                "by": one.decided_by,
                "reason": one.reason,
            }
            for one in decisions
            if one.job == job.name
        ],
    }
