"""
What can go wrong between a caller and a company, and when it does.

A fault is chosen before the request has any effect; its name says whether the effect happens.
How a lost answer looks to the caller is decided by the transport or the ASGI app.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Literal

from app.simulator.exchange import Ask

Surface = Literal["reset", "timeout"]


class Fault(StrEnum):
    """One way an exchange can go wrong."""

    LATENCY = "latency"
    REFUSE_CONNECTION = "refuse_connection"
    LOSE_ANSWER_BEFORE = "lose_answer_before"
    LOSE_ANSWER_AFTER = "lose_answer_after"
    TOO_MANY_REQUESTS = "too_many_requests"
    TOO_MANY_REQUESTS_UNSAID = "too_many_requests_unsaid"
    SERVER_ERROR_BEFORE = "server_error_before"
    SERVER_ERROR_AFTER = "server_error_after"
    UNAUTHORIZED = "unauthorized"
    TRUNCATE_BODY = "truncate_body"
    NOT_JSON = "not_json"
    WRONG_TYPE = "wrong_type"
    EMPTY_BODY = "empty_body"


#: Faults after which the company has done what it was asked.
FAULTS_WITH_EFFECT = frozenset(
    {
        Fault.LATENCY,
        Fault.LOSE_ANSWER_AFTER,
        Fault.SERVER_ERROR_AFTER,
        Fault.TRUNCATE_BODY,
        Fault.NOT_JSON,
        Fault.WRONG_TYPE,
        Fault.EMPTY_BODY,
    }
)


@dataclass(slots=True)
class FaultPlan:
    """
    A fault waiting for requests that fit its pattern.

    *seconds* is the delay of a latency or the Retry-After of a 429, *status* the code of a
    server error, *surface* how a lost answer looks. *times* None means without end.
    """

    pattern: str
    fault: Fault
    times: int | None = 1
    skip: int = 0
    probability: float = 1.0
    seconds: float = 1.0
    status: int = 500
    surface: Surface = "reset"


class Faults:
    """The faults of one company, drawn from its own seeded random numbers."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.plans: list[FaultPlan] = []

    def once(
        self,
        pattern: str,
        fault: Fault | str,
        *,
        times: int = 1,
        skip: int = 0,
        seconds: float = 1.0,
        status: int = 500,
        surface: Surface = "reset",
    ) -> FaultPlan:
        """Spoil the next *times* requests that fit ``METHOD /path``, after letting *skip* pass."""
        return self._plan(
            FaultPlan(pattern, Fault(fault), times, skip, 1.0, seconds, status, surface)
        )

    def sometimes(
        self,
        pattern: str,
        fault: Fault | str,
        probability: float,
        *,
        seconds: float = 1.0,
        status: int = 500,
        surface: Surface = "reset",
    ) -> FaultPlan:
        """Spoil each request that fits with the given *probability* until stopped."""
        return self._plan(
            FaultPlan(pattern, Fault(fault), None, 0, probability, seconds, status, surface)
        )

    def always(
        self,
        pattern: str,
        fault: Fault | str,
        *,
        seconds: float = 1.0,
        status: int = 500,
        surface: Surface = "reset",
    ) -> FaultPlan:
        """Spoil every request that fits until stopped."""
        return self.sometimes(pattern, fault, 1.0, seconds=seconds, status=status, surface=surface)

    def stop(self, plan: FaultPlan | None = None) -> None:
        """Drop one plan, or all of them."""
        self.plans = [] if plan is None else [kept for kept in self.plans if kept is not plan]

    def draw(self, ask: Ask) -> FaultPlan | None:
        """Return the plan that hits *ask*, the oldest one first, and use it up."""
        for plan in self.plans:
            if not ask.matches(plan.pattern):
                continue
            if plan.skip > 0:
                plan.skip -= 1
                continue
            if plan.probability < 1.0 and self._random.random() >= plan.probability:
                continue
            if plan.times is not None:
                plan.times -= 1
                if plan.times <= 0:
                    self.stop(plan)
            return plan
        return None

    def _plan(self, plan: FaultPlan) -> FaultPlan:
        self.plans.append(plan)
        return plan
