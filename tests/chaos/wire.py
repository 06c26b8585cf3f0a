"""
Every call of the service as it arrives at a company, where a test can lie in wait for it.

A trap stops a call of a kind at a definite moment: when it has arrived and has no effect yet,
or when the company did what was asked and the answer has not left. What becomes of the call and
of the process behind it is the test's to decide.
"""

import asyncio
import json
from enum import StrEnum
from typing import Any

from app.simulator import SimulatedActiveAnts, SimulatedAnkorstore
from app.simulator.company import Company
from app.simulator.exchange import Answer, Ask
from app.simulator.losses import AnswerLost
from tests.chaos.scale import PATIENCE_SECONDS

CANCELLED = ("cancelled", "rejected")


class Moment(StrEnum):
    """When a trap closes."""

    SENT = "sent, no effect"
    TAKEN = "taken, not answered"
    ANSWERED = "answered"


class Trap:
    """Waits for one call of a kind."""

    def __init__(self, pattern: str, moment: Moment) -> None:
        self.pattern = pattern
        self.moment = moment
        self.order_id = ""
        self.answer: Answer | None = None
        self._caught = asyncio.Event()
        self._let_go = asyncio.Event()

    async def wait(self) -> None:
        """Wait until a call is in the trap."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._caught.wait()
        except TimeoutError:
            raise AssertionError(f"no call came to {self.pattern}") from None

    def let_go(self) -> None:
        """Let the call go on: one without effect is dropped, one taken gets its answer."""
        self._let_go.set()

    def close(self, order_id: str) -> None:
        """Note whose call was caught."""
        self.order_id = order_id
        self._caught.set()

    async def wait_for_release(self) -> None:
        """Hold the call."""
        await self._let_go.wait()


class Wire:
    """Stands before both companies, hears every call, and sees what must never happen."""

    def __init__(self, ankorstore: SimulatedAnkorstore, active_ants: SimulatedActiveAnts) -> None:
        self.problems: list[str] = []
        self._ankorstore = ankorstore
        self._active_ants = active_ants
        self._traps: list[Trap] = []
        self._last_shown: dict[str, str] = {}
        for company in (ankorstore, active_ants):
            self._stand_before(company)

    def trap(self, pattern: str, moment: Moment) -> Trap:
        """Lie in wait for the next call that fits ``METHOD /path``."""
        made = Trap(pattern, moment)
        self._traps.append(made)
        return made

    def spring_all(self) -> None:
        """Let go whatever is held; nothing is waited for any longer."""
        for trap in self._traps:
            trap.let_go()
        self._traps.clear()

    def _stand_before(self, company: Company) -> None:
        answer_ask = company.answer

        async def answer(ask: Ask, patience_seconds: float | None = None) -> Answer:
            self._look_at_call(company, ask)
            trap = next((one for one in self._traps if ask.matches(one.pattern)), None)
            if trap is None:
                answer = await answer_ask(ask, patience_seconds)
                self._look_at_answer(company, ask, answer)
                return answer
            self._traps.remove(trap)
            return await self._hold(trap, company, ask, answer_ask)

        company.answer = answer  # type: ignore[method-assign]

    async def _hold(self, trap: Trap, company: Company, ask: Ask, answer_ask: Any) -> Answer:
        order_id = self._order_of(company, ask)
        if trap.moment is Moment.SENT:
            trap.close(order_id)
            await trap.wait_for_release()
            raise AnswerLost("reset")
        answer: Answer = await answer_ask(ask)
        trap.answer = answer
        self._look_at_answer(company, ask, answer)
        if trap.moment is Moment.ANSWERED:
            asyncio.get_running_loop().call_soon(trap.close, order_id)
            return answer
        trap.close(order_id)
        await trap.wait_for_release()
        return answer

    def _order_of(self, company: Company, ask: Ask) -> str:
        """Return the id of the order a call is about, empty where it is about none."""
        if company is self._active_ants:
            is_create = ask.matches("POST */order/add")
            return str(json.loads(ask.body).get("extra1", "")) if is_create else ""
        if ask.matches("POST */confirm"):
            quote = self._ankorstore.quotes.get(ask.path.split("/")[-2])
            return quote.order_id if quote is not None else ""
        return next((part for part in ask.path.split("/") if part in self._ankorstore.orders), "")

    def _look_at_call(self, company: Company, ask: Ask) -> None:
        order_id = self._order_of(company, ask)
        if company is self._active_ants and order_id:
            shown = self._last_shown.get(order_id)
            if shown in CANCELLED:
                self.problems.append(f"order {order_id} placed after it was seen {shown}")
        if ask.matches("POST */confirm"):
            placed = self._active_ants.orders.values()
            for one in placed:
                if one.extras.get("extra1") == order_id and not one.is_complete:
                    number = one.external_order_number
                    self.problems.append(f"{number} confirmed before all was sent")

    def _look_at_answer(self, company: Company, ask: Ask, answer: Answer) -> None:
        """Remember in which status an order was shown last."""
        is_read = ask.matches("GET */api/v1/orders/*") or ask.matches("POST */transition")
        if company is self._ankorstore and is_read and answer.status == 200:
            order_id = self._order_of(company, ask)
            if order_id:
                self._last_shown[order_id] = self._ankorstore.orders[order_id].status
