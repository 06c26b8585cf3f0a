"""
From shipments to a shipping quote: how big the parcels are said to be, and which quote is ours.

The warehouse gives no parcel sizes and no parcel weights, so both are reckoned here by rules the
operator can set; docs/rules/shipments.md, 'Quotes', tells them in full. Pure.
"""

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
        return Finding("too_many_parcels", "parcels", f"{count} parcels")
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
            detail = f"{weight_kg} kg for each of {len(sides)} parcels; a quote holds 30 kg"
            return Finding("parcel_too_heavy", "parcels.kg", detail)
        weight_kg = MAX_PARCEL_KG
    for length, width, height in sides:
        if not fits_quote((length, width, height)):
            detail = f"{length}x{width}x{height} cm"
            return Finding("parcel_too_large", "PARCEL_DEFAULT_CM", detail)
    return tuple(ParcelSize(*sides_cm, weight_kg) for sides_cm in sides)


def fits_quote(sides_cm: Sides) -> bool:
    """Tell whether a parcel of that size can be quoted: each side, and length with girth."""
    shorter, middle, longest = sorted(sides_cm)
    girth = 2 * (shorter + middle)
    return shorter >= 1 and longest <= MAX_SIDE_CM and longest + girth <= MAX_LENGTH_WITH_GIRTH_CM


def _weight_per_parcel(shipments: Sequence[Shipment], parcels: int, rules: ParcelRules) -> Decimal:
    """Return kilograms per parcel; one line of unknown weight makes every parcel the default."""
    lines = [line for shipment in shipments for line in shipment.lines]
    total = Decimal(0)
    for line in lines:
        if line.weight_kg is None or line.weight_kg <= 0:
            return rules.default_kg
        total += line.weight_kg * line.sent_quantity
    if not lines:
        return rules.default_kg
    per_parcel = (total / parcels).quantize(MIN_PARCEL_KG, rounding=ROUND_CEILING)
    return max(MIN_PARCEL_KG, per_parcel)


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
