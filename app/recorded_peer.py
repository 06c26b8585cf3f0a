"""
A company that answers from a step record: no network, no login, no budget.

The client of the company is today's; each call it makes must be one that was made then, or what
it asks is the first difference.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from app import errors
from app.answers import Answer
from app.clock import SystemClock
from app.errors import BridgeError, Finding
from app.grants import LocalBook
from app.outbound import PeerConnection
from app.pacing import PacedBudget
from app.ports import RateWindow, Turn
from app.step_record import (
    RESERVED,
    CallRecord,
    Differs,
    ErrorRecord,
    UnreadableRecord,
    find_difference,
)


class Tape:
    """The calls of one step, in the order they were made; each is answered once."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._left: list[CallRecord] = []

    def load(self, calls: Sequence[CallRecord]) -> None:
        """Answer from *calls* from now on."""
        self._left = list(calls)

    def take(self, asked: CallRecord) -> CallRecord:
        """
        Return what was recorded of the call *asked*.

        Raises:
            Differs: No such call was made.
            UnreadableRecord: Its answer was too long to be kept whole.
        """
        same = [
            one
            for one in self._left
            if (one.peer, one.operation) == (asked.peer, asked.operation)
            and (one.method == RESERVED) == (asked.method == RESERVED)
        ]
        for one in same:
            if _says_same(one, asked):
                self._left.remove(one)
                if one.is_cut:
                    why = f"the answer to {one.operation} was too long to be kept whole"
                    raise UnreadableRecord(why)
                return one
        raise _difference(same[0] if same else None, asked)

    def unmade_write(self) -> CallRecord | None:
        """Return a write that was made then, and is not made now."""
        return next((one for one in self._left if one.is_write and one.was_made), None)


def _says_same(one: CallRecord, other: CallRecord) -> bool:
    same_place = (one.method, one.path) == (other.method, other.path)
    return same_place and _decoded(one.sent) == _decoded(other.sent)


def _decoded(body: str | None) -> Any:
    try:
        return json.loads(body) if body is not None else None
    except ValueError:
        return body


def _difference(then: CallRecord | None, now: CallRecord) -> Differs:
    field = f"call to {now.peer}, {now.operation}"
    if then is None:
        return Differs(field, "not made", f"{now.method} {now.path}")
    if (then.method, then.path) != (now.method, now.path):
        return Differs(field, f"{then.method} {then.path}", f"{now.method} {now.path}")
    found = find_difference(_decoded(then.sent), _decoded(now.sent))
    assert found is not None, "calls that differ in nothing are the same"
    return Differs(f"{field}: {found.field}".rstrip(": "), found.then, found.now)


class RecordedPeer(PeerConnection):
    """One company, answering from a tape."""

    def __init__(self, peer: str, base_url: str, tape: Tape) -> None:
        """Answer what is asked of *peer* from *tape*."""
        clock = SystemClock()
        budget = PacedBudget(clock, LocalBook(clock, (RateWindow("none", 1.0, 1),)))
        super().__init__(
            peer,
            base_url,
            budget=budget,
            clock=clock,
            timeout_seconds=1.0,
            transport=httpx.MockTransport(_refuse),
        )
        self._tape = tape

    async def reserve(self, operation: str) -> None:
        """Wait for nothing, or fail as the wait failed then."""
        asked = CallRecord(self.peer, operation, RESERVED, "")
        _raise_recorded(self._tape.take(asked).error)

    async def call(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        turn: Turn | None = None,
        json_body: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """
        Answer as the company did then.

        Raises:
            BridgeError: What was raised then.
            Differs: The call was not made then, or another way.
        """
        path = self._path_of(self._http.build_request(method, url, params=params).url)
        sent = json.dumps(json_body) if json_body is not None else None
        asked = CallRecord(self.peer, operation, method, path, sent)
        record = self._tape.take(asked)
        _raise_recorded(record.error)
        if record.status is None or record.answer is None:
            raise UnreadableRecord(f"no answer to {operation} was kept")
        return Answer(record.status, httpx.Headers(), record.answer.encode())


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.UnsupportedProtocol("a rehearsal calls nobody", request=request)


def _raise_recorded(record: ErrorRecord | None) -> None:
    if record is not None:
        raise error_of(record)


def error_of(record: ErrorRecord) -> Exception:
    """
    Return a recorded error as it was raised.

    Raises:
        UnreadableRecord: This version has no such error.
    """
    kind = getattr(errors, record.kind, None)
    if not isinstance(kind, type) or not issubclass(kind, Exception):
        raise UnreadableRecord(f"this version knows no error {record.kind}")
    if not issubclass(kind, BridgeError):
        return kind()
    made: BridgeError = kind.__new__(kind)
    BridgeError.__init__(
        made,
        record.peer,
        record.operation,
        status=record.status,
        detail=record.detail,
        resolution=record.resolution,
    )
    special: dict[str, Any] = {
        "code": record.code,
        "retry_after_seconds": record.retry_after_seconds,
        "stop": record.stop,
        "findings": tuple(Finding(*one) for one in record.findings),
        "needed": {},
    }
    vars(made).update(special)
    return made
