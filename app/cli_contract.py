"""The commands `antbridge contract …`: what the companies' contracts have come to."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli_database import WRONG_USE, with_store
from app.contract_check import (
    Change,
    NotPublished,
    find_changes,
    load_published,
    load_reliance,
)
from app.sentinel import Seen
from app.store.session import Store
from app.store.sightings import forget_sightings, load_sightings

FOUND_SOME = 1
_COMPANIES = {"ankorstore": "Ankorstore", "active_ants": "Active Ants"}

contract_cli = typer.Typer(
    help="See what the companies send and publish that this version does not know.",
    no_args_is_help=True,
)


@contract_cli.callback()
def contract() -> None:
    """See what the companies send and publish that this version does not know."""


@contract_cli.command("report")
def report_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show every field, value and event that came and is not documented (0: none, 1: some)."""

    async def report(store: Store) -> int:
        seen = await load_sightings(store)
        if as_json:
            print(json.dumps({"unknown": [_seen_json(one) for one in seen]}, indent=2))
        else:
            print(_tell(seen))
        return FOUND_SOME if seen else 0

    with_store(report)


@contract_cli.command("forget")
def forget_command() -> None:
    """Forget what was seen so far; what is still sent is noted again."""

    async def forget(store: Store) -> int:
        print(f"{await forget_sightings(store)} entries forgotten")
        return 0

    with_store(forget)


@contract_cli.command("check")
def check_command(
    spec: Annotated[Path, typer.Argument(metavar="SPEC.yml", help="Ankorstore's OpenAPI file.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Name each change in a published OpenAPI file that matters (0: none, 1: some, 2: no file)."""
    try:
        published = load_published(spec)
    except NotPublished as problem:
        print(
            f"antbridge: {spec}: {problem}; give Ankorstore's published OpenAPI file as YAML",
            file=sys.stderr,
        )
        raise typer.Exit(WRONG_USE) from None
    changes = find_changes(published, load_reliance())
    if as_json:
        print(json.dumps({"changes": [asdict(one) for one in changes]}, indent=2))
    else:
        print(_tell_changes(changes))
    raise typer.Exit(FOUND_SOME if changes else 0)


def _tell_changes(changes: list[Change]) -> str:
    if not changes:
        return "Nothing changed that this version relies on."
    lines: list[str] = []
    call = ""
    for one in changes:
        if one.call != call:
            lines.append(f"{one.call} ({one.what})")
            call = one.call
        lines += [f"  {one.place}: {one.problem}", f"      {one.meaning}"]
    count = len(changes)
    lines.append("1 change matters." if count == 1 else f"{count} changes matter.")
    return "\n".join(lines)


def _tell(seen: list[Seen]) -> str:
    if not seen:
        return "Nothing came that is not documented."
    lines = []
    for one in seen:
        lines.append(f"{_COMPANIES[one.company]}: {one.kind} {one.name!r} at {one.place}")
        first, last = (f"{at:%Y-%m-%d %H:%M}" for at in (one.first_seen_at, one.last_seen_at))
        lines.append(f"    {one.count} times from {first} to {last} UTC; {one.example}")
    lines.append(
        "None of this stops an order: unknown fields are left alone, unknown values are kept as "
        "they come. Look for a newer antbridge, or ask the company what they mean."
    )
    return "\n".join(lines)


def _seen_json(one: Seen) -> dict[str, Any]:
    return {
        "company": one.company,
        "kind": str(one.kind),
        "place": one.place,
        "name": one.name,
        "first_seen_at": one.first_seen_at.isoformat(),
        "last_seen_at": one.last_seen_at.isoformat(),
        "count": one.count,
        "example": one.example,
    }
