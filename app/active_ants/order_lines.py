"""
The lines of a warehouse order: SKU, count, name, price and VAT (docs/rules/packs-and-prices.md).

Everything is reckoned in `Decimal`. Only the very last step makes numbers of JSON: a float's
shortest text is the decimal it came from for every figure of up to fifteen digits, so 3.51 is
written as 3.51.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.active_ants.rules import MappingRules
from app.domain.names import tidy
from app.domain.order import OrderLine
from app.domain.packs import UNIT, SkuCount, count_skus, is_sold_singly, parse_pack_mode
from app.domain.record import SentLine
from app.errors import Finding

_CENT = Decimal("0.01")

_WITHOUT_CENTS = """
    BHD BIF CLF CLP DJF GNF IQD ISK JOD JPY KMF KRW KWD LYD OMR PYG RWF TND UGX UYI UYW VND VUV
    XAF XOF XPF
"""
_CURRENCIES_WITHOUT_CENTS = frozenset(_WITHOUT_CENTS.split())


@dataclass(frozen=True, slots=True)
class FormLines:
    """The lines in both forms, and what stands in their way."""

    items: tuple[dict[str, Any], ...]
    sent: tuple[SentLine, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Amounts:
    """A line's totals that the chosen modes need; what they do not need is 0."""

    price_minor: int
    vat_minor: int
    vat_rate: Decimal


def fill_lines(lines: tuple[OrderLine, ...], rules: MappingRules) -> FormLines:
    """Put every line that asks for goods into the warehouse's form, each for itself."""
    items: list[dict[str, Any]] = []
    sent: list[SentLine] = []
    findings: list[Finding] = []
    for line in lines:
        if line.unit_quantity == 0 and line.pack_quantity == 0:
            continue
        count = _count_line(line, rules, findings)
        if count is not None and count.sent_quantity == 0:
            continue
        sku = _warehouse_sku(line, rules, findings)
        amounts = _read_amounts(line, rules, findings)
        if count is None or not sku or amounts is None:
            continue
        pieces = count.sent_quantity
        price, vat = _per_sku(amounts.price_minor, pieces), _vat_of_one(amounts, pieces, rules)
        items.append(_fill_item(line, sku, pieces, price, vat))
        sent.append(SentLine(line.line_id, sku, pieces, count.units_per_sku))
    if not items and not findings:
        findings.append(Finding("lines_missing", "order lines", f"{len(lines)}, none with goods"))
    return FormLines(tuple(items), tuple(sent), tuple(findings))


def has_cents(currency: str) -> bool:
    """Tell whether *currency* is a code whose smallest unit is a hundredth."""
    is_code = len(currency) == 3 and currency.isascii() and currency.isalpha()
    return is_code and currency not in _CURRENCIES_WITHOUT_CENTS


def item_name(line: OrderLine) -> str:
    """Return the product's name, and the variant's behind it where it says something else."""
    product, variant = tidy(line.product_name), tidy(line.variant_name)
    if not product or not variant or product.casefold() == variant.casefold():
        return product or variant
    return f"{product} - {variant}"


def json_number(number: Decimal) -> int | float:
    """Return the JSON number that is written with exactly the digits of *number*."""
    return int(number) if number == number.to_integral_value() else float(number)


def _fill_item(
    line: OrderLine, sku: str, sent_quantity: int, price: Decimal, vat: Decimal
) -> dict[str, Any]:
    item: dict[str, Any] = {
        "sku": sku,
        "quantity": sent_quantity,
        "name": item_name(line) or sku,
        "price": json_number(price),
        "vat": json_number(vat),
        "extra6": line.line_id,
    }
    if line.variant_id:
        item["extra7"] = line.variant_id
    return item


def _own_sku(line: OrderLine) -> str:
    return (line.sku or "").strip()


def _where(line: OrderLine) -> str:
    """Name a line for an operator: by its SKU, else by its id."""
    return f"line {_own_sku(line) or line.line_id}"


def _about(line: OrderLine, reason: str, detail: str) -> Finding:
    return Finding(reason, _where(line), detail, line.line_id)


def _warehouse_sku(line: OrderLine, rules: MappingRules, findings: list[Finding]) -> str:
    own_sku = _own_sku(line)
    sku = line.warehouse_sku or (rules.sku_map.get(own_sku, own_sku).strip() if own_sku else "")
    if not sku:
        findings.append(_about(line, "sku_missing", item_name(line)))
    return sku


def _count_line(line: OrderLine, rules: MappingRules, findings: list[Finding]) -> SkuCount | None:
    """Count the line in warehouse SKUs, or say why that cannot be done."""
    amount = f"{line.pack_quantity} packs, {line.unit_quantity} units"
    if line.unit_quantity < 0 or line.pack_quantity < 0:
        findings.append(_about(line, "order_unreadable", amount))
        return None
    said = line.pack_mode
    mode = parse_pack_mode(said) if said else rules.pack_mode_of(_own_sku(line))
    if mode is None:
        if not is_sold_singly(line):
            pack = "unknown size" if line.unit_multiplier is None else str(line.unit_multiplier)
            findings.append(_about(line, "pack_mode_unconfirmed", f"pack of {pack}"))
            return None
        mode = UNIT
    count = count_skus(line, mode)
    if count is None:
        findings.append(_about(line, "pack_mode_mismatch", f"{amount}, mode {mode}"))
    return count


def _read_amounts(line: OrderLine, rules: MappingRules, findings: list[Finding]) -> _Amounts | None:
    """Read what the chosen modes need of a line, or say what is not there."""
    price_minor = line.amount_with_vat_minor if rules.price_mode == "gross" else line.amount_minor
    vat_minor = line.amount_vat_minor
    if not rules.send_prices:
        price_minor = vat_minor = 0
    is_vat_missing = (vat_minor if rules.vat_mode == "amount" else line.vat_rate) is None
    if price_minor is None or is_vat_missing:
        missing = ["price"] * (price_minor is None) + ["VAT"] * is_vat_missing
        findings.append(_about(line, "amount_missing", f"no {' and no '.join(missing)}"))
        return None
    return _Amounts(price_minor, vat_minor or 0, line.vat_rate or Decimal(0))


def _vat_of_one(amounts: _Amounts, sent_quantity: int, rules: MappingRules) -> Decimal:
    if rules.vat_mode == "amount":
        return _per_sku(amounts.vat_minor, sent_quantity)
    return amounts.vat_rate / 100 if rules.vat_mode == "fraction" else amounts.vat_rate


def _per_sku(total_minor: int, sent_quantity: int) -> Decimal:
    return (Decimal(total_minor) / (sent_quantity * 100)).quantize(_CENT, ROUND_HALF_UP)
