"""
Which handler answers which path.

A table by method and number of path segments. Handlers are plain functions: the state is in
memory, so answering never waits.
"""

from collections.abc import Callable
from urllib.parse import unquote

from app.simulator.exchange import Answer, Ask

Handler = Callable[[Ask], Answer]


class Routes:
    """A small route table. A template segment in braces takes any value."""

    def __init__(self) -> None:
        self._table: dict[tuple[str, int], list[tuple[tuple[str, ...], Handler]]] = {}

    def add(self, method: str, template: str, handler: Handler) -> None:
        """Let *handler* answer *method* on *template*, such as ``/orders/{order}``."""
        segments = tuple("" if part.startswith("{") else part for part in template.split("/")[1:])
        self._table.setdefault((method, len(segments)), []).append((segments, handler))

    def find(self, ask: Ask) -> Handler | None:
        """Return the handler for *ask* and note the values of the braces in ``ask.parts``."""
        given = ask.path.split("/")[1:]
        for segments, handler in self._table.get((ask.method, len(given)), ()):
            if all(not want or want == got for want, got in zip(segments, given, strict=True)):
                ask.parts = tuple(
                    unquote(got) for want, got in zip(segments, given, strict=True) if not want
                )
                return handler
        return None

    def has_path(self, ask: Ask) -> bool:
        """Say whether the path exists under any method."""
        given = ask.path.split("/")[1:]
        return any(
            all(not want or want == got for want, got in zip(segments, given, strict=True))
            for (_, length), entries in self._table.items()
            if length == len(given)
            for segments, _ in entries
        )
