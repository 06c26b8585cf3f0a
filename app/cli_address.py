"""The command `antbridge address`: how a street line is read, and rows for the corpus of lines."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from app.address_lab import AddressReport, study_address
from app.cli_database import WRONG_USE
from app.domain.address import split_street
from app.domain.address_corpus import (
    CorpusError,
    CorpusRow,
    parse_parts,
    read_corpus,
    require_country,
    require_lossless,
    write_rows,
)
from app.domain.reasons import reason_of
from app.domain.street_parts import DOUBTS

DIFFERS = 1

_RULES = {
    "number_last": "the number stands behind the street",
    "number_first": "the number stands in front of the street",
    "embedded_number_first": "number and street stand behind other words",
    "none": "no house number was found; the line stays whole",
    "post_box": "a post box or parcel locker; the line stays whole",
    "too_long": "too long to be an address; the line stays whole",
}


def address(
    line: Annotated[
        str | None, typer.Argument(help="The street line, as Ankorstore shows it.")
    ] = None,
    country: Annotated[str | None, typer.Option(help="Two letters, as NL.")] = None,
    postal_code: Annotated[
        str | None, typer.Option("--postcode", help="Check this postcode too.")
    ] = None,
    city: Annotated[str | None, typer.Option(help="Show this city among what is sent.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    expect: Annotated[
        str | None,
        typer.Option(help="The right split, street|number|addition|extra, or unsure."),
    ] = None,
    export: Annotated[
        Path | None, typer.Option(help="Append the line with --expect to this CSV file.")
    ] = None,
    source: Annotated[
        str, typer.Option(help="Where the line comes from, for --export.")
    ] = "an operator's correction",
    corpus: Annotated[
        Path | None, typer.Option(help="Check every row of this CSV file instead.")
    ] = None,
) -> None:
    """Show how a street line is split, by which rule, how surely, and what would be sent."""
    try:
        if corpus is not None:
            if line is not None or expect is not None or export is not None:
                raise CorpusError("--corpus stands alone: leave out LINE, --expect and --export")
            status = _check_corpus(corpus)
        elif line is None or country is None:
            raise CorpusError("a line and its country are needed, as 'Markt 5a' --country NL")
        elif export is not None and expect is None:
            raise CorpusError("--export needs --expect, as --expect 'Markt|5|a|'")
        else:
            row = CorpusRow(require_country(country), line, None, False, source)
            row = row if expect is None else _expect(row, expect)
            report = study_address(line, row.country, postal_code, city)
            difference = row.find_difference() if expect is not None else None
            if as_json:
                _print_json(report, line, difference)
            else:
                _print_report(report, line, difference)
            if export is not None:
                _append(row, export)
            status = DIFFERS if difference is not None else 0
    except (CorpusError, OSError, UnicodeDecodeError) as error:
        print(f"antbridge address: {error}", file=sys.stderr)
        status = WRONG_USE
    raise typer.Exit(status)


def _expect(row: CorpusRow, text: str) -> CorpusRow:
    """
    Return *row* with what an operator expects of it.

    A line that is unsure today may stay so: it is held or sent whole, which is not wrong.
    """
    if text.strip() == "unsure":
        return replace(row, is_unsure=True)
    parts = parse_parts(text)
    require_lossless(row.line, parts)
    return replace(row, expect=parts, is_unsure=split_street(row.line, row.country).is_unsure)


def _append(row: CorpusRow, path: Path) -> None:
    """Append *row* to a file of rows, unless it is there; a bad file is left alone."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    held = read_corpus(text) if text else []
    for known in held:
        if (known.country, known.line) == (row.country, row.line):
            if (known.expect, known.is_unsure) != (row.expect, row.is_unsure):
                raise CorpusError(f"{path} line {known.row_number} expects something else")
            print(f"{path} has this line already", file=sys.stderr)
            return
    ended = text if not text or text.endswith("\n") else text + "\n"
    path.write_text(ended + write_rows([row], with_header=not text), encoding="utf-8")
    print(f"added to {path}", file=sys.stderr)


def _check_corpus(path: Path) -> int:
    """Print every row whose split differs; return the exit status."""
    try:
        rows = read_corpus(path.read_text(encoding="utf-8"))
    except CorpusError as error:
        raise CorpusError(f"{path} {error}") from error
    differences = 0
    for row in rows:
        if (difference := row.find_difference()) is not None:
            differences += 1
            print(f"{path}:{row.row_number}: {row.country} {row.line}: {difference}")
    print(f"{len(rows)} rows, {differences} differ")
    return DIFFERS if differences else 0


def _print_report(report: AddressReport, line: str, difference: str | None) -> None:
    parts = report.parts
    rows = [
        ("line", f"{line} ({report.country})"),
        ("street", parts.street),
        ("number", "" if parts.house_number is None else str(parts.house_number)),
        ("addition", parts.addition),
        ("extra", parts.extra),
        ("rule", f"{parts.rule}: {_RULES[parts.rule]}"),
        ("confidence", str(parts.confidence)),
        *(("doubt", f"{code}: {DOUBTS[code].sentence}") for code in parts.doubts),
        *(("would send", f"{name} = {value}") for name, value in report.sent.items()),
        *(
            ("held", f"{found.reason}: {reason_of(found.reason).sentence}")
            for found in report.holds
        ),
        *(("cure", reason_of(found.reason).cure) for found in report.holds),
        *(("warning", warning) for warning in report.warnings),
    ]
    if difference is not None:
        rows.append(("differs", difference))
    for name, text in rows:
        print(f"{name:<11} {text or '-'}")


def _print_json(report: AddressReport, line: str, difference: str | None) -> None:
    parts = report.parts
    shown: dict[str, Any] = {
        "line": line,
        "country": report.country,
        "street": parts.street,
        "house_number": parts.house_number,
        "addition": parts.addition,
        "extra": parts.extra,
        "rule": parts.rule,
        "confidence": parts.confidence,
        "doubts": [{"code": code, "sentence": DOUBTS[code].sentence} for code in parts.doubts],
        "is_post_box": parts.rule == "post_box",
        "sent": report.sent,
        "held": [
            {
                "reason": found.reason,
                "field": found.field,
                "detail": found.detail,
                "sentence": reason_of(found.reason).sentence,
                "cure": reason_of(found.reason).cure,
            }
            for found in report.holds
        ],
        "warnings": report.warnings,
        "difference": difference,
    }
    print(json.dumps(shown, ensure_ascii=False, indent=2))
