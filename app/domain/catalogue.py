"""What the marketplace sells of a brand, as far as an order could be made of it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Variant:
    """One variant of a product. `unit_multiplier` is None where the pack could not be read."""

    variant_id: str
    sku: str | None
    name: str | None
    unit_multiplier: int | None
    is_archived: bool
