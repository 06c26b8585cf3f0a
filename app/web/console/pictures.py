"""The pictures of the overview, made of the last days' figures."""

from collections.abc import Callable, Sequence

from app.store.trends import Spread
from app.web.console.charts import Chart, Series, draw_lines, stack_bars
from app.web.console.trends import Day

_ENDINGS = ("completed", "cancelled", "rejected", "ignored")


def draw_days(days: Sequence[Day]) -> list[Chart]:
    """Return the four pictures."""
    labels = [f"{day.date:%Y-%m-%d}" for day in days]
    endings = [
        Series(name, style, [day.figures.endings.get(name, 0) for day in days])
        for style, name in enumerate(_ENDINGS, 1)
    ]
    return [
        stack_bars("Orders ended, by day", labels, endings),
        draw_lines(
            "Open orders at the end of the day",
            labels,
            [Series("open", 1, [day.open_at_end for day in days])],
        ),
        draw_lines(
            "From coming in to the warehouse having it",
            labels,
            _spreads(days, lambda day: day.figures.placing),
            is_time=True,
        ),
        draw_lines(
            "From there to shipped at Ankorstore",
            labels,
            _spreads(days, lambda day: day.figures.shipping),
            is_time=True,
        ),
    ]


def _spreads(days: Sequence[Day], read: Callable[[Day], Spread | None]) -> list[Series]:
    spreads = [read(day) for day in days]
    return [
        Series("median", 1, [one.median_seconds if one else None for one in spreads]),
        Series("95 of 100 within", 2, [one.tail_seconds if one else None for one in spreads]),
    ]
