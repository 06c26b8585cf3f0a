"""What a form of the sandbox's page sent: read field by field, each within bounds."""

import math
from collections.abc import Collection, Mapping
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.requests import Request

FORM_BYTES_MAX = 16 * 1024
TEXT_MAX = 200
Choice = TypeVar("Choice", bound=str)
FORM_TYPE = "application/x-www-form-urlencoded"


class Refused(Exception):
    """What was sent cannot be done; nothing was."""

    def __init__(self, problem: str, cure: str, status: int = 400) -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure
        self.status = status


class Fields:
    """The fields of a form by name; each is read under the name people see."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def text(self, name: str, label: str, *, is_required: bool = True) -> str:
        """Return a short text without white space around it; empty only if that is allowed."""
        text = self._texts.get(name, "").strip()
        if is_required and not text:
            raise Refused(f"{label} is empty", f"Fill in {label}.")
        if len(text) > TEXT_MAX or not text.isprintable():
            raise Refused(
                f"{label} is no text of one line",
                f"Write at most {TEXT_MAX} characters, all of them printable.",
            )
        return text

    def choice(self, name: str, label: str, offered: Collection[Choice]) -> Choice:
        """Return one of the values on offer."""
        value = self._texts.get(name, "")
        for one in offered:
            if one == value:
                return one
        raise Refused(f"{label} is not one of those on offer", f"Choose {label} from the list.")

    def whole(self, name: str, label: str, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        text = self._texts.get(name, "").strip()
        is_whole = text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 12
        if not is_whole or not low <= int(text) <= high:
            raise Refused(
                f"{label} is no whole number from {low} to {high}",
                f"Write a whole number from {low} to {high}.",
            )
        return int(text)

    def number(self, name: str, label: str, low: float, high: float) -> float:
        """Return a number within bounds; a comma may stand for the point."""
        text = self._texts.get(name, "").strip().replace(",", ".")
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            raise Refused(
                f"{label} is no number from {low:g} to {high:g}",
                f"Write a number from {low:g} to {high:g}.",
            )
        return value

    def is_ticked(self, name: str) -> bool:
        """Say whether a box was ticked."""
        return self._texts.get(name) == "on"


async def read_fields(request: Request) -> Fields:
    """
    Return the fields of a form that this page sent.

    Raises:
        Refused: It is no form, too large, or another site's.
    """
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{request.headers.get('host', '')}":
        raise Refused("this form stands on another site", "Use the sandbox's own page.", 403)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != FORM_TYPE:
        raise Refused("this is no form", "Send what the form of the page holds.", 415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            raise Refused("this form is too large", f"Send at most {FORM_BYTES_MAX} bytes.", 413)
    try:
        pairs = parse_qsl(body.decode(), keep_blank_values=True, errors="strict")
    except ValueError:
        raise Refused("this is no form", "Send what the form of the page holds.") from None
    return Fields(dict(pairs))
