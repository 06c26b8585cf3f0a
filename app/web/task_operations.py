"""The operators' API about goods at the warehouse: what was done there, and how an order ends."""

from functools import partial
from typing import Any

from fastapi import APIRouter

from app.domain.lifecycle import Outcome
from app.store.decisions_tasks import close_order, resend_order, settle_task
from app.web.deciding import Decide
from app.web.published import Closing, Responses, Settlement
from app.web.signed import Why


def add_task_routes(router: APIRouter, decide: Decide, responses: Responses) -> None:
    """Add the calls to *router*; *decide* makes a decision about the order named."""

    @router.post("/orders/{order}/settle", response_model=None, responses=responses)
    async def settle(order: str, what: Settlement) -> dict[str, Any]:
        """Record what was done in Maya about the order's goods."""
        record = partial(settle_task, answer=what.answer, number=what.number)
        return await decide(order, record, what)

    @router.post("/orders/{order}/resend", response_model=None, responses=responses)
    async def resend(order: str, why: Why) -> dict[str, Any]:
        """Place the order once more, after its warehouse order was cancelled or refused."""
        return await decide(order, resend_order, why)

    @router.post("/orders/{order}/close", response_model=None, responses=responses)
    async def close(order: str, what: Closing) -> dict[str, Any]:
        """End the order by hand."""
        return await decide(order, partial(close_order, outcome=Outcome(what.outcome)), what)
