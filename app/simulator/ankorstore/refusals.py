"""How the marketplace says no: JSON:API errors, with dotted pointers."""

from collections.abc import Iterable
from typing import Any

from app.simulator.exchange import JSON_API, Answer, dump_json

TRANSITION_FAILED = "ORDER_ACTION_TRANSITION_FAILED"
TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    409: "Conflict",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Attempts.",
    500: "Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


class Refused(Exception):
    """A request the marketplace answers with an error document."""

    def __init__(self, status: int, errors: Iterable[dict[str, Any]]) -> None:
        super().__init__(status)
        self.status = status
        self.errors = list(errors)


class ImpossibleMove(ValueError):
    """Somebody asked for a move the order's status does not allow."""


def refuse(status: int, detail: str | None = None, *, code: str | None = None) -> Refused:
    """Return a refusal with one error."""
    error = {"detail": detail or TITLES[status], "status": str(status)}
    if code is not None:
        error["code"] = code
    return Refused(status, [error])


def invalid(problems: Iterable[tuple[str, str]]) -> Refused:
    """Return a 422 with one error for each pair of pointer and detail."""
    return Refused(
        422,
        (
            {
                "detail": detail,
                "source": {"pointer": pointer},
                "status": "422",
                "title": TITLES[422],
            }
            for pointer, detail in problems
        ),
    )


def error_answer(refused: Refused, headers: list[tuple[str, str]] | None = None) -> Answer:
    """Return the error document of *refused*."""
    document = {"jsonapi": {"version": "1.0"}, "errors": refused.errors}
    return Answer(refused.status, dump_json(document), JSON_API, headers or [])
