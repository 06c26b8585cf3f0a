"""Dates in street names: years, months, and numbers that are a day of a month."""

import re
import unicodedata

from app.domain import street_patterns as patterns
from app.domain.street_words import MONTHS

_YEARS = range(1800, 2100)


def is_year(number: int) -> bool:
    """Tell whether *number* could be a year that a street is named after."""
    return number in _YEARS


def ends_in_month(text: str) -> bool:
    """Tell whether the last word is a month: a year after it is part of a date."""
    found = patterns.LAST_WORD.search(text)
    return found is not None and _is_month(found["word"])


def starts_with_month(text: str) -> bool:
    """Tell whether a month follows at once: the number before it is its day."""
    found = re.match(patterns.NEXT_WORD, text)
    return found is not None and _is_month(found["word"])


def _is_month(word: str) -> bool:
    decomposed = unicodedata.normalize("NFD", word.casefold())
    return "".join(char for char in decomposed if char.isalpha()) in MONTHS
