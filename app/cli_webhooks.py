"""The commands `antbridge webhooks …`: have the service keep its own webhook subscription."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout, suppress
from typing import Annotated, Any

import typer

from app.cli_database import WRONG_USE, bring_database_up_to_date, operator_name
from app.doctor import report_json, report_text
from app.doctor.webhook_checks import examine_webhook
from app.domain.jobs import WEBHOOKS
from app.errors import BridgeError, LeaseLost
from app.logs import configure_logs
from app.ports import Priority, call_priority
from app.settings import Settings, SettingsError, load_settings, require_settings
from app.store.schedules import ClaimedJob, finish_job, hold_job, kept_leased
from app.store.session import Store
from app.store.webhook_rows import load_ours
from app.store.webhook_watch import load_webhook_watch
from app.subscribing.judging import shown_url
from app.subscribing.keeper import OVERLAP_SECONDS, Keeper, NotManaged
from app.wiring import Companies, build_companies, build_keeper, build_store, known_secrets

FOUND_SOME = 1
HOLD_TRIES = 30
FAILED_SECONDS = 60.0

webhooks_cli = typer.Typer(
    help="Have the service keep its own webhook subscription at Ankorstore.",
    no_args_is_help=True,
)


@webhooks_cli.command("list")
def list_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
) -> None:
    """List the subscriptions of our application, and which of them are ours."""
    settings = _read_settings()

    async def show(store: Store, companies: Companies) -> list[dict[str, Any]]:
        application = await build_keeper(settings, store, companies).read_application()
        ours = {row.subscription_id: row.state for row in await load_ours(store)}
        return [
            {
                "subscription_id": one.subscription_id,
                "standing": ours.get(one.subscription_id, "not ours"),
                "url": shown_url(one.url),
                "events": list(one.events),
            }
            for one in application.subscriptions
        ]

    rows = _run(settings, show)
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        events = ", ".join(row["events"]) or "all events"
        print(f"{row['subscription_id']}\t{row['standing']}\t{row['url']}\t{events}")
    if not rows:
        print("There is no subscription; `antbridge webhooks register` makes one.")


@webhooks_cli.command("verify")
def verify_command(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Say what keeps webhooks from coming (exit status 0: nothing). Changes nothing."""
    settings = _read_settings()

    async def look(store: Store, companies: Companies) -> Any:
        found = await examine_webhook(settings, store, companies)
        return found, await load_webhook_watch(store)

    found, watch = _run(settings, look)
    print(report_json(found) if as_json else report_text(found))
    if not as_json and watch.managed_since_at is not None:
        since = f"{watch.managed_since_at:%Y-%m-%d %H:%M} UTC"
        print(f"Looked after by the service since {since}, as {watch.managed_by} wished.")
    raise typer.Exit(FOUND_SOME if found else 0)


@webhooks_cli.command("register")
def register_command() -> None:
    """Subscribe, and have the service look after the subscription from now on."""
    settings = _read_settings()
    require_settings(settings, ("public_url",))
    _require_key(settings)

    async def register(keeper: Keeper) -> str:
        return await keeper.register(by=operator_name())

    print(_run_held(settings, register))


@webhooks_cli.command("rotate")
def rotate_command(
    overlap: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds for which both subscriptions tell.")
    ] = OVERLAP_SECONDS,
    is_leaked: Annotated[
        bool, typer.Option("--leaked", help="Take nothing more that the old secret signed.")
    ] = False,
) -> None:
    """Replace the subscription by one with a new secret; no delivery is lost meanwhile."""
    settings = _read_settings()
    _require_key(settings)

    async def rotate(keeper: Keeper) -> str:
        await keeper.rotate(
            by=operator_name(), overlap_seconds=overlap, keeps_old_secret=not is_leaked
        )
        return "a new subscription has taken the old one's place"

    print(_run_held(settings, rotate))


@webhooks_cli.command("delete")
def delete_command(
    is_sure: Annotated[bool, typer.Option("--yes", help="Do it.")] = False,
) -> None:
    """Delete the service's own subscription, and look after none any more."""
    settings = _read_settings()
    if not is_sure:
        print("antbridge: webhooks stop coming by this; say so with --yes", file=sys.stderr)
        raise typer.Exit(WRONG_USE)

    async def delete(keeper: Keeper) -> str:
        deleted = await keeper.delete(by=operator_name())
        return f"{deleted} subscription(s) deleted; none is looked after any more"

    print(_run_held(settings, delete))


def _read_settings() -> Settings:
    settings = load_settings()
    require_settings(settings, ("ankorstore_client_id", "ankorstore_client_secret"))
    configure_logs(settings.log_format, known_secrets(settings))
    bring_database_up_to_date(settings)
    return settings


def _require_key(settings: Settings) -> None:
    if not settings.encryption_key:
        raise SettingsError(
            "ENCRYPTION_KEY: is missing, and the signing secret is kept by it; make one of your "
            "own: openssl rand -base64 32"
        )


def _run(settings: Settings, work: Callable[[Store, Companies], Awaitable[Any]]) -> Any:
    """Run *work*; a company's trouble is told in one line."""

    async def run() -> Any:
        store = build_store(settings)
        companies = build_companies(settings, store=store)
        call_priority.set(Priority.UPKEEP)  # whatever is about an order goes first
        try:
            with redirect_stdout(sys.stderr):  # where logs go meanwhile
                return await work(store, companies)
        finally:
            await companies.close()
            await store.close()

    try:
        return asyncio.run(run())
    except BridgeError as trouble:
        detail = f" ({trouble.detail})" if trouble.detail else ""
        print(f"antbridge: {trouble}{detail}. {trouble.resolution}", file=sys.stderr)
        raise typer.Exit(FOUND_SOME) from None
    except NotManaged:
        print(
            "antbridge: no subscription is looked after; `antbridge webhooks register` first",
            file=sys.stderr,
        )
        raise typer.Exit(WRONG_USE) from None


def _run_held(settings: Settings, work: Callable[[Keeper], Awaitable[str]]) -> str:
    """Run *work* as the worker runs the job, so that they never do so at the same time."""

    async def run(store: Store, companies: Companies) -> str:
        job = await _hold(store, settings.lease_seconds)
        error: str | None = "stopped by hand"
        try:
            async with kept_leased(store, job, settings.lease_seconds):
                note = await work(build_keeper(settings, store, companies))
            error = None
        except BridgeError as trouble:
            error = f"{trouble}. {trouble.resolution}"
            raise
        finally:
            pause = settings.webhook_check_seconds
            soon = pause if error is None else min(pause, FAILED_SECONDS)
            with suppress(LeaseLost):  # a worker goes on with it
                await finish_job(store, job, next_run_seconds=soon, error=error, note="by hand")
        return note

    told: str = _run(settings, run)
    return told


async def _hold(store: Store, lease_seconds: float) -> ClaimedJob:
    for _ in range(HOLD_TRIES):
        if (job := await hold_job(store, WEBHOOKS, lease_seconds)) is not None:
            return job
        await store.clock.sleep(1.0)
    raise SettingsError("a worker is looking after the webhook now; try again in a minute")
