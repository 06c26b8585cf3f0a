"""The command `antbridge simulate`: both companies as a sandbox for a service on this machine."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated

import typer

from app.logs import configure_logs
from app.settings import SettingsError
from app.simulator import serve_companies
from app.simulator.sandbox import (
    Sandbox,
    build_sandbox,
    console_app,
    is_web_address,
    service_lines,
    write_new_file,
)
from app.simulator.serving import ListenRefused, serve_app

SERVICE_WEBHOOK = "http://127.0.0.1:8000/webhooks/ankorstore"


def simulate(
    ankorstore_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    active_ants_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    console_port: Annotated[int, typer.Option(min=0, max=65535, help="0: any free one.")] = 0,
    webhook_url: Annotated[
        str,
        typer.Option(
            help="Where webhooks go. Empty: to the subscriptions the service registers only."
        ),
    ] = SERVICE_WEBHOOK,
    shipping_delay: Annotated[
        float, typer.Option(min=0, help="Seconds until the simulated warehouse ships.")
    ] = 30.0,
    with_connector: Annotated[
        bool,
        typer.Option(
            help="Have orders carried as by a connector the brand uses today, for MODE=shadow."
        ),
    ] = False,
    write_env: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write the service's settings to a new file, such as .env."
        ),
    ] = None,
) -> None:
    """Run both companies, a page to play them and a clock to move, until interrupted."""
    if webhook_url and not is_web_address(webhook_url):
        raise SettingsError(f"--webhook-url: no web address; for example {SERVICE_WEBHOOK}")
    configure_logs("console")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)  # three servers come and go
    sandbox = build_sandbox(webhook_url or None, shipping_delay)
    if with_connector:
        sandbox.connector.start()
    asyncio.run(_simulate(sandbox, (ankorstore_port, active_ants_port, console_port), write_env))


async def _simulate(sandbox: Sandbox, ports: tuple[int, int, int], write_env: Path | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signal_number, stop.set)
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(
                serve_companies(
                    sandbox.ankorstore,
                    sandbox.active_ants,
                    ankorstore_port=ports[0],
                    active_ants_port=ports[1],
                )
            )
            console_url = await stack.enter_async_context(serve_app(console_app(sandbox), ports[2]))
        except ListenRefused as refused:
            raise SettingsError(f"{refused}; choose another port, or 0 for a free one") from None
        lines = service_lines(sandbox)
        if write_env is not None:
            _write(write_env, lines)
        _tell(console_url, lines, write_env)
        await stop.wait()


def _write(path: Path, lines: list[str]) -> None:
    try:
        write_new_file(path, lines)
    except FileExistsError:
        raise SettingsError(
            f"--write-env: {path} is there already and is not overwritten; name a new file, or "
            "move that one away"
        ) from None
    except OSError as error:
        raise SettingsError(f"--write-env: {path} cannot be written: {error.strerror}") from None


def _tell(console_url: str, lines: list[str], written: Path | None) -> None:
    print(f"The sandbox's page: {console_url}/\n")
    if written is not None:
        print(f"The service's settings are in {written}.")
    else:
        print("Settings for the service's .env:\n")
        print("\n".join(lines))
    print("\nCtrl-C ends it.", flush=True)
