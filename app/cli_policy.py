"""The commands `antbridge policy …`: what the brand's rules make of each finding."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli_database import WRONG_USE
from app.domain.policy import OF_THE_ORDER, ONLY_HOLDS
from app.domain.policy_words import explain_policy
from app.policy_file import PolicyError, load_policy
from app.settings import load_settings

policy_cli = typer.Typer(help="Look at the brand's policy.", no_args_is_help=True)


@policy_cli.callback()
def policy() -> None:
    """Look at the brand's policy."""


@policy_cli.command("check")
def check_command(
    file: Annotated[
        Path | None, typer.Argument(help="The policy; without it the one of POLICY_FILE.")
    ] = None,
) -> None:
    """Say in sentences what the policy does; 1 where it cannot be used, 2 where it is not there."""
    settings = load_settings()
    path = str(file) if file is not None else settings.policy_file
    if path and not Path(path).is_file():
        print(f"antbridge: there is no file {path}", file=sys.stderr)
        raise typer.Exit(WRONG_USE)
    try:
        rules = load_policy(path)
    except PolicyError as error:
        for problem in error.problems:
            print(f"antbridge: {problem}", file=sys.stderr)
        raise typer.Exit(1) from None
    print(f"The policy of {path}:" if path else "No POLICY_FILE is set; the defaults hold:")
    for line in explain_policy(rules, tuple(sorted(OF_THE_ORDER | ONLY_HOLDS))):
        print(f"  {line}")
    if settings.accept_mode == "manual":
        print("ACCEPT_MODE is manual: nothing is accepted or rejected before a person says so.")
