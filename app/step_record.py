"""
What is kept of one step of an order, to show it and to take it again (docs/rehearsal.md).

A step record holds all that the step's decisions came from: the order as it stood, each call to a
company with its answer, what the store told, and the times. It holds personal data, so it is kept
packed, shown to operators only, pruned and erased. No login passes here: what a call carries
besides its path and its body is not recorded.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from app.domain.differences import find_differences
from app.domain.record import OrderRecord
from app.domain.returns import ReturnCase
from app.domain.shadow import ShadowRecord
from app.domain.sku_entries import SkuEntry
from app.errors import BridgeError, Finding
from app.ports import SkuFacts, StoredShipment

LONGEST_BODY_BYTES = 64 * 1024
"""Of a request or an answer; what is longer is cut, and its step cannot be rehearsed."""
SHORTEST_SECRET = 8
"""What is shorter is too likely to be a part of something else to be masked."""
RESERVED = "RESERVE"
"""The method of a wait for a place in the budget: nothing was sent."""
_QUICK = 1


class UnreadableRecord(Exception):
    """A step record cannot be read by this version, or not be taken again; the text says why."""


class Differs(Exception):
    """The first thing that is not as it was: what, how it was then, and how it is now."""

    def __init__(self, field: str, then: Any, now: Any) -> None:
        """Name the *field*; the values may be personal data, so the text leaves them out."""
        self.field = field
        self.then = then
        self.now = now
        super().__init__(field)


def find_difference(then: Any, now: Any, *, within_seconds: float = 0.0) -> Differs | None:
    """Return the first member of two JSON values that differs; times may by *within_seconds*."""
    for one in find_differences({"": then}, {"": now}):
        if not _are_close(one.before, one.after, within_seconds):
            return Differs(one.path.removeprefix("."), one.before, one.after)
    return None


def _are_close(then: Any, now: Any, within_seconds: float) -> bool:
    if not within_seconds or not isinstance(then, str) or not isinstance(now, str):
        return False
    try:
        apart = datetime.fromisoformat(then) - datetime.fromisoformat(now)
    except (ValueError, TypeError):
        return False
    return abs(apart.total_seconds()) <= within_seconds


@dataclass(frozen=True, slots=True)
class ErrorRecord:
    """An error as it was raised, by the name of its class."""

    kind: str
    peer: str = ""
    operation: str = ""
    status: int | None = None
    detail: str = field(default="", repr=False)
    resolution: str | None = None
    code: str = ""
    retry_after_seconds: float | None = None
    stop: str = ""
    findings: tuple[tuple[str, str, str, str], ...] = field(default=(), repr=False)


@dataclass(slots=True)
class CallRecord:
    """One call to a company: what was sent, and the answer or the error that came."""

    peer: str
    operation: str
    method: str
    path: str = field(repr=False)
    """With the query, below the company's base address."""
    sent: str | None = field(default=None, repr=False)
    status: int | None = None
    answer: str | None = field(default=None, repr=False)
    error: ErrorRecord | None = None
    is_cut: bool = False
    is_write: bool = False
    """Whether it must not happen twice."""

    @property
    def was_made(self) -> bool:
        """Whether anything may have been sent."""
        was_stopped = self.error is not None and self.error.kind in ("PeerAway", "Paused")
        return self.method != RESERVED and not was_stopped


@dataclass(slots=True)
class IntentRecord:
    """Something the desk was asked to write down before it is done."""

    kind: str
    asked: Mapping[str, Any] = field(default_factory=dict, repr=False)
    noted: Mapping[str, Any] = field(default_factory=dict, repr=False)
    changed: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The columns of the order that were others afterwards."""
    short: Mapping[str, int] = field(default_factory=dict)
    error: ErrorRecord | None = None


@dataclass(frozen=True, slots=True)
class Decided:
    """What a step decided: its move or error, and what it noted to be written."""

    move: Mapping[str, Any] | None = field(default=None, repr=False)
    error: ErrorRecord | None = None
    noted: Mapping[str, Any] = field(default_factory=dict, repr=False)
    noted_placing: Mapping[str, Any] = field(default_factory=dict, repr=False)
    noted_shadow: Mapping[str, Any] = field(default_factory=dict, repr=False)
    warnings: tuple[str, ...] = ()
    settles_shipments: bool = False


@dataclass(slots=True)
class StepRecord:
    """One step, from the order as it stood to what was decided."""

    held: OrderRecord
    started_at: datetime
    step_number: int = 0
    """Which step of one visit it is: what was read in an earlier one may be looked at again."""
    times: list[int] = field(default_factory=list)
    """Microseconds after the start, one for each time the clock was read."""
    calls: list[CallRecord] = field(default_factory=list)
    facts: list[dict[str, SkuFacts]] = field(default_factory=list)
    shipments: list[tuple[StoredShipment, ...]] = field(default_factory=list)
    returns: list[tuple[ReturnCase, ...]] = field(default_factory=list)
    entries: list[tuple[int, dict[str, SkuEntry]]] = field(default_factory=list)
    """Count of the table of SKUs, and its entries of the order's own SKUs."""
    shadows: list[ShadowRecord | None] = field(default_factory=list)
    crowded: list[bool] = field(default_factory=list)
    paused: list[ErrorRecord | None] = field(default_factory=list)
    """What each question whether a flow is running was answered."""
    intents: list[IntentRecord] = field(default_factory=list)
    decided: Decided = field(default_factory=Decided)
    settings: str = ""
    """The digest of the settings in force (`SettingsInForce`)."""

    def tell_time(self, now: datetime) -> datetime:
        """Keep *now* as a time the step has read, and return it."""
        self.times.append((now - self.started_at) // timedelta(microseconds=1))
        return now

    @property
    def seconds(self) -> float:
        """How long the step took, as far as it read the clock."""
        return max(self.times, default=0) / 1_000_000


@dataclass(frozen=True, slots=True)
class SettingsInForce:
    """What the settings and the warehouse's lists of ids were; without secrets."""

    digest: str
    content: Mapping[str, Any] = field(repr=False)


@cache
def _codec() -> TypeAdapter[StepRecord]:
    return TypeAdapter(StepRecord)


def as_quoted(secrets: Iterable[str]) -> tuple[bytes, ...]:
    """Return *secrets* as they would stand in a packed record, those worth looking for."""
    long = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
    return tuple(json.dumps(secret, ensure_ascii=False)[1:-1].encode() for secret in long)


def pack(record: StepRecord, quoted_secrets: Iterable[bytes] = ()) -> bytes:
    """Return *record* as it is stored; what a company may have quoted (`as_quoted`) is masked."""
    text = _codec().dump_json(record)
    for secret in quoted_secrets:
        text = text.replace(secret, b"***")
    return zlib.compress(text, _QUICK)


def unpack(packed: bytes) -> StepRecord:
    """
    Return a stored record. What was not known when it was written is None.

    Raises:
        UnreadableRecord: It is damaged, or says what this version does not know.
    """
    try:
        content = json.loads(zlib.decompress(packed))
        content["held"] = _with_new_fields(content["held"])
        return _codec().validate_python(content)
    except (zlib.error, ValueError, KeyError, TypeError, ValidationError) as error:
        why = f"what was recorded cannot be read by this version ({type(error).__name__})"
        raise UnreadableRecord(why) from None


def changed_held(held: OrderRecord, changed: Mapping[str, Any]) -> OrderRecord:
    """
    Return *held* with the recorded columns *changed*, which are JSON values.

    Raises:
        UnreadableRecord: This version does not know what they say.
    """
    try:
        return _order_codec().validate_python({**as_json(held), **changed})
    except ValidationError:
        raise UnreadableRecord("a recorded change of the order cannot be read") from None


@cache
def _order_codec() -> TypeAdapter[OrderRecord]:
    return TypeAdapter(OrderRecord)


@cache
def _any_codec() -> TypeAdapter[Any]:
    return TypeAdapter(Any)


def as_json(value: Any) -> Any:
    """Return *value*, of whatever a step record holds, as JSON values."""
    return json.loads(_any_codec().dump_json(value))


def _with_new_fields(held: Mapping[str, Any]) -> dict[str, Any]:
    needed = (one.name for one in fields(OrderRecord) if one.default is MISSING)
    return {**dict.fromkeys(needed), **held}


def tell_error(error: Exception) -> ErrorRecord:
    """Return an error as it is recorded."""
    kind = type(error).__name__
    if not isinstance(error, BridgeError):
        return ErrorRecord(kind)
    found: tuple[Finding, ...] = getattr(error, "findings", ())
    return ErrorRecord(
        kind,
        peer=error.peer,
        operation=str(error.operation),
        status=error.status,
        detail=error.detail,
        resolution=error.__dict__.get("resolution"),
        code=getattr(error, "code", ""),
        retry_after_seconds=getattr(error, "retry_after_seconds", None),
        stop=str(getattr(error, "stop", "")),
        findings=tuple((one.reason, one.field, one.detail, one.line_id) for one in found),
    )
