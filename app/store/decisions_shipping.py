"""What operators decide about an order's shipments, parcels and labels."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from app.domain.completeness import weigh_shipments
from app.domain.lifecycle import State
from app.domain.quoting import check_parcels, describe_parcels
from app.domain.reasons import reason_of
from app.domain.record import OrderRecord
from app.domain.shipment import ParcelSize
from app.domain.statuses import ACCEPTED_STATUS, LABELS_STATUS
from app.store.decisions import CLEARED, Impossible, signed, write_decision
from app.store.possible_moves import LABEL_REASONS, PARCEL_REASONS, PARTIAL_REASONS
from app.store.session import Store
from app.store.shipments import load_shipments

LABEL_WITHIN_SECONDS = 3600.0
"""How long after a confirm the label it bought may still be on its way."""


async def confirm_partial(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Have what was sent confirmed as it is; what follows only becomes tracking.

    Raises:
        Impossible: Nothing was sent, all of it was, or something else must be settled first.
    """
    if order.partial_confirm_at is not None:
        return "that was decided already; nothing changes"
    if order.state is State.CLOSED:
        raise Impossible(f"the order is closed ({order.outcome}); nothing of it is confirmed")
    if order.state in (State.DISPATCHED, State.SHIPPED):
        raise Impossible("all of the order was sent; the service confirms it by itself")
    if order.state is not State.PLACED:
        raise Impossible(f"the order is {order.state}: the warehouse has sent nothing of it")
    _refuse_others(order, PARTIAL_REASONS)
    rows = await load_shipments(store, order.order_id)
    counted = [
        row.shipment
        for row in rows
        if row.judged.reason is None or row.judged.reason in PARTIAL_REASONS
    ]
    if not counted:
        raise Impossible(
            "the warehouse has sent nothing of it yet. Wait, or cancel the order in Maya"
        )
    missing = weigh_shipments(order.live.lines if order.live else (), counted).missing
    lacks = ", ".join(f"{pieces} of {sku}" for sku, pieces in sorted(missing.items()))
    message = signed(f"to be confirmed as sent, without {lacks or 'anything more'},", by, reason)
    await write_decision(
        store,
        order,
        {**CLEARED, "partial_confirm_at": store.now()},
        step="confirm partial",
        message=message,
    )
    return (
        "what was sent is confirmed at Ankorstore now, for the whole order; "
        "what the warehouse sends later is told as tracking only"
    )


async def agree_parcels(
    store: Store,
    order: OrderRecord,
    *,
    by: str,
    reason: str = "",
    parcels: Sequence[ParcelSize] | None = None,
) -> str:
    """
    Have these *parcels* quoted, or with None those the service reckons.

    Raises:
        Impossible: No quote holds them, not all was sent and the order does not ask about its
            parcels, or the order is confirmed.
    """
    if order.confirmed_at is not None or order.state in (State.SHIPPED, State.CLOSED):
        raise Impossible("the order is confirmed or closed; no parcels are quoted any more")
    if order.state not in (State.PLACED, State.DISPATCHED):
        raise Impossible(f"the order is {order.state}: the warehouse has sent nothing of it")
    is_asked = order.attention_reason in PARCEL_REASONS
    if order.state is State.PLACED and not is_asked:
        raise Impossible(
            "the order is placed: the warehouse has not sent all of it, so its parcels are not "
            "known. Give them once it has; what was sent so far goes on without the rest by "
            "`antbridge orders confirm-partial ORDER --reason WHY`"
        )
    agreed = [_json_of(one) for one in parcels] if parcels is not None else None
    if order.parcels_agreed_at is not None and order.parcels_agreed == agreed and not is_asked:
        return "the same parcels were given already; nothing changes"
    if parcels is not None and (finding := check_parcels(parcels, field="--cm")) is not None:
        raise Impossible(f"{reason_of(finding.reason).sentence} {finding.field}: {finding.detail}")
    if parcels is None and order.attention_reason in PARCEL_REASONS[1:]:
        raise Impossible(
            f"{reason_of(order.attention_reason or '').sentence} Give weights and sizes that fit."
        )
    what = describe_parcels(parcels) if parcels is not None else "the parcels as reckoned"
    columns = {"parcels_agreed": agreed, "parcels_agreed_at": store.now()}
    await write_decision(
        store,
        order,
        {**CLEARED, **columns} if is_asked else columns,
        step="parcels",
        message=signed(f"agreed to {what}", by, reason),
    )
    return f"the quote asks for {what}" + ("; the order goes on now" if is_asked else "")


async def ask_label_reset(store: Store, order: OrderRecord, *, by: str, reason: str = "") -> str:
    """
    Have Ankorstore's label taken back, then the order quoted and confirmed anew.

    Raises:
        Impossible: Ankorstore shows no label that could be taken back.
    """
    if order.label_reset_asked_at is not None:
        return "the label is being taken back already; nothing changes"
    if order.state in (State.SHIPPED, State.CLOSED):
        raise Impossible(f"the order is {order.outcome or order.state}; it has no label to reset")
    shown = order.marketplace_status
    if order.attention_reason not in LABEL_REASONS:
        raise Impossible("the service knows of no label of Ankorstore's for this order")
    if shown not in (LABELS_STATUS, ACCEPTED_STATUS):
        raise Impossible(
            f"Ankorstore shows the order {shown}; a label can be taken back only while it shows "
            f"{LABELS_STATUS}. Ask Ankorstore's support to cancel the collection"
        )
    since = order.attention_since or store.now()
    label_until = since + timedelta(seconds=LABEL_WITHIN_SECONDS)
    if shown == ACCEPTED_STATUS and order.confirmed_at is not None and store.now() < label_until:
        raise Impossible(
            "Ankorstore shows no label yet, and the confirm may still bring one. "
            f"Run this again once it shows {LABELS_STATUS}, or after {label_until:%H:%M} UTC"
        )
    await write_decision(
        store,
        order,
        {**CLEARED, "label_reset_asked_at": store.now()},
        step="reset label",
        message=signed("label to be taken back", by, reason),
    )
    return (
        "Ankorstore is asked to take its label back now; then the order is quoted and confirmed "
        "with the brand's own carrier"
    )


def _refuse_others(order: OrderRecord, answered: Sequence[str]) -> None:
    """Refuse where the order asks a person for something this decision does not answer."""
    if order.attention_reason is None or order.attention_reason in answered:
        return
    asked = reason_of(order.attention_reason)
    raise Impossible(f"something else must be settled first. {asked.sentence} {asked.cure}")


def _json_of(parcel: ParcelSize) -> dict[str, Any]:
    return {
        "length_cm": parcel.length_cm,
        "width_cm": parcel.width_cm,
        "height_cm": parcel.height_cm,
        "weight_kg": str(parcel.weight_kg),
    }
