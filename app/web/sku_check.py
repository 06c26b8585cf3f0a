"""The operators' call that checks every live variant before there is an order for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query

from app.errors import BridgeError
from app.flow.sku_check import SkuReport, report_json
from app.web.published import QueryRefusal, Refusal, answers
from app.web.published_skus import SkuReportShown

USUAL_SECONDS = 45
"""Below what proxies usually wait for an answer."""
MOST_SECONDS = 3600

Check = Callable[[float], Awaitable[SkuReport]]
"""Checks for so many seconds at most, with whatever is about an order going first."""


def sku_check_router(check: Check) -> APIRouter:
    """Return the route; one check at a time, for it may take all calls that orders leave."""
    router = APIRouter()
    turn = asyncio.Lock()

    @router.post(
        "/skus/check",
        response_model=None,
        responses={
            200: answers(SkuReportShown, "What would hold orders, as far as it was asked."),
            409: answers(Refusal, "A check is running already."),
            422: answers(QueryRefusal, "The query cannot be right."),
            503: answers(Refusal, "One of the companies could not be asked; nothing is proven."),
        },
    )
    async def check_route(
        seconds: Annotated[int, Query(ge=1, le=MOST_SECONDS)] = USUAL_SECONDS,
    ) -> dict[str, Any]:
        """Judge every live variant as an order for it would be; both companies are asked."""
        if turn.locked():
            raise HTTPException(409, "a check is running already; wait for its answer")
        async with turn:
            try:
                return report_json(await check(seconds))
            except BridgeError as trouble:
                told = f"{trouble}. {trouble.resolution}"
                raise HTTPException(503, f"not every variant could be checked: {told}") from None

    return router
