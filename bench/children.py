"""Child processes that answer one line of JSON with one line of JSON, and the service itself."""

import asyncio
import json
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

START_SECONDS = 60.0
STOP_SECONDS = 45.0
ANSWER_SECONDS = 120.0
LINE_BYTES = 64 * 1024 * 1024
READY_LOOK_SECONDS = 0.01
WEBHOOK_SECRET = "bench-webhook-secret"
_METRIC = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {**kept, **extra}


async def _end(process: asyncio.subprocess.Process) -> None:
    """End one child gently, then surely."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


class Child:
    """A module of this package as a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, **question: Any) -> dict[str, Any]:
        """Send one question and return the answer."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(question).encode() + b"\n")
        await stdin.drain()
        async with asyncio.timeout(ANSWER_SECONDS):
            line = await stdout.readline()
        if not line:
            raise RuntimeError("a process of the benchmark went away")
        answer: dict[str, Any] = json.loads(line)
        return answer


@asynccontextmanager
async def run_child(module: str) -> AsyncIterator[Child]:
    """Run *module* until the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
        start_new_session=True,
    )
    try:
        yield Child(process)
    finally:
        await _end(process)


class Service:
    """`antbridge serve` as a user starts it, seen through its health, status and metrics."""

    def __init__(self, port: int, process: asyncio.subprocess.Process) -> None:
        self.port = port
        self.seconds_to_ready = 0.0
        self._process = process
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{port}", timeout=30, trust_env=False
        )

    async def wait_until_ready(self, started: float) -> None:
        """Wait for /health/ready and note how long it took since *started*."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                if self._process.returncode is not None:
                    raise RuntimeError("the service stopped while starting")
                try:
                    if (await self._http.get("/health/ready")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(READY_LOOK_SECONDS)
        self.seconds_to_ready = time.perf_counter() - started

    async def status(self) -> dict[str, Any]:
        """Return what /status says."""
        answer: dict[str, Any] = (await self._http.get("/status")).json()
        return answer

    async def wait_until_settled(self) -> None:
        """Wait until the jobs a worker does first are done, so that they are not measured."""
        async with asyncio.timeout(START_SECONDS):
            while True:
                jobs = (await self.status())["schedules"]
                if all(jobs[name]["last_run_at"] for name in ("reconcile", "warehouse_settings")):
                    return
                await asyncio.sleep(0.1)

    async def metric(self, name: str, **labels: str) -> dict[str, float]:
        """Return the values of one metric, added up by the label `operation`."""
        totals: dict[str, float] = {}
        for line in (await self._http.get("/metrics")).text.splitlines():
            found = _METRIC.match(line)
            if found is None or found[1] != name:
                continue
            given = dict(_LABEL.findall(found[2] or ""))
            if all(given.get(key) == value for key, value in labels.items()):
                key = given.get("operation", "")
                totals[key] = totals.get(key, 0.0) + float(found[3])
        return totals

    def resident_mib(self) -> float:
        """Return the memory the process holds now."""
        return float(psutil.Process(self._process.pid).memory_info().rss) / 2**20

    async def close(self) -> None:
        """Close the connections and end the process."""
        await self._http.aclose()
        await _end(self._process)


@asynccontextmanager
async def run_service(
    folder: Path, environment: Mapping[str, str], *, with_worker: bool
) -> AsyncIterator[Service]:
    """Run the service in *folder*, its log in a file there, until the block ends."""
    port = free_port()
    needed = {
        "ANKORSTORE_CLIENT_ID": "none",
        "ANKORSTORE_CLIENT_SECRET": "none",
        "ANKORSTORE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        "ACTIVE_ANTS_USERNAME": "none",
        "ACTIVE_ANTS_PASSWORD": "none",
        "OPERATOR_TOKEN": secrets.token_urlsafe(24),
    }
    command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
    with (folder / "service.log").open("ab") as log:
        started = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *command,
            *([] if with_worker else ["--no-worker"]),
            cwd=folder,
            env=_environment({**needed, **environment}),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        service = Service(port, process)
        try:
            await service.wait_until_ready(started)
            yield service
        finally:
            await service.close()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
