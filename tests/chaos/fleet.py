"""
The service's processes, as a container engine keeps them: started, killed, started again.

Every process is known by its id and nothing else is ever killed; when the fleet is closed none
of them is left, frozen ones included.
"""

import asyncio
import contextlib
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
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
TEND_SECONDS = 0.05


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


class Fleet:
    """All processes of a test, of which those that are gone are started again."""

    def __init__(self, folder: Path, environment: Mapping[str, str], seed: int) -> None:
        self.replicas: dict[str, Replica] = {}
        self.random = random.Random(seed)
        self._folder = folder
        self._environment = dict(environment)
        self._killing: set[str] = set()

    async def start(self, name: str, *arguments: str, **environment: str) -> Replica:
        """Start a process under *name*, with some settings of its own."""
        replica = Replica(name, arguments, {**self._environment, **environment}, self._folder)
        self.replicas[name] = replica
        await replica.start()
        return replica

    async def start_ready(self, **commands: str) -> None:
        """Start one process for each command line, and wait until all are ready."""
        started = [await self.start(name, *line.split()) for name, line in commands.items()]
        await asyncio.gather(*(one.wait_until_ready() for one in started))

    @property
    def kills(self) -> int:
        """How often any process was killed."""
        return sum(one.kills for one in self.replicas.values())

    @property
    def own_exits(self) -> dict[str, list[int]]:
        """Which processes ended though nobody made them, and with what status."""
        return {name: one.own_exits for name, one in self.replicas.items() if one.own_exits}

    def by_pid(self, pid: int) -> Replica:
        """Return the replica whose process has this id."""
        return next(one for one in self.replicas.values() if one.pid == pid)

    async def kill(self, name: str) -> None:
        """Kill a process; it is started again a moment later."""
        replica = self.replicas[name]
        self._killing.add(name)
        try:
            await replica.kill()
            await replica.start()
        finally:
            self._killing.discard(name)

    async def kill_again_and_again(self, times: int, pause_seconds: tuple[float, float]) -> None:
        """Kill any process at any moment, also while it is starting."""
        for _ in range(times):
            await asyncio.sleep(self.random.uniform(*pause_seconds))
            await self.kill(self.random.choice(sorted(self.replicas)))

    async def stop(self) -> dict[str, int]:
        """Ask all that run to stop; return each one's status."""
        running = [one for one in self.replicas.values() if one.is_running]
        statuses = await asyncio.gather(*(one.stop() for one in running))
        return {one.name: status for one, status in zip(running, statuses, strict=True)}

    async def tend(self) -> None:
        """Start what ended by itself again, as a container engine does, for ever."""
        while True:
            await asyncio.sleep(TEND_SECONDS)
            for name, replica in list(self.replicas.items()):
                if replica.is_wanted and replica.has_ended and name not in self._killing:
                    replica.note_own_exit()
                    await replica.start()

    def last_words(self) -> str:
        """Return the end of every log."""
        return "\n".join(f"--- {n}\n{one.last_words()}" for n, one in self.replicas.items())


@contextlib.asynccontextmanager
async def run_fleet(
    folder: Path, environment: Mapping[str, str], seed: int | None = None
) -> AsyncIterator[Fleet]:
    """Keep a fleet while the block runs; afterwards none of its processes is left."""
    fleet = Fleet(folder, environment, time.time_ns() if seed is None else seed)
    tending = asyncio.create_task(fleet.tend())
    try:
        yield fleet
    finally:
        tending.cancel()
        await asyncio.gather(tending, return_exceptions=True)
        for replica in fleet.replicas.values():
            await replica.clear_away()
