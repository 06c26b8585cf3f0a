"""
Answers what this very installation asks itself over its public address.

Below the receiver's path, so that a reverse proxy that lets webhooks through lets this through.
A stranger learns nothing: only a question noted in the database a moment ago has an answer, once.
"""

import re
from collections import deque

from fastapi import APIRouter
from starlette.responses import JSONResponse

from app.store.loopback import answer_challenge
from app.store.session import Store
from app.web.published import BUG, LoopbackAnswer, Problem, answers
from app.web.webhooks import WEBHOOK_PATH

LOOPBACK_PATH = f"{WEBHOOK_PATH}/loopback"
LOOKUPS_A_SECOND = 5
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_UNKNOWN = "nobody here asked this"


def loopback_router(store: Store) -> APIRouter:
    """Return the route; each process looks up a few questions a second and no more."""
    router = APIRouter(tags=["webhooks"], responses=BUG)
    looked: deque[float] = deque(maxlen=LOOKUPS_A_SECOND)

    @router.post(
        LOOPBACK_PATH + "/{challenge}",
        responses={
            200: answers(LoopbackAnswer, "What only this installation knows."),
            404: answers(Problem, "Nobody here asked this lately."),
            429: answers(Problem, "Too many ask; ask again in a second."),
            503: answers(Problem, "The database cannot be read."),
        },
    )
    async def answer(challenge: str) -> JSONResponse:
        """Answer a question this installation asked itself, once."""
        if not _CHALLENGE.fullmatch(challenge):
            return JSONResponse({"error": _UNKNOWN}, status_code=404)
        now = store.clock.monotonic()
        if len(looked) == LOOKUPS_A_SECOND and now - looked[0] < 1.0:
            return JSONResponse(
                {"error": "too many ask"}, status_code=429, headers={"Retry-After": "1"}
            )
        looked.append(now)
        try:
            told = await answer_challenge(store, challenge)
        except Exception:
            return JSONResponse({"error": "the database cannot be read"}, status_code=503)
        if told is None:
            return JSONResponse({"error": _UNKNOWN}, status_code=404)
        return JSONResponse({"answer": told})

    return router
