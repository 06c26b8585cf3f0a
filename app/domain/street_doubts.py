"""
What speaks against a split: every number of the line that is not plainly explained.

A split with no doubt is sure. What each doubt means is in `street_parts.py`; why these is told in
docs/rules/addresses.md.
"""

import re
from collections.abc import Iterator

from app.domain import street_patterns as patterns
from app.domain.street_dates import ends_in_month, is_year, starts_with_month
from app.domain.street_parts import StreetParts

_EDGES = " ,;"
_SHORTEST_NAME = 2
_DUTCH_POSTAL_CODE_END = re.compile(r"[A-Z]{2}")


def doubt_number_last(
    parts: StreetParts, country_code: str, *, has_marker: bool, second: int | None
) -> tuple[str, ...]:
    """Doubt a number behind the street; *second* is a bare number that follows it."""
    number = parts.house_number
    assert number is not None
    found = [
        *_doubt_street(parts.street, country_code, has_marker=has_marker),
        *_doubt_size(parts, country_code),
    ]
    if parts.extra:
        found.append("words_moved")
        found += ["several_numbers" for _ in _unexplained(parts.extra)]
    if second is not None and patterns.STREET_TYPE_ALONE.fullmatch(parts.street):
        found.append("street_without_name")  # `Straße 106 12`
    if patterns.UNIT_ENDING.search(parts.street):
        found.append("number_of_unit")
    if second is not None:
        found.append("second_number" if second <= number else "second_number_larger")
    return tuple(dict.fromkeys(found))


def doubt_number_first(parts: StreetParts) -> tuple[str, ...]:
    """Doubt a number in front of the street, and what stands beside both."""
    found = list(_doubt_numbers_after(parts.street))
    if len(parts.street) <= _SHORTEST_NAME or patterns.GENERIC_STREET.fullmatch(parts.street):
        found.append("street_without_name")
    if patterns.RANGE_WORD_START.match(parts.street):
        found.append("several_numbers")
    if any(True for _ in _unexplained(parts.extra)):
        found.append("several_numbers")
    return tuple(dict.fromkeys(found))


def doubt_embedded(parts: StreetParts, before: str, numbered: str) -> tuple[str, ...]:
    """Doubt a number that *before* runs into without a comma: it may be that of `Warehouse 7`."""
    found = doubt_number_first(parts)
    words = before.rpartition(",")[2].split()
    if words and (len(words) == 1 or re.match(r"\w+ ?,", numbered)):
        return tuple(dict.fromkeys((*found, "number_of_unit")))
    return (*found, "words_moved") if words else found


def doubt_unread(text: str) -> tuple[str, ...]:
    """Doubt a line in which no reading found a house number, although it holds one."""
    has_number = any(True for _ in _unexplained(text, labels_explain=False))
    return ("number_unread",) if has_number or patterns.GLUED_NUMBER.search(text) else ()


def _doubt_street(street: str, country_code: str, *, has_marker: bool) -> Iterator[str]:
    if country_code == "DE" and patterns.SQUARE_OF_MANNHEIM.fullmatch(street):
        return
    if patterns.NAMELESS.fullmatch(street):
        yield "street_without_name"
    is_generic = patterns.GENERIC_STREET.fullmatch(street)
    if not has_marker and (is_generic or len(street.rstrip(".")) == 1):
        yield "street_without_name"
    if ", " in street:
        yield "comma_in_street"
    if re.match(r"[0-9]", street) and not patterns.ORDINAL_START.match(street):
        yield "several_numbers"
    if not has_marker and any(
        _is_rival(street[: found.start()]) for found in _numbers_inside(street)
    ):
        yield "several_numbers"
    if patterns.NUMBER_WITH_LETTER_END.search(street):
        yield "several_numbers"  # `Hauptstr. 12a - 12c`
    last = re.search(r"(?<![\w.])([0-9]+)(?:-[0-9]+)?$", street)
    if last is None or has_marker:
        return
    first_number = int(last[1])
    if ends_in_month(street[: last.start()]):
        return
    yield "year_in_street" if is_year(first_number) else "several_numbers"


def _numbers_inside(street: str) -> Iterator[re.Match[str]]:
    """Yield the plain numbers of *street* with a word on both sides, days of a month excepted."""
    for found in patterns.LOOSE_NUMBER.finditer(street):
        after = street[found.end() :]
        is_ordinal = patterns.ORDINAL_AFTER.match(street, found.end("number"))
        is_inside = found.start() > 0 and after[:1] in (" ", ",")
        if is_inside and not is_ordinal and not starts_with_month(after):
            yield found


def _is_rival(before: str) -> bool:
    """Tell whether *before* is a street of its own, so that a number behind it could be its."""
    text = before.strip(_EDGES)
    belongs_to_name = patterns.NAME_FOLLOWS.fullmatch(text) or (
        patterns.CONNECTIVE_ENDING.search(text)
    )
    return not belongs_to_name


def _is_label(text: str) -> bool:
    return len(text) == 1 or patterns.LABEL.fullmatch(text) is not None


def _doubt_size(parts: StreetParts, country_code: str) -> Iterator[str]:
    number = parts.house_number
    assert number is not None
    if number >= patterns.POSTAL_CODE_SIZE:
        yield "postal_code_like"
    if country_code == "NL" and number >= 1000 and _DUTCH_POSTAL_CODE_END.fullmatch(parts.addition):
        yield "postal_code_like"
    if is_year(number):
        has_name = " " in parts.street or len(parts.street) > 8
        yield "number_like_year" if has_name else "number_is_year"


def _doubt_numbers_after(street: str) -> Iterator[str]:
    """Doubt what a street behind its number holds in figures."""
    if patterns.POSTAL_CODE.search(street):
        yield "postal_code_like"
    for found in patterns.LOOSE_NUMBER.finditer(street):
        number, before, after = int(found["number"]), street[: found.start()], street[found.end() :]
        if len(found["number"]) >= 5:
            yield "postal_code_like"
        elif _is_label(before.strip(_EDGES)) and not patterns.RANGE_WORD_START.match(street):
            yield "number_of_unit"  # `12 bte 3 Rue Haute`
        elif is_year(number) and ends_in_month(before):
            continue
        elif not after.strip(_EDGES) and not patterns.UNIT_ENDING.search(before):
            yield "several_numbers"


def _unexplained(text: str, *, labels_explain: bool = True) -> Iterator[int]:
    """Yield the numbers that are no ordinal, no part of a date and not a label's (`Flat 3`)."""
    for found in patterns.LOOSE_NUMBER.finditer(text):
        before, after = text[: found.start()], text[found.end() :]
        number = int(found["number"])
        if patterns.ORDINAL_AFTER.match(text, found.end("number")) or starts_with_month(after):
            continue
        if labels_explain and found["after"] and after[:1].isdigit():
            continue  # `3F2`, a flat
        if is_year(number) and ends_in_month(before):
            continue
        is_labelled = patterns.LABEL_ENDING.search(before) or patterns.MARKER_ENDING.search(before)
        if labels_explain and is_labelled:
            continue
        yield number
