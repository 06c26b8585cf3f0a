"""
The ways to read a street line: number behind, number in front, number in front after other words.

Each reading gives the parts or nothing; `address.py` decides which are tried and in which order
(docs/rules/addresses.md).
"""

import re
from dataclasses import dataclass, replace

from app.domain import street_patterns as patterns
from app.domain.street_dates import ends_in_month, is_year
from app.domain.street_doubts import doubt_embedded, doubt_number_first, doubt_number_last
from app.domain.street_parts import StreetParts

EDGES = " ,;"

_LETTER = re.compile(patterns.LETTER)
_RANGE = re.compile(r"-\s*([0-9]+)")
_NO_NAME_END = re.compile(r"(?:\b(?:de|du|des|la|le|les|l'|d'|of|the|della|del|di|do|da))$", re.I)


@dataclass(frozen=True, slots=True)
class _Tail:
    """
    An addition from end to end.

    A separate number belongs to no keyword (`bus 3` has none). The second number is one that
    follows the first at once, so that either could be the house number.
    """

    has_separate_number: bool = False
    second_number: int | None = None


def read_number_last(text: str, country_code: str) -> StreetParts | None:
    """Read `Keizersgracht 123-3`: the first number after which only an addition follows."""
    has_number_before = _match_number_first(text) is not None
    for candidate in patterns.HOUSE_NUMBER.finditer(text):
        street, rest = text[: candidate.start()], text[candidate.end() :]
        number = int(candidate["number"])
        if not _LETTER.search(street):
            continue
        if has_number_before and patterns.AFTER_KEYWORD.search(street.rstrip(EDGES)):
            # `12, rue de la Station bte 4`: whatever the house number is, 4 is the box.
            continue
        has_number_before = True
        tail = _read_addition_tail(rest)
        if tail is None:
            continue
        if is_year(number) and (tail.has_separate_number or ends_in_month(street)):
            continue
        before, street = _cut_words_before_street(street.rstrip(EDGES + "-"))
        parts = StreetParts(
            street=street,
            house_number=number,
            addition=_clean_addition(rest, number),
            extra=before,
            rule="number_last",
        )
        doubts = doubt_number_last(
            parts, country_code, has_marker=bool(candidate["marker"]), second=tail.second_number
        )
        return replace(parts, doubts=doubts)
    return None


def read_number_first(text: str) -> StreetParts | None:
    """Read `12 bis, rue de la Paix`; what follows the street's first comma is extra address."""
    found = _match_number_first(text)
    if found is None:
        return None
    street, _, after_street = found["street"].partition(",")
    street, trailing = _cut_trailing_groups(street.strip(EDGES))
    number = int(found["number"])
    parts = StreetParts(
        street=street,
        house_number=number,
        addition=_clean_addition(found["addition"], number),
        extra=join(trailing, after_street.strip(EDGES)),
        rule="number_first",
    )
    return replace(parts, doubts=doubt_number_first(parts))


def read_embedded(text: str) -> StreetParts | None:
    """Read `Flat 3, 12 High Street`: a number-first street of a known type after other words."""
    starts = [found.start() for found in patterns.NUMBER_FIRST_START.finditer(text)]
    for start in reversed(starts):
        before = text[:start]
        if not before.rstrip().endswith(",") and patterns.UNIT_ENDING.search(before):
            continue  # `Unit 4 Mill Lane`: 4 is the unit's
        parts = read_number_first(text[start:])
        if parts is not None and _has_street_type(parts.street):
            moved = replace(parts, extra=join(before, parts.extra), rule="embedded_number_first")
            return replace(moved, doubts=doubt_embedded(moved, before, text[start:]))
    return None


def join(*texts: str) -> str:
    """Put the texts that are not empty behind each other, with a comma between."""
    stripped = (text.rstrip(EDGES + "-") for text in texts)
    return ", ".join(text for text in stripped if text)


def _match_number_first(text: str) -> re.Match[str] | None:
    if patterns.ORDINAL_START.match(text):
        return None
    return patterns.NUMBER_FIRST.fullmatch(text)


def _read_addition_tail(rest: str) -> _Tail | None:
    """Read *rest*, which must be an addition from end to end; None where it is none."""
    position = 0
    tail = _Tail()
    for part in patterns.ADDITION_PARTS:
        if found := part.match(rest, position):
            if part is patterns.SEPARATE_NUMBER:
                tail = _Tail(True, None if _LETTER.search(rest[:position]) else int(found[0]))
            position = found.end()
    return tail if _match_groups(rest, position) == len(rest) else None


def _match_groups(text: str, position: int) -> int:
    """Return where the addition groups that start at *position* end."""
    while True:
        for group in patterns.ADDITION_GROUPS:
            if found := group.match(text, position):
                position = found.end()
                break
        else:
            return position


def _cut_trailing_groups(street: str) -> tuple[str, str]:
    """Cut `bte 4` or `2nd Floor` off the street's end: behind a number in front they are extra."""
    for start in patterns.TRAILING_GROUP_START.finditer(street):
        position = start.start()
        name, tail = street[:position], street[position:]
        has_value = any(char.isdigit() for char in tail) or re.search(r" \w$", tail)
        if " " in name and has_value and _match_groups(street, position) == len(street):
            if _NO_NAME_END.search(name):
                return street, ""
            return name, tail.strip(EDGES)
    return street, ""


def _cut_words_before_street(text: str) -> tuple[str, str]:
    """Cut `Gebouw 3` off `Gebouw 3, Industrieweg`: words before a street of a known type."""
    before, comma, street = text.rpartition(", ")
    if comma and _has_any_street_type(street) and not _has_any_street_type(before):
        return before.strip(EDGES), street
    return "", text


def _has_street_type(street: str) -> bool:
    return bool(patterns.STREET_BEGINNING.match(street) or patterns.STREET_ENDING.search(street))


def _has_any_street_type(street: str) -> bool:
    beginning = patterns.ANY_STREET_BEGINNING.match(street)
    return bool(beginning or patterns.ANY_STREET_ENDING.search(street))


def _clean_addition(raw: str, house_number: int) -> str:
    """Strip what joins the addition to the number; the dash of a range (`12-14`) stays."""
    addition = raw.strip(EDGES)
    end_of_range = _RANGE.match(addition)
    if end_of_range and int(end_of_range[1]) > house_number:
        return "-" + addition[1:].lstrip()
    return addition.lstrip("-/" + EDGES)
