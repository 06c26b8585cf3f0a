"""`antbridge simulate` and a service that follows its clock, as real processes."""

import asyncio
import re
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from tests.e2e.processes import (
    PATIENCE_SECONDS,
    TOKEN,
    Process,
    running,
    serving,
    until_closed,
)

DAY = timedelta(days=1)


@asynccontextmanager
async def simulating(
    folder: Path, *options: str
) -> AsyncIterator[tuple[Process, httpx.AsyncClient]]:
    """Run `antbridge simulate` until it says where its page is; return it and a visitor."""
    async with running(folder, {}, "simulate", *options) as process:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while "Ctrl-C" not in process.output():
                assert not process.has_ended, process.output()
                await asyncio.sleep(0.05)
        (url,) = re.findall(r"page: (http://[^/\s]+)", process.output())
        async with httpx.AsyncClient(base_url=url, trust_env=False) as visitor:
            yield process, visitor


async def test_order_of_the_page_is_carried_and_the_clock_moved(tmp_path: Path) -> None:
    """With the settings it wrote a service takes the page's orders, and lives a day in a second."""
    environment = {"OPERATOR_TOKEN": TOKEN, "SHIPMENT_POLL_SECONDS": "0.5"}
    options = ("--webhook-url", "", "--shipping-delay", "0", "--write-env", ".env")
    async with (
        simulating(tmp_path, *options) as (sandbox, page),
        serving(tmp_path, environment) as (service, client),
    ):
        hook = f"{client.base_url}/webhooks/ankorstore"
        await page.post("/set/webhook-url", data={"url": hook})
        await page.post("/orders", data={"kind": "plain", "count": 1})
        (order_id,) = set(re.findall(r"/orders/([0-9a-f-]{36})", (await page.get("/")).text))
        closed = await until_closed(client, order_id)
        before = await _last_reconcile(client)
        moved = await page.post("/set/clock", data={"count": 1, "unit": "days"})
        after = before
        async with asyncio.timeout(PATIENCE_SECONDS):
            while after < before + DAY:
                await asyncio.sleep(0.1)
                after = await _last_reconcile(client)
        assert await service.terminate() == 0
        sandbox.interrupt()
        assert await sandbox.wait() == 0

    assert (closed["outcome"], closed["found_by"]) == ("completed", "webhook")
    assert moved.status_code == 303
    assert abs(after - datetime.now(UTC) - DAY) < timedelta(minutes=2)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "Traceback" not in sandbox.output()


async def _last_reconcile(client: httpx.AsyncClient) -> datetime:
    schedules = (await client.get("/status")).json()["schedules"]
    return datetime.fromisoformat(schedules["reconcile"]["last_run_at"])
