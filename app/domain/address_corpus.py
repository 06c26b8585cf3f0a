"""
The corpus of street lines: rows of a CSV file that say how a line must be split.

A row holds `country`, `line`, `expect` (`street|number|addition|extra`, empty where nobody can
say), `confidence` (`unsure` where the split must admit that it is a guess, else empty) and
`source` (where lines of this form come from). Reading and writing of files is the caller's.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from app.domain.address import StreetParts, split_street, tidy_line
from app.domain.street_patterns import HOUSE_NUMBER, NUMBER_FIRST

COLUMNS = ("country", "line", "expect", "confidence", "source")
_PARTS = ("street", "number", "addition", "extra")


class CorpusError(ValueError):
    """A row or an expectation is unusable; the message says which and what would be right."""


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """One line and how it must be split; `expect` is None where nobody can say."""

    country: str
    line: str
    expect: StreetParts | None
    is_unsure: bool
    source: str
    row_number: int = 0

    def find_difference(self) -> str | None:
        """Say how the split of today differs from the row, None where it does not."""
        parts = split_street(self.line, self.country)
        if self.is_unsure:
            return None if parts.is_unsure else f"must be unsure, is {parts.confidence}"
        if parts.is_unsure:
            return f"must be split, is unsure: {', '.join(parts.doubts)}"
        if parts == self.expect:
            return None
        expected = format_parts(self.expect) if self.expect else ""
        return f"expected {expected}, split {format_parts(parts)} ({parts.confidence})"

    @property
    def is_wrong_and_sure(self) -> bool:
        """Whether the split differs from the row and has no doubt at all."""
        parts = split_street(self.line, self.country)
        return parts != self.expect and not parts.doubts


def read_corpus(text: str) -> list[CorpusRow]:
    """
    Read all rows of a CSV file's *text*.

    Raises:
        CorpusError: Naming the line of the file; nothing of a bad file is used.
    """
    reader = csv.DictReader(io.StringIO(text))
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise CorpusError(f"line 1: the columns must be {','.join(COLUMNS)}")
    rows = []
    for fields in reader:
        try:
            rows.append(_read_row(fields, reader.line_num))
        except CorpusError as error:
            raise CorpusError(f"line {reader.line_num}: {error}") from error
    return rows


def write_rows(rows: Iterable[CorpusRow], *, with_header: bool) -> str:
    """Return *rows* as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if with_header:
        writer.writerow(COLUMNS)
    for row in rows:
        expect = format_parts(row.expect) if row.expect else ""
        unsure = "unsure" if row.is_unsure else ""
        writer.writerow((row.country, row.line, expect, unsure, row.source))
    return text.getvalue()


def parse_parts(text: str) -> StreetParts:
    """
    Read `street|number|addition|extra`; a number may be missing.

    Raises:
        CorpusError: It has another form.
    """
    parts = [tidy_line(part) for part in text.split("|")]
    if len(parts) != len(_PARTS):
        raise CorpusError(f"an expectation has four parts, as in {'|'.join(_PARTS)}")
    street, number, addition, extra = parts
    if not street:
        raise CorpusError("an expectation needs a street, as in Markt|5|a|")
    if number and not (number.isascii() and number.isdigit() and not number.startswith("0")):
        raise CorpusError(f"the number {number!r} is no whole number, as 12 in Markt|12|a|")
    return StreetParts(street, int(number) if number else None, addition, extra)


def format_parts(parts: StreetParts) -> str:
    """Write parts as `street|number|addition|extra`."""
    number = "" if parts.house_number is None else str(parts.house_number)
    return "|".join((parts.street, number, parts.addition, parts.extra))


def find_lost(line: str, parts: StreetParts) -> str:
    """Return the letters and digits of *line* that *parts* lack, without a number's marker."""
    lost = _signs(line) - _signs(format_parts(parts))
    marker = NUMBER_FIRST.fullmatch(tidy_line(line))
    markers = [found["marker"] for found in HOUSE_NUMBER.finditer(tidy_line(line))]
    markers += [marker["marker"]] if marker else []
    if any(text and lost == _signs(text) for text in markers):
        return ""
    return "".join(sorted(lost.elements()))


def find_added(line: str, parts: StreetParts) -> str:
    """Return the letters and digits of *parts* that *line* does not hold."""
    return "".join(sorted((_signs(format_parts(parts)) - _signs(line)).elements()))


def _signs(text: str) -> Counter[str]:
    return Counter(sign for sign in tidy_line(text) if sign.isalnum())


def _read_row(fields: dict[str, str | None], row_number: int) -> CorpusRow:
    if None in fields or None in fields.values():
        raise CorpusError(f"a row has {len(COLUMNS)} cells; quote a line that holds a comma")
    given = {name: (text or "").strip() for name, text in fields.items()}
    country, line = require_country(given["country"]), given["line"]
    if not line:
        raise CorpusError("the line is empty")
    if given["confidence"] not in ("", "unsure"):
        raise CorpusError(f"the confidence is {given['confidence']!r}, not empty or 'unsure'")
    is_unsure = given["confidence"] == "unsure"
    if not given["expect"] and not is_unsure:
        raise CorpusError("the expectation is empty, which only an unsure row may be")
    expect = parse_parts(given["expect"]) if given["expect"] else None
    if expect is not None:
        require_lossless(line, expect)
    return CorpusRow(country, line, expect, is_unsure, given["source"], row_number)


def require_country(text: str) -> str:
    """
    Return a country code in upper case.

    Raises:
        CorpusError: It is none.
    """
    country = text.strip().upper()
    if len(country) != 2 or not (country.isascii() and country.isalpha()):
        raise CorpusError(f"the country {country!r} is no code of two letters, as NL")
    return country


def require_lossless(line: str, parts: StreetParts) -> None:
    """
    Refuse an expectation that loses or invents something.

    Raises:
        CorpusError: Naming the letters and digits.
    """
    if lost := find_lost(line, parts):
        raise CorpusError(f"the expectation loses {lost!r} of the line")
    if added := find_added(line, parts):
        raise CorpusError(f"the expectation holds {added!r}, which the line does not")
