"""What a life has of its own: the way of a webhook to the process, and a worker that is deaf."""

import asyncio
from typing import TYPE_CHECKING

import httpx

from app.worker import Worker
from tests.crashes.points import DELIVERY_FATES
from tests.simulation.process import current_process

if TYPE_CHECKING:
    from tests.crashes.life import Life


class Doorbell(httpx.AsyncBaseTransport):
    """Rings at whichever process lives; what that does about it dies with it."""

    def __init__(self, life: "Life") -> None:
        self._life = life

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        life = self._life
        process = life.processes["web"]
        if not process.is_alive or life.receiver is None:
            raise httpx.ConnectError("nobody there", request=request)
        fate = life.take_delivery(DELIVERY_FATES)
        if fate == "lost-before":
            raise httpx.ReadError("never arrived", request=request)
        inner = httpx.ASGITransport(app=life.receiver)
        token = current_process.set(process)
        try:
            task = life.loop.create_task(inner.handle_async_request(request))
        finally:
            current_process.reset(token)
        await asyncio.wait([task])
        # An answer given before the death counts, even where the process died at once after it.
        is_dead = task.cancelled() or task.exception() is not None
        if is_dead or fate == "lost-after":
            raise httpx.ReadError("no answer", request=request)
        life.note(f"{process.name} answers a webhook with {task.result().status_code}")
        return task.result()


class DeafWorker(Worker):
    """
    The real worker, but it hears no notification of PostgreSQL.

    One that is lost costs a moment, and here time is virtual.
    """

    async def _listen(self) -> None:
        await asyncio.Event().wait()
