"""The service's own processes, started as a user starts them and always ended."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import httpx

from app.demo.service import free_port
from app.simulator import ServedCompanies

TOKEN = "the-operators-token"
PATIENCE_SECONDS = 60.0
STOP_SECONDS = 30.0
_numbers = count()


def service_environment(served: ServedCompanies, database_url: str) -> dict[str, str]:
    """Return the settings of a service between two served companies, with short times."""
    return {
        "DATABASE_URL": database_url,
        "OPERATOR_TOKEN": TOKEN,
        "ANKORSTORE_BASE_URL": served.ankorstore_url,
        "ANKORSTORE_CLIENT_ID": served.ankorstore.client_id,
        "ANKORSTORE_CLIENT_SECRET": served.ankorstore.client_secret,
        "ANKORSTORE_WEBHOOK_SECRETS": served.ankorstore.webhook_secret,
        "ACTIVE_ANTS_BASE_URL": served.active_ants_url,
        "ACTIVE_ANTS_USERNAME": served.active_ants.username,
        "ACTIVE_ANTS_PASSWORD": served.active_ants.password,
        "ACTIVE_ANTS_ORDER_TYPE": "ANKORSTORE",
        "ACTIVE_ANTS_REQUESTS_PER_MINUTE": "6000",
        "PACK_MODE": "unit",
        "HTTP_TIMEOUT_SECONDS": "1",
        "LEASE_SECONDS": "2",
        "WAREHOUSE_SETTLE_SECONDS": "1",
        "SHIPMENT_POLL_SECONDS": "0.5",
        "RETRY_BASE_SECONDS": "0.2",
    }


class Process:
    """`antbridge` with some arguments, as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.pid = process.pid
        self._process = process
        self._log = log

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._process.returncode is not None

    async def wait(self) -> int:
        """Wait until it is gone and return its status."""
        async with asyncio.timeout(STOP_SECONDS):
            return await self._process.wait()

    async def terminate(self) -> int:
        """Ask it to stop, as a container engine does, and return its status."""
        self._process.terminate()
        return await self.wait()

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def lines(self) -> list[dict[str, Any]]:
        """Return its log so far, which is nothing but JSON lines."""
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def output(self) -> str:
        """Return all it wrote."""
        return self._log.read_text()


@asynccontextmanager
async def running(
    folder: Path, environment: Mapping[str, str], *arguments: str
) -> AsyncIterator[Process]:
    """Run `antbridge` in *folder*; in the end it is gone, whatever happened."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    log = folder / f"{next(_numbers)}-{arguments[0]}.log"
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            *arguments,
            cwd=folder,
            env={**kept, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
            stdout=output,
            stderr=output,
        )
    try:
        yield Process(process, log)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@asynccontextmanager
async def serving(
    folder: Path, environment: Mapping[str, str], *options: str
) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """Run `antbridge serve` until it says it is ready; return it and an operator's client."""
    port = free_port()
    async with (
        running(folder, environment, "serve", "--port", str(port), *options) as process,
        httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
        ) as client,
    ):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await _is_ready(client):
                assert not process.has_ended, process.output()
                await asyncio.sleep(0.05)
        yield process, client


async def _is_ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/health/ready")).status_code == 200
    except httpx.HTTPError:
        return False


async def until_closed(client: httpx.AsyncClient, order_id: str) -> dict[str, Any]:
    """Wait until the service shows an order closed and return it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await client.get(f"/api/orders/{order_id}")
            if answer.status_code == 200 and answer.json()["state"] == "closed":
                return dict(answer.json())
            await asyncio.sleep(0.05)
