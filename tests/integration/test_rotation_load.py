"""
Secrets change while events pour in over real sockets: none is refused, none is taken twice.

`make rotation SECONDS=60` plays it for longer.
"""

import asyncio
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import httpx
import pytest
import uvicorn
from sqlalchemy import func, select
from structlog.testing import capture_logs

import app.main as main_module
from app.clock import SystemClock
from app.main import create_app
from app.simulator.ankorstore.outbox import AT_ONCE_MAX
from app.simulator.ankorstore.people import make_id
from app.store.models import Event, Order
from app.store.session import Store
from app.web.bounded_http import BoundedHttpProtocol
from tests.integration.subscribing import KEY, Keeping
from tests.integration.web import web_settings

SECONDS = float(os.environ.get("ROTATION_SECONDS", "10"))
EVENTS_PER_SECOND = 200
ROTATE_EVERY_SECONDS = 5.0
LATE_SECONDS = 0.3


@contextmanager
def served(database_url: str) -> Iterator[str]:
    """Serve a web part that knows no secret but those in the database; return its address."""
    settings = web_settings(database_url, ankorstore_webhook_secrets="", encryption_key=KEY)
    config = uvicorn.Config(
        create_app(settings, with_worker=False),
        host="127.0.0.1",
        port=0,
        http=BoundedHttpProtocol,
        log_config=None,
        access_log=False,
    )
    server = uvicorn.Server(config)
    listening = config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    with patch.object(main_module, "gc"):  # a process full of tests takes long to collect
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listening.close()


class _Late(httpx.AsyncBaseTransport):
    """A company whose answers are long on their way: it signs before anybody knows with what."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await asyncio.sleep(LATE_SECONDS)
        return response


async def _pour(keeping: Keeping, enough: asyncio.Event) -> None:
    """Emit an event every few milliseconds, or as fast as this machine has them delivered."""
    outbox = keeping.ankorstore.outbox
    began = asyncio.get_running_loop().time()
    emitted = 0
    while not enough.is_set():
        behind = (asyncio.get_running_loop().time() - began) * EVENTS_PER_SECOND - emitted
        under_way = sum(one.is_waiting for one in outbox.deliveries[-2 * AT_ONCE_MAX :])
        if behind >= 1 and under_way < AT_ONCE_MAX:
            order_id = make_id(keeping.ankorstore.random)
            data = {"type": "orders", "id": order_id}
            outbox.emit("order.brand_created", order_id, {"data": data})
            emitted += 1
        await asyncio.sleep(0 if behind > 2 else 1 / EVENTS_PER_SECOND)


async def _deliver(keeping: Keeping, poured: "asyncio.Task[None]") -> None:
    """Make every first attempt."""
    outbox = keeping.ankorstore.outbox
    while not poured.done() or any(o.is_waiting and not o.attempts for o in outbox.deliveries):
        await outbox.deliver_due()
        await asyncio.sleep(0.001)


@pytest.mark.long("sqlite")
async def test_no_delivery_is_refused_and_none_doubled(
    real_time_store: Store, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every delivery is answered 200 at the first try, and every event is there once."""
    store = real_time_store
    keeping = Keeping(store, SystemClock())
    outbox = keeping.ankorstore.outbox
    keeping.brands.events = ("order.brand_paid",)
    transport = keeping.ankorstore.transport
    monkeypatch.setattr(keeping.ankorstore, "transport", lambda: _Late(transport()))
    enough = asyncio.Event()
    rotations = max(2, round(SECONDS / ROTATE_EVERY_SECONDS))
    with capture_logs(), served(database_url) as address:
        keeping.settings["public_url"] = address
        async with keeping.keeper() as keeper:
            await keeper.register(by="ann")
            pouring = asyncio.create_task(_pour(keeping, enough))
            delivering = asyncio.create_task(_deliver(keeping, pouring))
            loop = asyncio.get_running_loop()
            for _ in range(rotations):
                began = loop.time()
                await keeper.rotate(by="ann", overlap_seconds=1.0, keeps_old_secret=True)
                await asyncio.sleep(max(0.0, began + ROTATE_EVERY_SECONDS - loop.time()))
            enough.set()
            await asyncio.gather(pouring, delivering)
        await outbox.aclose()
    statuses = Counter(
        attempt.status for one in outbox.deliveries if one.url for attempt in one.attempts
    )
    ids = {one.event_id for one in outbox.deliveries}
    signed_by = {one.signature for one in outbox.deliveries if one.url}
    async with store.read() as connection:
        stored = (await connection.execute(select(Event.event_id))).scalars().all()
        orders = (await connection.execute(select(func.count()).select_from(Order))).scalar_one()
    print(f"{rotations} rotations, {len(ids)} events, {sum(statuses.values())} deliveries")
    assert set(statuses) == {200}, statuses
    assert len(signed_by) > len(ids) > 100, "for a while two subscriptions told the same"
    assert sorted(stored) == sorted(ids)
    assert orders == len(ids)
