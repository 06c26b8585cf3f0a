"""The commands `antbridge contract …`: what the companies' contracts have come to."""

import json
from typing import Annotated, Any

import typer

from app.cli_database import with_store
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
