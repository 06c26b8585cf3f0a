"""
The verdict before anything that cannot be undone: may this order go to the warehouse?

It reads the order, what the warehouse's form makes of it, and the warehouse's products and
stock; it says every reason at once (docs/rules/review.md).
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.corrections import mark_address, read_corrections
from app.domain.fingerprint import take_fingerprint
from app.domain.order import MarketplaceOrder
from app.domain.partial import has_goods
from app.domain.policy import REJECTED_TOO_LATE
from app.domain.record import OrderRecord, decision_of
from app.domain.totals import find_total_difference
from app.errors import Finding, Unmappable
from app.flow.deciding import Found, decide
from app.flow.review_contact import review_contact
from app.flow.rules import FlowRules
from app.flow.verdict import Verdict, since_of, verdict_json
from app.ports import Desk, PreparedOrder, SkuFacts, Warehouse


async def review(
    seen: MarketplaceOrder, desk: Desk, rules: FlowRules, *, is_accepted: bool
) -> Verdict:
    """
    Judge *seen* and note the verdict. One accepted already (*is_accepted*) is not held for what
    only the accept could have prevented: short stock, an archived variant, a late date.

    Raises:
        NotReady: The service lacks something every order needs; nothing is judged.
        Transient: The warehouse could not be asked.
    """
    order = desk.order
    outdated = judge_corrections(seen, order)
    shown, seen = seen, await desk.apply_corrections(seen)
    findings = [
        *_judge_permission(order, rules, is_accepted=is_accepted),
        *judge_order(seen, desk.now()),
        *outdated,
    ]
    if not is_accepted:
        findings += judge_before_accept(seen, desk.now(), rules)
    prepared: PreparedOrder | None = None
    try:
        prepared = prepare(seen, desk)
        needed: Mapping[str, int] = prepared.needed()
        findings += prepared.remarks
    except Unmappable as error:
        findings += error.findings
        needed = error.needed
    facts = await desk.facts(needed) if needed else {}
    findings += judge_goods(needed, facts, rules, is_accepted=is_accepted)
    found = Found(
        seen,
        tuple(findings),
        prepared,
        needed,
        facts,
        lambda part: prepare(part, desk),
        is_accepted,
    )
    decision = decision_of(order)
    verdict = decide(found, rules.policy, decision, since_of(order.verdict), desk.now())
    note_verdict(verdict, shown, desk, needed=needed, facts=facts, is_accepted=is_accepted)
    return verdict


def note_verdict(
    verdict: Verdict,
    seen: MarketplaceOrder,
    desk: Desk,
    *,
    needed: Mapping[str, int],
    facts: Mapping[str, SkuFacts],
    is_accepted: bool = False,
) -> None:
    """Have the verdict and its inputs stored with whatever this step commits next."""
    stored = verdict_json(
        verdict,
        needed=needed,
        facts=facts,
        updated_at=seen.updated_at,
        address_mark=mark_address(seen.ship_to),
        read_at=desk.order.read_at,
        earlier=desk.order.verdict,
        is_accepted=is_accepted,
    )
    desk.note(verdict=stored, verdict_at=desk.now())


def _judge_permission(
    order: OrderRecord, rules: FlowRules, *, is_accepted: bool
) -> Iterator[Finding]:
    """Say what a person has to decide, whatever the order is like."""
    decision = decision_of(order)
    if decision is not None and decision.kind == "hold":
        yield Finding("held_by_operator", "order", "")
    if is_accepted and decision is not None and decision.kind == "reject":
        yield Finding(REJECTED_TOO_LATE, "order", "")
    if not is_accepted and not rules.accepts_by_itself:
        yield Finding("acceptance_manual", "ACCEPT_MODE", "")


def prepare(seen: MarketplaceOrder, desk: Desk) -> PreparedOrder:
    """
    Put *seen* into the warehouse's form, under the number it was first given.

    Raises:
        Unmappable: With every finding.
        NotReady: The warehouse's settings are missing.
    """
    return prepare_as(external_number(seen, desk.order, desk.warehouse), seen, desk)


def prepare_as(number: str, seen: MarketplaceOrder, desk: Desk) -> PreparedOrder:
    """Put *seen* into the warehouse's form under *number*; raises what `prepare` raises."""
    contact = review_contact(seen)
    prepared = desk.warehouse.prepare(contact.order, number)
    return replace(
        prepared,
        warnings=(*contact.warnings, *prepared.warnings),
        # Of the order itself, not of what stands in for an unusable phone.
        fingerprint=take_fingerprint(seen, prepared.parts),
    )


def external_number(seen: MarketplaceOrder, order: OrderRecord, warehouse: Warehouse) -> str:
    """
    Return the external order number: the one of the first create intent, never recomputed.

    Empty where there is no reference to make one from, which the warehouse's form then tells
    together with whatever else is missing.
    """
    if order.live is not None:
        return order.live.external_order_number
    if order.next_external_number is not None:
        return order.next_external_number
    return warehouse.external_number(seen) or ""


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
        Finding(
            "preorder_line",
            f"line {line.sku}",
            f"available at {line.available_at:%Y-%m-%d}",
            line.line_id,
        )
        for line in seen.lines
        if line.available_at is not None and line.available_at > now and line.unit_quantity > 0
    ]
    return findings


def judge_before_accept(
    seen: MarketplaceOrder, now: datetime, rules: FlowRules
) -> Iterator[Finding]:
    """Judge what a brand should know before it promises the goods, and cannot help afterwards."""
    for line in seen.lines:
        if line.is_archived and has_goods(line):
            yield Finding("sku_archived", f"line {line.sku or line.line_id}", "", line.line_id)
    if difference := find_total_difference(seen):
        yield Finding("totals_mismatch", "totals", difference)
    margin = timedelta(seconds=rules.ship_by_margin_seconds)
    if seen.ship_by_at is not None and seen.ship_by_at - now < margin:
        yield Finding("ship_by_unreachable", "ship by", f"{seen.ship_by_at:%Y-%m-%d %H:%M} UTC")


def judge_corrections(seen: MarketplaceOrder, order: OrderRecord) -> list[Finding]:
    """Judge whether what was corrected is about the address the order has today."""
    if read_corrections(order.corrections).is_outdated(seen):
        return [Finding("correction_outdated", "shipToAddress", "")]
    return []


def judge_goods(
    needed: Mapping[str, int],
    facts: Mapping[str, SkuFacts],
    rules: FlowRules,
    *,
    is_accepted: bool,
) -> list[Finding]:
    """Judge whether the warehouse has the pieces *needed*, per SKU, by its *facts*."""
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
