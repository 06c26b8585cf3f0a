"""Working days of the warehouse: weekends and holidays of its country are none."""

from datetime import UTC, date, datetime

import pytest

from app.flow.workdays import after_working_days, next_working_day


@pytest.mark.parametrize(
    ("day", "country", "following"),
    [
        ("2026-03-02", "NL", "2026-03-03"),
        ("2026-03-06", "NL", "2026-03-09"),
        ("2026-04-24", "NL", "2026-04-28"),  # King's Day after a weekend
        ("2026-04-24", "DE", "2026-04-27"),
        ("2026-12-24", "NL", "2026-12-28"),
        ("2026-12-31", "BE", "2027-01-04"),  # New Year's Day is in another year's list
    ],
)
def test_next_working_day(day: str, country: str, following: str) -> None:
    """Weekends and public holidays of the country are passed over, those of others are not."""
    assert next_working_day(date.fromisoformat(day), country) == date.fromisoformat(following)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-03-02T00:00", 1, "2026-03-04"),
        ("2026-03-02T23:59", 3, "2026-03-06"),
        ("2026-03-05T12:00", 3, "2026-03-11"),
        ("2026-03-07T12:00", 1, "2026-03-10"),
    ],
)
def test_whole_days_after_the_first(start: str, days: int, end: str) -> None:
    """The day it began does not count, however early; the last one counts to its end."""
    start_at = datetime.fromisoformat(start).replace(tzinfo=UTC)

    ended_at = after_working_days(start_at, days, "NL")

    assert ended_at == datetime.fromisoformat(end).replace(tzinfo=UTC)
