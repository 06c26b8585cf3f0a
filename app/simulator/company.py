"""
What both simulated companies have in common: time, faults, recorded calls, and the way in.

A subclass adds its routes and its refusals. Everything a company does later by itself (a parcel
leaving, a label being made, a request whose caller has gone) sits in one queue ordered by the
company's clock, so a test that moves the clock decides when it happens.
"""

import heapq
from abc import ABC, abstractmethod
from collections.abc import Callable
from random import Random

import httpx

from app.clock import Clock
from app.simulator.asgi import AsgiApp, CompanyApp
from app.simulator.exchange import JSON, Answer, Ask, Call, dump_json
from app.simulator.faults import FAULTS_WITH_EFFECT, Fault, FaultPlan, Faults
from app.simulator.losses import AnswerLost, ConnectionRefused
from app.simulator.routes import Routes
from app.simulator.transport import CompanyTransport

CONTROL_PREFIX = "/_simulator/"


class Company(ABC):
    """A small stateful server. Subclasses own the state and fill ``routes``."""

    def __init__(self, *, clock: Clock, seed: int, base_url: str, keep_calls: bool) -> None:
        self.clock = clock
        self.base_url = base_url.rstrip("/")
        self.random = Random(f"{seed}-{type(self).__name__}")  # noqa: S311 - must be repeatable
        # Faults draw from numbers of their own, so that they change nothing but the faults.
        fault_random = Random(f"{seed}-{type(self).__name__}-faults")  # noqa: S311 - as above
        self.faults = Faults(fault_random)
        self.calls: list[Call] = []
        self.routes = Routes()
        self.control = Routes()
        self.app: AsgiApp = CompanyApp(self)
        self._keep_calls = keep_calls
        self._later: list[tuple[float, int, Callable[[], None]]] = []
        self._later_count = 0

    def transport(self) -> httpx.AsyncBaseTransport:
        """Return an httpx transport that reaches this company in process."""
        return CompanyTransport(self)

    def calls_to(self, pattern: str) -> list[Call]:
        """Return the recorded calls that fit ``METHOD /path``, such as ``POST */confirm``."""
        return [call for call in self.calls if call.matches(pattern)]

    def do_later(self, seconds: float, effect: Callable[[], None]) -> None:
        """Let *effect* happen by itself once the clock has moved *seconds* on."""
        self._later_count += 1
        due_at = self.clock.now().timestamp() + seconds
        heapq.heappush(self._later, (due_at, self._later_count, effect))

    def catch_up(self) -> None:
        """Do everything that was due by now, in the order it was due."""
        while self._later and self._later[0][0] <= self.clock.now().timestamp():
            _, _, effect = heapq.heappop(self._later)
            effect()

    async def answer(self, ask: Ask, patience_seconds: float | None = None) -> Answer:
        """
        Answer one request, with the faults that are due.

        *patience_seconds* is how long the caller waits before it gives up.

        Raises:
            AnswerLost: The caller hears nothing; whether the effect happened depends.
            ConnectionRefused: The caller never got through.
        """
        self.catch_up()
        if ask.path.startswith(CONTROL_PREFIX):
            return self._answer_control(ask)
        plan = self.faults.draw(ask) if self.faults.plans else None
        if plan is None:
            answer = self.respond(ask)
            self.record(ask, answer.status, None)
            return answer
        if plan.fault is Fault.LATENCY:
            return await self._answer_late(plan, ask, patience_seconds)
        if plan.fault in FAULTS_WITH_EFFECT:
            return self._spoil(plan, ask, self.respond(ask))
        return self._refuse(plan, ask)

    @abstractmethod
    def respond(self, ask: Ask) -> Answer:
        """Do what *ask* wants and return the answer; the subclass decides."""

    @abstractmethod
    def refusal(self, status: int, headers: list[tuple[str, str]] | None = None) -> Answer:
        """Return this company's way of saying *status*; the subclass decides."""

    def record(self, ask: Ask, status: int | None, fault: Fault | None) -> None:
        """Remember a call, unless this company keeps none."""
        if self._keep_calls:
            self.calls.append(
                Call(
                    ask.method,
                    ask.path,
                    ask.query_string,
                    status,
                    self.clock.now(),
                    fault,
                    ask.body,
                )
            )

    async def _answer_late(
        self, plan: FaultPlan, ask: Ask, patience_seconds: float | None
    ) -> Answer:
        # The effect is queued first: a caller that gives up, or is cancelled while it waits,
        # cannot take its request back.
        answers: list[Answer] = []

        def take_effect() -> None:
            answers.append(self.respond(ask))
            self.record(ask, answers[0].status, plan.fault)

        self.do_later(plan.seconds, take_effect)
        if patience_seconds is not None and patience_seconds < plan.seconds:
            await self.clock.sleep(patience_seconds)
            raise AnswerLost("timeout")
        await self.clock.sleep(plan.seconds)
        while not answers:  # a real clock may wake a moment early
            self.catch_up()
            if not answers:
                await self.clock.sleep(0.001)
        return answers[0]

    def _spoil(self, plan: FaultPlan, ask: Ask, answer: Answer) -> Answer:
        match plan.fault:
            case Fault.LOSE_ANSWER_AFTER:
                self.record(ask, None, plan.fault)
                raise AnswerLost(plan.surface)
            case Fault.SERVER_ERROR_AFTER:
                answer = self.refusal(plan.status)
            case Fault.TRUNCATE_BODY:
                half = answer.body[: max(1, len(answer.body) // 2)]
                answer = Answer(answer.status, half, answer.content_type, answer.headers)
            case Fault.NOT_JSON:
                page = b"<html><body><h1>Please stand by</h1></body></html>"
                answer = Answer(answer.status, page, "text/html", answer.headers)
            case Fault.WRONG_TYPE:
                odd = dump_json(["unexpected"])
                answer = Answer(answer.status, odd, answer.content_type, answer.headers)
            case _:
                answer = Answer(answer.status, b"", answer.content_type, answer.headers)
        self.record(ask, answer.status, plan.fault)
        return answer

    def _refuse(self, plan: FaultPlan, ask: Ask) -> Answer:
        match plan.fault:
            case Fault.REFUSE_CONNECTION:
                self.record(ask, None, plan.fault)
                raise ConnectionRefused
            case Fault.LOSE_ANSWER_BEFORE:
                self.record(ask, None, plan.fault)
                raise AnswerLost(plan.surface)
            case Fault.TOO_MANY_REQUESTS:
                answer = self.refusal(429, self.wait_headers(plan.seconds))
            case Fault.TOO_MANY_REQUESTS_UNSAID:
                answer = self.refusal(429)
            case Fault.UNAUTHORIZED:
                answer = self.refusal(401)
            case _:
                answer = self.refusal(plan.status)
        self.record(ask, answer.status, plan.fault)
        return answer

    def wait_headers(self, seconds: float) -> list[tuple[str, str]]:
        """Return the headers that tell a caller how long to wait."""
        return [("retry-after", str(max(0, round(seconds))))]

    def _answer_control(self, ask: Ask) -> Answer:
        handler = self.control.find(ask)
        if handler is None:
            return Answer(404, dump_json({"error": "no such control"}), JSON)
        try:
            return handler(ask)
        except (LookupError, TypeError, ValueError) as refused:
            return Answer(400, dump_json({"error": f"{type(refused).__name__}: {refused}"}), JSON)
