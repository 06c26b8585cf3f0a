"""The operators' API about goods that come back."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from app.domain.record import OrderRecord
from app.domain.returns import ReturnCase
from app.store.decisions_returns import ask_return_label, close_return, open_return
from app.store.returns import list_with_orders, load_label, load_returns
from app.store.session import Store
from app.web.deciding import Decide
from app.web.published import UNKNOWN_ORDER, QueryRefusal, Responses, answers
from app.web.signed import Signed, Why

Find = Callable[[Store, str], Awaitable[OrderRecord]]
LISTED = 200


class ReturnWanted(Why):
    """How a return is to be announced, or under which number it is known already."""

    remark: str | None = Field(None, max_length=500)
    rma_id: str | None = Field(None, min_length=1, max_length=100)
    again: bool = False


class ReturnShown(BaseModel):
    """Goods of one shipment on their way back."""

    order: str
    warehouse_shipment_id: str
    state: str
    opened_by: str
    opened_at: datetime
    rma_id: str | None
    problem: str | None
    pieces: int
    booked_pieces: int
    label_package_number: str | None
    has_label: bool


class ReturnList(BaseModel):
    """Returns, newest first."""

    returns: list[ReturnShown]


def add_return_routes(
    router: APIRouter, store: Store, find: Find, decide: Decide, decided: Responses
) -> None:
    """Put what is to be known and decided about returns on the operators' *router*."""

    @router.get(
        "/returns",
        response_model=None,
        responses={
            200: answers(ReturnList, "The returns, at most 200."),
            422: answers(QueryRefusal, "The query cannot be right."),
        },
    )
    async def returns(
        with_closed: Annotated[bool, Query(alias="all")] = False,
    ) -> dict[str, Any]:
        """List returns, newest first."""
        listed = await list_with_orders(store, limit=LISTED, with_closed=with_closed)
        return {"returns": [return_json(case, name) for case, name in listed]}

    @router.post("/orders/{order}/return", response_model=None, responses=decided)
    async def open_route(order: str, wanted: ReturnWanted) -> dict[str, Any]:
        """Announce the return of an order's goods to the warehouse."""
        decision = partial(
            open_return, remark=wanted.remark, rma_id=wanted.rma_id, again=wanted.again
        )
        return await decide(order, decision, wanted)

    @router.post("/orders/{order}/return-label", response_model=None, responses=decided)
    async def ask_label_route(order: str, why: Signed | None = None) -> dict[str, Any]:
        """Have the label for the way back fetched from the warehouse."""
        return await decide(order, ask_return_label, why)

    @router.get(
        "/orders/{order}/return-label/file",
        response_class=Response,
        responses={
            **UNKNOWN_ORDER,
            200: {"content": {"application/octet-stream": {}}, "description": "The label."},
        },
    )
    async def label_route(order: str, shipment: str | None = None) -> Response:
        """Return the label as a file, once it was fetched."""
        found = await find(store, order)
        for case in await load_returns(store, found.order_id):
            if case.has_label and shipment in (None, case.warehouse_shipment_id):
                label = await load_label(store, case.return_id)
                if label is not None:
                    return Response(
                        label[2],
                        media_type="application/octet-stream",
                        headers={"Content-Disposition": "attachment; filename=return-label.pdf"},
                    )
        raise HTTPException(409, "no label is there; ask for one with POST, and wait a moment")

    @router.post("/orders/{order}/return-close", response_model=None, responses=decided)
    async def close_route(order: str, why: Why) -> dict[str, Any]:
        """Close an order's returns: nothing more is to be done about them."""
        return await decide(order, close_return, why)


def return_json(case: ReturnCase, name: str) -> dict[str, Any]:
    """Return a return as the API shows it."""
    return {
        "order": name,
        "warehouse_shipment_id": case.warehouse_shipment_id,
        "state": str(case.state),
        "opened_by": case.opened_by,
        "opened_at": case.opened_at.isoformat(),
        "rma_id": case.rma_id,
        "problem": case.problem,
        "pieces": case.pieces,
        "booked_pieces": case.booked_pieces,
        "label_package_number": case.label_package_number,
        "has_label": case.has_label,
    }
