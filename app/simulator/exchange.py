"""
What goes over the wire between a caller and a simulated company.

Both companies, the in-process transport, the ASGI app and the list of recorded calls speak in
these three values. Nothing here knows which company it belongs to.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qsl

JSON = "application/json"
JSON_API = "application/vnd.api+json"


def dump_json(document: object) -> bytes:
    """Return *document* as compact UTF-8 JSON."""
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "replace"
    )


@dataclass(slots=True)
class Ask:
    """
    One request as a company sees it.

    Header names are lower case; the path is as it was sent, percent signs included; ``parts``
    are the decoded values of the braces of the route that matched.
    """

    method: str
    path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    parts: tuple[str, ...] = ()
    _query: dict[str, str] | None = None

    @property
    def query(self) -> dict[str, str]:
        """The query parameters; of a repeated one the last value."""
        if self._query is None:
            pairs = parse_qsl(self.query_string, keep_blank_values=True)
            self._query = dict(pairs)
        return self._query

    def json(self) -> Any:
        """Return the decoded body, None for an empty one; ValueError if it is not JSON."""
        return json.loads(self.body) if self.body else None

    def form(self) -> dict[str, str]:
        """Return the body as form fields."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def matches(self, pattern: str) -> bool:
        """Say whether ``METHOD /path`` fits a pattern such as ``POST */confirm``."""
        return fnmatchcase(f"{self.method} {self.path}", pattern)


@dataclass(slots=True)
class Answer:
    """One response before it is put on the wire."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: list[tuple[str, str]] = field(default_factory=list)

    def wire_headers(self) -> list[tuple[str, str]]:
        """Return every header of the response, the length included."""
        return [
            ("content-type", self.content_type),
            ("content-length", str(len(self.body))),
            *self.headers,
        ]


@dataclass(frozen=True, slots=True)
class Call:
    """A request a company received, kept so that tests can look at what was sent."""

    method: str
    path: str
    query_string: str
    status: int | None
    at: datetime
    fault: str | None
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the decoded request body, None for an empty one."""
        return json.loads(self.body) if self.body else None

    def matches(self, pattern: str) -> bool:
        """Say whether ``METHOD /path`` fits a pattern such as ``POST */confirm``."""
        return fnmatchcase(f"{self.method} {self.path}", pattern)
