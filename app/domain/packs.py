"""
What one warehouse SKU is, and how many of them a line asks for (docs/rules/packs-and-prices.md).

Sending twelve packs where twelve pieces were meant is the dearest mistake of the whole bridge, so
nothing is assumed for a product that comes in packs until somebody has said what the SKU is.
"""

import re
from dataclasses import dataclass
from typing import Literal

from app.domain.order import OrderLine

_MODE = re.compile(r"(?P<kind>unit|pack)|factor:(?P<factor>[1-9][0-9]*)")


@dataclass(frozen=True, slots=True)
class PackMode:
    """What one warehouse SKU holds: a pack, or `factor` single units (one, if it is a unit)."""

    kind: Literal["unit", "pack", "factor"]
    factor: int = 1

    def __str__(self) -> str:
        """Read as the setting is written."""
        return f"factor:{self.factor}" if self.kind == "factor" else self.kind


@dataclass(frozen=True, slots=True)
class SkuCount:
    """A line in warehouse SKUs."""

    sent_quantity: int
    units_per_sku: int


UNIT = PackMode("unit")


def parse_pack_mode(text: str) -> PackMode:
    """
    Read `unit`, `pack` or `factor:n`.

    Raises:
        ValueError: Anything else.
    """
    found = _MODE.fullmatch(text.strip())
    if found is None:
        raise ValueError("must be unit, pack or factor:n with a whole n above 0")
    if found["factor"]:
        return PackMode("factor", int(found["factor"]))
    return PackMode("pack") if found["kind"] == "pack" else UNIT


def is_sold_singly(line: OrderLine) -> bool:
    """Tell whether a pack surely is one unit, so that every pack mode means the same."""
    return line.unit_multiplier == 1


def count_skus(line: OrderLine, mode: PackMode) -> SkuCount | None:
    """Return how many warehouse SKUs *line* asks for, None where they are not whole ones."""
    if mode.kind == "pack":
        # An edited line can hold a batch of units that is no multiple of the pack.
        multiplier = line.unit_multiplier
        if (
            multiplier is None
            or multiplier < 1
            or line.unit_quantity != line.pack_quantity * multiplier
        ):
            return None
        return SkuCount(line.pack_quantity, multiplier)
    if line.unit_quantity % mode.factor:
        return None
    return SkuCount(line.unit_quantity // mode.factor, mode.factor)
