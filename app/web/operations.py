"""The operators' JSON API, behind the operators' token."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, HTTPException, Query, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic.json_schema import SkipJsonSchema

from app.domain.deadlines import Deadline
from app.domain.lifecycle import State
from app.domain.reasons import REASONS
from app.domain.record import OrderRecord
from app.domain.tasks import answers_to
from app.flow.calls_shown import load_calls
from app.flow.story import attention_of
from app.store.decisions import Impossible, retry_order, take_order
from app.store.order_search import search_orders
from app.store.possible_moves import with_moves
from app.store.queries import (
    ANY_ATTENTION,
    MAX_PAGE,
    AmbiguousOrder,
    OrderFilter,
    find_order,
    list_orders,
    load_history,
)
from app.store.session import Store
from app.store.shipments import StoredRow, load_shipments
from app.web.answering import add_answer_routes
from app.web.deciding import Decision
from app.web.published import (
    BUG,
    UNAUTHORIZED,
    UNKNOWN_ORDER,
    OrderCalls,
    OrderDecided,
    OrderDetail,
    OrderPage,
    QueryRefusal,
    Responses,
    answers,
)
from app.web.returns_operations import add_return_routes
from app.web.shipping_operations import add_shipping_routes
from app.web.signed import ANONYMOUS, Signed, Why
from app.web.task_operations import add_task_routes

Text = str | SkipJsonSchema[None]
STATES = frozenset(str(state) for state in State)
ATTENTIONS = frozenset({ANY_ATTENTION, *REASONS})
DEADLINES = frozenset(str(one) for one in Deadline)
DECIDED: Responses = {
    **UNKNOWN_ORDER,
    200: answers(OrderDecided, "The order as it stands now."),
    400: answers(QueryRefusal, "The body is no JSON."),
    422: answers(QueryRefusal, "The body cannot be right."),
}

_bearer = HTTPBearer(auto_error=False, description="The value of `OPERATOR_TOKEN`.")


def operations_router(
    store: Store,
    operator_token: str,
    on_wake: Callable[[], None],
    parts: Iterable[APIRouter] = (),
    *,
    at_risk_seconds: float = 86_400.0,
) -> APIRouter:
    """Return the routes for operators, *parts* among them; without a token nobody gets in."""

    def require_token(
        given: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
    ) -> None:
        token = given.credentials.strip() if given else ""
        is_right = hmac.compare_digest(token.encode(), operator_token.encode())
        if not operator_token or not is_right:
            raise HTTPException(
                401,
                "send the header Authorization: Bearer OPERATOR_TOKEN",
                headers={"WWW-Authenticate": "Bearer"},
            )

    router = APIRouter(
        prefix="/api",
        tags=["operations"],
        dependencies=[Depends(require_token)],
        responses={**UNAUTHORIZED, **BUG},
    )

    @router.get(
        "/orders",
        response_model=None,
        responses={
            200: answers(OrderPage, "A page of orders."),
            422: answers(QueryRefusal, "The query cannot be right."),
        },
    )
    async def orders(
        state: Annotated[Text, Query(json_schema_extra=_one_of(STATES))] = None,
        attention: Annotated[Text, Query(json_schema_extra=_one_of(ATTENTIONS))] = None,
        deadline: Annotated[Text, Query(json_schema_extra=_one_of(DEADLINES))] = None,
        q: Annotated[Text, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 50,
        after: Annotated[
            Text, Query(max_length=20, json_schema_extra={"pattern": "^[0-9]*$"})
        ] = None,
    ) -> dict[str, Any]:
        """
        List orders, newest first, a page at a time.

        `q` is a reference, an id, a number at the warehouse, a tracking number or a SKU, each in
        full, or three letters or more of a retailer's name. For a SKU or a name the open orders
        and the newest 10,000 are looked through, then further back page by page: a page may be
        short or empty and still have a `next`, and an open order may come again.
        """
        wanted = OrderFilter(
            state=_known("state", state, STATES),
            attention=_known("attention", attention, ATTENTIONS),
            deadline=_known("deadline", deadline, DEADLINES),
            at_risk_seconds=at_risk_seconds,
            q=q,
            after_id=_cursor(after),
            limit=limit,
        )
        find = search_orders if q else list_orders
        page, next_id = await find(store, wanted)
        return {
            "orders": [order_json(order) for order in page],
            "next": str(next_id) if next_id is not None else None,
        }

    @router.get(
        "/orders/{order}",
        response_model=None,
        responses={**UNKNOWN_ORDER, 200: answers(OrderDetail, "The order.")},
    )
    async def order_detail(order: str) -> dict[str, Any]:
        """Show an order by its reference, marketplace id or warehouse order number."""
        found = await find_named_order(store, order)
        history = await load_history(store, found.order_id)
        shipments = await load_shipments(store, found.order_id)
        return {
            **order_json(found),
            "verdict": found.verdict,
            "verdict_at": _text(found.verdict_at),
            "decision": found.decision,
            "tracking_sent": found.tracking_sent,
            "confirmed_at": _text(found.confirmed_at),
            "refund_text": found.refund_text,
            "parcels_agreed": found.parcels_agreed,
            "delivered_at": _text(found.delivered_at),
            "new_address": found.new_address,
            "shipments": [_shipment_json(row) for row in shipments],
            "attempts": [_attempt_json(row) for row in history],
        }

    @router.get(
        "/orders/{order}/calls",
        response_model=None,
        responses={**UNKNOWN_ORDER, 200: answers(OrderCalls, "What was asked and answered.")},
    )
    async def order_calls(order: str) -> dict[str, Any]:
        """Show the recorded calls of an order's attempts: requests and answers."""
        found = await find_named_order(store, order)
        return {
            "attempts": [
                {
                    "happened_at": _text(one.step.happened_at),
                    "step": one.step.step,
                    "outcome": one.step.outcome,
                    "calls": [asdict(call) for call in one.calls],
                }
                for one in await load_calls(store, found.order_id)
            ]
        }

    async def decide(order: str, decision: Decision, why: Why | Signed | None) -> dict[str, Any]:
        found = await find_named_order(store, order)
        by, reason = (why.by, why.reason) if why is not None else (ANONYMOUS, "")
        try:
            message = await decision(store, found, by=by, reason=reason)
        except Impossible as impossible:
            raise HTTPException(409, with_moves(str(impossible), found)) from None
        on_wake()
        return {
            **order_json(await find_named_order(store, found.marketplace_order_id)),
            "message": message,
        }

    @router.post("/orders/{order}/retry", response_model=None, responses=DECIDED)
    async def retry(order: str, why: Signed | None = None) -> dict[str, Any]:
        """Clear the order's attention and try again."""
        return await decide(order, retry_order, why)

    @router.post("/orders/{order}/take", response_model=None, responses=DECIDED)
    async def take(order: str, why: Why) -> dict[str, Any]:
        """Take an order from before the switch all the same, or one that is open again."""
        return await decide(order, take_order, why)

    add_answer_routes(router, decide, DECIDED)
    add_shipping_routes(router, decide, DECIDED)
    add_return_routes(router, store, find_named_order, decide, DECIDED)
    add_task_routes(router, decide, DECIDED)
    for part in parts:
        router.include_router(part)
    return router


async def find_named_order(store: Store, text: str) -> OrderRecord:
    """Return the order a path names, or answer that there is none, or two."""
    try:
        found = await find_order(store, text)
    except AmbiguousOrder as error:
        raise HTTPException(409, f"{text!r} {error}; use the id in brackets") from None
    if found is None:
        raise HTTPException(404, f"no order has the reference, id or number {text[:100]!r}")
    return found


def _one_of(values: frozenset[str]) -> dict[str, Any]:
    """Return what the published form of a query's part says of its values."""
    return {"enum": sorted(values)}


def _known(name: str, value: str | None, allowed: frozenset[str]) -> str | None:
    if value is not None and value not in allowed:
        raise HTTPException(422, f"{name}: must be one of {', '.join(sorted(allowed))}")
    return value or None


def _cursor(value: str | None) -> int | None:
    if value is None or value == "":
        return None
    if not value.isdecimal():
        raise HTTPException(422, "after: must be the `next` of an earlier answer")
    return int(value[:18])


def order_json(order: OrderRecord) -> dict[str, Any]:
    """Return an order as the API shows it."""
    sentence, cure = attention_of(order)
    live = order.live
    return {
        "marketplace_order_id": order.marketplace_order_id,
        "marketplace_reference": order.marketplace_reference,
        "marketplace_status": order.marketplace_status,
        "external_order_number": live.external_order_number if live else None,
        "warehouse_order_id": (
            live.warehouse_order_id or live.warehouse_order_number if live else None
        ),
        "warehouse_order_number": live.warehouse_order_number if live else None,
        "state": str(order.state),
        "outcome": order.outcome,
        "attention_reason": order.attention_reason,
        "attention_sentence": sentence,
        "attention_cure": cure,
        "attention_since": _text(order.attention_since),
        "attention_findings": list(order.attention_detail),
        "hold_until_at": _text(order.hold_until_at),
        "attention_answers": list(answers_to(order.attention_reason)),
        "waits_for": order.waits_for,
        "next_attempt_at": _text(order.next_attempt_at),
        "not_before_at": _text(order.not_before_at),
        "attempt_count": order.attempt_count,
        "ship_by_at": _text(order.ship_by_at),
        "submitted_at": _text(order.submitted_at),
        "created_at": _text(order.created_at),
        "found_by": order.found_by,
    }


def _shipment_json(row: StoredRow) -> dict[str, Any]:
    shipment = row.shipment
    return {
        "warehouse_shipment_id": shipment.warehouse_shipment_id,
        "disposition": row.judged.disposition,
        "shipped_at": _text(shipment.shipped_at),
        "status_text": shipment.status_text,
        "acknowledged_at": _text(row.acknowledged_at),
        "parcels": [
            {"tracking_number": one.tracking_number, "tracking_link": one.tracking_link}
            for one in shipment.parcels
        ],
    }


def _attempt_json(row: Mapping[str, Any]) -> dict[str, Any]:
    names = ("step", "peer", "call", "status", "outcome", "attempt_number", "message", "detail")
    return {
        **{name: row[name] for name in names},
        "duration_ms": row["duration_ms"],
        "happened_at": _text(row["happened_at"]),
        "next_attempt_at": _text(row["next_attempt_at"]),
    }


def _text(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
