"""
Reading single fields of an answer without trusting its types.

A field that is absent or null is simply not known. One of an unexpected type is not known
either, and leaves a note of its path and kind; the note never quotes the value, which may be
personal.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from app.jsonapi import clean_text

MAX_TEXT_CHARACTERS = 2000
MAX_NUMBER = 10**15
MAX_PROBLEMS = 20

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,15}")
_KINDS = {str: "text", bool: "flag", int: "number", float: "number", list: "list", dict: "object"}


class Fields:
    """One object of an answer, at *path*; what cannot be read is added to *problems*."""

    def __init__(self, path: str, values: object, problems: list[str]) -> None:
        self.path = path
        self._problems = problems
        self._values: Mapping[str, Any] = {}
        if isinstance(values, Mapping):
            self._values = values
        elif values is not None:
            self.complain("", values)

    @property
    def problem_count(self) -> int:
        """How many problems were noted so far, here and elsewhere in the same answer."""
        return len(self._problems)

    def has(self, name: str) -> bool:
        """Tell whether the field is there with a value other than null."""
        return self._values.get(name) is not None

    def complain(self, name: str, value: object) -> None:
        """Note that field *name* holds a *value* of a kind nobody expects."""
        kind = _KINDS.get(type(value), "nothing" if value is None else "something else")
        self.note(name, f"unexpected {kind}")

    def note(self, name: str, sentence: str) -> None:
        """Add one problem about field *name*."""
        path = f"{self.path}.{name}" if name else self.path
        problem = f"{path}: {sentence}"
        if len(self._problems) < MAX_PROBLEMS and problem not in self._problems:
            self._problems.append(problem)

    def object(self, name: str) -> "Fields":
        """Return the object in field *name*, an empty one where there is none."""
        return Fields(f"{self.path}.{name}", self._values.get(name), self._problems)

    def text(self, name: str) -> str | None:
        """Return a text, None for an empty one."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.complain(name, value)
            return None
        if len(value) > MAX_TEXT_CHARACTERS:
            self.note(name, "text too long, cut")
        return clean_text(value[:MAX_TEXT_CHARACTERS]) or None

    def text_or_number(self, name: str) -> str | None:
        """Return a text, also where a whole number stands for it."""
        value = self._values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)[:MAX_TEXT_CHARACTERS]
        return self.text(name)

    def integer(self, name: str) -> int | None:
        """Return a whole number; digits in a text count as one."""
        value = self._values.get(name)
        if value is None:
            return None
        is_whole = isinstance(value, float) and value.is_integer()
        if is_whole or (isinstance(value, str) and _WHOLE_NUMBER.fullmatch(value)):
            value = int(value)
        if not isinstance(value, int) or isinstance(value, bool):
            self.complain(name, value)
            return None
        if abs(value) > MAX_NUMBER:
            self.note(name, "number too large")
            return None
        return value

    def count(self, name: str) -> int | None:
        """Return a whole number that is not negative."""
        value = self.integer(name)
        if value is not None and value < 0:
            self.note(name, "negative number")
            return None
        return value

    def decimal(self, name: str) -> Decimal | None:
        """Return a number, exactly as it was written; digits in a text count as one."""
        value = self._values.get(name)
        if value is None:
            return None
        number: Decimal | None = None
        if isinstance(value, int | float | str) and not isinstance(value, bool):
            try:
                number = Decimal(str(value)[:40])
            except InvalidOperation:
                number = None
        if number is None or not number.is_finite() or abs(number) > MAX_NUMBER:
            self.complain(name, value)
            return None
        return number

    def moment(self, name: str) -> datetime | None:
        """Return an aware UTC time; a time without zone counts as UTC."""
        value = self._values.get(name)
        if value is None or value == "":
            return None
        try:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                return moment.replace(tzinfo=UTC)
            return moment.astimezone(UTC)
        except (TypeError, ValueError, OverflowError):
            self.note(name, "no time")
            return None

    def texts(self, name: str) -> tuple[str, ...] | None:
        """Return a list of texts, None where there is no list; a bare text counts as one."""
        value = self._values.get(name)
        if value is None:
            return None
        entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list):
            self.complain(name, value)
            return None
        texts = [entry for entry in entries if isinstance(entry, str)]
        if len(texts) != len(entries):
            self.note(name, "entries that are no text")
        return tuple(cleaned for text in texts if (cleaned := clean_text(text)))

    def shown(self, name: str) -> str | None:
        """
        Return whatever stands there as a short text, None for null.

        For values that only have to be told from nothing: one of an unexpected kind must not
        read as absent.
        """
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, str):
            return clean_text(value[:MAX_TEXT_CHARACTERS])
        if isinstance(value, bool | int | float):
            return str(value)[:40]
        return f"({_KINDS.get(type(value), 'value')})"
