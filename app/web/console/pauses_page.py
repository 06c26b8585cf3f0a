"""What is paused and what can be: paused and resumed with a reason, as API and commands do it."""

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from app.domain.pauses import Pausable, name_of_pausable
from app.flow.steering import effect_of, tell_paused, tell_resumed
from app.store.pauses import list_ended, pause, resume
from app.web.console.fields import WrongField, reason_of_form
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit, require_operator

ENDED_SHOWN = 10
CHANGED = "This pause has changed since the form was opened. See what is paused now; decide again."


def add_pauses(console: Console, wake: Callable[[], None]) -> None:
    """Add them to *console*; *wake* has a worker look for due orders."""

    async def overview(visit: Visit) -> Response:
        return visit.page(
            "pauses.html",
            rows=[
                (what, name_of_pausable(what), effect_of(what), visit.pauses.get(what))
                for what in Pausable
            ],
            ended=[
                (name_of_pausable(one.pause.what), one)
                for one in await list_ended(visit.store, ENDED_SHOWN)
            ],
        )

    async def form_page(visit: Visit) -> Response:
        require_operator(visit.person)
        return _show(visit, _what_of(visit))

    async def start(visit: Visit) -> Response:
        what = _what_of(visit)
        try:
            reason = reason_of_form(visit.form)
        except WrongField as wrong:
            return _show(visit, what, 422, wrong=wrong)
        in_force, is_new = await pause(visit.store, what, by=visit.person.name, reason=reason)
        told = tell_paused(in_force, is_new=is_new)
        if not is_new:
            return _show(await visit.look_again(), what, 409, problem=told)
        return visit.say(told, "/pauses")

    async def end(visit: Visit) -> Response:
        what = _what_of(visit)
        seen = visit.pauses.get(what)
        if seen is not None and visit.form.get("since") != seen.since.isoformat():
            return _show(visit, what, 409, problem=CHANGED)
        try:
            reason = reason_of_form(visit.form)
        except WrongField as wrong:
            return _show(visit, what, 422, wrong=wrong)
        ended, woken = await resume(visit.store, what, by=visit.person.name, reason=reason)
        told = tell_resumed(what, ended, woken)
        if ended is None:
            return _show(await visit.look_again(), what, 409, problem=told)
        wake()
        return visit.say(told, "/pauses")

    console.add_page("/pauses", overview)
    console.add_page("/pauses/{what}", form_page)
    console.add_action("/pauses/{what}/pause", start)
    console.add_action("/pauses/{what}/resume", end)


def _show(visit: Visit, what: Pausable, status: int = 200, **context: Any) -> Response:
    """Return the form that pauses *what*, or resumes it where it is paused."""
    return visit.page(
        "pause.html",
        status,
        what=what,
        name=name_of_pausable(what),
        effect=effect_of(what),
        in_force=visit.pauses.get(what),
        **{"problem": None, "wrong": None, "given": visit.form, **context},
    )


def _what_of(visit: Visit) -> Pausable:
    what = visit.request.path_params["what"]
    if what not in tuple(Pausable):
        raise Refused(404, "No such thing to pause", f"There are: {', '.join(Pausable)}.")
    return Pausable(what)
