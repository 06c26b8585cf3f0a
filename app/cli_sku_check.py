"""The command `antbridge skus check`: every live variant of which an order would fail."""

import asyncio
import json
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from app.cli_database import WRONG_USE, bring_database_up_to_date
from app.errors import BridgeError
from app.flow.sku_check import SkuReport, check_skus, report_json
from app.logs import configure_logs
from app.ports import Priority, call_priority
from app.settings import Settings, load_settings, require_settings
from app.wiring import build_companies, build_store, known_secrets, sku_sayings

FOUND_SOME = 1
NEEDED = (
    "ankorstore_client_id",
    "ankorstore_client_secret",
    "active_ants_username",
    "active_ants_password",
)


def check_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Report every live variant of which an order would fail, and why (exit status 0: none)."""
    settings = load_settings()
    require_settings(settings, NEEDED)
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)
    try:
        report = asyncio.run(_check(settings))
    except BridgeError as trouble:
        told = f"{trouble}. {trouble.resolution}"
        print(f"antbridge: not every variant could be checked: {told}", file=sys.stderr)
        raise typer.Exit(WRONG_USE) from None
    print(json.dumps(report_json(report), indent=2) if as_json else report_text(report))
    raise typer.Exit(0 if report.is_clean else FOUND_SOME)


async def _check(settings: Settings) -> SkuReport:
    store = build_store(settings)
    companies = build_companies(settings, store=store)
    call_priority.set(Priority.UPKEEP)  # whatever is about an order goes first
    try:
        with redirect_stdout(sys.stderr):  # where logs go meanwhile
            return await check_skus(
                store, companies.marketplace, companies.warehouse, sku_sayings(settings)
            )
    finally:
        await companies.close()
        await store.close()


def report_text(report: SkuReport) -> str:
    """Return the report for people: a line a finding, the sum at the end."""
    lines = []
    for one in report.findings:
        name = f" ({one.variant.name})" if one.variant.name else ""
        lines.append(f"{one.reason:<22} {one.sku or one.variant.variant_id}{name}: {one.detail}")
        lines.append(f"{'':<22} {one.cure}")
    counts = f"{report.live} live variants, {report.archived} archived"
    if report.unreadable:
        lines.append(f"{report.unreadable} entries of Ankorstore's list tell no id.")
    failing = len({one.variant.variant_id for one in report.findings})
    lines.append(
        f"{counts}: an order for any of them could be taken."
        if report.is_clean
        else f"{counts}: {failing} with findings."
    )
    return "\n".join(lines)
