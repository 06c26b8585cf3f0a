"""
The network between the processes and the companies, with every fate a message can have.

A request that was sent goes its own way: its effect may come after the sender has given up, or
died. The fate of each exchange is drawn from the seed.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

import httpx

from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask
from app.simulator.faults import Fault, FaultPlan
from app.simulator.losses import AnswerLost, ConnectionRefused
from tests.simulation.process import Process, current_process


@dataclass(frozen=True, slots=True)
class Fate:
    """
    What becomes of one exchange.

    *out_seconds* pass before the company acts and *back_seconds* before the answer is there.
    *is_refused*: no connection. *is_lost_out*: the request never arrives. *is_lost_back*: the
    answer never comes; a *reset* tells the sender so, silence lets it run into its timeout.
    *fault* is a company's own misbehaviour. *disorder* spoils a page of the shipments feed.
    """

    out_seconds: float = 0.01
    back_seconds: float = 0.01
    is_refused: bool = False
    is_lost_out: bool = False
    is_lost_back: bool = False
    resets: bool = True
    fault: Fault | None = None
    fault_status: int = 500
    fault_seconds: float = 1.0
    disorder: Callable[[bytes], bytes] | None = None


class Wire(httpx.AsyncBaseTransport):
    """One process's way to one company."""

    def __init__(
        self,
        company: Company,
        process: Process,
        draw: Callable[[Process, Company, Ask], Fate],
        on_sent: Callable[[Process, Company, Ask], None],
        on_answer: Callable[[Process, Company, Ask, Answer | None], None],
        trace: Callable[[str], None],
    ) -> None:
        self._company = company
        self._process = process
        self._draw = draw
        self._on_sent = on_sent
        self._on_answer = on_answer
        self._trace = trace

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._process.point("before send")
        path, _, query = request.url.raw_path.partition(b"?")
        ask = Ask(
            method=request.method,
            path=path.decode("ascii"),
            query_string=query.decode("ascii"),
            headers={name.lower(): value for name, value in request.headers.items()},
            body=await request.aread(),
        )
        fate = self._draw(self._process, self._company, ask)
        if fate.is_refused:
            self._note(ask, "refused")
            raise httpx.ConnectError("refused", request=request)
        self._on_sent(self._process, self._company, ask)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        token = current_process.set(None)  # what is sent outlives its sender
        try:
            asyncio.get_running_loop().create_task(self._exchange(ask, fate, answered))
        finally:
            current_process.reset(token)
        try:
            answer = await answered
        except ConnectionResetError:
            self._process.point("after lost answer")
            raise httpx.ReadError("reset", request=request) from None
        await self._process.stand_still()
        self._process.point("after answer")
        self._on_answer(self._process, self._company, ask, answer)
        body = fate.disorder(answer.body) if fate.disorder is not None else answer.body
        return httpx.Response(
            answer.status, headers=answer.wire_headers(), content=body, request=request
        )

    async def _exchange(self, ask: Ask, fate: Fate, answered: "asyncio.Future[Answer]") -> None:
        await asyncio.sleep(fate.out_seconds)
        if fate.is_lost_out:
            self._note(ask, "never arrived")
            _lose(answered, fate)
            return
        answer: Answer | None = None
        self._company.faults.plans = (
            [FaultPlan("*", fate.fault, status=fate.fault_status, seconds=fate.fault_seconds)]
            if fate.fault is not None
            else []
        )
        try:
            answer = await self._company.answer(ask)
        except (AnswerLost, ConnectionRefused):
            pass
        finally:
            self._company.faults.plans = []
        lost = " lost" if fate.is_lost_back or answer is None else ""
        self._note(ask, f"{answer.status if answer else '-'}{lost} {fate.fault or ''}".strip())
        await asyncio.sleep(fate.back_seconds)
        if answer is None or fate.is_lost_back:
            _lose(answered, fate)
        elif not answered.done():
            answered.set_result(answer)

    def _note(self, ask: Ask, what: str) -> None:
        self._trace(f"{self._process.name} {ask.method} {ask.path} → {what}")


def _lose(answered: "asyncio.Future[Any]", fate: Fate) -> None:
    if fate.resets and not answered.done():
        answered.set_exception(ConnectionResetError())


def disorder_page(random: Random, body: bytes) -> bytes:
    """Return a page of shipments in another order, with rows left out and rows twice."""
    try:
        document = json.loads(body)
        rows = document["result"]
    except (ValueError, KeyError, TypeError):
        return body
    if not isinstance(rows, list) or not rows:
        return body
    kept = [row for row in rows if random.random() < 0.7]
    repeated = [row for row in kept if random.random() < 0.3]
    document["result"] = random.sample([*kept, *repeated], len(kept) + len(repeated))
    return json.dumps(document).encode()
