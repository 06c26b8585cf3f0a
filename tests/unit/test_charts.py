"""The charts' shapes, and whether the console's colours can be told apart."""

import re
from itertools import product
from pathlib import Path

import pytest

from app.web.console.charts import HEIGHT, Series, draw_lines, stack_bars, tell_seconds

CSS = Path(__file__).resolve().parents[2] / "app/web/console/static/console.css"
DAYS = ["2026-11-28", "2026-11-29", "2026-11-30"]


def test_bars_stand_on_each_other() -> None:
    """Their heights are in proportion, and a day without orders has no bar."""
    chart = stack_bars("t", DAYS, [Series("a", 1, [4, 0, 2]), Series("b", 2, [4, 0, 6])])

    first, second, third, fourth = chart.bars
    assert first.height == second.height == third.height * 2
    assert fourth.height == third.height * 3
    assert second.y + second.height == pytest.approx(first.y)
    assert first.y + first.height == chart.base
    assert [label for _, label in chart.y_ticks] == ["0", "2", "4", "6", "8"]
    assert first.title == "2026-11-28: 4 a"


def test_a_line_breaks_where_nothing_is_known() -> None:
    """A day without a value is no zero, and a lonely value is a dot."""
    chart = draw_lines("t", DAYS, [Series("a", 1, [60, None, 90])], is_time=True)

    assert (len(chart.lines), len(chart.dots)) == (0, 2)
    assert chart.summary == "on the last day: a 1.5 min"
    assert [label for _, label in chart.y_ticks] == ["0 s", "30 s", "1 min", "1.5 min", "2 min"]


@pytest.mark.parametrize("highest", [0, 0.4, 1, 3, 7, 59, 61, 3601, 86_401, 5_000_000])
@pytest.mark.parametrize("is_time", [True, False])
def test_nothing_is_drawn_outside(highest: float, is_time: bool) -> None:
    """The highest value has its place, and the axis is not far higher."""
    chart = draw_lines("t", ["2026-11-30"], [Series("a", 1, [highest])], is_time=is_time)

    (dot,) = chart.dots
    assert 0 <= dot.y <= HEIGHT
    assert len(chart.y_ticks) == 5


def test_no_day_at_all_is_a_chart_too() -> None:
    """An empty service has an empty picture."""
    chart = draw_lines("t", [], [Series("a", 1, [])])

    assert (chart.dots, chart.summary) == ([], "nothing on the last day")
    assert stack_bars("t", [], []).bars == []


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0, "0 s"), (1.25, "1.2 s"), (45, "45 s"), (90, "1.5 min"), (259_200, "3 d")],
)
def test_times_are_told_shortly(seconds: float, told: str) -> None:
    """In the largest unit that fits."""
    assert tell_seconds(seconds) == told


def colours(scheme: str) -> dict[str, str]:
    """Return the named colours of a scheme; dark ones stand in the second block."""
    blocks = re.findall(r":root \{(.*?)\}", CSS.read_text(), re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", blocks[scheme == "dark"]))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the ratio of WCAG 2."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    """4.5 to 1 for every text on what it stands on, 3 to 1 for shapes and the focus ring."""
    named = colours(scheme)
    texts = [
        *product(("text", "soft", "link"), ("page", "card")),
        *product(("good", "warn", "bad"), ("card",)),
        *product(("text", "link"), ("good-back", "warn-back", "bad-back")),
        ("on-main", "main"),
        ("card", "bad"),
    ]
    shapes = product(("one", "two", "three", "four", "focus"), ("card",))

    poor = [pair for pair in texts if contrast(*(named[one] for one in pair)) < 4.5]
    poor += [pair for pair in shapes if contrast(*(named[one] for one in pair)) < 3]
    assert poor == []
