"""The demo as the README tells it: kept up, signed in to, a waiting order found and fixed."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.integration.console import Browser, text_of

PATIENCE_SECONDS = 90.0
ORDER = re.compile(r'href="(/orders/[^"/?]+)"')
SEEN = re.compile(r'name="seen" value="([^"]*)"')


@dataclass
class Demo:
    """A demo under way, and what it has said so far."""

    process: asyncio.subprocess.Process
    said: str = field(default="")

    async def read_until(self, words: str) -> None:
        """Read on until it has said *words*."""
        assert self.process.stdout is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            while words not in self.said:
                line = await self.process.stdout.readline()
                assert line, self.said
                self.said += line.decode()

    async def end(self, signal_number: signal.Signals) -> int:
        """Have it end; return its exit status."""
        self.process.send_signal(signal_number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            rest, _ = await self.process.communicate()
        self.said += rest.decode()
        assert self.process.returncode is not None
        return self.process.returncode


@asynccontextmanager
async def demo(scratch: Path) -> AsyncIterator[Demo]:
    """Run `antbridge demo --keep` with *scratch* for its files; it is surely gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "app",
        "demo",
        "--keep",
        env={**os.environ, "TMPDIR": str(scratch), "PYTHONUNBUFFERED": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    running = Demo(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            await running.end(signal.SIGTERM)


def said_after(label: str, said: str) -> str:
    found = re.search(rf"{label}\s+(\S+)", said)
    assert found is not None, said
    return found[1]


async def fix_what_waits(browser: Browser) -> None:
    """Do as the README says, by the links and forms of the pages alone."""
    overview = await browser.get("/")
    assert "1 need a person" in text_of(overview)
    assert 'href="/attention"' in overview.text
    waiting = await browser.get("/attention")
    assert "SKU VASE-NEW: not a product there" in text_of(waiting)
    (order,) = ORDER.findall(waiting.text)
    page = await browser.get(order)
    form = f"{order}/do/correct"
    assert f'href="{form}">Correct what is sent' in page.text
    filled = await browser.get(form)
    fixed = await browser.send(
        form,
        form,
        seen=SEEN.findall(filled.text)[0],
        sku="VASE-NEW",
        warehouse_sku="BOWL-01",
        release="yes",
        reason="the vase is the bowl",
    )
    assert 'role="status"' in (await browser.follow(fixed)).text
    async with asyncio.timeout(PATIENCE_SECONDS):
        while "It is closed: completed." not in text_of(page):
            await asyncio.sleep(0.2)
            page = await browser.get(order)
    told = text_of(page)
    assert "SKU VASE-NEW corrected: is BOWL-01 at the warehouse" in told
    assert "by demo: the vase is the bowl" in told


async def test_the_readme_holds(tmp_path: Path) -> None:
    """With the printed name and password one order is fixed; Ctrl-C ends all and leaves nothing."""
    async with demo(tmp_path) as running:
        await running.read_until("Ctrl-C ends everything.")
        url = said_after("The console is open at", running.said).rstrip("/")
        name, password = (said_after(word, running.said) for word in ("  name", "  password"))
        async with httpx.AsyncClient(base_url=url, trust_env=False) as http:
            browser = Browser(http)
            signed_in = await browser.sign_in(name, password)
            assert signed_in.headers.get("location") == "/"
            await fix_what_waits(browser)

            status = await running.end(signal.SIGINT)

            with pytest.raises(httpx.ConnectError):
                await http.get("/health/live")

    assert (status, running.said.count("Stopped.")) == (0, 1)
    assert "Traceback" not in running.said
    assert os.listdir(tmp_path) == []


async def test_a_demo_ended_halfway_leaves_nothing(tmp_path: Path) -> None:
    """SIGTERM while orders are under way: it says so, and its service is gone too."""
    async with demo(tmp_path) as running:
        await running.read_until("ordered:")
        url = said_after("antbridge  ", running.said)

        status = await running.end(signal.SIGTERM)

    assert (status, running.said.count("Stopped.")) == (130, 1)
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(f"{url}/health/live")
    assert os.listdir(tmp_path) == []
