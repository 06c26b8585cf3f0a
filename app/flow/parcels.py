"""
Which parcels to ask a quote for: as reckoned from the shipments, or as a person gave them.

The warehouse tells neither sizes nor weights of parcels, so a person may know better
(docs/rules/shipments.md, 'Quotes').
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from app.domain.quoting import ParcelRules, describe_parcels, quote_parcels
from app.domain.shipment import ParcelSize
from app.errors import Finding
from app.flow.moves import Attention, ask_person
from app.flow.progress import Sent
from app.flow.rules import FlowRules
from app.ports import Desk


def parcels_to_quote(
    desk: Desk, rules: FlowRules, sent: Sent
) -> tuple[ParcelSize, ...] | Attention:
    """Return the parcels of the order, or what a person must say of them first."""
    order = desk.order
    is_agreed = _is_agreed(desk, sent)
    if order.parcels_agreed is not None and is_agreed:
        return tuple(_size_of(entry) for entry in order.parcels_agreed)
    parcels = quote_parcels(sent.shipments, _parcel_rules(rules), desk.warehouse.method_codes)
    if isinstance(parcels, Finding):
        return Attention((parcels,), "the parcels fit no quote")
    if is_agreed or (rules.confirms_by_itself and order.parcels_agreed is None):
        return parcels
    return ask_person("confirm_manual", field="parcels", detail=describe_parcels(parcels))


def _is_agreed(desk: Desk, sent: Sent) -> bool:
    """Tell whether a person agreed to the parcels, and nothing was sent since."""
    agreed_at = desk.order.parcels_agreed_at
    return agreed_at is not None and (sent.last_at is None or sent.last_at <= agreed_at)


def _size_of(entry: Mapping[str, Any]) -> ParcelSize:
    return ParcelSize(
        entry["length_cm"], entry["width_cm"], entry["height_cm"], Decimal(entry["weight_kg"])
    )


def _parcel_rules(rules: FlowRules) -> ParcelRules:
    return ParcelRules(
        default_sides_cm=rules.parcel_cm,
        default_kg=rules.parcel_kg,
        clamp_overweight=rules.clamps_overweight,
        sides_by_method=rules.parcel_cm_by_method,
    )
