"""The commands `antbridge operators …`: who may sign in to the console."""

import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli_database import WRONG_USE, with_store
from app.passwords import check_password, hash_password
from app.store.operators import (
    NameTaken,
    OperatorRecord,
    Role,
    add_operator,
    change_operator,
    check_name,
    list_operators,
    unlock_operator,
)
from app.store.session import Store

NameText = Annotated[str, typer.Argument(metavar="NAME", help="As they sign in; small letters.")]

operators_cli = typer.Typer(help="Say who may sign in to the console.", no_args_is_help=True)


@operators_cli.command("add")
def add_command(
    name: NameText,
    role: Annotated[Role, typer.Option(help="A viewer only looks.")] = Role.OPERATOR,
    has_password: Annotated[
        bool, typer.Option("--password/--no-password", help="None: only through a proxy.")
    ] = True,
) -> None:
    """Add a person. The password is asked for, or read as one line from standard input."""
    name = _name_of(name)
    password_hash = hash_password(_read_password()) if has_password else None

    async def add(store: Store) -> int:
        try:
            await add_operator(store, name, role, password_hash)
        except NameTaken:
            print(
                f"antbridge: there is an operator {name} already; "
                "see `antbridge operators list`, password, enable",
                file=sys.stderr,
            )
            return WRONG_USE
        print(f"{name} may sign in as {role}")
        return 0

    with_store(add)


@operators_cli.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List everybody who may, or might, sign in."""

    async def show(store: Store) -> int:
        rows = [_row_of(operator, store) for operator in await list_operators(store)]
        if as_json:
            print(json.dumps(rows, indent=2))
        elif Console().is_terminal:
            table = Table("name", "role", "state", "signs in by", "added")
            for row in rows:
                table.add_row(*row.values())
            Console().print(table)
        else:
            for row in rows:
                print("\t".join(row.values()))
        return 0

    with_store(show)


@operators_cli.command("password")
def password_command(name: NameText) -> None:
    """Give a person a new password. Their sessions end."""
    password_hash = hash_password(_read_password())
    changes = {"password_hash": password_hash, "failure_count": 0, "locked_until_at": None}
    _change(
        name,
        lambda store, kept: change_operator(store, kept, **changes),
        "has a new password; every session ended",
    )


@operators_cli.command("disable")
def disable_command(name: NameText) -> None:
    """Keep a person out from now on. Their sessions end; the history keeps their name."""
    _change(
        name,
        lambda store, kept: change_operator(store, kept, disabled_at=store.now()),
        "is kept out; every session ended",
    )


@operators_cli.command("enable")
def enable_command(name: NameText) -> None:
    """Let a person in again who was disabled."""
    _change(
        name,
        lambda store, kept: change_operator(store, kept, disabled_at=None),
        "may sign in again",
    )


@operators_cli.command("unlock")
def unlock_command(name: NameText) -> None:
    """Let a person try again at once who is locked out after failed sign-ins."""
    _change(name, unlock_operator, "is not locked any more")


def _change(name: str, change: Callable[[Store, str], Awaitable[bool]], done: str) -> None:
    kept = _name_of(name)

    async def run(store: Store) -> int:
        if not await change(store, kept):
            print(f"antbridge: there is no operator {kept}", file=sys.stderr)
            return WRONG_USE
        print(f"{kept} {done}")
        return 0

    with_store(run)


def _name_of(text: str) -> str:
    try:
        return check_name(text)
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None


def _read_password() -> str:
    """Ask twice at a terminal; elsewhere take the first line of standard input."""
    try:
        if not sys.stdin.isatty():
            return check_password(sys.stdin.readline().rstrip("\r\n"))
        password = check_password(getpass.getpass("Password: "))
        if getpass.getpass("Once more: ") != password:
            raise ValueError("the two differ; nothing was changed")
    except ValueError as problem:
        raise typer.BadParameter(str(problem)) from None
    return password


def _row_of(operator: OperatorRecord, store: Store) -> dict[str, str]:
    locked_until_at = operator.locked_until_at
    state = "active"
    if operator.disabled_at is not None:
        state = "disabled"
    elif locked_until_at is not None and locked_until_at > store.now():
        state = f"locked until {locked_until_at:%H:%M} UTC"
    return {
        "name": operator.name,
        "role": operator.role,
        "state": state,
        "signs_in_by": "password" if operator.password_hash else "proxy only",
        "added": f"{operator.created_at:%Y-%m-%d}",
    }
