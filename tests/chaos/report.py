"""What each scenario came to, as one table at the end of the run."""

from dataclasses import astuple, dataclass


@dataclass(frozen=True, slots=True)
class Result:
    """One scenario on one database."""

    scenario: str
    database: str
    orders: int
    faults: int
    what: str
    lost: int
    double: int
    recovery_seconds: float


_results: list[Result] = []
_HEADINGS = ("scenario", "database", "orders", "faults", "", "lost", "double", "recovered in")


def record(result: Result) -> None:
    """Keep a result for the table."""
    _results.append(result)


def table() -> list[str]:
    """Return the table, as Markdown; nothing where no scenario ended."""
    if not _results:
        return []
    rows = [
        (*map(str, astuple(one)[:-1]), f"{one.recovery_seconds:.1f} s")
        for one in sorted(_results, key=lambda one: (one.scenario, one.database))
    ]
    widths = [max(map(len, column)) for column in zip(_HEADINGS, *rows, strict=True)]
    lines = [_line(_HEADINGS, widths), "|" + "|".join("-" * (w + 2) for w in widths) + "|"]
    return lines + [_line(row, widths) for row in rows]


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    padded = (cell.ljust(width) for cell, width in zip(cells, widths, strict=True))
    return f"| {' | '.join(padded)} |"
