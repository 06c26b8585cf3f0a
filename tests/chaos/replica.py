"""One process of the service: started as a user does, and ended in every way there is."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

from app.demo.service import free_port
from tests.chaos.launch import STARTED_BY
from tests.chaos.patience import wait_until

TREE = Path(__file__).parents[2]
LAUNCHER = Path(__file__).with_name("launch.py")
READY_SECONDS = 60.0
STOP_SECONDS = 30.0


class Replica:
    """One process of the service, and the ones that replaced it."""

    def __init__(
        self, name: str, arguments: tuple[str, ...], environment: Mapping[str, str], folder: Path
    ) -> None:
        self.name = name
        self.port = free_port() if arguments[0] == "serve" else None
        self.is_wanted = True
        """Whether it is started again when it is gone."""
        self.kills = 0
        self.own_exits: list[int] = []
        """The statuses with which it ended though nobody made it."""
        self.on_start: Callable[[int], None] = lambda pid: None
        at_port = ("--port", str(self.port)) if self.port else ()
        self._command = (*arguments, *at_port)
        self._environment = dict(environment)
        self._folder = folder
        self._log = folder / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """The id of the process that runs, or ran last."""
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def is_running(self) -> bool:
        """Whether its process exists."""
        return self._process is not None and self._process.returncode is None

    @property
    def has_ended(self) -> bool:
        """Whether it had a process that is gone."""
        return self._process is not None and self._process.returncode is not None

    async def start(self) -> None:
        """Start a process."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            str(LAUNCHER),
            *self._command,
            cwd=self._folder,
            env={
                **kept,
                "PYTHONPATH": str(TREE),
                **self._environment,
                STARTED_BY: str(os.getpid()),
            },
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the tests, which end it themselves
        )
        self.on_start(self._process.pid)
        assert self._process.stdout is not None
        # A pipe, as a container engine uses one: a full disk must not stop the log.
        self._pump = asyncio.create_task(self._keep_log(self._process.stdout))

    async def kill(self) -> None:
        """Kill it as a power cut does (`kill -9`)."""
        if self.is_running:
            self.kills += 1
            await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop, as a container engine does; return its status."""
        self.is_wanted = False
        return await self._end(signal.SIGTERM)

    async def wait_for_end(self) -> int:
        """Wait until it is gone by itself and return its status."""
        assert self._process is not None
        self.is_wanted = False
        async with asyncio.timeout(STOP_SECONDS):
            return await self._process.wait()

    def freeze(self) -> None:
        """Let it stand still (SIGSTOP)."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on (SIGCONT)."""
        os.kill(self.pid, signal.SIGCONT)

    async def clear_away(self) -> None:
        """Make sure that nothing of it is left."""
        self.is_wanted = False
        if self.is_running:
            await self._end(signal.SIGKILL)

    async def wait_until_ready(self) -> None:
        """Wait until it can work: by its own word, or for a worker by its log."""
        try:
            async with asyncio.timeout(READY_SECONDS):
                while not await self._is_ready():  # noqa: ASYNC110 - no event to wait on
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{self.name} is not ready:\n{self.last_words()}") from None

    async def wait_for_line(self, event: str, count: int) -> None:
        """Wait until it has logged *event* so many times."""
        await wait_until(
            lambda: self.count(event) >= count,
            lambda: f"no {event} of {self.name}:\n{self.last_words()}",
        )

    async def _is_ready(self) -> bool:
        if self.port is None:
            return any(line.get("event") == "worker.started" for line in self.lines_of_present())
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                return (await client.get(f"{self.url}/health/ready")).status_code == 200
        except httpx.HTTPError:
            return False

    def lines(self) -> list[dict[str, Any]]:
        """Return what all its processes logged; the last line of a killed one may be torn."""
        found = []
        for line in self._text().splitlines():
            with contextlib.suppress(ValueError):
                found.append(json.loads(line))
        return [line for line in found if isinstance(line, dict)]

    def lines_of_present(self) -> list[dict[str, Any]]:
        """Return what the present process logged."""
        return [line for line in self.lines() if f"-{self.pid}-" in str(line.get("worker_id"))]

    def count(self, event: str) -> int:
        """Return how often it logged *event*."""
        return sum(line.get("event") == event for line in self.lines())

    def last_words(self, count: int = 8) -> str:
        """Return the end of its log."""
        return "\n".join(self._text().splitlines()[-count:])

    def _text(self) -> str:
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    async def _end(self, signal_number: signal.Signals) -> int:
        process = self._process
        assert process is not None
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal_number)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                status = await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError(f"{self.name} did not end:\n{self.last_words()}") from None
        if self._pump is not None:
            await asyncio.wait([self._pump], timeout=STOP_SECONDS)
        return status

    async def _keep_log(self, output: asyncio.StreamReader) -> None:
        with self._log.open("ab", buffering=0) as log:
            while chunk := await output.read(65536):
                log.write(chunk)

    def note_own_exit(self) -> None:
        """Remember that it ended by itself."""
        assert self._process is not None
        assert self._process.returncode is not None
        self.own_exits.append(self._process.returncode)
