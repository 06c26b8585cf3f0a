"""
Knows an order again: what was sent to the warehouse, against what the marketplace shows now.

A fingerprint has two sides of four parts each. The order's side is taken of the order itself, and
as long as it stands still nothing has changed, whatever became of the settings meanwhile. Only
where it moved are the two forms for the warehouse compared (docs/rules/changes.md).
"""

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from app.domain.order import MarketplaceOrder, OrderLine

_FORM = 1
"""Grows when the same order would give another fingerprint; then the sides cannot be compared."""
_WORDS = re.compile(r"\d+|[^\W\d_]+")


class Part(StrEnum):
    """What can change about an order, the gravest first."""

    LINES = "lines"
    DELIVERY = "delivery"
    BILLING = "billing"
    """The bill, and how the retailer is reached: no parcel goes anywhere else for it."""
    PRICES = "prices"


Parts = Mapping[str, Any]
"""Any JSON values by part."""


def take_fingerprint(order: MarketplaceOrder, sent: Parts | None) -> dict[str, Any]:
    """
    Return the fingerprint of *order*, and of what is sent for it, as JSON values.

    *sent* None means that it cannot be put into the warehouse's form.
    """
    return {
        "form": _FORM,
        "order": {part: digest(value) for part, value in _parts_of(order).items()},
        "sent": {part: digest(value) for part, value in (sent or {}).items()},
    }


def digest(value: Any) -> str:
    """Return the SHA-256 of a JSON value, the same for every order of its members."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which parts of an order are not as they were; not all that moved is sent otherwise."""

    moved: tuple[Part, ...] = ()
    changed: tuple[Part, ...] = ()


def compare(
    kept: Mapping[str, Any], order: MarketplaceOrder, map_anew: Callable[[], Parts | None]
) -> Comparison:
    """
    Compare *order* with what it was when *kept* was taken.

    *map_anew* is asked only where the order itself moved, and gives None where the order cannot
    be mapped any more: what moved then counts as changed.
    """
    if kept.get("form") != _FORM:
        return Comparison()
    now = take_fingerprint(order, None)["order"]
    moved = tuple(part for part in Part if kept["order"].get(part) != now[part])
    mapped = map_anew() if moved else {}
    if mapped is None:
        return Comparison(moved, moved)
    changed = tuple(part for part in moved if kept["sent"].get(part) != digest(mapped.get(part)))
    return Comparison(moved, changed)


def renew(
    kept: Mapping[str, Any], newest: Mapping[str, Any], parts: Iterable[Part]
) -> dict[str, Any]:
    """Return the fingerprint *kept* with some parts as they are in *newest*."""
    names = list(parts)
    sides = {
        side: {**kept[side], **{part: newest[side].get(part) for part in names}}
        for side in ("order", "sent")
    }
    return {**kept, **sides}


def has_same_words(one: Any, other: Any) -> bool:
    """
    Tell whether two JSON values say the same words and numbers, in whatever order and split.

    For what was sent before fingerprints were kept: a street that is split by other rules today
    is still the same street.
    """
    return sorted(_words(one)) == sorted(_words(other))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for member in value.values():
            yield from _words(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _words(member)
    elif value is not None:
        yield from _WORDS.findall(str(value).casefold())


def _parts_of(order: MarketplaceOrder) -> dict[Part, Any]:
    lines = sorted(order.lines, key=lambda line: line.line_id)
    retailer = order.retailer
    return {
        Part.DELIVERY: [
            asdict(order.ship_to),
            # A recipient without a name of its own is called as the retailer is.
            [retailer.company_name, retailer.store_name, retailer.first_name, retailer.last_name]
            if retailer
            else None,
        ],
        Part.BILLING: [
            asdict(order.billing),
            [retailer.email, retailer.phone, retailer.vat_number] if retailer else None,
        ],
        Part.LINES: [_goods_of(line) for line in lines if line.unit_quantity],
        Part.PRICES: [
            order.currency,
            *(
                [line.line_id, line.amount_minor, line.amount_vat_minor, line.amount_with_vat_minor]
                for line in lines
            ),
        ],
    }


def _goods_of(line: OrderLine) -> list[Any]:
    """Return what is ordered: a SKU renamed in the catalogue orders nothing else."""
    goods = line.variant_id or (line.sku or "").strip()
    return [line.line_id, goods, line.unit_quantity, line.pack_quantity]
