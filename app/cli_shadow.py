"""The commands `antbridge shadow …`: what shadow mode found."""

import asyncio
import json
from datetime import date, datetime
from typing import Annotated

import typer

from app.cli_database import WRONG_USE, bring_database_up_to_date
from app.domain.shadow import Report, Result
from app.flow.shadow_report import days_until, draw_up_report, report_json, report_text
from app.logs import configure_logs
from app.settings import load_settings
from app.wiring import build_store, known_secrets

FINDINGS = 1
MAX_DAYS = 366

shadow_cli = typer.Typer(help="What shadow mode found (MODE=shadow).", no_args_is_help=True)


@shadow_cli.callback()
def _name_the_command() -> None:
    """Tell what shadow mode found (MODE=shadow)."""


@shadow_cli.command("report")
def report_command(
    day: Annotated[
        datetime | None,
        typer.Argument(metavar="[DATE]", formats=["%Y-%m-%d"], help="A day in UTC; else today."),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_DAYS, help="So many days instead, today the last."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Tell what would have been done against what happened; exit status 1 where they differ."""
    if day is not None and days is not None:
        typer.echo("antbridge: give a DATE or --days, not both", err=True)
        raise typer.Exit(WRONG_USE)
    settings = load_settings()
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)

    async def run() -> Report:
        store = build_store(settings)
        try:
            last: date = day.date() if day is not None else store.now().date()
            return await draw_up_report(store, *days_until(last, days or 1))
        finally:
            await store.close()

    drawn = asyncio.run(run())
    print(json.dumps(report_json(drawn), indent=2) if as_json else report_text(drawn))
    raise typer.Exit(FINDINGS if drawn.count(Result.DIFFER) else 0)
