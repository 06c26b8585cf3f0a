"""How a day went, counted on both databases."""

from datetime import UTC, datetime, timedelta

import pytest

from app.store.session import Store
from app.store.trends import DayFigures, Spread, read_day
from app.web.console import trends as trends_module
from app.web.console.trends import DAYS, TrendBook
from tests.fake_clock import START, FakeClock
from tests.integration.test_operations import add_placing
from tests.store_rows import add_order

TODAY = datetime(START.year, START.month, START.day, tzinfo=UTC)
YESTERDAY = TODAY - timedelta(days=1)


async def test_a_day_is_counted_by_when_things_happened(store: Store) -> None:
    """Received, ended, placed and confirmed each count on their own day, to the second."""
    last_second = TODAY - timedelta(seconds=1)
    for number, created_at in enumerate((YESTERDAY, last_second, TODAY), 1):
        await add_order(store, number, created_at=created_at, state="placed")
    for number, outcome in enumerate(("completed", "ignored: why", "ignored: else", "rejected"), 4):
        closed_at = TODAY if outcome == "rejected" else last_second
        values = {"state": "closed", "outcome": outcome, "closed_at": closed_at}
        await add_order(store, number, created_at=TODAY, **values)

    figures = await read_day(store, YESTERDAY, TODAY)

    assert figures == DayFigures(2, {"completed": 1, "ignored": 2}, None, None)
    assert (await read_day(store, TODAY, TODAY + timedelta(days=1))).received == 5


async def test_times_are_told_by_the_middle_and_the_tail(store: Store) -> None:
    """Of twenty orders the tenth and the nineteenth; placed anew, an order does not count."""
    for number in range(1, 21):
        at = YESTERDAY + timedelta(minutes=number)
        row = await add_order(
            store, number, created_at=at, confirmed_at=at + timedelta(hours=number)
        )
        placed_at = at + timedelta(seconds=number)
        await add_placing(store, row, f"AK{number}", answer="created", answered_at=placed_at)
    late = {"answer": "created", "answered_at": YESTERDAY + timedelta(hours=20)}
    row = await add_order(store, 21, created_at=YESTERDAY + timedelta(hours=1), replaced_count=1)
    await add_placing(store, row, "AK21-2", **late)
    row = await add_order(store, 22, created_at=YESTERDAY + timedelta(hours=1))
    await add_placing(store, row, "AK22", **{**late, "answer": "refused"})

    figures = await read_day(store, YESTERDAY, YESTERDAY + timedelta(days=2))

    assert figures.placing is not None
    assert figures.placing.count == 20
    assert figures.placing.median_seconds == pytest.approx(10, abs=0.01)
    assert figures.placing.tail_seconds == pytest.approx(19, abs=0.01)
    assert figures.shipping is not None
    assert figures.shipping.median_seconds == pytest.approx(10 * 3600 - 10, abs=0.01)


async def test_one_order_is_its_own_middle_and_tail(store: Store) -> None:
    """A spread of one has two equal ends."""
    row = await add_order(store, created_at=YESTERDAY)
    placed_at = YESTERDAY + timedelta(seconds=3)
    await add_placing(store, row, "AK1", answer="adopted", answered_at=placed_at)

    figures = await read_day(store, YESTERDAY, TODAY)

    assert figures.placing == Spread(1, pytest.approx(3, abs=0.01), pytest.approx(3, abs=0.01))


async def test_the_backlog_of_each_day_follows_from_todays(store: Store) -> None:
    """What is open now, less what came in since, more what ended since."""
    two_days = TODAY - timedelta(days=2)
    await add_order(store, 1, created_at=two_days)
    closed = {"state": "closed", "outcome": "completed", "closed_at": YESTERDAY}
    await add_order(store, 2, created_at=two_days, **closed)
    await add_order(store, 3, created_at=TODAY)

    days = await TrendBook(store).read()

    assert [day.date for day in days] == [
        (TODAY - timedelta(days=back)).date() for back in range(DAYS - 1, -1, -1)
    ]
    assert [day.open_at_end for day in days[-4:]] == [0, 2, 1, 2]


async def test_days_that_are_over_are_read_once(
    store: Store, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Today is read again after half a minute, yesterday once the night is over."""
    read: list[datetime] = []
    real = trends_module.read_day

    async def note(store: Store, start_at: datetime, end_at: datetime) -> DayFigures:
        read.append(start_at)
        return await real(store, start_at, end_at)

    monkeypatch.setattr(trends_module, "read_day", note)
    book = TrendBook(store)
    await book.read()
    await book.read()
    assert len(read) == DAYS
    clock.advance(31)

    await book.read()

    assert read[DAYS:] == [TODAY]
