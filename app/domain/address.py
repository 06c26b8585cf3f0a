"""
Splits one street line into street, house number, addition and extra address.

The marketplace gives one line, the warehouse wants four parts. What is decided here and why is
written down in docs/rules/addresses.md. Nothing is lost: every letter and digit of the line is in
one of the parts, number markers such as `nr.` excepted. Whether a missing number or a post box
holds an order up is the caller's decision.
"""

import re
import unicodedata
from dataclasses import dataclass, field, replace

from app.domain import street_patterns as patterns

LONGEST_SPLIT_LINE = 300
"""Longer lines are no addresses; they are handed on whole."""

LONGEST_ADDITION = 10
"""A longer addition goes to the extra address."""

_NUMBER_FIRST_COUNTRIES = frozenset({"FR", "GB", "IE", "LU", "MC", "MT"})
_YEARS = range(1800, 2100)
_EDGES = " ,;"
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u02bc\u00b4", "'"),
    }
)
_LETTER = re.compile(patterns.LETTER)
_DECOMPOSED = re.compile("[A-Za-z][\u0300-\u036f]+")
_RANGE = re.compile(r"-\s*([0-9]+)")


@dataclass(frozen=True, slots=True)
class StreetParts:
    """A street line in the warehouse's four parts; an absent text is empty."""

    street: str = field(repr=False)
    house_number: int | None = field(default=None, repr=False)
    addition: str = field(default="", repr=False)
    extra: str = field(default="", repr=False)


def split_street(line: str, country_code: str) -> StreetParts:
    """
    Split *line* the way addresses of *country_code* are written.

    A post box named beside a street goes to the extra address; one without a street, a line
    without a number and a line too long to be an address come back whole as the street.
    """
    text = tidy_line(line)
    if len(text) > LONGEST_SPLIT_LINE:
        return StreetParts(text)
    box = patterns.POST_BOX.search(text)
    if box is None:
        return _move_long_addition(_split(text, country_code) or StreetParts(text))
    parts = _split_beside_post_box(text, box, country_code)
    return StreetParts(text) if parts is None else _move_long_addition(parts)


def is_post_box(line: str, country_code: str) -> bool:
    """Tell whether *line* names a post box or a parcel locker instead of a street with a number."""
    text = tidy_line(line)
    box = patterns.POST_BOX.search(text)
    return box is not None and _split_beside_post_box(text, box, country_code) is None


def tidy_line(line: str) -> str:
    """Make blanks, dashes, apostrophes and accents uniform and strip the edges."""
    # Only letters with an accent of their own are composed: full normalisation would also
    # exchange characters that look different on a label.
    composed = _DECOMPOSED.sub(lambda found: unicodedata.normalize("NFC", found[0]), line)
    return " ".join(composed.translate(_LOOKALIKES).split()).strip(_EDGES)


def _split(text: str, country_code: str) -> StreetParts | None:
    """Try the ways to read *text* in the order of the country; None where it shows no number."""
    if len(text) > LONGEST_SPLIT_LINE:
        return None
    if country_code.strip().upper() in _NUMBER_FIRST_COUNTRIES:
        return _read_number_first(text) or _read_embedded(text) or _read_number_last(text)
    return _read_number_last(text) or _read_number_first(text)


def _split_beside_post_box(text: str, box: re.Match[str], country_code: str) -> StreetParts | None:
    """Split what stands beside the post box; None where that is no street with a number."""
    if box["locker"]:
        # A locker's line also holds the recipient's post number, which would read as a street.
        return None
    beside = _join(text[: box.start()], text[box.end() :].lstrip(_EDGES + "-"))
    parts = _split(beside, country_code)
    return parts and replace(parts, extra=_join(parts.extra, box[0]))


def _read_number_last(text: str) -> StreetParts | None:
    """Read `Keizersgracht 123-3`: the first number after which only an addition follows."""
    has_number_before = _match_number_first(text) is not None
    for candidate in patterns.HOUSE_NUMBER.finditer(text):
        street, rest = text[: candidate.start()], text[candidate.end() :]
        number = int(candidate["number"])
        if not _LETTER.search(street):
            continue
        if has_number_before and patterns.AFTER_KEYWORD.search(street.rstrip(_EDGES)):
            # `12, rue de la Station bte 4`: whatever the house number is, 4 is the box.
            continue
        has_number_before = True
        has_separate_number = _read_addition_tail(rest)
        if has_separate_number is None:
            continue
        if number in _YEARS and (has_separate_number or _ends_in_month(street)):
            continue
        return StreetParts(
            street=street.rstrip(_EDGES + "-"),
            house_number=number,
            addition=_clean_addition(rest, number),
        )
    return None


def _read_addition_tail(rest: str) -> bool | None:
    """
    Tell whether *rest*, which must be an addition from end to end, holds a separate number.

    None where it is no addition. A number that belongs to a keyword (`bus 3`) is not separate.
    """
    position = 0
    has_separate_number = False
    for part in patterns.ADDITION_PARTS:
        if found := part.match(rest, position):
            position = found.end()
            has_separate_number |= part is patterns.SEPARATE_NUMBER
    while found := _match_addition_group(rest, position):
        position = found.end()
    return has_separate_number if position == len(rest) else None


def _match_addition_group(rest: str, position: int) -> re.Match[str] | None:
    for group in patterns.ADDITION_GROUPS:
        if found := group.match(rest, position):
            return found
    return None


def _ends_in_month(street: str) -> bool:
    """Tell whether the last word is a month: a year after it is part of a date."""
    found = patterns.LAST_WORD.search(street)
    if found is None:
        return False
    decomposed = unicodedata.normalize("NFD", found["word"].casefold())
    return "".join(char for char in decomposed if char.isalpha()) in patterns.MONTHS


def _match_number_first(text: str) -> re.Match[str] | None:
    if patterns.ORDINAL_START.match(text):
        return None
    return patterns.NUMBER_FIRST.fullmatch(text)


def _read_number_first(text: str) -> StreetParts | None:
    """Read `12 bis, rue de la Paix`; what follows the street's first comma is extra address."""
    found = _match_number_first(text)
    if found is None:
        return None
    street, _, after_street = found["street"].partition(",")
    number = int(found["number"])
    return StreetParts(
        street=street.strip(_EDGES),
        house_number=number,
        addition=_clean_addition(found["addition"], number),
        extra=after_street.strip(_EDGES),
    )


def _read_embedded(text: str) -> StreetParts | None:
    """Read `Flat 3, 12 High Street`: a number-first street of a known type after other words."""
    starts = [found.start() for found in patterns.NUMBER_FIRST_START.finditer(text)]
    for start in reversed(starts):
        parts = _read_number_first(text[start:])
        if parts is not None and _has_street_type(parts.street):
            return replace(parts, extra=_join(text[:start], parts.extra))
    return None


def _has_street_type(street: str) -> bool:
    return bool(patterns.STREET_BEGINNING.match(street) or patterns.STREET_ENDING.search(street))


def _clean_addition(raw: str, house_number: int) -> str:
    """Strip what joins the addition to the number; the dash of a range (`12-14`) stays."""
    addition = raw.strip(_EDGES)
    end_of_range = _RANGE.match(addition)
    if end_of_range and int(end_of_range[1]) > house_number:
        return "-" + addition[1:].lstrip()
    return addition.lstrip("-/" + _EDGES)


def _move_long_addition(parts: StreetParts) -> StreetParts:
    if len(parts.addition) <= LONGEST_ADDITION:
        return parts
    return replace(parts, addition="", extra=_join(parts.addition, parts.extra))


def _join(*texts: str) -> str:
    """Put the texts that are not empty behind each other, with a comma between."""
    stripped = (text.rstrip(_EDGES + "-") for text in texts)
    return ", ".join(text for text in stripped if text)
