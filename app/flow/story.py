"""
An order's story in sentences: what happened, what it waits for, what a person should do.

The command `why`, the API and the demo tell it with these functions, so that they never differ.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.domain.lifecycle import State
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.domain.shipment import Shipment
from app.domain.tasks import answers_to

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


def tell_history(history: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return one sentence an attempt, oldest first."""
    return [f"{clock_text(row['happened_at'])}  {tell_attempt(row)}" for row in history]


def tell_attempt(row: Mapping[str, Any]) -> str:
    """Return one attempt as a sentence: the step, what came of it, and the peer's own words."""
    number = f", try {row['attempt_number']}" if row["attempt_number"] > 1 else ""
    ending = _OUTCOMES.get(row["outcome"], row["outcome"])
    words = f' — "{row["detail"]}"' if row["detail"] else ""
    return f"{row['step']}{number}: {row['message']}{words} ({ending})"


def tell_present(order: OrderRecord, now: datetime) -> list[str]:
    """Return where the order stands, what it waits for, and what a person should do."""
    live = order.live
    number = "an order without a number"
    if live is not None:
        ids = live.warehouse_order_number or live.warehouse_order_id
        number = live.external_order_number + (f" ({ids} there)" if ids else "")
    told = _STATE_SENTENCES.get(order.state, f"It is {order.state}, a state of a newer version.")
    sentence = told.format(number=number, outcome=order.outcome)
    lines = [sentence]
    if order.attention_reason is not None:
        reason = reason_of(order.attention_reason)
        since = day_text(order.attention_since) if order.attention_since else "now"
        lines.append(f"It needs a person since {since}: {reason.sentence}")
        for finding in order.attention_detail:
            detail = f": {finding['detail']}" if finding["detail"] else ""
            lines.append(
                f"  - {reason_of(finding['reason']).sentence} [{finding['field']}{detail}]"
            )
        if order.hold_until_at is not None:
            lines.append(
                f"If nobody decides, the policy does {_in_text(order.hold_until_at, now)}."
            )
        lines += tell_warehouse_order(order)
        lines.append(f"What to do: {reason.cure}")
        if answers := answers_to(order.attention_reason):
            record = f"antbridge orders settle {name_of(order)} {'|'.join(answers)}"
            lines.append(f"What can be recorded: {record}")
    elif order.next_attempt_at is not None:
        due_at = max(order.next_attempt_at, order.not_before_at or order.next_attempt_at)
        what = order.waits_for or "its turn"
        lines.append(f"It waits for {what}; looked at again {_in_text(due_at, now)}.")
        lines.append("Nobody needs to do anything.")
    elif order.state is State.CLOSED:
        lines.append("Nothing more happens to it here.")
    return lines


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
