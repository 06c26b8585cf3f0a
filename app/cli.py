"""The command `antbridge`: what is typed, what is printed, and the exit status."""

import asyncio
import signal
import sys
from contextlib import ExitStack
from typing import Annotated

import typer
import uvicorn

from app import __version__, metrics
from app.cli_address import address
from app.cli_alerts import alerts_cli
from app.cli_contract import contract_cli
from app.cli_corrections import correct_command, preview_command
from app.cli_database import (
    WRONG_USE,
    OrderText,
    bring_database_up_to_date,
    find_one,
    with_store,
)
from app.cli_deadlines import postpone_command
from app.cli_doctor import doctor
from app.cli_erase import erase_command
from app.cli_events import events_cli
from app.cli_ledger import ledger
from app.cli_operators import operators_cli
from app.cli_orders import orders_cli
from app.cli_parcels import confirm_partial_command, parcels_command, reset_label_command
from app.cli_pauses import pause_command, pauses_command, resume_command
from app.cli_policy import policy_cli
from app.cli_rehearse import rehearse_command, upgrade_cli
from app.cli_returns import returns_cli
from app.cli_schedules import schedules_cli
from app.cli_shadow import shadow_cli
from app.cli_simulate import simulate
from app.cli_sku_check import check_command
from app.cli_skus import skus_cli
from app.cli_webhooks import webhooks_cli
from app.demo import run_demo
from app.flow.case import gather_case, tell_story
from app.logs import configure_logs
from app.main import create_app
from app.settings import Settings, SettingsError, load_settings, require_service_settings
from app.store.session import Store
from app.web.bounded_http import BoundedHttpProtocol
from app.wiring import build_companies, build_store, flow_rules, known_secrets, traced
from app.worker import Worker
from app.worker_lock import WorkerRunning, hold_worker_role

cli = typer.Typer(
    help="Carries orders from Ankorstore to the Active Ants warehouse, and the tracking back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(orders_cli, name="orders")
cli.add_typer(alerts_cli, name="alerts")
cli.add_typer(contract_cli, name="contract")
cli.add_typer(operators_cli, name="operators")
cli.add_typer(policy_cli, name="policy")
cli.add_typer(returns_cli, name="returns")
orders_cli.command("confirm-partial")(confirm_partial_command)
orders_cli.command("parcels")(parcels_command)
orders_cli.command("reset-label")(reset_label_command)
orders_cli.command("postpone")(postpone_command)
orders_cli.command("correct")(correct_command)
orders_cli.command("preview")(preview_command)
cli.add_typer(skus_cli, name="skus")
skus_cli.command("check")(check_command)
cli.add_typer(events_cli, name="events")
cli.add_typer(schedules_cli, name="schedules")
cli.add_typer(webhooks_cli, name="webhooks")
cli.add_typer(shadow_cli, name="shadow")
cli.command("pause")(pause_command)
cli.command("resume")(resume_command)
cli.command("pauses")(pauses_command)
cli.command("ledger")(ledger)
cli.command("erase")(erase_command)
cli.command("rehearse")(rehearse_command)
cli.add_typer(upgrade_cli, name="upgrade")
cli.command("doctor")(doctor)
cli.command("address")(address)
cli.command("simulate")(simulate)

_TURN_SECONDS = 0.0002
"""How long a thread waits for its turn at the interpreter. SQLite's needs a few a transaction, and
with Python's own 5 ms a busy server makes each commit, and all who wait for it, that much later."""
_SHUTDOWN_SECONDS = 30


def main() -> None:
    """Run the command line; problems a user can solve are told in one line."""
    try:
        cli()
    except (SettingsError, WorkerRunning) as error:
        print(f"antbridge: {error}", file=sys.stderr)
        sys.exit(WRONG_USE)


def _service_settings() -> Settings:
    settings = load_settings()
    require_service_settings(settings)
    flow_rules(settings)  # a policy that cannot be used stops the start
    configure_logs(settings.log_format, known_secrets(settings))
    return settings


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    with_worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Run the worker in this process too.")
    ] = True,
) -> None:
    """Receive webhooks, serve the API, and work on orders."""
    settings = _service_settings()
    bring_database_up_to_date(settings)
    # The server raises the signal that stopped it once more, when all is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    sys.setswitchinterval(_TURN_SECONDS)
    with (
        traced(settings),
        hold_worker_role(settings.database_url, wanted=with_worker),
    ):
        uvicorn.run(
            create_app(settings, with_worker=with_worker),
            host=host,
            port=port,
            http=BoundedHttpProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # who is trusted with them is the console's to say
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )


@cli.command()
def worker(
    metrics_host: Annotated[str, typer.Option(help="Address to serve metrics on.")] = "127.0.0.1",
    metrics_port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port to serve this process's metrics on. Unset: none."
        ),
    ] = None,
) -> None:
    """Work on orders without receiving webhooks."""
    settings = _service_settings()
    bring_database_up_to_date(settings)
    with hold_worker_role(settings.database_url, wanted=True), ExitStack() as stack:
        try:
            stack.enter_context(metrics.served(metrics_host, metrics_port))
        except OSError as error:
            where = f"{metrics_host}:{metrics_port}"
            raise SettingsError(f"--metrics-port: {where} cannot be used: {error}") from None
        with traced(settings):
            asyncio.run(_run_worker(settings))


async def _run_worker(settings: Settings) -> None:
    store = build_store(settings)
    companies = build_companies(settings, store=store)
    role = Worker(settings, store, companies)
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, role.stop)
    try:
        await role.run()
    finally:
        await companies.close()
        await store.close()


@cli.command()
def demo(
    keeps: Annotated[
        bool, typer.Option("--keep", help="Stay up afterwards, to look at the console.")
    ] = False,
) -> None:
    """Run the service against two simulated companies and tell each order's story."""
    raise typer.Exit(run_demo(keeps=keeps))


@cli.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    settings = load_settings()
    configure_logs(settings.log_format, known_secrets(settings))
    print(f"schema at revision {bring_database_up_to_date(settings)}")


@cli.command()
def version() -> None:
    """Print the version."""
    print(__version__)


@cli.command()
def why(order: OrderText) -> None:
    """Tell an order's story: what happened, what it waits for, what a person should do."""
    settings = load_settings()

    async def tell(store: Store) -> int:
        found = await find_one(store, order)
        if found is None:
            return WRONG_USE
        told = tell_story(
            await gather_case(store, found),
            at_risk_seconds=settings.at_risk_hours * 3600,
            country_code=settings.warehouse_country,
        )
        print(told.title)
        for line in (told.found, *told.past):
            print(f"  {line}")
        for line in (*told.verdict, *told.shipments, *told.deadline, *told.present):
            print(line)
        return 0

    with_store(tell)
