"""
The service's processes, as a container engine keeps them: started, killed, started again.

Every process is known by its id and nothing else is ever killed; when the fleet is closed none
of them is left, frozen ones included.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from tests.chaos.replica import Replica

TEND_SECONDS = 0.05


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
    folder: Path, environment: Mapping[str, str], seed: int
) -> AsyncIterator[Fleet]:
    """Keep a fleet while the block runs; afterwards none of its processes is left."""
    fleet = Fleet(folder, environment, seed)
    tending = asyncio.create_task(fleet.tend())
    try:
        yield fleet
    finally:
        tending.cancel()
        await asyncio.gather(tending, return_exceptions=True)
        for replica in fleet.replicas.values():
            await replica.clear_away()
