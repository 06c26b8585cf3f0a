"""The last weeks, day by day: what the pictures of the overview are drawn from."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.store.session import Store
from app.store.trends import DayFigures, count_open, read_day

DAYS = 14
SETTLED = timedelta(hours=1)
"""So long after midnight a day's figures change no more, and are kept."""
FRESH_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the pictures; `open_at_end` is how many orders were open when it ended."""

    date: date
    figures: DayFigures
    open_at_end: int


class TrendBook:
    """Reads each day once, and today again every half minute at most."""

    def __init__(self, store: Store) -> None:
        """Start empty; never more than `DAYS` days are kept."""
        self._store = store
        self._kept: dict[date, DayFigures] = {}
        self._days: list[Day] = []
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def read(self) -> list[Day]:
        """Return the last days, today last."""
        async with self._reading:
            now = self._store.now()
            read_at = self._read_at
            if read_at is None or not 0 <= (now - read_at).total_seconds() < FRESH_SECONDS:
                self._days = await self._read_anew(now)
                self._read_at = now
            return self._days

    async def _read_anew(self, now: datetime) -> list[Day]:
        today = now.astimezone(UTC).date()
        dates = [today - timedelta(days=back) for back in range(DAYS)]
        kept = {one: self._kept[one] for one in dates if one in self._kept}
        read = {one: kept.get(one) or await self._read_day(one) for one in dates}
        self._kept = {one: read[one] for one in dates if _end_of(one) + SETTLED < now}
        days = []
        still_open = await count_open(self._store)
        for one in dates:
            figures = read[one]
            days.append(Day(one, figures, max(0, still_open)))
            still_open += sum(figures.endings.values()) - figures.received
        return days[::-1]

    async def _read_day(self, one: date) -> DayFigures:
        return await read_day(self._store, _end_of(one) - timedelta(days=1), _end_of(one))


def _end_of(one: date) -> datetime:
    return datetime.combine(one, time.min, UTC) + timedelta(days=1)
