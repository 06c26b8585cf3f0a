"""
The way in for a client in the same process: httpx without sockets.

Lost answers come out as the errors httpx raises on a real network, so the code under test needs
no other path for them.
"""

import asyncio
from typing import TYPE_CHECKING

import httpx

from app.simulator.exchange import Ask
from app.simulator.losses import AnswerLost, ConnectionRefused

if TYPE_CHECKING:
    from app.simulator.company import Company


class CompanyTransport(httpx.AsyncBaseTransport):
    """Calls a company directly."""

    def __init__(self, company: "Company") -> None:
        self._company = company

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """
        Return the company's answer to *request*.

        Raises:
            httpx.ConnectError: The connection was refused.
            httpx.ReadError: The answer was lost.
            httpx.ReadTimeout: The answer did not come in time.
        """
        path, _, query = request.url.raw_path.partition(b"?")
        ask = Ask(
            method=request.method,
            path=path.decode("ascii"),
            query_string=query.decode("ascii"),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.aread(),
        )
        # A real exchange lets other tasks run before and after the effect.
        await asyncio.sleep(0)
        timeouts = request.extensions.get("timeout") or {}
        try:
            answer = await self._company.answer(ask, timeouts.get("read"))
        except ConnectionRefused as refused:
            raise httpx.ConnectError("connection refused", request=request) from refused
        except AnswerLost as lost:
            if lost.surface == "timeout":
                raise httpx.ReadTimeout("no answer in time", request=request) from lost
            raise httpx.ReadError("connection reset by peer", request=request) from lost
        await asyncio.sleep(0)
        return httpx.Response(
            answer.status, headers=answer.wire_headers(), content=answer.body, request=request
        )
