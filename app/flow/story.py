"""
An order's story in sentences: what happened, what it waits for, what a person should do.

The command `why`, the API and the demo tell it with these functions, so that they never differ.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.lifecycle import IGNORED_BEFORE_SWITCH, State
from app.domain.pauses import Pausable, Pause, find_stop, tell_pause, tells_of_pause
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.domain.returns import ReturnCase
from app.domain.shipment import Shipment
from app.domain.tasks import answers_to
from app.domain.waits import NOBODY, waiting_of
from app.flow.returning import tell_returns
from app.flow.wording import PEER_NAMES, waits_for_peer

_STATE_SENTENCES = {
    State.RECEIVED: "It is known here; nothing has been done at either company yet.",
    State.ACCEPTED: "Ankorstore shows it accepted; the warehouse does not surely have it yet.",
    State.PLACED: "The warehouse has it as {number} and has not sent all of it yet.",
    State.DISPATCHED: "The warehouse has sent all of it ({number}); Ankorstore is told next.",
    State.SHIPPED: "Ankorstore shows it shipped with the brand's own carrier.",
    State.CLOSED: "It is closed: {outcome}.",
}
_OUTCOMES = {
    "done": "done",
    "waiting": "waiting",
    "attention": "asked for a person",
    "closed": "closed",
    "failed": "failed, to be tried again",
    "put off": "put off",
    "woken": "news came in",
    "noted": "noted",
    "warning": "warning",
    "decided": "a person decided",
}


def attention_of(order: OrderRecord) -> tuple[str | None, str | None]:
    """Return the sentence and the cure for what the order asks a person, if it does."""
    if order.attention_reason is None:
        return None, None
    reason = reason_of(order.attention_reason)
    return reason.sentence, reason.cure


def name_of(order: OrderRecord) -> str:
    """Return what operators call the order."""
    return order.marketplace_reference or order.marketplace_order_id


FOUND_IN_LIST = "found in Ankorstore's list; no webhook told of it"


def tell_past(
    order: OrderRecord,
    events: Sequence[Mapping[str, Any]],
    history: Sequence[Mapping[str, Any]],
) -> list[str]:
    """
    Return what happened, oldest first: what came in, and each step with call, answer and next time.

    *events* and *history* are rows as the store loads them.
    """
    told: list[tuple[datetime, str]] = [(row["received_at"], tell_event(row)) for row in events]
    told += [(row["happened_at"], tell_attempt(row)) for row in history]
    if order.found_by != "webhook":
        told.append((order.created_at, FOUND_IN_LIST))
    told.sort(key=lambda one: one[0])
    return [f"{at:%Y-%m-%d %H:%M:%S}  {text}" for at, text in told]


def tell_event(event: Mapping[str, Any]) -> str:
    """Return what came in as a sentence, and whether its order was looked at since."""
    return f"Ankorstore told: {event['event_type']}{_heeded(event)}"


def _heeded(event: Mapping[str, Any]) -> str:
    seen_at: datetime | None = event["processed_at"]
    return f" (heeded at {clock_text(seen_at)})" if seen_at else " (not looked at yet)"


def tell_attempt(row: Mapping[str, Any]) -> str:
    """Return an attempt as a sentence: the step, what came of it, call, answer and next time."""
    number = f", try {row['attempt_number']}" if row["attempt_number"] > 1 else ""
    words = f' — "{row["detail"]}"' if row["detail"] else ""
    ending = _OUTCOMES.get(row["outcome"], row["outcome"])
    if row["call"] and row["peer"] in PEER_NAMES:
        status = f", HTTP {row['status']}" if row["status"] is not None else ""
        ending += f"; {row['call']} at {PEER_NAMES[row['peer']]}{status}"
    next_at: datetime | None = row["next_attempt_at"]
    if next_at is not None and (next_at - row["happened_at"]).total_seconds() > 1:
        ending += f"; next at {day_text(next_at)}"
    return f"{row['step']}{number}: {row['message']}{words} ({ending})"


def tell_present(
    order: OrderRecord,
    now: datetime,
    *,
    pauses: Mapping[str, Pause] | None = None,
    away: Mapping[str, datetime] | None = None,
    returns: Sequence[ReturnCase] = (),
) -> list[str]:
    """
    Return where the order stands, what it waits for and, last, what a person does about it.

    *pauses* are those in force by what they pause, *away* says since when a company is.
    """
    pauses, away = pauses or {}, away or {}
    coming_back = tell_returns(returns)
    lines = [_standing(order), *_doubts(order), *coming_back]
    if order.attention_reason is not None:
        return lines + _tell_asked(order, now, pauses)
    if order.state not in tuple(State):
        return [*lines, "What to do: run the newer version of the service."]
    if order.next_attempt_at is None and order.state is State.CLOSED and coming_back:
        command = f"antbridge returns close {name_of(order)} --reason WHY"
        return [
            *lines,
            "A return ends by itself once the warehouse tells that all of it is booked in; it is "
            "asked only where ACTIVE_ANTS_PATH_RETURN_ITEMS is set.",
            f"What to do: once nothing more is to be done about the goods: {command}",
        ]
    if order.next_attempt_at is None and order.state is State.CLOSED:
        again = order.outcome == IGNORED_BEFORE_SWITCH
        command = (
            f"To have it handled all the same: antbridge orders take {name_of(order)} --reason WHY"
        )
        return [*lines, "Nothing more happens to it here.", command if again else NOBODY]
    if order.next_attempt_at is None:
        return [
            *lines,
            "It has no next time, which should not be.",
            f"What to do: antbridge orders retry {name_of(order)}",
        ]
    due_at = max(order.next_attempt_at, order.not_before_at or order.next_attempt_at)
    pause = find_pause_over(order, pauses, is_due=due_at <= now)
    if pause is not None:
        waiting = waiting_of(tell_pause(pause))
        return [
            *lines,
            f"It waits: {tell_pause(pause)} ({pause.reason}).",
            waiting.sentence,
            f"What to do: {waiting.step} antbridge resume {pause.what}",
        ]
    waiting = waiting_of(order.waits_for)
    if order.state is State.CLOSED:
        lines.append("Something is still told of it, or looked at, after it was closed.")
    what = order.waits_for or "its turn"
    lines.append(f"It waits for {what}; looked at again {_in_text(due_at, now)}.")
    lines.append(waiting.sentence)
    for peer, since in away.items():
        if order.waits_for == waits_for_peer(peer):
            lines.append(f"{PEER_NAMES.get(peer, peer)} is away since {day_text(since)}.")
    return [*lines, waiting.step]


def find_pause_over(
    order: OrderRecord, pauses: Mapping[str, Pause], *, is_due: bool
) -> Pause | None:
    """Return the pause that keeps an order from going on, None where none does."""
    for pause in pauses.values():
        if tells_of_pause(order.waits_for, pause.what):
            return pause
    needs = [Pausable.ANKORSTORE]  # every step reads the order there
    if order.state is State.RECEIVED:
        needs.append(Pausable.ACCEPTING)
    if order.state is State.ACCEPTED:
        needs.append(Pausable.PLACING)
    stops = [stop for need in needs if (stop := find_stop(need, pauses)) is not None]
    return pauses[stops[0]] if stops and is_due else None


def _standing(order: OrderRecord) -> str:
    live = order.live
    number = "an order without a number"
    if live is not None:
        ids = live.warehouse_order_number or live.warehouse_order_id
        number = live.external_order_number + (f" ({ids} there)" if ids else "")
    told = _STATE_SENTENCES.get(order.state, f"It is {order.state}, a state of a newer version.")
    return told.format(number=number, outcome=order.outcome)


def _doubts(order: OrderRecord) -> list[str]:
    """Return what was sent to a company without a known answer, and what is on hold there."""
    live = order.live
    lines = []
    if live is not None and live.is_unanswered:
        at = day_text(live.intent_at)
        lines.append(
            f"It was sent to the warehouse at {at} as {live.external_order_number}; whether the "
            "warehouse took it is not known yet."
        )
    if live is not None and live.is_on_hold and live.hold_release_at is not None:
        lines.append(f"It is on hold there until {day_text(live.hold_release_at)}.")
    return lines


def _tell_asked(order: OrderRecord, now: datetime, pauses: Mapping[str, Pause]) -> list[str]:
    assert order.attention_reason is not None
    reason = reason_of(order.attention_reason)
    since = day_text(order.attention_since) if order.attention_since else "now"
    lines = [f"It needs a person since {since}: {reason.sentence}"]
    for finding in order.attention_detail:
        detail = f": {finding['detail']}" if finding["detail"] else ""
        found = f"{finding['field']}{detail}"
        if finding["reason"] != order.attention_reason:
            found = f"{reason_of(finding['reason']).sentence} [{found}]"
        lines.append(f"  - {found}")
    if order.hold_until_at is not None:
        lines.append(f"If nobody decides, the policy does {_in_text(order.hold_until_at, now)}.")
    lines += tell_warehouse_order(order)
    lines += [f"Besides, {tell_pause(pause)} ({pause.reason})." for pause in pauses.values()]
    if answers := answers_to(order.attention_reason):
        record = f"antbridge orders settle {name_of(order)} {'|'.join(answers)} --reason WHY"
        lines.append(f"What can be recorded: {record}")
    return [*lines, f"What to do: {reason.cure}"]


def tell_warehouse_order(order: OrderRecord) -> list[str]:
    """Return which warehouse order a task is about, and where it is found in Maya."""
    for finding in order.attention_detail:
        if "warehouse_order" in finding:
            link = f", {finding['link']}" if "link" in finding else ""
            return [f"Warehouse order: {finding['warehouse_order']}{link}"]
    return []


def tell_address(address: Mapping[str, Any]) -> str:
    """Return an address in one line, for operators' eyes only."""
    names = ("name", "organisation", "street", "postal_code", "city", "country_code")
    return ", ".join(str(address[name]) for name in names if address.get(name))


def tell_shipments(order: OrderRecord, shipments: Sequence[Shipment]) -> list[str]:
    """Return what the warehouse has sent, and what Ankorstore was told of it."""
    lines = []
    for shipment in shipments:
        numbers = [one.tracking_number or "no number" for one in shipment.parcels]
        when = day_text(shipment.shipped_at) if shipment.shipped_at else "at an unknown time"
        lines.append(f"The warehouse sent it {when}: {', '.join(numbers) or 'no parcel named'}.")
    told = order.tracking_sent
    if told is not None and order.confirmed_at is not None:
        what = told.get("link") or f"{told.get('carrier_code')} {told.get('number')}"
        lines.append(f"Ankorstore was told: {what}")
    if order.refund_text is not None:
        lines.append(f"Ankorstore refunds its shipping fee: {order.refund_text}")
    if order.delivered_at is not None:
        lines.append(f"All parcels were delivered by {day_text(order.delivered_at)}.")
    return lines


def clock_text(at: datetime) -> str:
    """Return a time of day in UTC."""
    return f"{at:%H:%M:%S}"


def day_text(at: datetime) -> str:
    """Return a day and time in UTC."""
    return f"{at:%Y-%m-%d %H:%M} UTC"


def _in_text(at: datetime, now: datetime) -> str:
    seconds = (at - now).total_seconds()
    if seconds <= 1:
        return "now"
    if seconds < 120:
        return f"in {round(seconds)} seconds"
    if seconds < 7200:
        return f"in {round(seconds / 60)} minutes"
    return f"at {day_text(at)}"
