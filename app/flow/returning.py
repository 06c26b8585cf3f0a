"""
Goods that come back, as their order sees them: noticed at the marketplace, told to a person.

docs/rules/returns.md tells the rules in full; `return_desk.py` deals with the warehouse.
"""

from collections.abc import Sequence

from app.domain.returns import OpenedBy, ReturnCase, ReturnState
from app.domain.statuses import REFUSED_STATUS
from app.flow.moves import Attention, ask_person
from app.flow.progress import counts
from app.ports import Desk, StoredShipment

FRESH_SECONDS = 60.0


async def ask_about_returns(desk: Desk, shipments: Sequence[StoredShipment]) -> Attention | None:
    """
    Open a return where the marketplace shows the goods refused; say what a person must do.

    The marketplace is asked only on news about the order. What a replaced warehouse order sent
    was never the retailer's delivery, so no return of it is expected.
    """
    order = desk.order
    status = order.marketplace_status
    if order.wake_seq > order.processed_wake_seq:
        status = (await desk.look(max_age_seconds=FRESH_SECONDS)).status
    if status == REFUSED_STATUS:
        ids = [one.shipment.warehouse_shipment_id for one in shipments if counts(one, order)]
        await desk.open_returns(list(dict.fromkeys(ids)))
    return await ask_about_open_returns(desk)


async def ask_about_open_returns(desk: Desk) -> Attention | None:
    """Say what a person must do about the returns there are, however the order ended."""
    for case in await desk.returns():
        if (asked := asked_of(case)) is not None:
            return asked
    return None


def asked_of(case: ReturnCase) -> Attention | None:
    """Return what a return asks of a person, None where it goes on by itself."""
    field = f"shipment {case.warehouse_shipment_id}"
    if case.state in (ReturnState.BOOKED, ReturnState.CLOSED):
        return None
    if case.problem_code is not None:
        return ask_person(case.problem_code, field=field, detail=case.problem_detail)
    is_unsettled = case.state is ReturnState.OPEN and case.announce_asked_at is None
    if is_unsettled and case.opened_by == OpenedBy.MARKETPLACE:
        return ask_person("reception_refused", field=field)
    return None


def tell_returns(cases: Sequence[ReturnCase]) -> list[str]:
    """Return a sentence for each return that is not ended: how far it is, and what ends it."""
    return [_tell_return(case) for case in cases if case.closed_at is None]


def _tell_return(case: ReturnCase) -> str:
    if case.announced_at is not None:
        number = f" as {case.rma_id}" if case.rma_id else ""
        booked = f", {case.booked_pieces} of {case.pieces} pieces booked in" if case.pieces else ""
        how_far = f"announced to the warehouse{number}{booked}"
    elif case.announce_asked_at is not None and case.problem is None:
        how_far = "to be announced to the warehouse next"
    else:
        how_far = "not announced"
    return f"Goods come back: shipment {case.warehouse_shipment_id}, {how_far}."
