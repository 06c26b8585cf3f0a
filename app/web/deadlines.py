"""The operators' API about latest shipping dates."""

from collections.abc import Callable
from datetime import date
from typing import Any

from fastapi import APIRouter, HTTPException

from app.store.decisions import Impossible
from app.store.decisions_deadlines import postpone_order
from app.store.possible_moves import with_moves
from app.store.session import Store
from app.web.operations import DECIDED, find_named_order, order_json
from app.web.signed import Why


class WantedDate(Why):
    """The day by which an order is to leave at the latest, and why."""

    date: date


def deadlines_router(store: Store, on_wake: Callable[[], None]) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.post("/orders/{order}/postpone", response_model=None, responses=DECIDED)
    async def postpone(order: str, wanted: WantedDate) -> dict[str, Any]:
        """Have Ankorstore told of a later shipping date."""
        found = await find_named_order(store, order)
        try:
            message = await postpone_order(
                store, found, by=wanted.by, reason=wanted.reason, to=wanted.date
            )
        except Impossible as impossible:
            raise HTTPException(409, with_moves(str(impossible), found)) from None
        on_wake()
        shown = await find_named_order(store, found.marketplace_order_id)
        return {**order_json(shown), "message": message}

    return router
