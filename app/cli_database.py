"""How commands come to the database, and to the order they are about."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from app.domain.record import OrderRecord
from app.domain.signing import check_reason
from app.logs import configure_logs
from app.settings import Settings, SettingsError, load_settings
from app.store.migrate import bring_up_to_date
from app.store.queries import AmbiguousOrder, find_order
from app.store.session import Store
from app.wiring import build_store, known_secrets

WRONG_USE = 2
OrderText = Annotated[
    str, typer.Argument(metavar="ORDER", help="Reference, marketplace id or warehouse number.")
]


def operator_name() -> str:
    """Return who uses the command line, as it is kept with what they decide."""
    return f"{getpass.getuser()} (command line)"


def reason_given(text: str) -> str:
    """Return the reason given as an option, or refuse it by name."""
    try:
        return check_reason(text)
    except ValueError as problem:
        raise typer.BadParameter(f"--{problem}") from None


ReasonText = Annotated[
    str,
    typer.Option("--reason", callback=reason_given, help="Why; kept in the order's history."),
]


def bring_database_up_to_date(settings: Settings) -> str:
    """
    Bring the schema up to date; return its revision.

    Raises:
        SettingsError: The database cannot be used; one line says why.
    """
    try:
        return bring_up_to_date(settings.database_url)
    except (DatabaseError, OSError) as error:
        problem = str(getattr(error, "orig", error)).partition("\n")[0]
        raise SettingsError(f"DATABASE_URL: the database cannot be used: {problem}") from None


def with_store(work: Callable[[Store], Awaitable[int]]) -> None:
    """Run *work* on the database, with the service up or down; exit with what it returns."""
    settings = load_settings()
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)

    async def run() -> int:
        store = build_store(settings)
        try:
            return await work(store)
        finally:
            await store.close()

    raise typer.Exit(asyncio.run(run()))


def with_store_as_it_is(work: Callable[[Store, Settings], Awaitable[int]]) -> None:
    """
    Run *work*, which only reads, on the database as it is; exit with what it returns.

    The schema is not brought up to date: an older version may be at work on it.

    Raises:
        SettingsError: There is no database, or it cannot be used.
    """
    settings = load_settings()
    configure_logs(settings.log_format, known_secrets(settings))
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
        raise SettingsError(f"DATABASE_URL: there is no database at {url.database}")

    async def run() -> int:
        store = build_store(settings)
        try:
            return await work(store, settings)
        finally:
            await store.close()

    try:
        status = asyncio.run(run())
    except (DatabaseError, OSError) as error:
        problem = str(getattr(error, "orig", error)).partition("\n")[0]
        raise SettingsError(f"DATABASE_URL: the database cannot be used: {problem}") from None
    raise typer.Exit(status)


async def find_one(store: Store, text: str) -> OrderRecord | None:
    """Return the one order *text* names; else say on standard error why there is none."""
    try:
        found = await find_order(store, text)
    except AmbiguousOrder as error:
        print(f"antbridge: {text!r} {error}; use the id in brackets", file=sys.stderr)
        return None
    if found is None:
        print(f"antbridge: no order has the reference, id or number {text!r}", file=sys.stderr)
    return found
