"""
The corpus of street lines: hundreds of lines of fifteen countries, none wrong and sure.

The rows were written from each country's own rules before they were run; the files say where
lines of each form come from.
"""

import re
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.address import Confidence, StreetParts, split_street, tidy_line
from app.domain.address_corpus import (
    CorpusError,
    CorpusRow,
    find_added,
    find_lost,
    format_parts,
    parse_parts,
    read_corpus,
    write_rows,
)
from app.domain.street_parts import DOUBTS
from tests.unit.test_address import ROWS as CONTRACT_ROWS

FOLDER = Path(__file__).parent / "addresses"
FILES = sorted(FOLDER.glob("*.csv"))
ROWS = [row for path in FILES for row in read_corpus(path.read_text())]
COUNTRIES = ["AT", "BE", "CZ", "DE", "DK", "ES", "FR", "GB", "IE", "IT", "LU", "NL", "PL", "PT",
             "SE"]  # fmt: skip
READABLE = [row for row in ROWS if row.expect is not None and not row.is_unsure]
MARKERS = re.compile(r"(?:n\.?[°º]\.?|no\.|nr\.?|n\.|n[uú]m\.)", re.IGNORECASE)


def rows_of(country: str) -> list[CorpusRow]:
    return [row for row in ROWS if row.country == country]


def name_of(row: CorpusRow) -> str:
    return f"{row.country} {row.line}"


def test_corpus_covers_the_markets() -> None:
    """Every country has its own file with a fair number of rows, each told where it comes from."""
    counts = Counter(row.country for row in ROWS)

    assert sorted(counts) == COUNTRIES
    assert {path.stem.upper() for path in FILES} == set(COUNTRIES)
    assert min(counts.values()) >= 20
    assert len(ROWS) >= 300 + len(CONTRACT_ROWS)
    assert all(row.source for row in ROWS)
    assert len({(row.country, row.line) for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_row(row: CorpusRow) -> None:
    """A line is split as expected, or admits that it is a guess where it must."""
    assert row.find_difference() is None


def test_no_row_is_wrong_and_sure() -> None:
    """Whatever else changes: not one line is split wrongly without a doubt."""
    assert [name_of(row) for row in ROWS if row.is_wrong_and_sure] == []


def test_most_rows_are_read() -> None:
    """Doubting everything would never be wrong either: most lines are split, and most surely."""
    levels = Counter(split_street(row.line, row.country).confidence for row in ROWS)

    assert levels[Confidence.SURE] > 0.7 * len(ROWS)
    assert levels[Confidence.UNSURE] < 0.25 * len(ROWS)


@pytest.mark.parametrize("row", CONTRACT_ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_lines_of_the_rule_book_are_never_held_as_unsure(row: tuple[str, ...]) -> None:
    """The lines that everybody agreed on may be likely; none of them stops an order."""
    assert not split_street(row[1], row[0]).is_unsure


@pytest.mark.parametrize("row", ROWS, ids=name_of)
def test_corpus_lines_lose_nothing(row: CorpusRow) -> None:
    """Every letter and digit of a corpus line is in its split, and none is made up."""
    parts = split_street(row.line, row.country)

    assert find_lost(row.line, parts) == ""
    assert find_added(row.line, parts) == ""


@pytest.mark.parametrize("country", COUNTRIES)
def test_shuffled_lines_lose_nothing(country: str) -> None:
    """Words of a country's lines, put together anyhow, lose no letter and no digit."""
    words = sorted({word for row in rows_of(country) for word in row.line.split()})

    @given(
        line=st.lists(st.sampled_from(words), max_size=9).flatmap(
            lambda chosen: st.sampled_from([" ", ", ", "  ,", "-", "/"]).map(
                lambda between: between.join(chosen)
            )
        )
    )
    def check(line: str) -> None:
        parts = split_street(line, country)

        before = Counter(sign for sign in tidy_line(line) if sign.isalnum())
        after = Counter(sign for sign in format_parts(parts) if sign.isalnum())
        assert not after - before
        markers = [found[0] for found in MARKERS.finditer(tidy_line(line))]
        lost = before - after
        assert not lost or any(
            lost == Counter(sign for sign in marker if sign.isalnum()) for marker in markers
        )

    check()


@given(row=st.sampled_from(READABLE), number=st.integers(1, 1799))
def test_another_number_is_read_the_same_way(row: CorpusRow, number: int) -> None:
    """
    With another house number a line is split the same way, or says that it is not sure.

    Not where the number counts for the reading: in a range, before a second number, in a square
    of Mannheim.
    """
    assert row.expect is not None
    old = row.expect.house_number
    places = [] if old is None else re.findall(rf"(?<![0-9]){old}(?![0-9])", row.line)
    if len(places) != 1 or re.match(r"-?[0-9]", row.expect.addition or row.expect.extra):
        return
    line = re.sub(rf"(?<![0-9]){old}(?![0-9])", str(number), row.line)
    expected = StreetParts(row.expect.street, number, row.expect.addition, row.expect.extra)

    parts = split_street(line, row.country)

    assert parts == expected or parts.doubts


@pytest.mark.parametrize(
    ("country", "line", "rule", "doubts"),
    [
        ("NL", "Coolsingel 40", "number_last", ()),
        ("FR", "25 rue de Rivoli", "number_first", ()),
        ("BE", "12 rue Haute", "number_first", ()),
        ("GB", "Flat 3, 12 High Street", "embedded_number_first", ()),
        ("NL", "Landgoed De Horst", "none", ()),
        ("NL", "Postbus 12", "post_box", ()),
        ("NL", "Weg " * 80, "too_long", ()),
        ("NL", "Kerkstraat 12 (achter)", "none", ("number_unread",)),
        ("DE", "Hauptstraße5", "none", ("number_unread",)),
        ("NL", "12 Provincieweg 4", "number_last", ("several_numbers",)),
        ("NL", "Industrieweg 5 Poort 3", "number_last", ("several_numbers",)),
        ("FR", "12 rue Neuve 5", "number_first", ("several_numbers",)),
        ("FR", "12 à 16 rue du Port", "number_first", ("several_numbers",)),
        ("GB", "12 Rose Court, 45 Kings Road", "number_first", ("several_numbers",)),
        ("FR", "RN 7", "number_last", ("number_of_unit", "unusual_order")),
        ("GB", "Warehouse 7 Canal Street", "none", ("number_unread",)),
        ("GB", "Gatehouse 7 Canal Street", "embedded_number_first", ("number_of_unit",)),
        ("GB", "Old Barn 3, Mill Lane", "embedded_number_first", ("number_of_unit",)),
        ("BE", "Place du 11 Novembre 1918, 43", "number_last", ()),
        ("NL", "Kerkstraat 5 12", "number_last", ("second_number_larger",)),
        ("NL", "Keizersgracht 123 3", "number_last", ("second_number",)),
        ("NL", "Plein 1945", "number_last", ("number_is_year",)),
        ("BE", "Chaussée de Wavre 1900", "number_last", ("number_like_year",)),
        ("NL", "Plein 1813 4", "number_last", ("year_in_street",)),
        ("DE", "Musterstadt 10587", "number_last", ("postal_code_like",)),
        ("NL", "Utrecht 3511 BS", "number_last", ("postal_code_like",)),
        ("FR", "12 rue Volta 69003 Lyon", "number_first", ("postal_code_like",)),
        ("LU", "2, rue du Fossé L-1536", "number_first", ("postal_code_like",)),
        ("DE", "E 5", "number_last", ("street_without_name",)),
        ("DE", "E 5, 3", "number_last", ()),
        ("DE", "Straße 106 12", "number_last", ("street_without_name", "second_number")),
        ("CZ", "Areál ZD, Hlavní 12", "number_last", ("comma_in_street",)),
        ("NL", "Gebouw 3, Industrieweg 12", "number_last", ("words_moved",)),
        ("NL", "12 Hoofdstraat", "number_first", ("unusual_order",)),
        ("FR", "Rue du Port 12", "number_last", ("unusual_order",)),
    ],
)
def test_rule_and_doubts(country: str, line: str, rule: str, doubts: tuple[str, ...]) -> None:
    """A split names the reading that made it and everything that speaks against it."""
    parts = split_street(line, country)

    assert (parts.rule, parts.doubts) == (rule, doubts)


def test_confidence_is_the_least_any_doubt_leaves() -> None:
    """No doubt is sure; one that leaves a guess outweighs any other."""
    assert StreetParts("Markt", 5).confidence is Confidence.SURE
    assert StreetParts("Markt", 5, doubts=("words_moved",)).confidence is Confidence.LIKELY
    both = StreetParts("Markt", 5, doubts=("words_moved", "several_numbers"))
    assert (both.confidence, both.is_unsure) == (Confidence.UNSURE, True)


def test_every_doubt_occurs_and_is_told_in_a_sentence() -> None:
    """No doubt of the table is a dead letter, and each speaks to a person."""
    seen = {code for row in ROWS for code in split_street(row.line, row.country).doubts}
    seen |= set(split_street("Plein 1945", "NL").doubts)
    seen |= set(split_street("Chaussée de Wavre 1900", "BE").doubts)

    assert seen == set(DOUBTS)
    assert all(doubt.sentence.endswith(".") for doubt in DOUBTS.values())


HEADER = "country,line,expect,confidence,source\n"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("country,line\n", "line 1: the columns must be country,line,expect,confidence,source"),
        (HEADER + "NL,Markt 5\n", "line 2: a row has 5 cells"),
        (HEADER + "NL,Markt 5,Markt|5||,,x,y\n", "line 2: a row has 5 cells"),
        (HEADER + "Holland,Markt 5,Markt|5||,,x\n", "line 2: the country 'HOLLAND' is no code"),
        (HEADER + "NL, ,Markt|5||,,x\n", "line 2: the line is empty"),
        (HEADER + "NL,Markt 5,Markt|5||,maybe,x\n", "line 2: the confidence is 'maybe'"),
        (HEADER + "NL,Markt 5,,,x\n", "line 2: the expectation is empty"),
        (HEADER + "NL,Markt 5,Markt|5,,x\n", "line 2: an expectation has four parts"),
        (HEADER + "NL,Markt 5,|5|Markt|,,x\n", "line 2: an expectation needs a street"),
        (HEADER + "NL,Markt 05,Markt|05||,,x\n", "line 2: the number '05' is no whole number"),
        (HEADER + "NL,Markt 5 B2,Markt|5||,,x\n", "line 2: the expectation loses '2B'"),
        (
            HEADER + "NL,Markt 5,Markt|5||,,x\nNL,Markt 5,Markt|5|a|,,x\n",
            "line 3: the expectation holds 'a', which the line does not",
        ),
    ],
)
def test_a_bad_file_names_its_line(text: str, problem: str) -> None:
    """A wrong row is named by its line, and nothing of the file is used."""
    with pytest.raises(CorpusError) as raised:
        read_corpus(text)
    assert str(raised.value).startswith(problem)


def test_rows_survive_writing_and_reading() -> None:
    """What is written is read back, commas and quotes included."""
    rows = [
        CorpusRow("NL", 'Markt 5, "De Hal"', None, True, "a, b", 2),
        CorpusRow(
            "ES", "Calle Mayor nº 12, 3º B", parse_parts("Calle Mayor|12|3º B|"), False, "", 3
        ),
    ]

    assert read_corpus(write_rows(rows, with_header=True)) == rows
    assert write_rows(rows, with_header=False).count("\n") == 2


@pytest.mark.parametrize(
    ("row", "difference"),
    [
        (CorpusRow("NL", "Markt 5", StreetParts("Markt", 5), False, ""), None),
        (
            CorpusRow("NL", "Markt 5", StreetParts("Markt", 5), True, ""),
            "must be unsure, is sure",
        ),
        (
            CorpusRow("NL", "Kerkstraat 5 12", StreetParts("Kerkstraat", 5, "12"), False, ""),
            "must be split, is unsure: second_number_larger",
        ),
        (
            CorpusRow("NL", "Markt 5 a", StreetParts("Markt", 5, "", "a"), False, ""),
            "expected Markt|5||a, split Markt|5|a| (sure)",
        ),
    ],
)
def test_difference(row: CorpusRow, difference: str | None) -> None:
    """A row says how the split of today differs from it."""
    assert row.find_difference() == difference


def test_a_marker_may_be_lost_but_nothing_else() -> None:
    """`nr.` says nothing that the number does not; any other letter does."""
    assert find_lost("Laan 1914 nr. 7", StreetParts("Laan 1914", 7)) == ""
    assert find_lost("n° 12, rue Neuve", StreetParts("rue Neuve", 12)) == ""
    assert find_lost("Laan 1914 nr. 7 a", StreetParts("Laan 1914", 7)) == "anr"
