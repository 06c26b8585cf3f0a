"""The command `antbridge doctor`: what is wrong with the set-up, and the cure of each."""

import asyncio
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from app.doctor import Diagnosis, examine, report_json, report_text
from app.doctor.diagnosis import error
from app.logs import configure_logs
from app.ports import Priority, call_priority
from app.settings import Settings, SettingsError, load_settings, require_service_settings
from app.wiring import build_companies, build_store, known_secrets

FOUND_SOME = 1


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Name what is wrong with settings, database and companies (exit status 0: nothing)."""
    try:
        settings = load_settings()
        require_service_settings(settings)
    except SettingsError as trouble:
        found = [_wrong_setting(trouble)]
    else:
        configure_logs(settings.log_format, known_secrets(settings))
        found = asyncio.run(_examine(settings))
    print(report_json(found) if as_json else report_text(found))
    raise typer.Exit(FOUND_SOME if found else 0)


async def _examine(settings: Settings) -> list[Diagnosis]:
    store = build_store(settings)
    companies = build_companies(settings)  # logs in anew: a shared token would hide a wrong secret
    call_priority.set(Priority.UPKEEP)  # whatever is about an order goes first
    try:
        with redirect_stdout(sys.stderr):  # where logs go meanwhile
            return await examine(settings, store, companies)
    finally:
        await companies.close()
        await store.close()


def _wrong_setting(trouble: SettingsError) -> Diagnosis:
    problem, _, cure = str(trouble).partition("; ")
    return error("settings", problem, cure or "correct it, and run `antbridge doctor` again")
