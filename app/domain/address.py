"""
Splits one street line into street, house number, addition and extra address.

The marketplace gives one line, the warehouse wants four parts. What is decided here and why is
written down in docs/rules/addresses.md. Nothing is lost: every letter and digit of the line is in
one of the parts, number markers such as `nr.` excepted. Whether a missing number, a post box or a
doubt holds an order up is the caller's decision.
"""

import re
import unicodedata
from dataclasses import replace

from app.domain import street_patterns as patterns
from app.domain.street_doubts import doubt_unread
from app.domain.street_parts import DOUBTS, Confidence, StreetParts
from app.domain.street_readings import (
    EDGES,
    join,
    read_embedded,
    read_number_first,
    read_number_last,
)

__all__ = ["DOUBTS", "Confidence", "StreetParts", "is_post_box", "split_street", "tidy_line"]

LONGEST_SPLIT_LINE = 300
"""Longer lines are no addresses; they are handed on whole."""

LONGEST_ADDITION = 10
"""A longer addition goes to the extra address."""

_NUMBER_FIRST_COUNTRIES = frozenset({"FR", "GB", "IE", "LU", "MC", "MT"})
_NUMBER_FIRST_TOO_COUNTRIES = frozenset({"BE"})
"""Where half of the people write the number in front, so that neither order is unusual."""

_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u02bc\u00b4", "'"),
    }
)
_DECOMPOSED = re.compile("[A-Za-z][\u0300-\u036f]+")


def split_street(line: str, country_code: str) -> StreetParts:
    """
    Split *line* the way addresses of *country_code* are written.

    A post box named beside a street goes to the extra address; one without a street, a line
    without a number and a line too long to be an address come back whole as the street.
    """
    text = tidy_line(line)
    if len(text) > LONGEST_SPLIT_LINE:
        return StreetParts(text, rule="too_long", doubts=doubt_unread(text[:LONGEST_SPLIT_LINE]))
    box = patterns.POST_BOX.search(text)
    if box is None:
        parts = _split(text, country_code)
        return _move_long_addition(parts) if parts else StreetParts(text, doubts=doubt_unread(text))
    parts = _split_beside_post_box(text, box, country_code)
    return StreetParts(text, rule="post_box") if parts is None else _move_long_addition(parts)


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
    return " ".join(composed.translate(_LOOKALIKES).split()).strip(EDGES)


def _split(text: str, country_code: str) -> StreetParts | None:
    """Try the ways to read *text* in the order of the country; None where it shows no number."""
    if len(text) > LONGEST_SPLIT_LINE:
        return None
    country = country_code.strip().upper()
    if country in _NUMBER_FIRST_COUNTRIES:
        usual = read_number_first(text) or read_embedded(text)
        return usual or _doubt_order(read_number_last(text, country))
    usual = read_number_last(text, country)
    if usual is not None or country in _NUMBER_FIRST_TOO_COUNTRIES:
        return usual or read_number_first(text)
    return _doubt_order(read_number_first(text))


def _doubt_order(parts: StreetParts | None) -> StreetParts | None:
    return parts and replace(parts, doubts=(*parts.doubts, "unusual_order"))


def _split_beside_post_box(text: str, box: re.Match[str], country_code: str) -> StreetParts | None:
    """Split what stands beside the post box; None where that is no street with a number."""
    if box["locker"]:
        # A locker's line also holds the recipient's post number, which would read as a street.
        return None
    beside = join(text[: box.start()], text[box.end() :].lstrip(EDGES + "-"))
    parts = _split(beside, country_code)
    return parts and replace(parts, extra=join(parts.extra, box[0]))


def _move_long_addition(parts: StreetParts) -> StreetParts:
    if len(parts.addition) <= LONGEST_ADDITION:
        return parts
    return replace(parts, addition="", extra=join(parts.addition, parts.extra))
