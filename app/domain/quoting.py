"""
From shipments to a shipping quote: how big the parcels are said to be, and which quote is ours.

The warehouse gives no parcel sizes and no parcel weights, so both are reckoned here by rules the
operator can set; docs/rules/shipments.md, 'Quotes', tells them in full. Pure.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal

from app.domain.completeness import merge_rows
from app.domain.shipment import ParcelSize, Shipment, ShippingQuote
from app.errors import Finding

MAX_PARCELS = 20
MAX_PARCEL_KG = Decimal(30)
MIN_PARCEL_KG = Decimal("0.001")
MAX_SIDE_CM = 274
MAX_LENGTH_WITH_GIRTH_CM = 400

Sides = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ParcelRules:
    """What the operator says of parcels; `sides_by_method` goes by shipping method code."""

    default_sides_cm: Sides
    default_kg: Decimal
    clamp_overweight: bool = False
    sides_by_method: Mapping[str, Sides] = field(default_factory=dict)

    def sides_of(self, method_codes: Sequence[str]) -> Sides:
        """Return the size of parcels sent by a method known by *method_codes*."""
        by_name = {name.casefold(): sides for name, sides in self.sides_by_method.items()}
        for code in method_codes:
            if code.casefold() in by_name:
                return by_name[code.casefold()]
        return self.default_sides_cm


def count_parcels(shipment: Shipment) -> int:
    """Return how many parcels a shipment has: as counted or as named, whichever is more."""
    named = {parcel.tracking_number for parcel in shipment.parcels if parcel.tracking_number}
    return max(len(named), shipment.parcel_count)


def quote_parcels(
    shipments: Sequence[Shipment],
    rules: ParcelRules,
    method_codes_of: Callable[[Shipment], Sequence[str]],
) -> tuple[ParcelSize, ...] | Finding:
    """Return the parcels to ask a quote for, or what keeps a quote from holding them."""
    unique = merge_rows(shipments)
    count = sum(count_parcels(shipment) for shipment in unique)
    if count > MAX_PARCELS:
        weight_kg = _weight_per_parcel(unique, count, rules)
        detail = f"{count} parcels of {_plain(weight_kg)} kg; a quote holds {MAX_PARCELS}"
        return Finding("too_many_parcels", "parcels", detail)
    sides = [
        rules.sides_of(method_codes_of(shipment))
        for shipment in unique
        for _ in range(count_parcels(shipment))
    ]
    if not sides:
        sides = [rules.sides_of(method_codes_of(unique[0]) if unique else ())]
    weight_kg = _weight_per_parcel(unique, len(sides), rules)
    if weight_kg > MAX_PARCEL_KG:
        if not rules.clamp_overweight:
            return Finding(
                "parcel_too_heavy", "parcels.kg", _propose(unique, len(sides), weight_kg)
            )
        weight_kg = MAX_PARCEL_KG
    parcels = tuple(ParcelSize(*sides_cm, weight_kg) for sides_cm in sides)
    return check_parcels(parcels, field="PARCEL_DEFAULT_CM") or parcels


def check_parcels(parcels: Sequence[ParcelSize], *, field: str) -> Finding | None:
    """Return what keeps a quote from holding *parcels*, given under *field*; None if it can."""
    if not 1 <= len(parcels) <= MAX_PARCELS:
        detail = f"{len(parcels)} parcels; a quote holds 1 to {MAX_PARCELS}"
        return Finding("too_many_parcels", "parcels", detail)
    for parcel in parcels:
        if not MIN_PARCEL_KG <= parcel.weight_kg <= MAX_PARCEL_KG:
            detail = f"{_plain(parcel.weight_kg)} kg; a quote holds 0.001 to 30 kg a parcel"
            return Finding("parcel_too_heavy", "parcels.kg", detail)
        sides = (parcel.length_cm, parcel.width_cm, parcel.height_cm)
        if not fits_quote(sides):
            size = "x".join(str(side) for side in sides)
            detail = f"{size} cm, {length_with_girth_cm(sides)} cm with girth; a quote holds "
            detail += f"{MAX_SIDE_CM} cm a side and {MAX_LENGTH_WITH_GIRTH_CM} cm with girth"
            return Finding("parcel_too_large", field, detail)
    return None


def describe_parcels(parcels: Sequence[ParcelSize]) -> str:
    """Return the parcels in words, those alike together."""
    kinds = Counter(
        f"{one.length_cm}x{one.width_cm}x{one.height_cm} cm, {_plain(one.weight_kg)} kg"
        for one in parcels
    )
    return "; ".join(f"{count} of {kind}" for kind, count in kinds.items())


def _propose(shipments: Sequence[Shipment], parcels: int, weight_kg: Decimal) -> str:
    """Say how heavy the parcels are, and how many would be light enough."""
    total = _known_weight(shipments)
    assert total is not None, "parcels of unknown weight are never too heavy"
    told = f"{_plain(total)} kg in {parcels} parcels, {_plain(weight_kg)} kg each; a quote holds 30"
    needed = math.ceil(total / MAX_PARCEL_KG)
    if needed > MAX_PARCELS:
        return f"{told}, and no {MAX_PARCELS} parcels hold it all"
    each = (total / needed).quantize(MIN_PARCEL_KG, rounding=ROUND_CEILING)
    return f"{told}: {needed} parcels of {_plain(each)} kg would hold it"


def _plain(weight_kg: Decimal) -> str:
    """Return a weight without the zeros nobody wrote."""
    return f"{weight_kg.normalize():f}"


def length_with_girth_cm(sides_cm: Sides) -> int:
    """Return the longest side plus twice the two others."""
    shorter, middle, longest = sorted(sides_cm)
    return longest + 2 * (shorter + middle)


def fits_quote(sides_cm: Sides) -> bool:
    """Tell whether a parcel of that size can be quoted: each side, and length with girth."""
    is_real = min(sides_cm) >= 1 and max(sides_cm) <= MAX_SIDE_CM
    return is_real and length_with_girth_cm(sides_cm) <= MAX_LENGTH_WITH_GIRTH_CM


def _weight_per_parcel(shipments: Sequence[Shipment], parcels: int, rules: ParcelRules) -> Decimal:
    """Return kilograms per parcel; one line of unknown weight makes every parcel the default."""
    total = _known_weight(shipments)
    if total is None:
        return rules.default_kg
    per_parcel = (total / parcels).quantize(MIN_PARCEL_KG, rounding=ROUND_CEILING)
    return max(MIN_PARCEL_KG, per_parcel)


def _known_weight(shipments: Sequence[Shipment]) -> Decimal | None:
    """Return the kilograms of all goods, None where those of one line are not known."""
    total = Decimal(0)
    for line in (lines := [line for shipment in shipments for line in shipment.goods]):
        if line.weight_kg is None or line.weight_kg <= 0:
            return None
        total += line.weight_kg * line.sent_quantity
    return total if lines else None


def choose_quote(
    quotes: Sequence[ShippingQuote], brand_label_carrier_code: str
) -> ShippingQuote | Finding:
    """
    Return the one quote that is surely the brand's own carrier.

    Every other quote, confirmed, buys a label of the marketplace. So exactly one may have the
    configured carrier code, and that one must offer no service and no collection.
    """
    own = [quote for quote in quotes if quote.carrier_code == brand_label_carrier_code]
    if len(own) == 1 and not own[0].service_code.strip() and not own[0].collection_methods:
        return own[0]
    offered = ", ".join(
        f"{quote.carrier_code or '?'}/{quote.service_code or '-'}" for quote in quotes
    )
    return Finding("quote_unclear", "shipping-quotes", f"offered: {offered or 'nothing'}")
