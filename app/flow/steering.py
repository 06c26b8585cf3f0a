"""What operators are told of pauses and periodic jobs, by the command line and the API alike."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.jobs import JobDecision, stop_of
from app.domain.pauses import Pausable, Pause, name_of_pausable, tell_pause
from app.store.decisions_jobs import run_job
from app.store.schedules import ScheduleState, load_schedules
from app.store.session import Store

_EFFECTS = {
    Pausable.EVERYTHING: "Webhooks are stored; nothing else is done.",
    Pausable.ACCEPTING: "Nothing is accepted or rejected; what was accepted goes on.",
    Pausable.PLACING: "Nothing is placed or released at the warehouse; all else goes on.",
    Pausable.TRACKING: "Nothing is confirmed and no tracking told; all else goes on.",
    Pausable.ANKORSTORE: "Ankorstore is not called, so no order goes on; webhooks are stored.",
    Pausable.ACTIVE_ANTS: "Active Ants is not called; what does not need it goes on.",
}

_DID = {"run": "run out of turn", "pause": "paused", "resume": "resumed"}


class JobPaused(Exception):
    """A job cannot be run now: a person paused it; the text says who and what to do."""


def effect_of(what: Pausable) -> str:
    """Return what a pause stops, and what goes on."""
    return _EFFECTS[what]


def tell_paused(pause: Pause, *, is_new: bool) -> str:
    """Return what a pause means, and what a second one of the same changed."""
    effect = effect_of(Pausable(pause.what))
    already = "" if is_new else "; it was paused already and stays as it was"
    return f"{tell_pause(pause)} ({pause.reason}){already}. {effect}"


def tell_resumed(what: Pausable, ended: Pause | None, woken: int) -> str:
    """Return what follows from ending a pause."""
    name = name_of_pausable(what)
    if ended is None:
        return f"{name} was not paused; nothing changed."
    return f"{name} goes on; {woken} orders that waited for it are looked at by ship-by date."


def stop_of_job(name: str, pauses: Mapping[str, Pause]) -> Pause | None:
    """Return the pause of a company, or of everything, that keeps a job from running."""
    stop = stop_of(name, pauses)
    return pauses[stop] if stop is not None else None


def is_running(job: ScheduleState, now: datetime) -> bool:
    """Tell whether a worker runs the job at present."""
    return job.lease_until is not None and job.lease_until > now


def tell_job(job: ScheduleState, stop: Pause | None, now: datetime) -> str:
    """Return in one sentence when a job runs next, or what keeps it from running."""
    if is_running(job, now):
        return "It runs now."
    if job.paused_at is not None:
        since = f"{job.paused_at:%Y-%m-%d %H:%M} UTC"
        return f"It is paused since {since} by {job.paused_by}: {job.pause_reason}."
    if stop is not None:
        return f"It waits: {tell_pause(stop)}."
    if job.next_run_at <= now:
        return "It runs as soon as a worker is free."
    return f"It runs next at {job.next_run_at:%Y-%m-%d %H:%M:%S} UTC."


def tell_job_decision(decision: JobDecision) -> str:
    """Return in one line what a person did with a job, when, and why if that was said."""
    did = _DID.get(decision.decision, decision.decision)
    why = f": {decision.reason}" if decision.reason else ""
    return f"{did} {decision.decided_at:%Y-%m-%d %H:%M} UTC by {decision.decided_by}{why}"


async def run_job_now(store: Store, name: str, *, by: str, reason: str = "") -> ScheduleState:
    """
    Have a job run at once, and return it as it stands then.

    Raises:
        JobPaused: A person paused it; nothing was changed.
    """
    may_run = await run_job(store, name, by=by, reason=reason)
    job = (await load_schedules(store))[name]
    if not may_run:
        raise JobPaused(
            f"{name} is paused by {job.paused_by} ({job.pause_reason}); "
            f"resume it first: antbridge schedules resume {name}"
        )
    return job
