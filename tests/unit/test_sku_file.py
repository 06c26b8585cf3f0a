"""A file of SKUs: taken whole, or told what is wrong with it line by line."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.sku_entries import SkuChange, SkuEntry
from app.domain.sku_file import COLUMNS, MOST_PROBLEMS, read_sku_file

GOOD = "marketplace_sku,warehouse_sku,pack_mode,note\nMUG-01,WH-1,factor:6,tray of six\n"
CHANGE = SkuChange("MUG-01", SkuEntry("WH-1", "factor:6"), "tray of six")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "\ufeff" + GOOD,
        GOOD.replace("\n", "\r\n"),
        GOOD.replace(",", ";"),
        "note;pack_mode;warehouse_sku;marketplace_sku\n tray  of six;factor:6 ; WH-1;MUG-01",
        "\n" + GOOD.replace(",", ";").replace("MUG-01", '\n;;;\n"MUG-01"'),
    ],
    ids=["plain", "mark", "windows", "semicolons", "other columns", "blank lines"],
)
def test_forms_that_spreadsheets_write(text: str) -> None:
    """Byte order mark, line ends, separator and order of columns make no difference."""
    read = read_sku_file(text.encode())

    assert (read.changes, read.problems) == ((CHANGE,), ())


def told(text: str | bytes) -> list[str]:
    raw = text if isinstance(text, bytes) else text.encode()
    read = read_sku_file(raw)
    assert read.changes == ()
    return [str(problem) for problem in read.problems]


def test_every_wrong_row_is_told_at_once() -> None:
    """Line and column of each mistake, and what would be right; good rows are not taken."""
    problems = told(
        "marketplace_sku,warehouse_sku,pack_mode,note\n"
        "A,WH-1,,\n"
        ",WH-2,,\n"
        "B,,factor:0,\n"
        'C,"WH\n3",pack,\n'
        "D,,,just a note\n"
        "A,,unit,\n"
        "E,WH-5,unit\n"
    )

    assert problems == [
        "line 3, column marketplace_sku: is empty; write the SKU",
        "line 4, column pack_mode: must be unit, pack or factor:n with a whole n above 0; "
        "for example factor:6",
        "line 5, column warehouse_sku: holds a character that cannot be printed; "
        "write the SKU as it is shown",
        "line 7, column pack_mode: the row says nothing; give a warehouse_sku or a pack_mode",
        "line 8, column marketplace_sku: A stands in line 2 too; keep one of the two",
        "line 9, column -: has 3 cells instead of 4; "
        "put quotes around a text with the separator in it",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"", "line 1, column -: is empty"),
        ("marketplace_sku,pack_mode\n", "no row follows"),
        ("sku,pack_mode\nA,unit\n", "'sku' is no column"),
        ("marketplace_sku,note\nA,x\n", "columns are missing"),
        ("pack_mode\nunit\n", "columns are missing"),
        ("marketplace_sku,pack_mode,pack_mode\nA,unit,unit\n", "stands there twice"),
        (b"marketplace_sku,pack_mode\nA,unit\nM\xfcg,unit\n", "line 3, column -: is not UTF-8"),
        ('marketplace_sku,pack_mode\nA,unit\n"B"x,unit\n', "line 3, column -: cannot be read"),
        ('marketplace_sku,pack_mode\n"A,unit\n', "line 2, column -: cannot be read"),
    ],
)
def test_files_that_are_none(text: str | bytes, problem: str) -> None:
    """A file that cannot be read at all says where it breaks and what would be right."""
    assert any(problem in line for line in told(text)), told(text)


def test_endless_problems_are_cut() -> None:
    """A file that is wrong in every row is told of as far as anybody would read."""
    rows = "".join(f"S{number},\n" for number in range(1000))

    assert len(told("marketplace_sku,pack_mode\n" + rows)) == MOST_PROBLEMS


SKUS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=9
)
MODES = st.one_of(
    st.sampled_from(["unit", "pack"]), st.integers(1, 10**6).map(lambda n: f"factor:{n}")
)
GOOD_ROWS = st.dictionaries(SKUS, st.tuples(SKUS, MODES), min_size=1, max_size=6)
BAD_CELLS = st.sampled_from(
    [
        (0, ""),
        (0, "   "),
        (0, "x" * 201),
        (0, "a\x00b"),
        (1, "a\tb"),
        (1, "y" * 201),
        (2, "factor:0"),
        (2, "factor:-1"),
        (2, "factor:1.5"),
        (2, "Pack"),
        (2, "12"),
        (3, "n" * 1001),
    ]
)


def written(rows: list[list[str]], delimiter: str, mark: bool) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter).writerows([list(COLUMNS), *rows])
    return (b"\xef\xbb\xbf" if mark else b"") + out.getvalue().encode()


@given(GOOD_ROWS, st.sampled_from(",;"), st.booleans())
def test_what_is_written_is_read(rows: dict[str, tuple[str, str]], by: str, mark: bool) -> None:
    """Whatever SKUs hold, a file written from entries gives the same entries."""
    cells = [[sku, alias, mode, ""] for sku, (alias, mode) in rows.items()]

    read = read_sku_file(written(cells, by, mark))

    assert read.problems == ()
    assert {one.marketplace_sku: one.entry for one in read.changes} == {
        sku: SkuEntry(alias, mode) for sku, (alias, mode) in rows.items()
    }


@given(GOOD_ROWS, BAD_CELLS, st.data(), st.sampled_from(",;"))
def test_one_bad_cell_spoils_the_file_and_is_named(
    rows: dict[str, tuple[str, str]], bad: tuple[int, str], data: st.DataObject, by: str
) -> None:
    """Wherever one cell is wrong, its line and column are named and nothing is taken."""
    cells = [[sku, alias, mode, ""] for sku, (alias, mode) in rows.items()]
    at = data.draw(st.integers(0, len(cells) - 1))
    column, text = bad
    cells[at][column] = text

    read = read_sku_file(written(cells, by, mark=False))

    assert read.changes == ()
    assert [(one.line, one.column) for one in read.problems] == [(at + 2, COLUMNS[column])]


@given(st.binary(max_size=200))
def test_any_bytes_are_answered(raw: bytes) -> None:
    """Whatever comes in is either taken or told of, never both, never neither."""
    read = read_sku_file(raw)

    assert bool(read.changes) != bool(read.problems)
