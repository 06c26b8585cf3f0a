"""docs/go-live.md, followed with real processes: each command, and what one should see."""

import asyncio
import os
import re
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.demo.service import free_port
from tests.e2e.processes import Process, running

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "go-live.md"
ANY = "…"
PATIENCE_SECONDS = 120.0
LOOKS_AGAIN = ("curl -s http", "antbridge shadow", "antbridge doctor", "antbridge orders list")
"""What a reader repeats until it shows what it should; all else is done once."""
FINDS_DIFFERENCES = "antbridge shadow report"
PASSWORD = b"correct horse battery staple\n"
QUICK = {"SHIPMENT_POLL_SECONDS": "0.5", "WAREHOUSE_SETTLE_SECONDS": "1"}


@dataclass(frozen=True)
class Step:
    """A command of the page, and the lines it should show."""

    command: str
    shows: list[str] = field(default_factory=list)

    def is_shown(self, output: str) -> bool:
        """Say whether each line the page shows stands in *output*."""
        patterns = (".*".join(map(re.escape, line.split(ANY))) for line in self.shows)
        return all(re.search(f"^{one}$", output, re.MULTILINE) for one in patterns)


def read_steps(page: str) -> list[Step]:
    """Return the commands of the page's part about the sandbox, in order."""
    part = page.partition("\n## In the sandbox\n")[2].partition("\n## With the real companies\n")[0]
    steps: list[Step] = []
    for block in re.findall(r"^```console\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append(Step(line[2:]))
            elif line.startswith("> "):
                last = steps.pop()
                steps.append(Step(f"{last.command}\n{line[2:]}"))
            else:
                steps[-1].shows.append(line)
    return steps


class Reader:
    """Somebody with three terminals who does what the page says."""

    def __init__(self, folder: Path, stack: AsyncExitStack) -> None:
        self.reference = ""
        self._folder = folder
        self._stack = stack
        self._service: Process | None = None
        self._ports = {"8800": str(free_port()), "8000": str(free_port())}
        command = folder / "bin" / "antbridge"
        command.parent.mkdir()
        command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m app "$@"\n')
        command.chmod(0o700)
        path = f"{command.parent}:{os.environ['PATH']}"
        self._environment = {**QUICK, "PATH": path, "PYTHONPATH": str(ROOT)}

    async def follow(self, step: Step) -> None:
        """Do one step, with other ports than everybody's, until it shows what it should."""
        if step.command.startswith("antbridge simulate"):
            await self._start(step, "--shipping-delay", "0.5")
        elif step.command == "antbridge serve":
            if self._service is not None:
                self._service.interrupt()
                assert await self._service.wait() == 0, self._service.output()
            self._service = await self._start(step, "--port", self._ports["8000"])
        else:
            output = await self._do(step)
            if step.command == "antbridge orders list":
                self.reference = output.split()[0]

    async def _start(self, step: Step, *options: str) -> Process:
        _, *arguments = shlex.split(self._with_own_ports(step.command))
        process = await self._stack.enter_async_context(
            running(self._folder, self._environment, *arguments, *options)
        )
        wanted = Step(step.command, [self._with_own_ports(line) for line in step.shows])
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not wanted.is_shown(process.output()):
                assert not process.has_ended, process.output()
                await asyncio.sleep(0.05)
        return process

    async def _do(self, step: Step) -> str:
        command = self._with_own_ports(step.command).replace("REFERENCE", self.reference)
        wanted = int(step.command.startswith(FINDS_DIFFERENCES))
        output, status = "", -1
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                while True:
                    output, status = await self._run(command)
                    if status == wanted and step.is_shown(output):
                        return output
                    assert step.command.startswith(LOOKS_AGAIN), f"{command}: {status}\n{output}"
                    await asyncio.sleep(0.2)
        except TimeoutError:
            pytest.fail(f"{command} ended with {status} and showed\n{output}\nnot {step.shows}")

    async def _run(self, command: str) -> tuple[str, int]:
        kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            command,
            cwd=self._folder,
            env={**kept, **self._environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate(PASSWORD)
        return output.decode(), await process.wait()

    def _with_own_ports(self, text: str) -> str:
        for port, own in self._ports.items():
            text = re.sub(rf"\b{port}\b", own, text)
        return text


@asynccontextmanager
async def asking(folder: Path, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of the company whose address the setting *name* tells."""
    (url,) = re.findall(rf"^{name}=(.*)$", (folder / ".env").read_text(), re.MULTILINE)
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def warehouse_numbers(folder: Path) -> list[str]:
    """Return the external number of each order at the warehouse."""
    async with asking(folder, "ACTIVE_ANTS_BASE_URL") as http:
        shown: dict[str, Any] = (await http.get("/_simulator/orders")).json()
    return [str(one["external_order_number"]) for one in shown["orders"]]


async def test_page_leads_to_the_first_live_order_and_back(tmp_path: Path) -> None:
    """Whoever does what the page says sees what it says, to the first live order and back."""
    steps = read_steps(PAGE.read_text())
    commands = [step.command for step in steps]
    assert commands.count("antbridge doctor") == 3
    assert commands.count("antbridge serve") == 3
    async with AsyncExitStack() as stack:
        reader = Reader(tmp_path, stack)
        for step in steps:
            if step.command.startswith("curl -s -d 'carries=off'"):
                in_shadow = await warehouse_numbers(tmp_path)
            if step.command.startswith("antbridge pause accepting"):
                live = await warehouse_numbers(tmp_path)
                reference = reader.reference
            await reader.follow(step)
        numbers = await warehouse_numbers(tmp_path)

    assert len(in_shadow) == 5
    assert all(number.startswith("OLD-") for number in in_shadow)
    assert live == [*in_shadow, reference]
    assert numbers[: len(live)] == live
    assert len(numbers) == len(live) + 2
    assert all(number.startswith("OLD-") for number in numbers[len(live) :])
