"""
The cancel window: an order is created on hold and released once its time has come.

Until then it is read on every news about it; what changed, or was taken back, is never released
(docs/rules/changes.md, 'Cancel window').
"""

from datetime import timedelta

from app.domain.lifecycle import State
from app.domain.order import MarketplaceOrder
from app.domain.pauses import Pausable
from app.errors import OutcomeUnknown, Rejected, Transient
from app.flow.changes import find_change
from app.flow.moves import Attention, Move, Next, Wait, ask_person
from app.flow.rules import FlowRules
from app.flow.world import trouble_after_placing, wish_to_cancel
from app.ports import Desk

WAITS_FOR_RELEASE = "the cancel window to end"


async def release_when_due(desk: Desk, rules: FlowRules, *, is_sent: bool) -> Move:
    """Release the order at the warehouse, unless its time has not come or something changed."""
    if is_sent:
        desk.note_placing(released_at=desk.now())
        return Next(State.PLACED, "a part was sent, so a person released it in Maya")
    live = desk.order.live
    assert live is not None, "a placed order has a live warehouse order"
    assert live.hold_release_at is not None, "only an order on hold is released"
    if desk.now() < live.hold_release_at:
        return Wait(live.hold_release_at, WAITS_FOR_RELEASE, "held at the warehouse")
    until = live.release_sent_before_at  # of a release nobody knows the answer to
    if until is not None and desk.now() < until:
        return Wait(until, "the answer to the release", "a release may still be under way")
    await desk.require_running(Pausable.PLACING)
    seen = await desk.look(max_age_seconds=rules.verdict_seconds)
    if (stop := await _forbids_release(seen, desk)) is not None:
        return stop
    await desk.warehouse.reserve_call()
    if await desk.look(max_age_seconds=rules.verdict_seconds) != seen:
        return Next(State.PLACED, "the order changed meanwhile; judging it as it is now")
    turn = await desk.intend_release()
    try:
        await desk.warehouse.release_order(live.external_order_number, turn=turn)
    except OutcomeUnknown:
        raise  # released again once the first can no longer be under way: that harms nothing
    except Transient:
        desk.note_placing(release_sent_before_at=until)  # surely not sent
        raise
    except Rejected as refusal:
        desk.note_placing(release_sent_before_at=until)
        return ask_person("release_refused", field="warehouse order", detail=refusal.detail)
    desk.note_placing(released_at=desk.now())
    tomorrow = desk.now() + timedelta(days=1)
    return Wait(tomorrow, "the warehouse to ship", "released at the warehouse")


async def _forbids_release(seen: MarketplaceOrder, desk: Desk) -> Attention | None:
    if (trouble := trouble_after_placing(seen, desk.order)) is not None:
        return trouble
    if (wish := wish_to_cancel(seen, desk.order)) is not None:
        return wish
    return await find_change(seen, desk)
