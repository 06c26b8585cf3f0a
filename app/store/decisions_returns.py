"""What operators decide about goods that come back."""

from collections.abc import Sequence
from typing import Any

from app.domain.jobs import RETURNS
from app.domain.record import OrderRecord
from app.domain.returns import LABEL_REFUSED, RETURN_REASONS, OpenedBy, ReturnCase, ReturnState
from app.store.decisions import Impossible, signed, write_decision
from app.store.returns import change_return, load_returns, open_returns
from app.store.schedules import run_soon
from app.store.session import Store
from app.store.shipments import load_shipments

_SETTLED = (ReturnState.BOOKED, ReturnState.CLOSED)
_NOT_SENT: dict[str, Any] = {
    "announce_intent_at": None,
    "announce_sent_before_at": None,
    "problem": None,
}


async def open_return(
    store: Store,
    order: OrderRecord,
    *,
    by: str,
    reason: str = "",
    remark: str | None = None,
    rma_id: str | None = None,
    again: bool = False,
) -> str:
    """
    Have the goods' return announced to the warehouse; or note that it was (*rma_id*).

    *again* sends an announcement once more whose answer was lost or that was refused.

    Raises:
        Impossible: Nothing was shipped, or an answer is missing that only a person can give.
    """
    known = await load_returns(store, order.order_id)
    missing = await _find_missing(store, order, known)
    unsettled = [case for case in known if _is_unsettled(case)]
    if not missing and not unsettled:
        return "all returns of the order are announced or closed already; nothing changes"
    if rma_id is not None and len(missing) + len(unsettled) > 1:
        raise Impossible("several shipments come back; announce them one by one in Maya")
    for case in unsettled:
        if case.announce_intent_at is not None and not (again or rma_id):
            raise Impossible(
                "the answer to the announcement was lost. Look in Maya, then use --rma-id ID if "
                "the return is there, or --again if it is not"
            )
    await open_returns(store, order.order_id, missing, opened_by=OpenedBy.OPERATOR, remark=remark)
    cases = [case for case in await load_returns(store, order.order_id) if _is_unsettled(case)]
    now = store.now()
    for case in cases:
        values: dict[str, Any] = {**_NOT_SENT, "announce_asked_at": now}
        if remark is not None:
            values["remark"] = remark
        if rma_id is not None:
            values |= {"announced_at": now, "rma_id": rma_id, "state": ReturnState.ANNOUNCED}
        if not await change_return(store, case, values):
            raise Impossible("the return has just moved on; look at it again")
    done = f"return noted as {rma_id}" if rma_id is not None else "return to be announced"
    await _record(store, order, signed(done, by, reason))
    if rma_id is not None:
        return f"the return is noted under the warehouse's number {rma_id}"
    return f"{len(cases)} return(s) are announced to the warehouse now"


async def ask_return_label(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Have the return label fetched from the warehouse.

    Raises:
        Impossible: No return of the order is open.
    """
    cases = [case for case in await load_returns(store, order.order_id) if case.closed_at is None]
    if not cases:
        raise Impossible("no return of this order is open; open one first (returns open)")
    wanted = [case for case in cases if not case.has_label]
    if not wanted:
        return "the label is there already; nothing changes"
    for case in wanted:
        is_refused = case.problem_code == LABEL_REFUSED
        values: dict[str, Any] = {"label_asked_at": store.now()}
        await change_return(store, case, {**values, "problem": None} if is_refused else values)
    await _record(store, order, signed("return label wanted", by, reason))
    return "the label is fetched from the warehouse now"


async def close_return(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Close the order's returns: nothing more is to be done about them. Their labels are emptied.

    Raises:
        Impossible: The order has no return.
    """
    cases = await load_returns(store, order.order_id)
    if not cases:
        raise Impossible("this order has no return; open one first (returns open)")
    open_cases = [case for case in cases if case.closed_at is None]
    if not open_cases:
        return "the order's returns are closed already; nothing changes"
    for case in open_cases:
        values = {
            "state": ReturnState.CLOSED,
            "closed_at": store.now(),
            "problem": None,
            "label_data": None,
        }
        if not await change_return(store, case, values):
            raise Impossible("the return has just moved on; look at it again")
    await _record(store, order, signed("return closed", by, reason))
    return "the order's returns are closed"


async def _find_missing(
    store: Store, order: OrderRecord, known: Sequence[ReturnCase]
) -> Sequence[str]:
    """
    Return the shipments of the order that have no return yet.

    Raises:
        Impossible: Nothing of it was shipped.
    """
    rows = await load_shipments(store, order.order_id)
    if not rows:
        stands = order.outcome or order.state
        raise Impossible(f"the order is {stands}, and no shipment of it is known to come back")
    opened = {case.warehouse_shipment_id for case in known}
    ids = dict.fromkeys(row.shipment.warehouse_shipment_id for row in rows)
    return [shipment_id for shipment_id in ids if shipment_id not in opened]


def _is_unsettled(case: ReturnCase) -> bool:
    if case.announced_at is not None or case.state in _SETTLED:
        return False
    return case.announce_asked_at is None or case.problem is not None


async def _record(store: Store, order: OrderRecord, message: str) -> None:
    """Write the decision into the order's history, clear what it answers, start the work."""
    cleared: dict[str, Any] = {}
    if order.attention_reason in RETURN_REASONS:
        cleared = {"attention_reason": None, "attention_since": None, "attention_detail": None}
    await write_decision(store, order, cleared, step="return", message=message)
    await run_soon(store, RETURNS)
