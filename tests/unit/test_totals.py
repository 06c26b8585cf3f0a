"""Whether lines and totals of an order add up: net exactly, VAT within a cent a line."""

import pytest

from app.domain.totals import find_total_difference
from tests.order_samples import make_line, make_order

LINES = (make_line(line_id="1"), make_line(line_id="2"))  # each 3996, VAT 220, with VAT 4216
RIGHT = {"amount_minor": 7992, "amount_vat_minor": 440, "amount_with_vat_minor": 8432}


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({}, ""),
        ({"amount_minor": 7993}, "net: lines 7992, order 7993 (in cents)"),
        ({"amount_minor": 7991}, "net: lines 7992, order 7991 (in cents)"),
        ({"amount_vat_minor": 442}, ""),
        ({"amount_vat_minor": 438}, ""),
        ({"amount_vat_minor": 443}, "VAT: lines 440, order 443 (in cents)"),
        ({"amount_with_vat_minor": 8434}, ""),
        ({"amount_with_vat_minor": 8435}, "with VAT: lines 8432, order 8435 (in cents)"),
        ({"amount_minor": None, "amount_vat_minor": None, "amount_with_vat_minor": None}, ""),
        (
            {"amount_minor": 0, "amount_vat_minor": 0},
            "net: lines 7992, order 0 (in cents); VAT: lines 440, order 0 (in cents)",
        ),
    ],
)
def test_totals(changes: dict[str, int | None], difference: str) -> None:
    order = make_order(lines=LINES, **{**RIGHT, **changes})

    assert find_total_difference(order) == difference


def test_a_line_without_a_figure_is_no_difference() -> None:
    """What cannot be added up is not said to be wrong."""
    order = make_order(
        lines=(LINES[0], make_line(amount_minor=None)), **{**RIGHT, "amount_minor": 1}
    )

    assert find_total_difference(order) == ""
