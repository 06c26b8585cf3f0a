"""
The invented range of one brand, known to both companies under the same SKUs.

What one SKU at the warehouse holds is a single unit; the marketplace sells packs of them.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goods:
    """One article of the brand. Prices exclude VAT and are those of one unit."""

    sku: str
    name: str
    unit_multiplier: int
    unit_price_minor: int
    vat_rate: float
    weight_kg: float


RANGE: tuple[Goods, ...] = (
    Goods("MUG-01", "Stoneware mug, sand", 6, 333, 20.0, 0.295),
    Goods("MUG-02", "Stoneware mug, moss", 6, 333, 20.0, 0.295),
    Goods("BOWL-01", "Breakfast bowl, sand", 4, 590, 20.0, 0.41),
    Goods("CANDLE-FIG", "Soy candle, fig", 8, 720, 21.0, 0.26),
    Goods("SOAP-LAV", "Hand soap, lavender", 12, 210, 21.0, 0.11),
    Goods("TEA-EARL", "Earl Grey, loose leaf, 100 g", 10, 345, 5.5, 0.13),
    Goods("TOTE-NAT", "Canvas tote, natural", 1, 480, 20.0, 0.15),
    Goods("POSTER-A3", "Print, botanical, A3", 1, 650, 19.0, 0.09),
)
