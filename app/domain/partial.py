"""
How much of an order can be kept: whole packs of the lines that the goods suffice for.

Pure arithmetic; docs/rules/review.md, 'Partial acceptance', tells the rules. The marketplace takes
a reduction in packs, the warehouse has warehouse SKUs, and a line edited by hand holds a batch of
units that is no multiple of its pack: that one is kept whole or left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import gcd

from app.domain.order import OrderLine
from app.domain.record import SentLine


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays of an order: its lines with fewer packs, those left out dropped."""

    lines: tuple[OrderLine, ...]
    pack_quantities: Mapping[str, int]
    """Packs to keep per line that changes, 0 where it is left out; lines not named stay whole."""


def keep_what_suffices(
    lines: Sequence[OrderLine],
    sent: Sequence[SentLine],
    pieces: Mapping[str, int | None],
    left_out: Iterable[str] = (),
) -> Kept:
    """
    Keep of *lines* what the warehouse's *pieces* suffice for, in the order the lines are named.

    *sent* tells the warehouse's SKU of each line. Lines of one SKU share its pieces: what the
    first takes, the next has not. A SKU whose pieces are None is not short of any. Lines named in
    *left_out*, and lines with goods that *sent* does not know, are left out.
    """
    rest = dict(pieces)
    of_line = {line.marketplace_line_id: line for line in sent}
    gone = set(left_out)
    kept: list[OrderLine] = []
    packs_of: dict[str, int] = {}
    for line in lines:
        if not has_goods(line):
            kept.append(line)
            continue
        asked = of_line.get(line.line_id)
        packs, taken = (0, 0)
        if asked is not None and line.line_id not in gone:
            packs, taken = _packs_within(line, asked, rest.get(asked.sku))
            left = rest.get(asked.sku)
            if left is not None:
                rest[asked.sku] = left - taken
        if packs != line.pack_quantity or taken == 0:
            packs_of[line.line_id] = packs
        if taken > 0:
            kept.append(line if packs == line.pack_quantity else reduce_line(line, packs))
    return Kept(tuple(kept), packs_of)


def has_goods(line: OrderLine) -> bool:
    """Tell whether a line asks for anything; one at 0 counts for nothing anywhere."""
    return line.pack_quantity != 0 or line.unit_quantity != 0


def is_custom_batch(line: OrderLine) -> bool:
    """Tell whether the units are no multiple of the pack, so that packs say nothing of them."""
    multiplier = line.unit_multiplier
    return multiplier is None or line.unit_quantity != line.pack_quantity * multiplier


def reduce_line(line: OrderLine, packs: int) -> OrderLine:
    """Return *line* with so many of its packs; amounts shrink in proportion, to whole cents."""
    assert not is_custom_batch(line), "a custom batch is kept whole or left out"
    assert 0 < packs < line.pack_quantity
    assert line.unit_multiplier is not None

    def share(amount_minor: int | None) -> int | None:
        return None if amount_minor is None else amount_minor * packs // line.pack_quantity

    return replace(
        line,
        pack_quantity=packs,
        unit_quantity=packs * line.unit_multiplier,
        amount_minor=share(line.amount_minor),
        amount_vat_minor=share(line.amount_vat_minor),
        amount_with_vat_minor=share(line.amount_with_vat_minor),
    )


def value_share(
    ordered: Sequence[OrderLine], kept: Sequence[OrderLine], total_minor: int | None
) -> Fraction | None:
    """
    Return how much of the order's value is kept, from 0 to 1; None where it cannot be told.

    Net amounts are compared. *total_minor* is what the order says itself, for an order with a
    line that tells no amount.
    """
    whole = _sum_amounts(ordered)
    whole = total_minor if whole is None else whole
    part = _sum_amounts(kept)
    if whole is None or part is None or whole <= 0:
        return None
    return min(Fraction(1), Fraction(max(0, part), whole))


def _sum_amounts(lines: Sequence[OrderLine]) -> int | None:
    amounts = [line.amount_minor for line in lines if has_goods(line)]
    return None if None in amounts else sum(amount or 0 for amount in amounts)


def _packs_within(line: OrderLine, asked: SentLine, available: int | None) -> tuple[int, int]:
    """Return how many packs can be kept, and the pieces they take."""
    if available is None or available >= asked.sent_quantity:
        return line.pack_quantity, asked.sent_quantity
    if available <= 0 or is_custom_batch(line) or not line.unit_multiplier:
        return 0, 0
    # Only whole warehouse SKUs can be sent: a factor may need several packs for each.
    step = asked.units_per_sku // gcd(asked.units_per_sku, line.unit_multiplier)
    packs = available * asked.units_per_sku // line.unit_multiplier
    packs -= packs % step
    return packs, packs * line.unit_multiplier // asked.units_per_sku
