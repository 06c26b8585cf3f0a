"""The periodic jobs: how each one went, when it runs next; run now, paused, resumed, by whom."""

from typing import Any

from starlette.responses import Response

from app.domain.jobs import JOB_NAMES, JOB_PURPOSES
from app.flow.steering import JobPaused, run_job_now, stop_of_job, tell_job, tell_job_decision
from app.store.decisions_jobs import list_job_decisions, pause_job, resume_job
from app.store.schedules import (
    ScheduleState,
    ensure_schedules,
    load_schedules,
)
from app.web.console.fields import WrongField, reason_of_form
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit, require_operator

PATH = "/schedules"
DECISIONS_SHOWN = 5


def add_schedules(console: Console) -> None:
    """Add them to *console*."""

    async def overview(visit: Visit) -> Response:
        return await _show(visit)

    async def run(visit: Visit) -> Response:
        name = await _name_of(visit)
        try:
            job = await run_job_now(visit.store, name, by=visit.person.name)
        except JobPaused as paused:
            return await _show(visit, 409, problem=f"Not possible: {paused}.")
        return visit.say(_tell(visit, job), PATH)

    async def form_page(visit: Visit) -> Response:
        require_operator(visit.person)
        return await _show_form(visit, await _name_of(visit))

    async def pause(visit: Visit) -> Response:
        name = await _name_of(visit)
        try:
            reason = reason_of_form(visit.form)
        except WrongField as wrong:
            return await _show_form(visit, name, 422, wrong=wrong)
        by = visit.person.name
        job = await pause_job(visit.store, name, by=by, reason=reason)
        if (job.paused_by, job.pause_reason) != (by, reason):  # somebody did so before
            return await _show(visit, 409, problem=f"{_tell(visit, job)} Resume it first.")
        return visit.say(_tell(visit, job), PATH)

    async def resume(visit: Visit) -> Response:
        name = await _name_of(visit)
        was_paused = await resume_job(visit.store, name, by=visit.person.name)
        job = (await load_schedules(visit.store))[name]
        if not was_paused:
            problem = f"{_words(name)} was not paused; nothing changed."
            return await _show(visit, 409, problem=problem)
        return visit.say(_tell(visit, job), PATH)

    console.add_page(PATH, overview)
    console.add_action(f"{PATH}/{{name}}/run", run)
    console.add_page(f"{PATH}/{{name}}/pause", form_page)
    console.add_action(f"{PATH}/{{name}}/pause", pause)
    console.add_action(f"{PATH}/{{name}}/resume", resume)


async def _show(visit: Visit, status: int = 200, problem: str | None = None) -> Response:
    jobs = await load_schedules(visit.store)
    now = visit.store.now()
    shown = [
        (job, _words(name), JOB_PURPOSES[name], tell_job(job, stop_of_job(name, visit.pauses), now))
        for name in JOB_NAMES
        if (job := jobs.get(name)) is not None
    ]
    decided = [
        (_words(one.job), tell_job_decision(one))
        for one in await list_job_decisions(visit.store, DECISIONS_SHOWN)
    ]
    return visit.page("schedules.html", status, jobs=shown, decided=decided, problem=problem)


async def _show_form(visit: Visit, name: str, status: int = 200, **context: Any) -> Response:
    job = (await load_schedules(visit.store))[name]
    return visit.page(
        "pause_job.html",
        status,
        job=job,
        name=_words(name),
        present=_present(visit, job),
        given=visit.form,
        **{"wrong": None, **context},
    )


def _present(visit: Visit, job: ScheduleState) -> str:
    return tell_job(job, stop_of_job(job.name, visit.pauses), visit.store.now())


def _tell(visit: Visit, job: ScheduleState) -> str:
    return f"{_words(job.name)}: {_present(visit, job)}"


def _words(name: str) -> str:
    return name.replace("_", " ")


async def _name_of(visit: Visit) -> str:
    """
    Return the job that the path names; it has a row from then on.

    Raises:
        Refused: There is none.
    """
    name = visit.request.path_params["name"]
    if name not in JOB_NAMES:
        raise Refused(404, "No such job", f"There are: {', '.join(JOB_NAMES)}.")
    await ensure_schedules(visit.store, [name])
    return str(name)
