"""
What a person's record about a change settles: what its task named, as it was shown then.

Everything else that is not as it was sent is asked next (docs/rules/changes.md).
"""

from dataclasses import asdict

from app.domain.fingerprint import Part, renew
from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.flow.changes import (
    CHANGE_TASKS,
    TASKS_OF,
    ask_about,
    compare_sent,
    fingerprint_of,
    marks_of,
)
from app.flow.moves import Attention
from app.ports import Desk


async def find_answered(shown: MarketplaceOrder, desk: Desk) -> frozenset[Part]:
    """
    Return the parts that the answered task named, as far as they are shown as they were then.

    A task about the order's status names none: whoever answered it was shown no change.
    """
    order, live = desk.order, desk.order.live
    if live is None or order.task_reason not in CHANGE_TASKS:
        return frozenset()
    seen = await desk.apply_corrections(shown)
    if live.fingerprint is not None:
        marks = live.fingerprint.get("asked", {})
        now = marks_of(marks, seen)
        named = {Part(part) for part, mark in marks.items() if now[part] == mark}
    else:
        is_address = order.task_reason.startswith("address")
        named = {Part.DELIVERY} if is_address else {Part.LINES, Part.DELIVERY}
    if order.new_address != asdict(shown.ship_to):
        named.discard(Part.DELIVERY)
    return frozenset(named)


async def know_answered(
    answered: frozenset[Part], shown: MarketplaceOrder, desk: Desk
) -> Attention | None:
    """
    Take the parts a person answered as known.

    Return the task that the others make where the order is closed: nobody reads it again by itself.
    """
    live = desk.order.live
    assert live is not None, "the order is at the warehouse"
    seen = await desk.apply_corrections(shown)
    changed = compare_sent(seen, live, desk).changed
    rest = [part for part in Part if part in changed and part in TASKS_OF and part not in answered]
    marks = marks_of(rest, seen)
    if live.fingerprint is not None:
        newest = renew(live.fingerprint, fingerprint_of(seen, desk), answered)
        desk.note_placing(fingerprint={**newest, "asked": marks})
    elif answered:
        newest = fingerprint_of(seen, desk)
        for side in ("order", "sent"):
            newest[side] |= dict.fromkeys(rest, "")  # like nothing: it is found to be changed
        desk.note_placing(fingerprint={**newest, "asked": marks})
    return ask_about(rest, shown, desk) if rest and desk.order.state is State.CLOSED else None
