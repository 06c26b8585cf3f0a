"""The commands `antbridge orders correct` and `preview`: change what is sent, and see it."""

import asyncio
import getpass
import json
import sys
from contextlib import redirect_stdout
from typing import Annotated

import typer

from app.cli_database import (
    WRONG_USE,
    OrderText,
    ReasonText,
    bring_database_up_to_date,
    find_one,
    with_store,
)
from app.domain.corrections import Corrections, check_phone, check_street
from app.domain.differences import Difference
from app.domain.reasons import reason_of
from app.domain.sku_entries import SkuEntry, check_entry, check_sku
from app.errors import BridgeError, Finding
from app.flow.preview import Preview, preview_json, preview_order
from app.logs import configure_logs
from app.settings import Settings, load_settings, require_settings
from app.store.decisions import Impossible
from app.store.decisions_corrections import correct_order_by_person
from app.store.possible_moves import with_moves
from app.store.session import Store
from app.wiring import build_companies, build_store, known_secrets, use_stored_settings

NOT_SENDABLE = 1
Text = str | None


def correct_command(
    order: OrderText,
    reason: ReasonText,
    street: Annotated[Text, typer.Option(help="The street without number.")] = None,
    house_number: Annotated[int | None, typer.Option(help="A whole number.")] = None,
    addition: Annotated[Text, typer.Option(help="What follows the number.")] = None,
    extra_address: Annotated[Text, typer.Option(help="Building, floor and the like.")] = None,
    phone: Annotated[Text, typer.Option(help="The number to reach the recipient.")] = None,
    sku: Annotated[
        list[str] | None, typer.Option(metavar="OLD=NEW", help="The SKU at the warehouse.")
    ] = None,
    pack_mode: Annotated[
        list[str] | None, typer.Option(metavar="SKU=MODE", help="unit, pack or factor:n.")
    ] = None,
    clears: Annotated[bool, typer.Option("--clear", help="Take earlier corrections back.")] = False,
    releases: Annotated[
        bool, typer.Option("--release", help="Review and send it at once.")
    ] = False,
) -> None:
    """Correct what will be sent for one order; nothing is sent before it is released."""
    try:
        corrections = Corrections(
            street=check_street(street, house_number, addition, extra_address),
            phone=check_phone(phone),
            entries=read_entries(sku or [], pack_mode or []),
        )
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None
    if not corrections and not clears:
        raise typer.BadParameter("say what to correct, or --clear; see --help")

    async def decide(store: Store) -> int:
        found = await find_one(store, order)
        if found is None:
            return WRONG_USE
        by = f"{getpass.getuser()} (command line)"
        try:
            told = await correct_order_by_person(
                store,
                found,
                by=by,
                reason=reason,
                corrections=corrections,
                clears=clears,
                releases=releases,
            )
        except Impossible as impossible:
            print(f"antbridge: {with_moves(str(impossible), found)}", file=sys.stderr)
            return 1
        print(told)
        return 0

    with_store(decide)


def read_entries(skus: list[str], pack_modes: list[str]) -> dict[str, SkuEntry]:
    """
    Read `OLD=NEW` and `SKU=MODE` into entries by SKU.

    Raises:
        ValueError: One of them has no or two parts, or is no SKU or mode.
    """
    entries: dict[str, SkuEntry] = {}
    for option, pairs in (("--sku", skus), ("--pack-mode", pack_modes)):
        for pair in pairs:
            left, found, right = pair.rpartition("=")
            if not found or not left.strip() or not right.strip():
                raise ValueError(f"{option} {pair}: write it as OLD=NEW, for example MUG-01=WH-7")
            key = check_sku(left)
            entry = check_entry(right, None) if option == "--sku" else check_entry(None, right)
            entries[key] = entry.over(entries.get(key))
    return entries


def preview_command(
    order: OrderText,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Print exactly what would be sent to the warehouse now, and how it differs."""
    settings = load_settings()
    require_settings(settings, ("ankorstore_client_id", "ankorstore_client_secret"))
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)
    try:
        with redirect_stdout(sys.stderr):  # where logs go meanwhile
            preview = asyncio.run(_preview(settings, order))
    except BridgeError as trouble:
        print(f"antbridge: {trouble}. {trouble.resolution}", file=sys.stderr)
        raise typer.Exit(WRONG_USE) from None
    if preview is None:
        raise typer.Exit(WRONG_USE)
    shown = preview_json(preview)
    print(json.dumps(shown, indent=2, ensure_ascii=False) if as_json else preview_text(preview))
    raise typer.Exit(0 if preview.payload is not None and not preview.findings else NOT_SENDABLE)


async def _preview(settings: Settings, text: str) -> Preview | None:
    store = build_store(settings)
    companies = build_companies(settings, store=store)
    try:
        found = await find_one(store, text)
        if found is None:
            return None
        await use_stored_settings(store, companies)
        return await preview_order(store, companies.marketplace, companies.warehouse, found)
    finally:
        await companies.close()
        await store.close()


def preview_text(preview: Preview) -> str:
    """Return the preview for people: the payload, then how it differs, then what is in the way."""
    lines = []
    if preview.payload is not None:
        lines += [json.dumps(dict(preview.payload), indent=2, ensure_ascii=False)]
        lines += [f"warning: {text}" for text in preview.warnings]
    lines += _tell_corrections(preview)
    if preview.since_sent is not None:
        lines += _tell("Since it was last sent:", preview.since_sent)
    if preview.findings:
        lines.append("It cannot be sent as it is:")
        lines += [f"  {_sentence(one)}" for one in preview.findings]
    return "\n".join(lines)


def _tell_corrections(preview: Preview) -> list[str]:
    if preview.by_corrections is not None:
        return _tell("By the corrections of this order:", preview.by_corrections)
    if preview.payload is None:
        return []
    findings = [f"  {_sentence(one)}" for one in preview.without_corrections]
    return ["Without the corrections of this order it could not be sent:", *findings]


def _tell(head: str, found: tuple[Difference, ...]) -> list[str]:
    return [head, *(f"  {one}" for one in found)] if found else [f"{head} no difference."]


def _sentence(finding: Finding) -> str:
    detail = f" ({finding.detail})" if finding.detail else ""
    return f"{finding.field}: {reason_of(finding.reason).sentence}{detail}"
