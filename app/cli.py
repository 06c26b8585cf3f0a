"""The command `antbridge`: what is typed, what is printed, and the exit status."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table
from sqlalchemy.exc import DatabaseError

from app import __version__
from app.clock import SystemClock
from app.demo import run_demo
from app.domain.lifecycle import State
from app.domain.reasons import REASONS
from app.domain.record import OrderRecord
from app.flow.story import attention_of, name_of, tell_history, tell_present, tell_shipments
from app.logs import configure_logs
from app.main import create_app
from app.settings import Settings, SettingsError, load_settings, require_service_settings
from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore, serve_companies
from app.store.decisions import Impossible, retry_order, take_order
from app.store.migrate import bring_up_to_date
from app.store.queries import (
    ANY_ATTENTION,
    AmbiguousOrder,
    OrderFilter,
    find_order,
    list_orders,
    load_events,
    load_history,
)
from app.store.session import Store
from app.store.shipments import load_shipments
from app.web.bounded_http import BoundedHttpProtocol
from app.wiring import build_companies, build_store, known_secrets
from app.worker import Worker
from app.worker_lock import WorkerRunning, hold_worker_role

cli = typer.Typer(
    help="Carries orders from Ankorstore to the Active Ants warehouse, and the tracking back.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
orders_cli = typer.Typer(help="Look at orders and decide about them.", no_args_is_help=True)
cli.add_typer(orders_cli, name="orders")

WRONG_USE = 2
_SHUTDOWN_SECONDS = 30
OrderText = Annotated[
    str, typer.Argument(metavar="ORDER", help="Reference, marketplace id or warehouse number.")
]


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
    configure_logs(settings.log_format, known_secrets(settings))
    return settings


def _bring_up_to_date(settings: Settings) -> str:
    try:
        return bring_up_to_date(settings.database_url)
    except (DatabaseError, OSError) as error:
        problem = str(getattr(error, "orig", error)).partition("\n")[0]
        raise SettingsError(f"DATABASE_URL: the database cannot be used: {problem}") from None


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
    _bring_up_to_date(settings)
    # The server raises the signal that stopped it once more, when all is done.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with hold_worker_role(settings.database_url, wanted=with_worker):
        uvicorn.run(
            create_app(settings, with_worker=with_worker),
            host=host,
            port=port,
            http=BoundedHttpProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
        )


@cli.command()
def worker() -> None:
    """Work on orders without receiving webhooks."""
    settings = _service_settings()
    _bring_up_to_date(settings)
    with hold_worker_role(settings.database_url, wanted=True):
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
def demo() -> None:
    """Run the service against two simulated companies and tell each order's story."""
    raise typer.Exit(run_demo())


@cli.command()
def simulate(
    ankorstore_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    active_ants_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    webhook_url: Annotated[
        str | None, typer.Option(help="Where the simulated Ankorstore sends its webhooks.")
    ] = None,
    shipping_delay: Annotated[
        float, typer.Option(min=0, help="Seconds until the simulated warehouse ships.")
    ] = 30.0,
) -> None:
    """Run both simulated companies until interrupted; a sandbox for the service."""
    configure_logs("console")
    asyncio.run(_simulate(ankorstore_port, active_ants_port, webhook_url, shipping_delay))


async def _simulate(
    ankorstore_port: int, active_ants_port: int, webhook_url: str | None, shipping_delay: float
) -> None:
    clock = SystemClock()
    ankorstore = SimulatedAnkorstore(clock=clock, webhook_url=webhook_url)
    active_ants = SimulatedActiveAnts(clock=clock, shipping_delay_seconds=shipping_delay)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    async with serve_companies(
        ankorstore,
        active_ants,
        ankorstore_port=ankorstore_port,
        active_ants_port=active_ants_port,
    ) as served:
        print("Settings for the service:")
        print(f"ANKORSTORE_BASE_URL={served.ankorstore_url}")
        print(f"ANKORSTORE_CLIENT_ID={ankorstore.client_id}")
        print(f"ANKORSTORE_CLIENT_SECRET={ankorstore.client_secret}")
        print(f"ANKORSTORE_WEBHOOK_SECRETS={ankorstore.webhook_secret}")
        print(f"ACTIVE_ANTS_BASE_URL={served.active_ants_url}")
        print(f"ACTIVE_ANTS_USERNAME={active_ants.username}")
        print(f"ACTIVE_ANTS_PASSWORD={active_ants.password}")
        print("ACTIVE_ANTS_ORDER_TYPE=ANKORSTORE")
        print("PACK_MODE=unit")
        print(f"Place an order: curl -X POST {served.ankorstore_url}/_simulator/orders", flush=True)
        await stop.wait()


@cli.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    settings = load_settings()
    configure_logs(settings.log_format, known_secrets(settings))
    print(f"schema at revision {_bring_up_to_date(settings)}")


@cli.command()
def version() -> None:
    """Print the version."""
    print(__version__)


@cli.command()
def why(order: OrderText) -> None:
    """Tell an order's story: what happened, what it waits for, what a person should do."""

    async def tell(store: Store) -> int:
        found = await _find(store, order)
        if found is None:
            return WRONG_USE
        print(f"Order {name_of(found)} ({found.marketplace_order_id})")
        events = await load_events(store, found.order_id)
        how = "a webhook told of it" if found.found_by == "webhook" else "reconciling found it"
        print(f"  {how}; {len(events)} events came in.")
        for line in tell_history(await load_history(store, found.order_id)):
            print(f"  {line}")
        shipments = [row.shipment for row in await load_shipments(store, found.order_id)]
        for line in [*tell_shipments(found, shipments), *tell_present(found, store.now())]:
            print(line)
        return 0

    _with_store(tell)


@orders_cli.command("list")
def list_command(
    state: Annotated[str | None, typer.Option(help="Only orders in this state.")] = None,
    attention: Annotated[
        str | None, typer.Option(help="Only orders needing attention: any, or a reason code.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200)] = 50,
) -> None:
    """List orders, newest first."""
    if state not in (None, *State):
        raise typer.BadParameter(f"--state: use one of {', '.join(State)}")
    if attention not in (None, ANY_ATTENTION, *REASONS):
        raise typer.BadParameter(f"use any or one of: {', '.join(sorted(REASONS))}")

    async def show(store: Store) -> int:
        page, more = await list_orders(
            store, OrderFilter(state=state, attention=attention, limit=limit)
        )
        _print_orders(page)
        if more is not None:
            print(
                f"There are more than {limit}; narrow the list or raise --limit.", file=sys.stderr
            )
        return 0

    _with_store(show)


def _print_orders(page: Sequence[OrderRecord]) -> None:
    """Print a table for people, and plain columns, which nothing is cut off, for programs."""
    if not Console().is_terminal:
        for order in page:
            print("\t".join(_list_row(order)))
        return
    table = Table("order", "state", "warehouse number", "waits for", "needs attention")
    for order in page:
        table.add_row(*_list_row(order))
    Console().print(table)


def _list_row(order: OrderRecord) -> tuple[str, ...]:
    return (
        name_of(order),
        order.outcome or str(order.state),
        order.live.external_order_number if order.live else "",
        order.waits_for or "",
        order.attention_reason or "",
    )


@orders_cli.command("show")
def show_command(order: OrderText) -> None:
    """Show what is known of an order."""

    async def show(store: Store) -> int:
        found = await _find(store, order)
        if found is None:
            return WRONG_USE
        sentence, cure = attention_of(found)
        live = found.live
        for label, value in (
            ("reference", found.marketplace_reference),
            ("marketplace id", found.marketplace_order_id),
            ("state", found.outcome or str(found.state)),
            ("status at Ankorstore", found.marketplace_status),
            ("warehouse number", live.external_order_number if live else None),
            ("id at the warehouse", live.warehouse_order_id if live else None),
            ("ship by", found.ship_by_at),
            ("found by", found.found_by),
            ("next look", found.next_attempt_at),
            ("needs attention", sentence),
            ("what to do", cure),
        ):
            if value is not None:
                print(f"{label:>22}: {value}")
        return 0

    _with_store(show)


@orders_cli.command("retry")
def retry_command(order: OrderText) -> None:
    """Clear an order's need for attention and try it again now."""
    _decide(order, retry_order)


@orders_cli.command("take")
def take_command(order: OrderText) -> None:
    """Have the service handle an order that was submitted before the switch."""
    _decide(order, take_order)


def _decide(text: str, decision: Callable[..., Awaitable[str]]) -> None:
    async def decide(store: Store) -> int:
        found = await _find(store, text)
        if found is None:
            return WRONG_USE
        try:
            print(await decision(store, found, by="command line"))
        except Impossible as reason:
            print(f"antbridge: {reason}", file=sys.stderr)
            return 1
        return 0

    _with_store(decide)


async def _find(store: Store, text: str) -> OrderRecord | None:
    try:
        found = await find_order(store, text)
    except AmbiguousOrder as error:
        print(f"antbridge: {text!r} {error}; use the id in brackets", file=sys.stderr)
        return None
    if found is None:
        print(f"antbridge: no order has the reference, id or number {text!r}", file=sys.stderr)
    return found


def _with_store(work: Callable[[Store], Awaitable[int]]) -> None:
    """Run *work* on the database, with the service up or down; exit with what it returns."""
    settings = load_settings()
    configure_logs(settings.log_format, known_secrets(settings))
    _bring_up_to_date(settings)

    async def run() -> int:
        store = build_store(settings)
        try:
            return await work(store)
        finally:
            await store.close()

    raise typer.Exit(asyncio.run(run()))
