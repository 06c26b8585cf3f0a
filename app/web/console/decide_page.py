"""The form of one decision about one order: filled in, refused with why, or carried out."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from app.domain.record import OrderRecord
from app.flow.story import name_of, tell_present
from app.store.decisions import Impossible
from app.web.console.actions import ACTIONS, Action, options_for
from app.web.console.fields import WrongField, reason_of_form
from app.web.console.finding import find_order_of, seen_of
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit, require_operator

MOVED_ON = (
    "The order has moved on since this form was opened. See where it stands now; decide again."
)


def add_decide_page(console: Console, wake: Callable[[], None]) -> None:
    """Add the form of every action to *console*; *wake* has a worker look for due orders."""

    def show(
        visit: Visit, order: OrderRecord, action: Action, status: int = 200, **context: Any
    ) -> Response:
        shown = {"problem": None, "wrong": None, **context}
        return visit.page(
            "decide.html",
            status,
            order=order,
            name=name_of(order),
            action=action,
            options={field.name: options_for(action, field, order) for field in action.fields},
            present=tell_present(order, visit.store.now()),
            seen=seen_of(order),
            given=visit.form,
            **shown,
        )

    async def form_page(visit: Visit) -> Response:
        require_operator(visit.person)
        return show(visit, await find_order_of(visit), _action_of(visit))

    async def decide(visit: Visit) -> Response:
        action = _action_of(visit)
        order = await find_order_of(visit)
        if visit.form.get("seen") != seen_of(order):
            return show(visit, order, action, 409, problem=MOVED_ON)
        try:
            decision, reason = action.read(visit.form), reason_of_form(visit.form)
            told = await decision(visit.store, order, by=visit.person.name, reason=reason)
        except WrongField as wrong:
            return show(visit, order, action, 422, wrong=wrong)
        except Impossible as impossible:
            return show(visit, order, action, 409, problem=f"Not possible: {impossible}.")
        wake()
        at = f"/orders/{order.marketplace_order_id}"
        return visit.say(f"{action.title}: {told}.", at)

    console.add_page("/orders/{order}/do/{action}", form_page)
    console.add_action("/orders/{order}/do/{action}", decide)


def _action_of(visit: Visit) -> Action:
    action = ACTIONS.get(visit.request.path_params["action"])
    if action is None:
        raise Refused(404, "No such decision", f"There are: {', '.join(ACTIONS)}.")
    return action
