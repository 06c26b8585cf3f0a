"""Whether prices and VAT of the lines add up to the order's totals (docs/rules/review.md)."""

from app.domain.order import MarketplaceOrder

MINOR_UNITS_A_LINE = 1
"""VAT is rounded line by line or once for all: the two may differ by so much for each line."""


def find_total_difference(order: MarketplaceOrder) -> str:
    """
    Return which total differs from the sum of the lines, and by how much; empty where none does.

    Net amounts are whole cents a unit and must agree exactly; VAT, and what holds it, may differ
    by the rounding of each line. A figure that is not there is no difference.
    """
    slack = MINOR_UNITS_A_LINE * len(order.lines)
    checks = (
        ("net", order.amount_minor, [line.amount_minor for line in order.lines], 0),
        ("VAT", order.amount_vat_minor, [line.amount_vat_minor for line in order.lines], slack),
        (
            "with VAT",
            order.amount_with_vat_minor,
            [line.amount_with_vat_minor for line in order.lines],
            slack,
        ),
    )
    differences = []
    for name, total, amounts, tolerance in checks:
        if total is None or None in amounts:
            continue
        of_lines = sum(amount or 0 for amount in amounts)
        if abs(total - of_lines) > tolerance:
            differences.append(f"{name}: lines {of_lines}, order {total} (in cents)")
    return "; ".join(differences)
