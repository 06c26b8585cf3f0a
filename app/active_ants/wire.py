"""
The warehouse's answers, decoded: the envelope, and fields read with patience.

The body is read first, whatever the status: a refusal may come with HTTP 200. Fields may be
missing, null, numbers in place of texts or the reverse, spelled in another case; unknown ones
are left alone. What an answer means is decided in `verdicts.py` and `client.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from app.answers import Answer


class Fields:
    """One object of an answer, read by name in any case; None where a value is not usable."""

    def __init__(self, content: Mapping[Any, Any]) -> None:
        self._content = {str(name).casefold(): value for name, value in content.items()}

    def raw(self, *names: str) -> Any:
        """Return the first value that is there and not null."""
        for name in names:
            value = self._content.get(name.casefold())
            if value is not None:
                return value
        return None

    def text(self, *names: str) -> str | None:
        """Return the first value that reads as a text with something in it."""
        for name in names:
            value = as_text(self.raw(name))
            if value is not None:
                return value
        return None

    def whole(self, name: str) -> int | None:
        """Return a whole number, also from `"12"` and `12.0`."""
        return as_whole(self.raw(name))

    def decimal(self, name: str) -> Decimal | None:
        """Return a finite number, exact as written."""
        return as_decimal(self.raw(name))


def as_text(value: Any) -> str | None:
    """Return *value* as a trimmed text; None for nothing, for blanks and for what is no scalar."""
    if isinstance(value, str):
        # No database takes a null character or half a surrogate pair.
        storable = value.replace("\x00", "").encode("utf-8", "replace").decode()
        return storable.strip() or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    number = as_decimal(value)
    if number is None:
        return None
    whole = as_whole(value)
    return str(number if whole is None else whole)


def as_decimal(value: Any) -> Decimal | None:
    """Return *value* as a finite number, None if it is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = Decimal(str(value).strip())
    except (InvalidOperation, ValueError):
        return None
    return number if number.is_finite() else None


def as_whole(value: Any) -> int | None:
    """Return *value* as a whole number, None if it is none or absurdly large."""
    number = as_decimal(value)
    if number is None or abs(number) >= 10**18 or number != number.to_integral_value():
        return None
    return int(number)


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    The form of every answer of the warehouse.

    `is_ok` is None for a message code that is neither OK nor NOK: an answer, but not one that
    decides anything.
    """

    is_ok: bool | None
    message: str = field(repr=False)
    result: Any = field(repr=False)

    @property
    def is_empty(self) -> bool:
        """Whether the result holds nothing."""
        return self.result is None or self.result in ("", [], {})


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: its status, the envelope if there is one, and whether the body was JSON."""

    answer: Answer = field(repr=False)
    envelope: Envelope | None
    is_json: bool
    words: str = field(default="", repr=False)
    """What the peer said, in or out of an envelope."""
    body: Any = field(default=None, repr=False)
    """The decoded body, None where there is none."""

    @property
    def status(self) -> int:
        """The HTTP status, which decides less than the body."""
        return self.answer.status

    @property
    def says_no_such_path(self) -> bool:
        """Whether this is the web server speaking: nothing of ours lives at that path."""
        return self.envelope is None and self.status in (404, 405)


def read_reply(answer: Answer) -> Reply:
    """Decode *answer*; whatever its body holds, this never fails."""
    try:
        body = answer.json()
    except ValueError:
        return Reply(answer, None, is_json=False)
    if not isinstance(body, Mapping):
        return Reply(answer, None, is_json=True)
    fields = Fields(body)
    code = fields.raw("messageCode")
    message = fields.text("message") or ""
    if not isinstance(code, str):
        return Reply(answer, None, is_json=True, words=message, body=body)
    is_ok = {"OK": True, "NOK": False}.get(code.strip().upper())
    envelope = Envelope(is_ok, message, fields.raw("result"))
    return Reply(answer, envelope, is_json=True, words=message, body=body)


def result_rows(result: Any) -> list[Any]:
    """Return the rows of a result: a list as it is, one object as one row, nothing as none."""
    if result is None or result == "":
        return []
    if isinstance(result, list):
        return result
    if isinstance(result, Mapping):
        return [result] if result else []
    raise ValueError("the result is neither a list nor an object")
