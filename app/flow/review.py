"""
The verdict before anything that cannot be undone: may this order go to the warehouse?

It reads the order, what the warehouse's form makes of it, and the warehouse's products and
stock; it says every reason at once (docs/rules/review.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from app.domain.corrections import read_corrections
from app.domain.order import MarketplaceOrder
from app.domain.record import OrderRecord
from app.errors import Finding, Unmappable
from app.flow.rules import FlowRules
from app.ports import Desk, PreparedOrder


@dataclass(frozen=True, slots=True)
class Verdict:
    """Go, with the order as it will be sent; or hold, with every reason."""

    prepared: PreparedOrder | None
    findings: tuple[Finding, ...]

    @property
    def is_go(self) -> bool:
        """Whether nothing stands in the way."""
        return not self.findings


async def review(
    seen: MarketplaceOrder, desk: Desk, rules: FlowRules, *, is_accepted: bool
) -> Verdict:
    """
    Judge *seen*. For one accepted already (*is_accepted*) short stock alone does not hold.

    Raises:
        NotReady: The service lacks something every order needs; nothing is judged.
        Transient: The warehouse could not be asked.
    """
    outdated = judge_corrections(seen, desk.order)
    seen = await desk.apply_corrections(seen)
    findings = judge_order(seen, desk.now()) + outdated
    prepared: PreparedOrder | None = None
    try:
        prepared = prepare(seen, desk)
        needed: Mapping[str, int] = prepared.needed()
    except Unmappable as error:
        findings += error.findings
        needed = error.needed
    findings += await judge_goods(needed, desk, rules, is_accepted=is_accepted)
    return Verdict(prepared if not findings else None, tuple(findings))


def prepare(seen: MarketplaceOrder, desk: Desk) -> PreparedOrder:
    """
    Put *seen* into the warehouse's form, under the number it was first given.

    Raises:
        Unmappable: With every finding.
        NotReady: The warehouse's settings are missing.
    """
    return desk.warehouse.prepare(seen, external_number(seen, desk.order, desk))


def external_number(seen: MarketplaceOrder, order: OrderRecord, desk: Desk) -> str:
    """
    Return the external order number: the one of the first create intent, never recomputed.

    Empty where there is no reference to make one from, which the warehouse's form then tells
    together with whatever else is missing.
    """
    if order.live is not None:
        return order.live.external_order_number
    return desk.warehouse.external_number(seen) or ""


def judge_order(seen: MarketplaceOrder, now: datetime) -> list[Finding]:
    """Judge what the marketplace shows, apart from the warehouse."""
    findings = [Finding("order_unreadable", "order", problem) for problem in seen.problems]
    if seen.cancellation_request_reason is not None:
        detail = seen.cancellation_request_reason
        findings.append(Finding("retailer_asked_to_cancel", "order", detail))
    methods = seen.available_shipping_methods
    if seen.shipping_method not in (None, "custom") or "custom" not in (methods or ()):
        offered = ", ".join(methods or ()) or "nothing"
        detail = f"shippingMethod {seen.shipping_method or 'none'}, offered: {offered}"
        findings.append(Finding("own_carrier_not_possible", "shippingMethod", detail))
    findings += [
        Finding("preorder_line", f"line {line.sku}", f"available at {line.available_at:%Y-%m-%d}")
        for line in seen.lines
        if line.available_at is not None and line.available_at > now and line.unit_quantity > 0
    ]
    return findings


def judge_corrections(seen: MarketplaceOrder, order: OrderRecord) -> list[Finding]:
    """Judge whether what was corrected is about the address the order has today."""
    if read_corrections(order.corrections).is_outdated(seen):
        return [Finding("correction_outdated", "shipToAddress", "")]
    return []


async def judge_goods(
    needed: Mapping[str, int], desk: Desk, rules: FlowRules, *, is_accepted: bool
) -> list[Finding]:
    """Judge whether the warehouse has the pieces *needed*, per SKU."""
    if not needed:
        return []
    facts = await desk.facts(needed)
    findings: list[Finding] = []
    for sku, pieces in needed.items():
        fact = facts[sku]
        if not fact.is_known:
            findings.append(Finding("sku_unknown", f"SKU {sku}", "not a product there"))
        elif is_accepted:
            continue
        elif fact.stock_pieces is None:
            if rules.requires_known_stock:
                findings.append(Finding("stock_unknown", f"SKU {sku}", "no figure"))
        elif fact.stock_pieces < pieces:
            detail = f"needs {pieces}, has {fact.stock_pieces}"
            findings.append(Finding("stock_short", f"SKU {sku}", detail))
    return findings
