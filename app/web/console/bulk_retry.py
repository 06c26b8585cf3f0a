"""The retry of all orders that ask a person for the same, once their number is confirmed."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from app.domain.reasons import REASONS, Reason, reason_of
from app.store.decisions import Impossible, retry_order
from app.store.order_lists import count_attention, list_attention
from app.store.possible_moves import possible_moves
from app.web.console.fields import WrongField, reason_of_form
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit, require_operator

SHOWN = 5
MOST_AT_ONCE = 200


def add_bulk_retry(console: Console, wake: Callable[[], None]) -> None:
    """Add it to *console*; *wake* has a worker look for due orders."""

    async def show(visit: Visit, reason: Reason, status: int = 200, **context: Any) -> Response:
        orders = await list_attention(visit.store, reason.code, MOST_AT_ONCE)
        shown = {"problem": None, "wrong": None, **context}
        return visit.page(
            "bulk_retry.html",
            status,
            reason=reason,
            count=await _count_of(visit, reason),
            at_once=len(orders),
            can_retry=bool(orders) and "retry" in possible_moves(orders[0]),
            orders=orders[:SHOWN],
            given=visit.form,
            **shown,
        )

    async def form_page(visit: Visit) -> Response:
        require_operator(visit.person)
        return await show(visit, _reason_of(visit))

    async def retry_all(visit: Visit) -> Response:
        reason = _reason_of(visit)
        count = await _count_of(visit, reason)
        if visit.form.get("count") != str(count):
            problem = f"There are {count} such orders now. Look, and confirm that number."
            return await show(visit, reason, 409, problem=problem)
        try:
            why = reason_of_form(visit.form)
        except WrongField as wrong:
            return await show(visit, reason, 422, wrong=wrong)
        retried, refused = 0, ""
        for order in await list_attention(visit.store, reason.code, MOST_AT_ONCE):
            try:
                await retry_order(visit.store, order, by=visit.person.name, reason=why)
                retried += 1
            except Impossible as impossible:
                refused = str(impossible)
        if not retried:
            return await show(visit, reason, 409, problem=refused or "There is no such order.")
        wake()
        told = f"{retried} of {count} orders are tried again now."
        if refused:
            told += f" Not possible for the others among them: {refused}."
        return visit.say(told, "/attention")

    console.add_page("/attention/{reason}/retry", form_page)
    console.add_action("/attention/{reason}/retry", retry_all)


async def _count_of(visit: Visit, reason: Reason) -> int:
    groups = await count_attention(visit.store)
    return next((group.count for group in groups if group.reason == reason.code), 0)


def _reason_of(visit: Visit) -> Reason:
    code = visit.request.path_params["reason"]
    if code not in REASONS:
        raise Refused(404, "No such reason", "Open it from the list of what needs attention.")
    return reason_of(code)
