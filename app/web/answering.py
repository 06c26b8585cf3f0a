"""The operators' calls that decide about the answer to an order."""

import functools
from typing import Any

from fastapi import APIRouter

from app.store.decisions_answer import accept_order, hold_order, reject_order, release_order
from app.web.deciding import Decide
from app.web.published import Responses, WhyAccepted, WhyRejected
from app.web.signed import Why


def add_answer_routes(router: APIRouter, decide: Decide, responses: Responses) -> None:
    """Add the calls to *router*; *decide* makes a decision about the order named."""

    @router.post("/orders/{order}/accept", response_model=None, responses=responses)
    async def accept(order: str, why: WhyAccepted) -> dict[str, Any]:
        """Have the order accepted in spite of what holds it, or what can be sent of it."""
        return await decide(order, functools.partial(accept_order, is_partial=why.partial), why)

    @router.post("/orders/{order}/reject", response_model=None, responses=responses)
    async def reject(order: str, why: WhyRejected) -> dict[str, Any]:
        """Have the order rejected at Ankorstore, which is told type and reason."""
        decision = functools.partial(reject_order, reject_type=why.reject_type)
        return await decide(order, decision, why)

    @router.post("/orders/{order}/hold", response_model=None, responses=responses)
    async def hold(order: str, why: Why) -> dict[str, Any]:
        """Stop an order that is not at the warehouse yet."""
        return await decide(order, hold_order, why)

    @router.post("/orders/{order}/release", response_model=None, responses=responses)
    async def release(order: str, why: Why) -> dict[str, Any]:
        """Let an order go on that a person or the policy holds."""
        return await decide(order, release_order, why)
