"""
What would be sent to the warehouse for an order now, and what operators' corrections do to it.

For operators' eyes only: it names people, and is printed, never logged.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.corrections import NOTHING_CORRECTED, correct_order, read_corrections
from app.domain.differences import Difference, find_differences
from app.domain.order import MarketplaceOrder, OrderLine
from app.domain.record import OrderRecord
from app.errors import Finding, Unmappable
from app.flow.review import external_number, judge_corrections, judge_order
from app.flow.review_contact import review_contact
from app.ports import Marketplace, PreparedOrder, Warehouse
from app.store.session import Store
from app.store.sku_rules import load_sku_table


@dataclass(frozen=True, slots=True)
class Preview:
    """
    The payload as it would be sent, None where *findings* keep it from being put together.

    `lines` is what is ordered, as the marketplace shows it, whatever can be sent of it.
    `by_corrections` is how it differs from what it were without the order's corrections, None
    where that could not be sent (`without_corrections` says why); `since_sent` how it differs
    from what was sent last, None where nothing was.
    """

    external_order_number: str
    payload: Mapping[str, Any] | None = field(repr=False)
    warnings: tuple[str, ...]
    findings: tuple[Finding, ...] = field(repr=False)
    by_corrections: tuple[Difference, ...] | None = field(repr=False)
    without_corrections: tuple[Finding, ...] = field(repr=False)
    since_sent: tuple[Difference, ...] | None = field(repr=False)
    lines: tuple[OrderLine, ...] = ()


async def preview_order(
    store: Store, marketplace: Marketplace, warehouse: Warehouse, order: OrderRecord
) -> Preview:
    """
    Read the order at the marketplace now and put it into the warehouse's form; nothing is sent.

    The warehouse is not asked: whether it knows the SKUs and has the pieces is left to the review.

    Raises:
        BridgeError: The marketplace could not be asked, or the warehouse's settings are missing.
    """
    seen = await marketplace.read_order(order.marketplace_order_id)
    table = await load_sku_table(store)
    number = external_number(seen, order, warehouse)
    corrections = read_corrections(order.corrections)
    corrected = correct_order(seen, corrections, table.entries)
    plain = correct_order(seen, NOTHING_CORRECTED, table.entries)
    prepared, findings = _prepare(warehouse, corrected, number)
    without, findings_without = _prepare(warehouse, plain, number)
    judged = [*judge_order(corrected, store.now()), *judge_corrections(seen, order)]
    payload = prepared.payload if prepared is not None else None
    last = order.live.payload if order.live is not None else None
    return Preview(
        external_order_number=number,
        payload=payload,
        warnings=prepared.warnings if prepared is not None else (),
        findings=(*judged, *findings),
        by_corrections=_compare(without.payload if without is not None else None, payload),
        without_corrections=findings_without,
        since_sent=_compare(last, payload) if last else None,
        lines=seen.lines,
    )


def _prepare(
    warehouse: Warehouse, order: MarketplaceOrder, number: str
) -> tuple[PreparedOrder | None, tuple[Finding, ...]]:
    try:
        contact = review_contact(order)
        prepared = warehouse.prepare(contact.order, number)
        return replace(prepared, warnings=(*contact.warnings, *prepared.warnings)), ()
    except Unmappable as error:
        return None, error.findings


def _compare(
    before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Difference, ...] | None:
    return None if before is None or after is None else find_differences(before, after)


def preview_json(preview: Preview) -> dict[str, Any]:
    """Return a preview for programs."""
    return {
        "external_order_number": preview.external_order_number,
        "payload": dict(preview.payload) if preview.payload is not None else None,
        "warnings": list(preview.warnings),
        "findings": _findings_json(preview.findings),
        "changed_by_corrections": _differences_json(preview.by_corrections),
        "findings_without_corrections": _findings_json(preview.without_corrections),
        "changed_since_sent": _differences_json(preview.since_sent),
        "lines": [_line_json(one) for one in preview.lines],
    }


def _line_json(line: OrderLine) -> dict[str, Any]:
    return {
        "line_id": line.line_id,
        "sku": line.sku,
        "product_name": line.product_name,
        "pack_quantity": line.pack_quantity,
        "unit_quantity": line.unit_quantity,
    }


def _findings_json(findings: tuple[Finding, ...]) -> list[dict[str, str]]:
    return [{"reason": one.reason, "field": one.field, "detail": one.detail} for one in findings]


def _differences_json(found: tuple[Difference, ...] | None) -> list[dict[str, Any]] | None:
    if found is None:
        return None
    return [{"path": one.path, "before": one.before, "after": one.after} for one in found]
