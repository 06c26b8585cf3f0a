"""How the warehouse speaks: envelopes, member names in any case, times without a zone."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.simulator.exchange import JSON, Answer, Ask, dump_json

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
REASONS = {
    401: "Authorization has been denied for this request.",
    404: "No HTTP resource was found that matches the request URI.",
    405: "The requested resource does not support this http method.",
    429: "Too many requests.",
}


class NotOk(Exception):
    """A request the warehouse refuses with NOK; *status* overrides its habit."""

    def __init__(self, text: str, status: int | None = None) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


def ok(text: str, result: object = None) -> Answer:
    """Return an OK envelope."""
    return envelope(200, "OK", text, result)


def envelope(status: int, code: str, text: str, result: object = None) -> Answer:
    """Return an envelope."""
    document = {"messageCode": code, "message": text, "result": result}
    return Answer(status, dump_json(document), JSON)


def bare_answer(status: int, headers: list[tuple[str, str]] | None = None) -> Answer:
    """Return an answer of the web server in front, which knows no envelope."""
    if status >= 500:
        page = f"<html><body><h1>{status} Server Error</h1></body></html>".encode()
        return Answer(status, page, "text/html", headers or [])
    text = REASONS.get(status, "The request is invalid.")
    return Answer(status, dump_json({"Message": text}), JSON, headers or [])


def read_members(ask: Ask) -> dict[str, Any]:
    """Return the body with every member name in lower case."""
    try:
        document = ask.json()
    except ValueError as problem:
        raise NotOk("The request is invalid: the body could not be read.", 400) from problem
    if not isinstance(document, dict):
        raise NotOk("The request is invalid: the body is empty.", 400)
    lowered = lower_members(document)
    assert isinstance(lowered, dict)
    return lowered


def lower_members(value: Any) -> Any:
    """Return *value* with member names in lower case, at every depth."""
    if isinstance(value, dict):
        return {str(name).lower(): lower_members(member) for name, member in value.items()}
    if isinstance(value, list):
        return [lower_members(member) for member in value]
    return value


def write_local_time(at: datetime) -> str:
    """Write a time as the warehouse does: its own wall clock, no zone."""
    local = at.astimezone(AMSTERDAM).replace(tzinfo=None)
    return local.isoformat(timespec="milliseconds").rstrip("0").rstrip(".")
