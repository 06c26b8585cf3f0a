"""
Both companies over real HTTP, inside the running event loop.

Loopback only, on ports the operating system picks unless told otherwise. While they are served,
a ticker lets them do what is due and deliver their webhooks.
"""

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import structlog
import uvicorn

from app.simulator.active_ants.company import SimulatedActiveAnts
from app.simulator.ankorstore.company import SimulatedAnkorstore
from app.simulator.asgi import AsgiApp

HOST = "127.0.0.1"
log = structlog.get_logger()


class ListenRefused(Exception):
    """A port cannot be listened on; the text says which and why."""


@dataclass(frozen=True, slots=True)
class ServedCompanies:
    """The two companies and where they listen."""

    ankorstore: SimulatedAnkorstore
    active_ants: SimulatedActiveAnts
    ankorstore_url: str
    active_ants_url: str


@contextlib.asynccontextmanager
async def serve_companies(
    ankorstore: SimulatedAnkorstore,
    active_ants: SimulatedActiveAnts,
    *,
    ankorstore_port: int = 0,
    active_ants_port: int = 0,
    tick_seconds: float = 0.05,
) -> AsyncIterator[ServedCompanies]:
    """Serve both companies until the block ends; port 0 lets the system choose."""
    async with (
        serve_app(ankorstore.app, ankorstore_port) as ankorstore.base_url,
        serve_app(active_ants.app, active_ants_port) as active_ants.base_url,
    ):
        ticker = asyncio.create_task(_tick(ankorstore, active_ants, tick_seconds))
        try:
            yield ServedCompanies(
                ankorstore, active_ants, ankorstore.base_url, active_ants.base_url
            )
        finally:
            ticker.cancel()
            await asyncio.gather(ticker, return_exceptions=True)
            await ankorstore.outbox.aclose()


class _EmbeddedServer(uvicorn.Server):
    """A uvicorn server that leaves the process's signal handlers alone."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def serve_app(app: AsgiApp, port: int) -> AsyncIterator[str]:
    """
    Serve an app on this machine until the block ends, and yield its address.

    Raises:
        ListenRefused: The port cannot be had.
    """
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it on, every
    # second write waits 40 ms for an acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise ListenRefused(f"port {port} cannot be used: {error.strerror}") from None
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        date_header=False,  # the company's clock may be another than this machine's
        timeout_graceful_shutdown=1,
    )
    server = _EmbeddedServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    dropped = _DroppedOnPurpose()
    logging.getLogger("uvicorn.error").addFilter(dropped)
    try:
        while not server.started and not serving.done():  # noqa: ASYNC110 - no event to wait on
            await asyncio.sleep(0.005)
        yield f"http://{HOST}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        await asyncio.gather(serving, return_exceptions=True)
        logging.getLogger("uvicorn.error").removeFilter(dropped)
        listener.close()


class _DroppedOnPurpose(logging.Filter):
    """Keeps quiet about responses a fault left unfinished."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "without completing response" not in record.getMessage()


async def _tick(
    ankorstore: SimulatedAnkorstore, active_ants: SimulatedActiveAnts, tick_seconds: float
) -> None:
    while True:
        try:
            active_ants.catch_up()
            await ankorstore.deliver_due()
        except Exception:
            log.exception("simulator.tick_failed")
        await asyncio.sleep(tick_seconds)
