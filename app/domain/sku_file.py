"""
A file of SKUs as spreadsheets write it: all its changes, or everything that is wrong with it.

UTF-8 with or without a byte order mark, columns parted by commas or semicolons, names of columns
in the first line. Nothing is guessed: a row that cannot be right makes the whole file wrong. A
column that is not there says nothing of any SKU; an empty cell takes back what was said.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.domain.sku_entries import SkuChange, check_entry, check_note, check_sku

COLUMNS = ("marketplace_sku", "warehouse_sku", "pack_mode", "note")
_EXAMPLE = ",".join(COLUMNS)
MOST_PROBLEMS = 200
"""More are not told of at a time."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """What is wrong where, and what would be right. Lines count from 1, the header included."""

    line: int
    column: str
    problem: str

    def __str__(self) -> str:
        """Say it in one line."""
        return f"line {self.line}, column {self.column}: {self.problem}"


@dataclass(frozen=True, slots=True)
class SkuFile:
    """What a file says; with any problem it says nothing that may be used."""

    changes: tuple[SkuChange, ...]
    problems: tuple[FileProblem, ...]


def read_sku_file(raw: bytes) -> SkuFile:
    """Read a whole file; problems are told of all its rows at once."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return _wrong(FileProblem(line, "-", "is not UTF-8; save the file as CSV UTF-8"))
    rows, broken = _split(text)
    if not rows:
        return _wrong(broken or FileProblem(1, "-", f"is empty; the first line must be {_EXAMPLE}"))
    header = [name.strip() for name in rows[0][1]]
    if problem := _judge_header(header):
        return _wrong(FileProblem(rows[0][0], "-", problem))
    changes: dict[str, SkuChange] = {}
    first_lines: dict[str, int] = {}
    problems: list[FileProblem] = []
    for line, cells in rows[1:]:
        found = list(_judge_row(line, cells, header, first_lines))
        problems += [one for one in found if isinstance(one, FileProblem)]
        for one in found:
            if isinstance(one, SkuChange):
                changes[one.marketplace_sku] = one
    if broken is not None:
        problems.append(broken)
    if not problems and not changes:
        problems.append(FileProblem(rows[0][0], "-", "no row follows the names of the columns"))
    return SkuFile(() if problems else tuple(changes.values()), tuple(problems[:MOST_PROBLEMS]))


def _wrong(problem: FileProblem) -> SkuFile:
    return SkuFile((), (problem,))


def _split(text: str) -> tuple[list[tuple[int, list[str]]], FileProblem | None]:
    """Return the rows that are not empty, each with its first line, and what broke them off."""
    first = text.strip().partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows = []
    line = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = reader.line_num + 1
    except csv.Error as error:
        problem = f"cannot be read ({error}); put quotes around a text and double those in it"
        return rows, FileProblem(line, "-", problem)
    return rows, None


def _judge_header(header: Sequence[str]) -> str:
    """Say what is wrong with the names of the columns, nothing where they are right."""
    for name in header:
        if name not in COLUMNS:
            return f"{name[:40]!r} is no column; the first line must be {_EXAMPLE}"
        if header.count(name) > 1:
            return f"the column {name} stands there twice; the first line must be {_EXAMPLE}"
    if "marketplace_sku" not in header or not {"warehouse_sku", "pack_mode"} & set(header):
        return f"columns are missing; the first line must be {_EXAMPLE}"
    return ""


def _judge_row(
    line: int, cells: Sequence[str], header: Sequence[str], first_lines: dict[str, int]
) -> Iterator[FileProblem | SkuChange]:
    """Yield all that is wrong with a row, or what it says."""
    if len(cells) != len(header):
        told = f"has {len(cells)} cells instead of {len(header)}"
        yield FileProblem(line, "-", f"{told}; put quotes around a text with the separator in it")
        return
    row = dict(zip(header, cells, strict=True))
    problems = list(_judge_cells(line, row, first_lines))
    yield from problems
    if not problems:
        entry = check_entry(row.get("warehouse_sku"), row.get("pack_mode"))
        sku = check_sku(row["marketplace_sku"])
        yield SkuChange(
            sku, entry, check_note(row.get("note")), frozenset(COLUMNS[1:]) - set(header)
        )


def _judge_cells(
    line: int, row: Mapping[str, str], first_lines: dict[str, int]
) -> Iterator[FileProblem]:
    try:
        sku = check_sku(row["marketplace_sku"])
        first = first_lines.setdefault(sku, line)
        if first != line:
            told = f"{sku} stands in line {first} too; keep one of the two"
            yield FileProblem(line, "marketplace_sku", told)
    except ValueError as problem:
        yield FileProblem(line, "marketplace_sku", str(problem))
    members = (row.get("warehouse_sku"), row.get("pack_mode"))
    for name, value in (("warehouse_sku", (members[0], None)), ("pack_mode", (None, members[1]))):
        try:
            check_entry(*value)
        except ValueError as problem:
            yield FileProblem(line, name, str(problem).removeprefix(f"{name}: "))
    if not any((member or "").strip() for member in members):
        yield FileProblem(
            line, "pack_mode", "the row says nothing; give a warehouse_sku or a pack_mode"
        )
    try:
        check_note(row.get("note"))
    except ValueError as problem:
        yield FileProblem(line, "note", str(problem).removeprefix("note: "))
