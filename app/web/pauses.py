"""The operators' API about pauses."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Query

from app.domain.pauses import Pausable, Pause
from app.flow.steering import tell_paused, tell_resumed
from app.store.pauses import load_pauses, pause, resume
from app.store.session import Store
from app.web.published import QueryRefusal, Responses, answers
from app.web.published_steering import Paused, PauseList, Resumed
from app.web.signed import ANONYMOUS, Name, Remark, Why

WRONG: Responses = {
    400: answers(QueryRefusal, "The body is no JSON."),
    422: answers(QueryRefusal, "What is wrong, and what would be right."),
}


def pauses_router(store: Store, on_wake: Callable[[], None]) -> APIRouter:
    """Return the routes."""
    router = APIRouter()

    @router.get(
        "/pauses",
        response_model=None,
        responses={200: answers(PauseList, "What is paused.")},
    )
    async def list_pauses() -> dict[str, Any]:
        """List what is paused, since when, by whom and why."""
        return {"pauses": [pause_json(one) for one in (await load_pauses(store)).values()]}

    @router.post(
        "/pauses/{what}",
        response_model=None,
        responses={200: answers(Paused, "The pause in force."), **WRONG},
    )
    async def start_pause(what: Pausable, why: Why) -> dict[str, Any]:
        """Pause a flow, a company or everything; what is paused already stays as it was."""
        in_force, is_new = await pause(store, what, by=why.by, reason=why.reason)
        return {**pause_json(in_force), "message": tell_paused(in_force, is_new=is_new)}

    @router.delete(
        "/pauses/{what}",
        response_model=None,
        responses={200: answers(Resumed, "The pause that was ended."), 422: WRONG[422]},
    )
    async def end_pause(
        what: Pausable,
        by: Annotated[Name, Query()] = ANONYMOUS,
        reason: Annotated[Remark, Query()] = "",
    ) -> dict[str, Any]:
        """End a pause and wake the orders that waited for it; without a pause, nothing."""
        ended, woken = await resume(store, what, by=by, reason=reason)
        on_wake()
        return {
            "ended": pause_json(ended) if ended is not None else None,
            "woken": woken,
            "message": tell_resumed(what, ended, woken),
        }

    return router


def pause_json(one: Pause) -> dict[str, Any]:
    """Return a pause as the API and the status show it."""
    return {
        "what": one.what,
        "since": one.since.isoformat(),
        "by": one.by,
        "reason": one.reason,
    }
