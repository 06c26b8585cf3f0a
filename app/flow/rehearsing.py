"""
Rehearsal: recorded steps are taken again by today's code, and what they decide is compared.

The same functions work at a desk that answers from the record, with the recorded answers of both
companies and the times of then. Nothing is called and nothing is written (docs/rehearsal.md).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.errors import LeaseLost
from app.flow.order_flow import advance
from app.flow.recording import decided
from app.flow.rehearsal_desk import RehearsalDesk
from app.flow.rules import FlowRules
from app.ports import Marketplace, Warehouse
from app.recorded_peer import Tape
from app.step_record import (
    Decided,
    Differs,
    StepRecord,
    UnreadableRecord,
    as_json,
    find_difference,
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Both companies on tape, and the brand's rules, as some settings had them."""

    marketplace: Marketplace
    warehouse: Warehouse
    rules: FlowRules
    tape: Tape
    remember_path: Callable[[str, str], None]
    """Told the method and path of each call to the warehouse: which of its paths had worked."""


CastOf = Callable[[str], Awaitable[Cast]]
"""
Gives the cast of the settings with a digest.

Raises:
    UnreadableRecord: They are not kept, or this version cannot use them.
"""


@dataclass(frozen=True, slots=True)
class Found:
    """The first difference of an order, as a person is told of it."""

    at: datetime
    step: str
    what: str
    then: Any = field(repr=False)
    now: Any = field(repr=False)


@dataclass(slots=True)
class Rehearsed:
    """What became of the recorded steps of one order."""

    same: int = 0
    skipped: list[str] = field(default_factory=list)
    """Why steps could not be taken again, one text each."""
    difference: Found | None = None


@dataclass(frozen=True, slots=True)
class StepAsKept:
    """A step as the store has it: when its attempt was made, which it was, the packed record."""

    happened_at: datetime
    step: str
    recorded: bytes = field(repr=False)


async def rehearse(
    steps: Sequence[StepAsKept], cast_of: CastOf, unpack: Callable[[bytes], StepRecord]
) -> Rehearsed:
    """Take *steps* of one order again, oldest first, up to the first difference."""
    told = Rehearsed()
    desk: RehearsalDesk | None = None
    last_number = -1
    for kept in steps:
        try:
            record = unpack(kept.recorded)
            if record.step_number == 0:
                desk = None
            elif desk is None or record.step_number != last_number + 1:
                desk = None
                raise UnreadableRecord("the step before it, whose reading it used, is not there")
            cast = await cast_of(record.settings)
            desk = await _take(record, desk, cast)
            last_number = record.step_number
            told.same += 1
        except UnreadableRecord as why:
            desk = None
            told.skipped.append(str(why))
        except Differs as found:
            told.difference = Found(kept.happened_at, kept.step, found.field, found.then, found.now)
            return told
    return told


async def _take(record: StepRecord, desk: RehearsalDesk | None, cast: Cast) -> RehearsalDesk:
    """
    Take one step again; return the desk for the next of the same visit.

    Raises:
        Differs: It asks, notes or decides something else.
        UnreadableRecord: Something it needs was not kept.
    """
    cast.tape.load(record.calls)
    for call in record.calls:
        if call.was_made and call.peer == "active_ants":
            cast.remember_path(call.method, call.path)
    if desk is None:
        desk = RehearsalDesk(record, cast.marketplace, cast.warehouse)
    else:
        desk.take_up(record)
    now = await _decide(desk, cast.rules)
    _compare(record.decided, now, desk.within_seconds)
    desk.require_all_used()
    if (unmade := cast.tape.unmade_write()) is not None:
        raise Differs(f"call to {unmade.peer}, {unmade.operation}", "made", "not made")
    return desk


async def _decide(desk: RehearsalDesk, rules: FlowRules) -> Decided:
    try:
        return decided(desk, move=await advance(desk, rules))
    except (Differs, UnreadableRecord, LeaseLost):
        raise
    except Exception as error:
        return decided(desk, error=error)


def _compare(then: Decided, now: Decided, within_seconds: float) -> None:
    before, after = as_json(then), as_json(now)
    for name, word in _WORDS.items():
        found = find_difference(before[name], after[name], within_seconds=within_seconds)
        if found is not None:
            raise Differs(
                ".".join(part for part in (word, found.field) if part), found.then, found.now
            )


_WORDS = {
    "move": "decision",
    "error": "error",
    "noted": "order",
    "noted_placing": "warehouse order",
    "noted_shadow": "shadow mode",
    "warnings": "warnings",
    "settles_shipments": "settles shipments",
}
