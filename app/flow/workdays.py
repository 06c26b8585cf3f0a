"""The days on which the warehouse works: no weekends, no holidays of its country."""

from datetime import UTC, date, datetime, timedelta

import holidays


def is_working_day(day: date, country_code: str) -> bool:
    """Tell whether the warehouse works on *day*."""
    known = holidays.country_holidays(country_code, years=day.year)
    return known.is_working_day(day)


def next_working_day(day: date, country_code: str) -> date:
    """Return the first working day after *day*."""
    following = day + timedelta(days=1)
    while not is_working_day(following, country_code):
        following += timedelta(days=1)
    return following


def after_working_days(start_at: datetime, days: int, country_code: str) -> datetime:
    """Return the end (UTC midnight) of the *days*th working day after the day of *start_at*."""
    day = start_at.astimezone(UTC).date()
    for _ in range(days):
        day = next_working_day(day, country_code)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight + timedelta(days=1)


def is_country_known(country_code: str) -> bool:
    """Tell whether the holidays of a country are known."""
    return country_code in holidays.list_supported_countries()
