"""The command `antbridge ledger`: the orders of a day, and whether none is missing."""

import asyncio
import json
import sys
from contextlib import redirect_stdout
from datetime import date, datetime
from typing import Annotated, Any

import typer

from app.cli_database import bring_database_up_to_date
from app.domain.lifecycle import State
from app.domain.reasons import reason_of
from app.errors import BridgeError
from app.flow.ledger import (
    Entry,
    Ledger,
    Standing,
    draw_up,
    draw_up_held,
    take_in_missing,
)
from app.logs import configure_logs
from app.ports import Priority, call_priority
from app.settings import load_settings, require_settings
from app.store.session import Store
from app.wiring import ANKORSTORE, build_companies, build_store, known_secrets

NOT_PROVEN = 1
NOT_ASKED = 2


def ledger(
    day: Annotated[
        datetime | None,
        typer.Argument(metavar="[DATE]", formats=["%Y-%m-%d"], help="A day in UTC; else today."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    adds_missing: Annotated[
        bool, typer.Option("--add-missing", help="Have the service look at each missing order.")
    ] = False,
) -> None:
    """List the orders submitted on a day, and prove that none is missing (exit status 0)."""
    settings = load_settings()
    require_settings(settings, ("ankorstore_client_id", "ankorstore_client_secret"))
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)

    async def run() -> int:
        store = build_store(settings)
        wanted = (day or store.now()).date()
        companies = build_companies(settings, store=store)
        call_priority.set(Priority.UPKEEP)  # a long list goes after whatever is about an order
        try:
            with redirect_stdout(sys.stderr):  # where logs go meanwhile
                drawn, trouble = await _draw_up(store, companies.marketplace, wanted)
                added = (
                    await take_in_missing(store, drawn, source=ANKORSTORE) if adds_missing else 0
                )
        finally:
            await companies.close()
            await store.close()
        print(json.dumps(ledger_json(drawn), indent=2) if as_json else ledger_text(drawn))
        if adds_missing:
            print(f"{added} missing orders were taken in", file=sys.stderr)
        if trouble is not None:
            print(f"antbridge: Ankorstore could not be asked: {trouble}", file=sys.stderr)
            return NOT_ASKED
        return 0 if drawn.is_proven else NOT_PROVEN

    raise typer.Exit(asyncio.run(run()))


async def _draw_up(store: Store, marketplace: Any, day: date) -> tuple[Ledger, BridgeError | None]:
    try:
        return await draw_up(store, marketplace, source=ANKORSTORE, day=day), None
    except BridgeError as trouble:
        return await draw_up_held(store, source=ANKORSTORE, day=day), trouble


def ledger_text(drawn: Ledger) -> str:
    """Return the ledger for people: a line an order, the sum at the end."""
    lines = [f"Orders submitted on {drawn.day} (UTC)"]
    for standing in Standing:
        for entry in drawn.of(standing):
            is_loss = standing in (Standing.MISSING, Standing.UNLISTED)
            word = standing.upper() if is_loss else str(standing)
            lines.append(f"  {word:<9} {_name_of(entry)}  {_tell(entry)}")
    counts = ", ".join(f"{len(drawn.of(standing))} {standing}" for standing in Standing)
    lines.append(f"{len(drawn.entries)} orders: {counts}.")
    if drawn.listed_in_all is None:
        lines.append("Not proven: Ankorstore's list was not read.")
        return "\n".join(lines)
    lines.append(
        f"Ankorstore lists {drawn.listed} of that day ({drawn.listed_in_all} in all); "
        f"{len(drawn.entries) - len(drawn.of(Standing.MISSING))} of it are here."
    )
    if drawn.unreadable:
        lines.append(f"{drawn.unreadable} entries of Ankorstore's list tell no order id.")
    lines.append(
        "Proven: every order listed is here, every order here is listed or explained."
        if drawn.is_proven
        else "NOT COMPLETE: see the orders in capitals, and entries without an id, above."
    )
    return "\n".join(lines)


def ledger_json(drawn: Ledger) -> dict[str, Any]:
    """Return the ledger for programs."""
    return {
        "date": drawn.day.isoformat(),
        "is_proven": drawn.is_proven,
        "listed_in_all": drawn.listed_in_all,
        "listed": drawn.listed if drawn.listed_in_all is not None else None,
        "unreadable": drawn.unreadable,
        "counts": {str(standing): len(drawn.of(standing)) for standing in Standing},
        "orders": [_entry_json(entry) for entry in drawn.entries],
    }


def _entry_json(entry: Entry) -> dict[str, Any]:
    held, listed = entry.held, entry.listed
    known: Any = held or listed
    return {
        "standing": str(entry.standing),
        "marketplace_order_id": known.marketplace_order_id,
        "marketplace_reference": _reference_of(entry),
        "marketplace_status": listed.status if listed is not None else None,
        "submitted_at": known.submitted_at.isoformat() if known.submitted_at else None,
        "state": held.state if held is not None else None,
        "outcome": held.outcome if held is not None else None,
        "waits_for": held.waits_for if held is not None else None,
        "attention_reason": held.attention_reason if held is not None else None,
        "note": entry.note or None,
    }


def _reference_of(entry: Entry) -> str | None:
    held = entry.held.marketplace_reference if entry.held is not None else None
    return held or (entry.listed.marketplace_reference if entry.listed is not None else None)


def _name_of(entry: Entry) -> str:
    known: Any = entry.held or entry.listed
    return _reference_of(entry) or str(known.marketplace_order_id)


def _tell(entry: Entry) -> str:
    """Say how an order ended, what it waits for, or where it is not."""
    held, listed = entry.held, entry.listed
    if held is None:
        assert listed is not None
        when = f"{listed.submitted_at:%H:%M}" if listed.submitted_at else "an unknown time"
        status = listed.status or "no status"
        return f"({listed.marketplace_order_id}) at Ankorstore: {status}, submitted at {when}"
    if held.attention_reason is not None:
        reason = reason_of(held.attention_reason)
        told = f"{held.state}, needs a person: {held.attention_reason}. {reason.sentence}"
    elif entry.standing is not Standing.OPEN and held.state == State.CLOSED:
        told = (held.outcome or "closed").removeprefix("ignored: ")
    else:
        told = f"{held.state}, waits for {held.waits_for or 'its turn'}"
    if entry.standing is Standing.UNLISTED:
        told += f" ({held.marketplace_order_id}); Ankorstore does not list it"
    return f"{told} ({entry.note})" if entry.note else told
