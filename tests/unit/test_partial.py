"""How much of an order is kept: whole packs within the stock, custom batches whole or not."""

from collections import Counter
from dataclasses import dataclass
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.order import OrderLine
from app.domain.packs import PackMode, count_skus
from app.domain.partial import is_custom_batch, keep_what_suffices, reduce_line, value_share
from app.domain.record import SentLine
from tests.order_samples import make_line

UNIT, PACK = PackMode("unit"), PackMode("pack")


@dataclass(frozen=True)
class Case:
    """An order in both forms, and the pieces there are."""

    lines: tuple[OrderLine, ...]
    sent: tuple[SentLine, ...]
    pieces: dict[str, int | None]


def line_of(number: int, sku: str, packs: int, multiplier: int, extra_units: int = 0) -> OrderLine:
    units = packs * multiplier + extra_units
    return make_line(
        line_id=f"line-{number}",
        sku=sku,
        pack_quantity=packs,
        unit_quantity=units,
        unit_multiplier=multiplier,
        amount_minor=units * 100,
        amount_vat_minor=units * 20,
        amount_with_vat_minor=units * 120,
    )


def sent_of(line: OrderLine, mode: PackMode) -> SentLine:
    count = count_skus(line, mode)
    assert count is not None
    return SentLine(line.line_id, line.sku or "", count.sent_quantity, count.units_per_sku)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Draw lines of a few SKUs, each with its pack mode, some of them edited by hand."""
    modes = {"A": UNIT, "B": PACK, "C": PackMode("factor", draw(st.integers(1, 6)))}
    lines, sent = [], []
    for number in range(draw(st.integers(1, 6))):
        sku = draw(st.sampled_from(sorted(modes)))
        multiplier = draw(st.integers(1, 8))
        extra = draw(st.sampled_from([0, 0, 1, 3]))
        line = line_of(number, sku, draw(st.integers(1, 9)), multiplier, extra)
        if count_skus(line, modes[sku]) is None:
            continue
        lines.append(line)
        sent.append(sent_of(line, modes[sku]))
    pieces = {sku: draw(st.none() | st.integers(0, 60)) for sku in modes}
    return Case(tuple(lines), tuple(sent), pieces)


@given(cases())
def test_kept_lines_are_whole_packs_within_the_pieces(case: Case) -> None:
    """Never more than there is, never more than was ordered, always in whole warehouse SKUs."""
    kept = keep_what_suffices(case.lines, case.sent, case.pieces)
    ordered = {line.line_id: line for line in case.lines}
    sent = {line.marketplace_line_id: line for line in case.sent}
    taken: Counter[str] = Counter()
    for line in kept.lines:
        before = ordered[line.line_id]
        assert 0 < line.pack_quantity <= before.pack_quantity
        if is_custom_batch(before) or line.pack_quantity == before.pack_quantity:
            assert line == before
        else:
            assert not is_custom_batch(line)
        pieces, rest = divmod(line.unit_quantity, sent[line.line_id].units_per_sku)
        assert rest == 0
        taken[line.sku or ""] += pieces
    for sku, available in case.pieces.items():
        assert available is None or taken[sku] <= available


@given(cases())
def test_what_is_told_is_what_is_kept(case: Case) -> None:
    """The packs named are exactly the lines that change, and give the lines that stay."""
    kept = keep_what_suffices(case.lines, case.sent, case.pieces)
    stays = {line.line_id: line.pack_quantity for line in kept.lines}
    for line in case.lines:
        told = kept.pack_quantities.get(line.line_id)
        now = stays.get(line.line_id, 0)
        assert told == (None if now == line.pack_quantity else now)


@given(cases())
def test_no_larger_quantity_would_have_sufficed(case: Case) -> None:
    """A line that was cut could not keep another pack out of what the lines before it left."""
    kept = keep_what_suffices(case.lines, case.sent, case.pieces)
    stays = {line.line_id: line for line in kept.lines}
    sent = {line.marketplace_line_id: line for line in case.sent}
    left = dict(case.pieces)
    for line in case.lines:
        asked, now = sent[line.line_id], stays.get(line.line_id)
        available = left[asked.sku]
        if available is None:
            assert now == line
            continue
        packs = now.pack_quantity if now else 0
        for more in range(packs + 1, line.pack_quantity + 1):
            is_whole = more == line.pack_quantity
            units = line.unit_quantity if is_whole else more * (line.unit_multiplier or 0)
            is_possible = is_whole or not is_custom_batch(line)
            is_sku = units % asked.units_per_sku == 0
            assert not (is_possible and is_sku and units // asked.units_per_sku <= available)
        left[asked.sku] = available - (now.unit_quantity // asked.units_per_sku if now else 0)


@given(cases())
def test_enough_of_everything_changes_nothing(case: Case) -> None:
    kept = keep_what_suffices(case.lines, case.sent, dict.fromkeys(case.pieces))

    assert (kept.lines, kept.pack_quantities) == (case.lines, {})


def test_a_factor_keeps_whole_warehouse_skus() -> None:
    """A SKU of 4 units and packs of 6: only every second pack makes whole SKUs."""
    line = line_of(1, "C", 4, 6)
    sent = sent_of(line, PackMode("factor", 4))

    kept = keep_what_suffices([line], [sent], {"C": 5})

    assert kept.pack_quantities == {"line-1": 2}  # 12 units in 3 SKUs; 3 packs would be 4.5


def test_lines_named_and_lines_unknown_are_left_out() -> None:
    first, second, third = (line_of(number, "A", 1, 1) for number in (1, 2, 3))
    sent = [sent_of(first, UNIT), sent_of(second, UNIT)]

    kept = keep_what_suffices([first, second, third], sent, {"A": None}, left_out=["line-1"])

    assert kept.lines == (second,)
    assert kept.pack_quantities == {"line-1": 0, "line-3": 0}


def test_a_line_without_goods_is_not_spoken_of() -> None:
    empty = line_of(1, "A", 0, 6)
    full = line_of(2, "A", 1, 6)

    kept = keep_what_suffices([empty, full], [sent_of(full, UNIT)], {"A": 6})

    assert (kept.lines, kept.pack_quantities) == ((empty, full), {})


def test_a_reduced_line_shrinks_in_units_and_amounts() -> None:
    line = reduce_line(line_of(1, "A", 3, 4), 2)

    assert (line.pack_quantity, line.unit_quantity) == (2, 8)
    assert (line.amount_minor, line.amount_vat_minor, line.amount_with_vat_minor) == (800, 160, 960)


@pytest.mark.parametrize(
    ("amounts", "kept", "total", "share"),
    [
        ((300, 100), (300,), None, Fraction(3, 4)),
        ((300, None), (300,), 1200, Fraction(1, 4)),
        ((300, None), (300,), None, None),
        ((300, 100), (None,), 400, None),
        ((0, 0), (0,), None, None),
        ((300, 100), (), None, Fraction(0)),
    ],
)
def test_share_of_the_value(
    amounts: tuple[int | None, ...],
    kept: tuple[int | None, ...],
    total: int | None,
    share: Fraction | None,
) -> None:
    """Net amounts are compared; what is not told is not guessed."""
    ordered = [
        make_line(line_id=str(number), amount_minor=one) for number, one in enumerate(amounts)
    ]
    left = [make_line(line_id=str(number), amount_minor=one) for number, one in enumerate(kept)]

    assert value_share(ordered, left, total) == share
