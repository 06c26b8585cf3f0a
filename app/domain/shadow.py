"""
Shadow mode: what the service would have done for an order, against what happened to it. Pure.

Today's connector and people carry the orders; the service reads what they did. What cannot be
read through either company's API is said to be so, and never counted as agreement
(docs/shadow.md).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

WAITS_FOR_CONNECTOR = "today's connector"
WAITS_FOR_LIVE = "live mode"
"""What a followed order says it waits for, and one that shadow mode keeps from its next write."""


class Answer(StrEnum):
    """What an order was, or would have been, answered at the marketplace."""

    ACCEPTED = "accepted"
    PARTIAL = "accepted in part"
    REJECTED = "rejected"
    HELD = "held for a person"
    CANCELLED = "cancelled"
    """Ankorstore's word for an end that may be its own, the retailer's or an approved reject."""


WOULD_PLACE = (Answer.ACCEPTED, Answer.PARTIAL)


@dataclass(frozen=True, slots=True)
class ShadowRecord:
    """
    What is kept of one order followed in shadow mode.

    `ordered` are the packs by line as it was judged, `would_send` the external order number, the
    pieces by SKU and the packs a partial accept would have kept. `observed` is what was read of
    what happened, as `flow/shadow.py` writes it.
    """

    order_id: int
    first_seen_at: datetime
    judged_at: datetime | None = None
    was_answered: bool = False
    """Whether it had been answered long before it was first read."""
    decision: str | None = None
    verdict: Mapping[str, Any] | None = field(default=None, repr=False)
    ordered: Mapping[str, Any] | None = None
    would_send: Mapping[str, Any] | None = None
    payload: Mapping[str, Any] | None = field(default=None, repr=False)
    fingerprint: Mapping[str, Any] | None = field(default=None, repr=False)
    observed: Mapping[str, Any] | None = field(default=None, repr=False)
    observed_at: datetime | None = None
    troubles: Sequence[Mapping[str, str]] | None = None
    """What the service would have asked a person besides: reason and field of each."""
    ended_at: datetime | None = None


class Result(StrEnum):
    """How what would have been done and what happened fit."""

    DIFFER = "differ"
    UNKNOWN = "not yet known"
    AGREE = "agree"
    NOT_COMPARED = "not compared"
    """Nothing either company tells lets the two be compared."""


@dataclass(frozen=True, slots=True)
class Aspect:
    """One thing that is compared, and in words what is so or differs."""

    name: str
    result: Result
    told: str


def compare_order(record: ShadowRecord) -> tuple[Aspect, ...]:
    """Return every aspect of an order, in the order in which a first difference is named."""
    seen = record.observed or {}
    return (
        Aspect("decision", *_compare_decision(record, seen)),
        Aspect("lines", *_compare_lines(record, seen)),
        Aspect("address", *_compare_address(record, seen)),
        Aspect("tracking", *_compare_tracking(record, seen)),
    )


def join_results(aspects: Sequence[Aspect]) -> Result:
    """Return how an order as a whole stands: one difference decides, then what is open."""
    results = {aspect.result for aspect in aspects}
    for result in (Result.DIFFER, Result.UNKNOWN, Result.AGREE):
        if result in results:
            return result
    return Result.NOT_COMPARED


Compared = tuple[Result, str]


def _compare_decision(record: ShadowRecord, seen: Mapping[str, Any]) -> Compared:
    ours, theirs = record.decision, seen.get("answer")
    if ours is None:
        return _open(record, "not judged")
    would = f"would have been {ours}{_reasons(record) if ours != Answer.ACCEPTED else ''}"
    if theirs is None:
        return _open(record, f"{would}; not answered at Ankorstore yet")
    if theirs == Answer.CANCELLED:
        return Result.NOT_COMPARED, f"{would}; Ankorstore shows it cancelled before an answer"
    if ours == Answer.HELD:
        return Result.DIFFER, f"{would}; it was {theirs}"
    if record.was_answered:
        return Result.NOT_COMPARED, f"it was {theirs} long before it was first read"
    if ours != theirs:
        return Result.DIFFER, f"{would}; it was {theirs}"
    if ours == Answer.PARTIAL and (difference := _first_difference(*_packs(record, seen))):
        return Result.DIFFER, f"accepted in part by both, but line {difference}"
    return Result.AGREE, f"{theirs}, as it would have been"


def _packs(record: ShadowRecord, seen: Mapping[str, Any]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the packs by line that would have been kept, and those that are shown."""
    kept = {**(record.ordered or {}), **(record.would_send or {}).get("packs", {})}
    return kept, dict(seen.get("packs", {}))


def _compare_lines(record: ShadowRecord, seen: Mapping[str, Any]) -> Compared:
    if (why := _never_sent(record, seen)) is not None:
        return Result.NOT_COMPARED, why
    if record.would_send is None:
        return Result.NOT_COMPARED, "the order cannot be put into the warehouse's form"
    sent = seen.get("pieces")
    if sent is None:
        where = "; ".join(seen.get("searched", ()))
        told = f"not found at the warehouse under {where}" if where else "nothing was sent yet"
        return _open(record, told)
    if difference := _first_difference(dict(record.would_send["pieces"]), dict(sent)):
        return Result.DIFFER, f"pieces of {difference}"
    return Result.AGREE, "the same pieces were sent"


def _compare_address(record: ShadowRecord, seen: Mapping[str, Any]) -> Compared:
    if (why := _never_sent(record, seen)) is not None:
        return Result.NOT_COMPARED, why
    if seen.get("address_changed"):
        told = "delivery address: changed at Ankorstore after it would have been sent"
        return Result.DIFFER, told
    return Result.NOT_COMPARED, "the warehouse's API tells no address"


def _compare_tracking(record: ShadowRecord, seen: Mapping[str, Any]) -> Compared:
    if (why := _never_sent(record, seen)) is not None:
        return Result.NOT_COMPARED, why
    if not seen.get("is_shipped"):
        return _open(record, "not shipped at Ankorstore yet")
    method = seen.get("shipping_method")
    if method not in (None, "custom"):
        told = f"carrier: shippingMethod {method}, would have been custom"
        return Result.DIFFER, told
    parcels = seen.get("parcels")
    if parcels is None:
        return _open(record, "the warehouse tells no parcels")
    ours, theirs = seen.get("would_tell"), seen.get("shown")
    if ours is None:
        told = "the warehouse tells no tracking"
        return (Result.AGREE, told + ", nor does Ankorstore") if not theirs else _odd(told)
    if not theirs:
        return Result.DIFFER, "Ankorstore shows no tracking, it would have been told one"
    if _is_of_parcels(theirs, parcels):
        return Result.AGREE, "Ankorstore shows the tracking of a parcel the warehouse sent"
    return Result.DIFFER, "Ankorstore shows the tracking of no parcel the warehouse sent"


def _odd(told: str) -> Compared:
    return Result.DIFFER, told + ", and Ankorstore shows one"


def _is_of_parcels(shown: Mapping[str, Any], parcels: Sequence[Mapping[str, Any]]) -> bool:
    number, link = (shown.get("number") or "").strip(), (shown.get("link") or "").strip()
    for parcel in parcels:
        own_number, own_link = parcel.get("number") or "", parcel.get("link") or ""
        if number:
            if number == own_number:
                return True
        elif link and (link == own_link or (own_number and own_number in link)):
            return True
    return False


def _never_sent(record: ShadowRecord, seen: Mapping[str, Any]) -> str | None:
    """Return why there is nothing to compare of goods; None where goods are or will be sent."""
    if record.decision == Answer.REJECTED:
        return "it would have been rejected"
    theirs = seen.get("answer")
    if theirs in (Answer.REJECTED, Answer.CANCELLED):
        return f"it was {theirs}"
    if seen.get("is_ended_unsent"):
        return "it ended without being sent"
    return None


def _open(record: ShadowRecord, told: str) -> Compared:
    """Return that it may still become known; once the order is followed no more, it cannot."""
    return (Result.UNKNOWN if record.ended_at is None else Result.NOT_COMPARED), told


def _first_difference(ours: Mapping[str, int], theirs: Mapping[str, int]) -> str:
    for name in sorted({*ours, *theirs}):
        if ours.get(name, 0) != theirs.get(name, 0):
            return f"{name}: {ours.get(name, 0)} would have been, {theirs.get(name, 0)} were"
    return ""


def _reasons(record: ShadowRecord) -> str:
    reasons = ", ".join(dict.fromkeys(_held_by(record)))
    return f" ({reasons})" if reasons else ""


def _held_by(record: ShadowRecord) -> Iterator[str]:
    for one in (record.verdict or {}).get("findings", ()):
        if one["action"] != "accept":
            yield str(one["reason"])


def would_ask(record: ShadowRecord) -> list[str]:
    """Return the reasons for which the service would have asked a person."""
    held = _held_by(record) if record.decision == Answer.HELD else ()
    return list(dict.fromkeys([*held, *(one["reason"] for one in record.troubles or ())]))


@dataclass(frozen=True, slots=True)
class Told:
    """One order of the report."""

    name: str
    marketplace_order_id: str
    result: Result
    aspects: tuple[Aspect, ...]
    asks: tuple[str, ...]
    warehouse_number: str | None
    """Under which number today's connector placed it, as far as that is known."""

    @property
    def first_difference(self) -> str | None:
        """The first thing that differs, in words; None where nothing does."""
        for aspect in self.aspects:
            if aspect.result is Result.DIFFER:
                return f"{aspect.name}: {aspect.told}"
        return None


@dataclass(frozen=True, slots=True)
class Report:
    """The orders first read in a time, and how many of them agree."""

    start_at: datetime
    end_at: datetime
    orders: tuple[Told, ...]

    def count(self, result: Result) -> int:
        """Return how many orders stand so."""
        return sum(one.result is result for one in self.orders)

    @property
    def parity_percent(self) -> float | None:
        """How many of the orders that could be compared agree; None where none could."""
        agree, differ = self.count(Result.AGREE), self.count(Result.DIFFER)
        # Rounded down: one difference in a thousand orders is no full agreement.
        return (1000 * agree // (agree + differ)) / 10 if agree + differ else None

    def figures(self) -> dict[str, Any]:
        """Return the totals, without any order in them."""
        return {
            "orders": len(self.orders),
            "counts": {result.value: self.count(result) for result in Result},
            "parity_percent": self.parity_percent,
            "would_have_asked": sum(bool(one.asks) for one in self.orders),
            "differences": self._differences(),
        }

    def _differences(self) -> dict[str, int]:
        """Return how many orders differ first in each aspect."""
        found: dict[str, int] = {}
        for told in self.orders:
            if (first := told.first_difference) is not None:
                name = first.partition(":")[0]
                found[name] = found.get(name, 0) + 1
        return found
