"""
Whose a shipment row is: ours, of an order we replaced, somebody else's, or unclear.

Pure rules; docs/rules/shipments.md tells them in full. What is done about a verdict (store,
acknowledge, ask a person) is the feed's business; whether an order is complete is reckoned in
`completeness.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from app.domain.shipment import Shipment, ShipmentSource


@dataclass(frozen=True, slots=True)
class PlacedNumbers:
    """
    One warehouse order of ours, by everything that tells it from others.

    `warehouse_order_number` is known only where an order search gave it. `is_proven` means the
    create was answered OK, or a search showed our mark on the order; `is_live` that no other
    warehouse order has replaced it. `skus` are those that were sent.
    """

    marketplace_order_id: str
    external_order_number: str
    warehouse_order_number: str | None
    is_live: bool
    is_proven: bool
    skus: frozenset[str]


class Ownership(StrEnum):
    """Whose a shipment row is."""

    OURS = "ours"
    """Of the live warehouse order: it counts."""
    REPLACED = "replaced"
    """Of an order of ours, but not of its live warehouse order: it counts for nothing."""
    NOT_MATCHED = "not_matched"
    """It bears a number of ours and is not proven to be ours: shown, never acknowledged."""
    FOREIGN = "foreign"
    """Of another shop of the same login."""
    UNREADABLE = "unreadable"
    """It cannot be counted: shown, never acknowledged."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    Whose a row is, and of which order where that is known.

    `reason` is set where the order needs a person (a code of `reasons.py`).
    """

    ownership: Ownership
    source: ShipmentSource
    marketplace_order_id: str | None = None
    external_order_number: str | None = None
    """Our number the row was recognised by, or the live one of the order its mark names."""
    reason: str | None = None


def judge_row(shipment: Shipment, placed: Sequence[PlacedNumbers]) -> Verdict:
    """
    Say whose *shipment* is, given every warehouse order of ours that might own it.

    *placed* must hold all warehouse orders, live and replaced, of the order the mark names and
    of the order the external number belongs to; more do no harm.
    """
    if shipment.source is ShipmentSource.SEARCH:
        verdict = _judge_by_number(shipment, placed)
    elif shipment.order_mark is not None:
        verdict = _judge_by_mark(shipment, placed, shipment.order_mark)
    else:
        verdict = _judge_by_both_numbers(shipment, placed)
    if not shipment.problems:
        return verdict
    is_of_ours = verdict.ownership is not Ownership.FOREIGN
    return replace(
        verdict,
        ownership=Ownership.UNREADABLE,
        reason="shipment_unreadable" if is_of_ours else None,
    )


def _judge_by_mark(shipment: Shipment, placed: Sequence[PlacedNumbers], mark: str) -> Verdict:
    own = [one for one in placed if one.marketplace_order_id.casefold() == mark.casefold()]
    if not own:
        return _judge_unproven(shipment, placed)
    live = next((one for one in own if one.is_live), None)
    if live is not None and _bears_numbers_of(shipment, live):
        return _verdict(Ownership.OURS, shipment, live)
    return _verdict(Ownership.REPLACED, shipment, live or own[-1], "replaced_order_shipped")


def _bears_numbers_of(shipment: Shipment, live: PlacedNumbers) -> bool:
    """Tell whether no number of the row contradicts *live*, and at least one agrees."""
    pairs = (
        (shipment.external_order_number, live.external_order_number),
        (shipment.warehouse_order_number, live.warehouse_order_number),
    )
    known = [(told, ours) for told, ours in pairs if told is not None and ours is not None]
    return bool(known) and all(told == ours for told, ours in known)


def _judge_by_both_numbers(shipment: Shipment, placed: Sequence[PlacedNumbers]) -> Verdict:
    for one in placed:
        if (
            one.warehouse_order_number is not None
            and shipment.warehouse_order_number == one.warehouse_order_number
            and shipment.external_order_number == one.external_order_number
        ):
            return _live_or_replaced(shipment, one)
    return _judge_unproven(shipment, placed)


def _judge_by_number(shipment: Shipment, placed: Sequence[PlacedNumbers]) -> Verdict:
    for one in placed:
        if one.external_order_number != shipment.external_order_number or not one.is_proven:
            continue
        if not {line.sku for line in shipment.goods} <= one.skus:
            return _verdict(Ownership.NOT_MATCHED, shipment, one, "sku_not_ordered")
        return _live_or_replaced(shipment, one)
    return _judge_unproven(shipment, placed)


def _live_or_replaced(shipment: Shipment, one: PlacedNumbers) -> Verdict:
    if one.is_live:
        return _verdict(Ownership.OURS, shipment, one)
    return _verdict(Ownership.REPLACED, shipment, one, "replaced_order_shipped")


def _judge_unproven(shipment: Shipment, placed: Sequence[PlacedNumbers]) -> Verdict:
    """Tell rows with a number of ours, which are shown, from the rest."""
    for one in placed:
        has_external = shipment.external_order_number == one.external_order_number
        has_warehouse = (
            one.warehouse_order_number is not None
            and shipment.warehouse_order_number == one.warehouse_order_number
        )
        if has_external or has_warehouse:
            return _verdict(Ownership.NOT_MATCHED, shipment, one)
    return Verdict(Ownership.FOREIGN, shipment.source)


def _verdict(
    ownership: Ownership, shipment: Shipment, one: PlacedNumbers, reason: str | None = None
) -> Verdict:
    return Verdict(
        ownership, shipment.source, one.marketplace_order_id, one.external_order_number, reason
    )
