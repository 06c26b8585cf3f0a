"""Reads the fields of a decision's form; what cannot be right is told beside the field."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from app.domain.corrections import Corrections, check_phone, check_street
from app.domain.shipment import ParcelSize
from app.domain.signing import LONGEST_REASON, one_line
from app.domain.sku_entries import SkuEntry, check_entry, check_sku
from app.settings import parse_sides
from app.web.console.forms import Form

MOST_PARCELS = 20


class WrongField(Exception):
    """What is in a field cannot be right; `text` says what would be."""

    def __init__(self, name: str, text: str) -> None:
        """Name the field."""
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


def reason_of_form(form: Form) -> str:
    """
    Return why the person decides so.

    Raises:
        WrongField: Nothing, or a novel.
    """
    reason = one_line(form.get("reason", ""))
    if not reason:
        raise WrongField("reason", "say why; whoever reads the history later will want to know")
    if len(reason) > LONGEST_REASON:
        raise WrongField("reason", f"use at most {LONGEST_REASON} characters")
    return reason


def is_ticked(form: Form, name: str) -> bool:
    """Tell whether a box is ticked."""
    return form.get(name) == "yes"


def choice_of(form: Form, name: str, allowed: Sequence[str]) -> str:
    """Return one of *allowed*, or raise `WrongField`."""
    value = form.get(name, "")
    if value not in allowed:
        raise WrongField(name, "choose one")
    return value


def date_of(form: Form, name: str) -> date:
    """Return a day, or raise `WrongField`."""
    try:
        return date.fromisoformat(form.get(name, ""))
    except ValueError:
        raise WrongField(name, "give a day as YYYY-MM-DD; for example 2026-12-01") from None


def moment_of(form: Mapping[str, str], name: str) -> datetime | None:
    """Return a time in UTC, None where none is given, or raise `WrongField`."""
    text = form.get(name, "").strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(UTC) if at.tzinfo is not None else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise WrongField(name, "give a time as 2026-12-01T08:00, in UTC") from None


def text_or_none(form: Mapping[str, str], name: str, most: int) -> str | None:
    """Return one line of text, None where it is empty, or raise `WrongField`."""
    value = form.get(name, "").strip()
    if len(value) > most or not value.isprintable():
        raise WrongField(name, f"use one line of at most {most} characters")
    return value or None


def parcels_of(form: Form, name: str) -> tuple[ParcelSize, ...] | None:
    """Return the parcels written a line each, None where there is none, or raise `WrongField`."""
    lines = [line.split() for line in form.get(name, "").splitlines() if line.strip()]
    if len(lines) > MOST_PARCELS:
        raise WrongField(name, f"give at most {MOST_PARCELS} parcels")
    parcels = []
    for number, words in enumerate(lines, 1):
        try:
            sides, weight = words
            weight_kg = Decimal(weight.replace(",", "."))
            if not weight_kg.is_finite() or weight_kg <= 0:
                raise ValueError
            parcels.append(ParcelSize(*parse_sides(sides), weight_kg))
        except (ValueError, InvalidOperation):
            problem = f"line {number} is not read; for example 40x30x20 4.2"
            raise WrongField(name, problem) from None
    return tuple(parcels) or None


def corrections_of(form: Form) -> Corrections:
    """Return what the fields of a correction say, or raise `WrongField`."""
    texts = {name: form.get(name, "") or None for name in ("street", "addition", "extra_address")}
    number = form.get("house_number", "")
    if number and not (number.isascii() and number.isdecimal()):
        raise WrongField("house_number", "give a whole number; what follows it is the addition")
    try:
        street = check_street(
            texts["street"],
            int(number[:9]) if number else None,
            texts["addition"],
            texts["extra_address"],
        )
        phone = check_phone(form.get("phone", "") or None)
    except ValueError as problem:
        name, _, text = str(problem).partition(": ")
        raise WrongField(name, text) from None
    return Corrections(street=street, phone=phone, entries=_entries_of(form))


def _entries_of(form: Form) -> dict[str, SkuEntry]:
    sku = form.get("sku", "")
    warehouse_sku, pack_mode = form.get("warehouse_sku") or None, form.get("pack_mode") or None
    if not sku:
        if warehouse_sku or pack_mode:
            raise WrongField("sku", "name the SKU that this is about")
        return {}
    if not warehouse_sku and not pack_mode:
        raise WrongField("warehouse_sku", "say what it is there, or what one is, or both")
    try:
        return {check_sku(sku): check_entry(warehouse_sku, pack_mode)}
    except ValueError as problem:
        name, _, text = str(problem).rpartition(": ")
        raise WrongField(name.partition(":")[0] or "sku", text) from None
