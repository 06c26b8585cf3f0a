"""
Charts as plain shapes: where each bar and line stands, for a template to draw as SVG.

Colours come from the page's own style, so that a chart is readable in light and dark; every chart
carries its numbers as a table too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

WIDTH, HEIGHT = 560, 200
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 10, 26
_PLOT_WIDTH, _PLOT_HEIGHT = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
_BAR_SHARE = 0.7
_MOST_LABELS = 7
_SECONDS = (1, 2, 5, 10, 15, 30)
_TIME_STEPS = (
    *_SECONDS,
    *(60 * step for step in _SECONDS),
    *(3600 * step for step in (1, 2, 3, 6, 12)),
)
_DAY_SECONDS = 86_400
_STEPS = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One row of numbers, a value a day; None where there is none. `style` picks its colour."""

    name: str
    style: int
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of a series."""

    style: int
    x: float
    y: float
    width: float
    height: float
    title: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A point of a line."""

    style: int
    x: float
    y: float
    title: str


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a template needs; ticks are (place, label)."""

    title: str
    kind: str
    summary: str
    series: Sequence[Series]
    days: Sequence[str]
    tell: Callable[[float], str]
    x_ticks: Sequence[tuple[float, str]]
    y_ticks: Sequence[tuple[float, str]]
    bars: Sequence[Bar] = ()
    lines: Sequence[tuple[int, str]] = ()
    """Each a style, and the points of a polyline."""
    dots: Sequence[Dot] = ()
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    base: int = field(default=HEIGHT - _BOTTOM)


def stack_bars(title: str, days: Sequence[str], series: Sequence[Series]) -> Chart:
    """Return a bar a day, the series on top of each other."""
    totals = [sum(one.values[day] or 0 for one in series) for day in range(len(days))]
    top = _round_up(max(totals, default=0))
    slot = _PLOT_WIDTH / max(1, len(days))
    bars = []
    for day, label in enumerate(days):
        y = float(HEIGHT - _BOTTOM)
        for one in series:
            value = one.values[day] or 0
            if value:
                height = _PLOT_HEIGHT * value / top
                y -= height
                x = _LEFT + slot * (day + (1 - _BAR_SHARE) / 2)
                told = f"{label}: {tell_number(value)} {one.name}"
                bars.append(Bar(one.style, x, y, slot * _BAR_SHARE, height, told))
    summary = f"{tell_number(sum(totals))} in {len(days)} days"
    return Chart(
        title,
        "bars",
        summary,
        series,
        days,
        tell_number,
        _x_ticks(days),
        _y_ticks(top, tell_number),
        bars=bars,
    )


def draw_lines(
    title: str, days: Sequence[str], series: Sequence[Series], *, is_time: bool = False
) -> Chart:
    """Return a line a series, broken where a day has no value; *is_time*: values are seconds."""
    tell = tell_seconds if is_time else tell_number
    highest = max((value for one in series for value in one.values if value is not None), default=0)
    top = _round_up_seconds(highest) if is_time else _round_up(highest)
    slot = _PLOT_WIDTH / max(1, len(days))
    lines, dots = [], []
    for one in series:
        run: list[str] = []
        for day, value in enumerate([*one.values, None]):
            if value is None:
                if len(run) > 1:
                    lines.append((one.style, " ".join(run)))
                run = []
                continue
            x = _LEFT + slot * (day + 0.5)
            y = HEIGHT - _BOTTOM - _PLOT_HEIGHT * value / top
            run.append(f"{x:.1f},{y:.1f}")
            dots.append(Dot(one.style, x, y, f"{days[day]}: {one.name} {tell(value)}"))
    newest = [(one.name, one.values[-1] if one.values else None) for one in series]
    said = [f"{name} {tell(value)}" for name, value in newest if value is not None]
    summary = f"on the last day: {', '.join(said)}" if said else "nothing on the last day"
    return Chart(
        title,
        "lines",
        summary,
        series,
        days,
        tell,
        _x_ticks(days),
        _y_ticks(top, tell),
        lines=lines,
        dots=dots,
    )


def tell_number(value: float) -> str:
    """Return a count."""
    return f"{round(value):,}".replace(",", " ")


def tell_seconds(value: float) -> str:
    """Return a length of time, short enough for an axis."""
    for name, size in (("d", _DAY_SECONDS), ("h", 3600), ("min", 60)):
        if value >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.2g} s" if value < 10 else f"{value:.0f} s"


def _round_up(highest: float) -> float:
    """Return the top of an axis of counts whose four steps are whole and round."""
    step = 1.0
    while step * _STEPS < highest:
        size = 10.0 ** math.floor(math.log10(step) + 1e-9)
        step = size * {1: 2, 2: 5, 5: 10}[round(step / size)]
    return step * _STEPS


def _round_up_seconds(highest: float) -> float:
    """Return the top of an axis of times whose four steps are round."""
    for step in _TIME_STEPS:
        if step * _STEPS >= highest:
            return float(step * _STEPS)
    return _round_up(highest / _DAY_SECONDS) * _DAY_SECONDS


def _x_ticks(days: Sequence[str]) -> list[tuple[float, str]]:
    """Label some days, the last one always."""
    slot = _PLOT_WIDTH / max(1, len(days))
    every = max(1, math.ceil(len(days) / _MOST_LABELS))
    return [
        (_LEFT + slot * (day + 0.5), label[5:])
        for day, label in enumerate(days)
        if (len(days) - 1 - day) % every == 0
    ]


def _y_ticks(top: float, tell: Callable[[float], str]) -> list[tuple[float, str]]:
    values = [top * step / _STEPS for step in range(_STEPS + 1)]
    return [(HEIGHT - _BOTTOM - _PLOT_HEIGHT * value / top, tell(value)) for value in values]
