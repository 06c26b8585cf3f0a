"""
What operators corrected in single orders, and an order with all they said taken into account.

An entry of the table holds for every order, a correction for one. The order itself carries what
was said from here on, so that every check and the warehouse's form read one value
(docs/rules/packs-and-prices.md tells which word counts).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.domain.address import LONGEST_ADDITION, StreetParts, split_street, tidy_line
from app.domain.order import MarketplaceOrder, OrderLine, PostalAddress, Retailer
from app.domain.places import tidy_country, tidy_postal_code
from app.domain.sku_entries import SkuEntry

LONGEST_TEXT = 200
HIGHEST_HOUSE_NUMBER = 99_999


@dataclass(frozen=True, slots=True)
class StreetCorrection:
    """The parts of a delivery street that were corrected; None leaves a part as it is split."""

    street: str | None = field(default=None, repr=False)
    house_number: int | None = field(default=None, repr=False)
    addition: str | None = field(default=None, repr=False)
    extra: str | None = field(default=None, repr=False)

    def applied_to(self, line: str, country_code: str) -> StreetParts:
        """Return the four parts: as corrected, else as *line* is split."""
        split = split_street(line, country_code)
        return StreetParts(
            street=split.street if self.street is None else self.street,
            house_number=split.house_number if self.house_number is None else self.house_number,
            addition=split.addition if self.addition is None else self.addition,
            extra=split.extra if self.extra is None else self.extra,
        )


@dataclass(frozen=True, slots=True)
class Corrections:
    """What was corrected for one order. Entries are keyed by SKU, or line id where none is."""

    street: StreetCorrection | None = None
    phone: str | None = field(default=None, repr=False)
    entries: Mapping[str, SkuEntry] = field(default_factory=dict)
    made_for: str | None = None
    """The mark of the address the street was corrected for; None before it was first used."""
    is_unreleased: bool = False
    """Whether the person who corrected it has yet to let the order go on, whatever it asks else."""

    def __bool__(self) -> bool:
        """Whether anything was corrected, or waits to be released."""
        return bool(self.street or self.phone or self.entries or self.is_unreleased)

    def over(self, earlier: "Corrections") -> "Corrections":
        """Return these on top of *earlier* ones; a street corrected anew is for today's address."""
        street = self.street
        if street is not None and earlier.street is not None:
            known = {name: value for name, value in asdict(street).items() if value is not None}
            street = replace(earlier.street, **known)
        entries = dict(earlier.entries)
        for sku, entry in self.entries.items():
            entries[sku] = entry.over(entries.get(sku))
        return Corrections(
            street=street or earlier.street,
            phone=self.phone or earlier.phone,
            entries=entries,
            made_for=earlier.made_for if self.street is None else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is stored."""
        return asdict(self)

    def is_outdated(self, seen: MarketplaceOrder) -> bool:
        """Tell whether the street was corrected for another address than the one shown now."""
        return (
            self.street is not None
            and self.made_for is not None
            and self.made_for != mark_address(seen.ship_to)
        )


NOTHING_CORRECTED = Corrections()


def read_corrections(stored: Mapping[str, Any] | None) -> Corrections:
    """Return corrections as they were stored; none where nothing is."""
    if not stored:
        return NOTHING_CORRECTED
    street = stored.get("street")
    return Corrections(
        street=StreetCorrection(**street) if street else None,
        phone=stored.get("phone"),
        entries={sku: SkuEntry(**entry) for sku, entry in (stored.get("entries") or {}).items()},
        made_for=stored.get("made_for"),
        is_unreleased=stored.get("is_unreleased", False),
    )


def mark_address(address: PostalAddress) -> str:
    """Return a mark that differs where street, postcode, city or country do; it tells none."""
    country = tidy_country(address.country_code)
    postal_code = tidy_postal_code(address.postal_code, country)
    parts = (address.street, postal_code, address.city, country)
    text = "\n".join(" ".join((part or "").casefold().split()) for part in parts)
    return hashlib.sha256(text.encode()).hexdigest()


def correct_order(
    seen: MarketplaceOrder, corrections: Corrections, table: Mapping[str, SkuEntry]
) -> MarketplaceOrder:
    """
    Return *seen* with what operators said: the order's corrections before the *table*.

    A street corrected for another address is left alone; the review tells of it.
    """
    lines = tuple(_correct_line(line, corrections, table) for line in seen.lines)
    ship_to, retailer = seen.ship_to, seen.retailer
    if corrections.street is not None and not corrections.is_outdated(seen):
        country = (ship_to.country_code or "").strip().upper()
        parts = corrections.street.applied_to(ship_to.street or "", country)
        ship_to = replace(ship_to, street=_join(parts), street_parts=parts)
    if corrections.phone is not None:
        retailer = replace(retailer or Retailer(retailer_id=""), phone=corrections.phone)
    return replace(seen, lines=lines, ship_to=ship_to, retailer=retailer)


def check_street(
    street: str | None, house_number: int | None, addition: str | None, extra: str | None
) -> StreetCorrection | None:
    """
    Return a correction of the street as an operator wrote it, None where nothing was.

    Raises:
        ValueError: The part named cannot be right; the text never quotes it.
    """
    if street is None and house_number is None and addition is None and extra is None:
        return None
    texts = {"street": street, "addition": addition, "extra_address": extra}
    for name, text in texts.items():
        if text is not None and (len(text) > LONGEST_TEXT or not text.isprintable()):
            raise ValueError(f"{name}: must be one line of at most {LONGEST_TEXT} characters")
    if street is not None and not tidy_line(street):
        raise ValueError("street: is empty; leave it out to keep the street as it is split")
    if house_number is not None and not 1 <= house_number <= HIGHEST_HOUSE_NUMBER:
        raise ValueError(f"house_number: must be a whole number from 1 to {HIGHEST_HOUSE_NUMBER}")
    if addition is not None and len(tidy_line(addition)) > LONGEST_ADDITION:
        raise ValueError(
            f"addition: has more than {LONGEST_ADDITION} characters; "
            "put what is longer into the extra address"
        )
    tidied = {name: None if text is None else tidy_line(text) for name, text in texts.items()}
    return StreetCorrection(
        tidied["street"], house_number, tidied["addition"], tidied["extra_address"]
    )


def check_phone(text: str | None) -> str | None:
    """
    Return a phone number as an operator wrote it.

    Raises:
        ValueError: It has too few or too many digits; the text never quotes it.
    """
    if text is None:
        return None
    digits = sum(char in "0123456789" for char in text)
    if not 6 <= digits <= 15 or not text.isprintable():
        raise ValueError("phone: must have 6 to 15 digits; for example +31201234567")
    return text.strip()


def _correct_line(
    line: OrderLine, corrections: Corrections, table: Mapping[str, SkuEntry]
) -> OrderLine:
    own_sku = (line.sku or "").strip()
    said = corrections.entries.get(own_sku or line.line_id, SkuEntry()).over(table.get(own_sku))
    if said == SkuEntry():
        return line
    return replace(line, warehouse_sku=said.warehouse_sku, pack_mode=said.pack_mode)


def _join(parts: StreetParts) -> str:
    """Return the street as one line, for whatever looks at the line."""
    number = str(parts.house_number or "")
    line = " ".join(part for part in (parts.street, number, parts.addition) if part)
    return ", ".join(part for part in (line, parts.extra) if part)
