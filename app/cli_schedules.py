"""The commands `antbridge schedules …`: look at the periodic jobs, run and pause them."""

import sys
from typing import Annotated

import typer

from app.cli_database import operator_name, reason_given, with_store
from app.domain.jobs import JOB_NAMES
from app.domain.signing import one_line
from app.flow.steering import JobPaused, run_job_now, stop_of_job, tell_job, tell_job_decision
from app.store.decisions_jobs import list_job_decisions, pause_job, resume_job
from app.store.pauses import load_pauses
from app.store.schedules import (
    ScheduleState,
    ensure_schedules,
    load_schedules,
)
from app.store.session import Store

DECISIONS_SHOWN = 3
NameText = Annotated[str, typer.Argument(metavar="NAME", help=f"One of {', '.join(JOB_NAMES)}.")]
RemarkText = Annotated[str, typer.Option("--reason", help="Why, if there is something to say.")]

schedules_cli = typer.Typer(
    help="Look at the periodic jobs, run and pause them.", no_args_is_help=True
)


@schedules_cli.command("list")
def list_command() -> None:
    """List every job: last run, next run, what keeps it from running, what people did with it."""

    async def show(store: Store) -> int:
        await ensure_schedules(store, JOB_NAMES)
        jobs = await load_schedules(store)
        for name in JOB_NAMES:
            await _print_job(store, jobs[name])
        return 0

    with_store(show)


@schedules_cli.command("run")
def run_command(name: NameText, reason: RemarkText = "") -> None:
    """Run a job as soon as a worker is free, besides its usual times."""
    _require_job(name)

    async def run(store: Store) -> int:
        await ensure_schedules(store, [name])
        try:
            job = await run_job_now(store, name, by=operator_name(), reason=one_line(reason))
        except JobPaused as paused:
            print(f"antbridge: {paused}", file=sys.stderr)
            return 1
        await _print_job(store, job)
        return 0

    with_store(run)


@schedules_cli.command("pause")
def pause_command(
    name: NameText,
    reason: Annotated[str, typer.Option(help="Why; shown for as long as the pause lasts.")],
) -> None:
    """Have a job run no more until it is resumed."""
    _require_job(name)
    why = reason_given(reason)

    async def pause(store: Store) -> int:
        await _print_job(store, await pause_job(store, name, by=operator_name(), reason=why))
        return 0

    with_store(pause)


@schedules_cli.command("resume")
def resume_command(name: NameText, reason: RemarkText = "") -> None:
    """Have a paused job run again when it is due."""
    _require_job(name)

    async def resume(store: Store) -> int:
        await ensure_schedules(store, [name])
        await resume_job(store, name, by=operator_name(), reason=one_line(reason))
        await _print_job(store, (await load_schedules(store))[name])
        return 0

    with_store(resume)


def _require_job(name: str) -> None:
    if name not in JOB_NAMES:
        raise typer.BadParameter(f"{name!r} is no job; use one of {', '.join(JOB_NAMES)}")


async def _print_job(store: Store, job: ScheduleState) -> None:
    stop = stop_of_job(job.name, await load_pauses(store))
    last = f"{job.last_run_at:%Y-%m-%d %H:%M:%S} UTC" if job.last_run_at else "never"
    print(f"{job.name}: {tell_job(job, stop, store.now())}")
    print(f"    last run: {last}; {job.last_error or job.last_note or 'nothing to tell'}")
    for decision in await list_job_decisions(store, DECISIONS_SHOWN):
        if decision.job == job.name:
            print(f"    {tell_job_decision(decision)}")
