"""The real service as a process of its own, on a throw-away database, seen through its API."""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

START_SECONDS = 30.0
STOP_SECONDS = 15.0


class ServiceFailed(Exception):
    """The service did not come up, or went away; the text has its last words."""


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RunningService:
    """`antbridge serve`, and what operators see of it."""

    def __init__(
        self,
        port: int,
        process: asyncio.subprocess.Process,
        folder: Path,
        environment: Mapping[str, str],
    ) -> None:
        """Know the *process*, and what every further command must be started with."""
        self._folder, self._environment = folder, environment
        token = environment["OPERATOR_TOKEN"]
        self.url = f"http://127.0.0.1:{port}"
        self._process = process
        self._http = httpx.AsyncClient(
            base_url=self.url,
            headers={"Authorization": f"Bearer {token}"},
            timeout=5,
            trust_env=False,
        )

    @property
    def has_died(self) -> bool:
        """Whether the process ended by itself."""
        return self._process.returncode is not None

    async def read(self, path: str) -> dict[str, Any] | None:
        """Return the JSON at *path*, None where there is none (yet)."""
        try:
            response = await self._http.get(path)
        except httpx.HTTPError:
            return None
        body: dict[str, Any] = response.json()
        return body if response.status_code == 200 else None

    async def post(self, path: str, body: dict[str, Any]) -> None:
        """
        Tell the service what a person decided.

        Raises:
            ServiceFailed: It refused, which it has no reason to here.
        """
        response = await self._http.post(path, json=body)
        if response.status_code != 200:
            raise ServiceFailed(f"{path} answered {response.status_code}: {response.text[:300]}")

    async def add_operator(self, name: str, password: str) -> None:
        """
        Let somebody in to the console, as whoever runs the service does.

        Raises:
            ServiceFailed: The command failed.
        """
        command = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "operators", "add", name),
            cwd=self._folder,
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        _, words = await command.communicate(f"{password}\n".encode())
        if command.returncode != 0:
            raise ServiceFailed(f"no operator could be added: {words.decode(errors='replace')}")

    async def wait_until_ready(self) -> None:
        """Wait until the service says it can work."""
        try:
            async with asyncio.timeout(START_SECONDS):
                while await self.read("/health/ready") is None:
                    if self.has_died:
                        raise ServiceFailed("the service stopped while starting")
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise ServiceFailed(f"the service was not ready in {START_SECONDS:.0f} s") from None

    async def wait_until_dead(self) -> None:
        """Wait until the process ends by itself."""
        await self._process.wait()

    async def stop(self) -> None:
        """End the process gently, then surely."""
        await self._http.aclose()
        if self.has_died:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def run_service(
    folder: Path, environment: Mapping[str, str], port: int
) -> AsyncIterator[RunningService]:
    """
    Run the service in *folder* with nothing but *environment* for settings.

    Raises:
        ServiceFailed: It did not come up.
    """
    token = secrets.token_urlsafe(24)
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    whole = {**kept, **environment, "OPERATOR_TOKEN": token}
    with (folder / "service.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "app",
            "serve",
            "--port",
            str(port),
            cwd=folder,
            env=whole,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        service = RunningService(port, process, folder, whole)
        try:
            await service.wait_until_ready()
            yield service
        except ServiceFailed as failure:
            words = (folder / "service.log").read_text(errors="replace").strip().splitlines()
            raise ServiceFailed("\n".join([str(failure), *words[-5:]])) from None
        finally:
            await service.stop()
