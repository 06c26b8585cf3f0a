"""Counts the points every process passes, and says at which of them the case happens."""

import asyncio
import sys
from collections import Counter
from dataclasses import replace
from typing import Any

from tests.crashes.points import Case, Passed, Point

CALL_POINTS = {"before send": "never-sent", "after answer": "arrived"}
COMMIT_POINTS = {
    "before commit": "before",
    "at commit, without effect": "without-effect",
    "after commit": "with-effect",
}
READ_POINTS = {"before read": "before"}
_KINDS = {
    **dict.fromkeys(CALL_POINTS, "call"),
    **dict.fromkeys(COMMIT_POINTS, "commit"),
    **dict.fromkeys(READ_POINTS, "read"),
}
_FATES = CALL_POINTS | COMMIT_POINTS | READ_POINTS
_FIRSTS = ("before send", "before commit", "before read")


class Fuse:
    """
    Where a case stands.

    Points are numbered anew in every process. Which call or commit a later point is about is
    known by the task that passes it: each of them is the work of one task.
    """

    def __init__(self, case: Case) -> None:
        self.passed: list[list[Passed]] = []
        """What each process passed, one list a process."""
        self.left: list[Point] = [*case.deaths, *([case.trouble] if case.trouble else [])]
        """What has not happened yet."""
        self.total: Counter[str] = Counter()
        """How often each point was passed by any process, to the very end."""
        self.deliveries = 0
        self.is_over = False
        self._deaths = len(case.deaths)
        self._counts: Counter[str] = Counter()
        self._indices: dict[tuple[str, Any], int] = {}

    def start_process(self) -> None:
        """Count from the beginning: a new process starts."""
        self.passed.append([])
        self._counts.clear()
        self._indices.clear()

    def count(self, name: str) -> Passed | None:
        """Count a point; return what is new where a call, a commit or a read begins with it."""
        self.total[name] += 1
        if self.is_over:
            return None
        kind = _KINDS.get(name)
        if kind is None or name not in _FIRSTS:
            if name == "at commit, without effect":
                self._change("commit", is_ended=True)
            return None
        self._counts[kind] += 1
        caller = "" if kind == "call" else _caller()
        begun = Passed(kind, self._counts[kind], caller, is_ended=kind != "commit")
        self._indices[kind, asyncio.current_task()] = len(self.passed[-1])
        self.passed[-1].append(begun)
        return begun

    def name_call(self, name: str) -> None:
        """Say what the running task's call is."""
        if not self.is_over:
            self._change("call", name=name)

    def due_at(self, name: str) -> Point | None:
        """Return what is to happen at this point, if it is the case's."""
        kind = _KINDS.get(name)
        return self.due(kind, _FATES[name]) if kind is not None else None

    def due(self, kind: str, *fates: str) -> Point | None:
        """Return what is to happen to the running task's call or commit, if it is the case's."""
        if not self.left or self.is_over or not self._is_its_life():
            return None
        number = self._current(kind).number if kind != "delivery" else self.deliveries
        point = self.left[0]
        is_here = (point.kind, point.number) == (kind, number) and point.fate in fates
        return point if is_here else None

    def burn(self) -> Point:
        """Let it happen: what comes next is awaited then."""
        return self.left.pop(0)

    def _is_its_life(self) -> bool:
        """Tell whether the process that lives now is the one the next point is meant for."""
        return not self._deaths or len(self.passed) == 1 + self._deaths - len(self.left)

    def _current(self, kind: str) -> Passed:
        return self.passed[-1][self._indices[kind, asyncio.current_task()]]

    def _change(self, kind: str, **changes: Any) -> None:
        index = self._indices[kind, asyncio.current_task()]
        self.passed[-1][index] = replace(self.passed[-1][index], **changes)


def _caller() -> str:
    """Return the name of the function of the service that asks the store."""
    frame = sys._getframe(2)
    while frame.f_back is not None:
        if "/app/" in frame.f_code.co_filename:
            return frame.f_code.co_qualname
        frame = frame.f_back
    return "the test"
