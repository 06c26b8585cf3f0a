"""
Would every live variant of the marketplace make an order the warehouse can take?

Judged by the same rules as orders are (`app/domain/packs.py`), before there is any order; each
product is asked for once, after whatever is about an order.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from app.domain.catalogue import Variant
from app.domain.order import OrderLine
from app.domain.packs import UNIT, count_skus, is_sold_singly, parse_pack_mode
from app.domain.sku_entries import SkuEntry
from app.ports import Marketplace, Warehouse
from app.store.facts import load_products, save_product
from app.store.session import Store
from app.store.sku_rules import load_sku_table


@dataclass(frozen=True, slots=True)
class SkuSayings:
    """What the settings say of SKUs; `facts_seconds` is how old an answer about one may be."""

    entries: Mapping[str, SkuEntry]
    pack_mode: str | None
    facts_seconds: float


@dataclass(frozen=True, slots=True)
class VariantFinding:
    """One reason why an order for a variant would fail."""

    reason: str
    variant: Variant
    sku: str | None
    detail: str
    cure: str


@dataclass(slots=True)
class SkuReport:
    """What was found, and of how many variants."""

    live: int = 0
    archived: int = 0
    unreadable: int = 0
    is_listed_whole: bool = True
    unchecked: int = 0
    """SKUs the warehouse was not asked about before the time was over."""
    findings: list[VariantFinding] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether everything was asked before the time was over."""
        return self.is_listed_whole and not self.unchecked

    @property
    def is_clean(self) -> bool:
        """Whether an order for any live variant could be taken."""
        return self.is_whole and not self.findings and not self.unreadable


async def check_skus(
    store: Store,
    marketplace: Marketplace,
    warehouse: Warehouse,
    sayings: SkuSayings,
    *,
    seconds: float | None = None,
) -> SkuReport:
    """
    Walk every variant and judge it; after *seconds* no company is asked any more.

    Raises:
        BridgeError: One of the companies could not be asked.
    """
    ends = None if seconds is None else asyncio.get_running_loop().time() + seconds
    report = SkuReport()
    table = await load_sku_table(store)
    sold_as: dict[str, list[Variant]] = defaultdict(list)
    async for variant in _listed(marketplace, report, ends):
        if variant is None:
            report.unreadable += 1
            continue
        if variant.is_archived:
            report.archived += 1
            continue
        report.live += 1
        own_sku = (variant.sku or "").strip()
        if not own_sku:
            cure = "Give the variant its SKU at Ankorstore."
            report.findings.append(VariantFinding("sku_missing", variant, None, "no SKU", cure))
            continue
        said = (table.entries.get(own_sku) or SkuEntry()).over(sayings.entries.get(own_sku))
        sold_as[said.warehouse_sku or own_sku].append(variant)
        report.findings += _judge_pack(variant, own_sku, said.pack_mode or sayings.pack_mode)
    for sku in sorted(sold_as):
        is_known = await _is_known(store, warehouse, sku, sayings.facts_seconds, ends)
        report.unchecked += is_known is None
        report.findings += _judge_sku(sku, sold_as[sku], is_known=is_known is not False)
    return report


async def _listed(
    marketplace: Marketplace, report: SkuReport, ends: float | None
) -> AsyncIterator[Variant | None]:
    """Walk the variants while there is time; *report* says whether that were all."""
    walk = aiter(marketplace.walk_variants())
    while True:
        try:
            async with asyncio.timeout_at(ends):
                variant = await anext(walk)
        except StopAsyncIteration:
            return
        except TimeoutError:
            report.is_listed_whole = False
            return
        yield variant


def _judge_pack(variant: Variant, sku: str, mode_text: str | None) -> list[VariantFinding]:
    """Judge whether one pack can be counted in warehouse SKUs, as a line of an order is."""
    multiplier = variant.unit_multiplier
    line = _one_pack(variant)
    size = "unknown size" if multiplier is None else str(multiplier)
    if mode_text is None and not is_sold_singly(line):
        cure = f"antbridge skus set {_quoted(sku)} --pack-mode unit|pack|factor:N"
        return [VariantFinding("pack_mode_unconfirmed", variant, sku, f"pack of {size}", cure)]
    mode = parse_pack_mode(mode_text) if mode_text else UNIT
    if count_skus(line, mode) is None:
        detail = f"pack of {size} in mode {mode}"
        cure = f"antbridge skus set {_quoted(sku)} --pack-mode MODE, with one that divides the pack"
        return [VariantFinding("pack_mode_mismatch", variant, sku, detail, cure)]
    return []


def _judge_sku(sku: str, variants: list[Variant], *, is_known: bool) -> list[VariantFinding]:
    """Judge one SKU of the warehouse, for each variant that is sold as it."""
    findings = []
    if not is_known:
        for one in variants:
            own_sku = (one.sku or "").strip()
            cure = (
                f"antbridge skus set {_quoted(own_sku)} --warehouse-sku OTHER, or create it there"
            )
            told = f"{sku} is no product at the warehouse"
            findings.append(VariantFinding("sku_unknown", one, own_sku, told, cure))
    if len(variants) > 1:
        others = ", ".join(sorted(one.variant_id for one in variants))
        for one in variants:
            cure = "Give each variant a SKU of its own, or make sure that all mean the same goods."
            told = f"{sku} is also sold as another variant: {others}"
            findings.append(VariantFinding("sku_shared", one, (one.sku or "").strip(), told, cure))
    return findings


async def _is_known(
    store: Store, warehouse: Warehouse, sku: str, facts_seconds: float, ends: float | None
) -> bool | None:
    """Tell whether the warehouse has a product, by the snapshot or newly asked; None: no time."""
    facts = (await load_products(store, [sku])).get(sku)
    checked_at = store.now()
    since = facts.checked_at if facts is not None and facts.is_known else None
    if since is not None and checked_at - since <= timedelta(seconds=facts_seconds):
        return True
    try:
        async with asyncio.timeout_at(ends):
            is_known = await warehouse.knows_product(sku)
    except TimeoutError:
        return None
    await save_product(store, sku, is_known=is_known, checked_at=checked_at)
    return is_known


def report_json(report: SkuReport) -> dict[str, Any]:
    """Return the report for programs."""
    return {
        "is_clean": report.is_clean,
        "is_whole": report.is_whole,
        "live": report.live,
        "archived": report.archived,
        "unreadable": report.unreadable,
        "unchecked": report.unchecked,
        "findings": [_finding_json(one) for one in report.findings],
    }


def _finding_json(one: VariantFinding) -> dict[str, Any]:
    return {
        "reason": one.reason,
        "variant_id": one.variant.variant_id,
        "sku": one.sku,
        "name": one.variant.name,
        "unit_multiplier": one.variant.unit_multiplier,
        "detail": one.detail,
        "cure": one.cure,
    }


def _one_pack(variant: Variant) -> OrderLine:
    units = variant.unit_multiplier or 1
    return OrderLine(
        line_id=variant.variant_id,
        variant_id=variant.variant_id,
        sku=variant.sku,
        product_name=variant.name,
        variant_name=None,
        pack_quantity=1,
        unit_quantity=units,
        unit_multiplier=variant.unit_multiplier,
        currency=None,
        unit_price_minor=None,
        amount_minor=None,
        amount_vat_minor=None,
        amount_with_vat_minor=None,
        vat_rate=None,
    )


def _quoted(sku: str) -> str:
    """Return a SKU as one word of a command line."""
    return sku if sku.replace("-", "").replace("_", "").isalnum() else f"'{sku}'"
