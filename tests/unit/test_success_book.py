"""How a worker tells an order's own trouble from a company's."""

from datetime import UTC, datetime, timedelta

from app.flow.success_book import SuccessBook

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def test_failures_count_while_the_call_works_for_others() -> None:
    """A failure is the order's own where another order's call worked since the first one."""
    book = SuccessBook()
    assert book.count_alone("read order", 1, since=NOON) == 0

    book.note(["read order"], 2, NOON + timedelta(seconds=1))

    assert [book.count_alone("read order", 1, since=NOON) for _ in range(3)] == [1, 2, 3]


def test_a_new_streak_starts_from_nothing() -> None:
    """What an order failed alone before is forgotten once it starts to fail anew."""
    book = SuccessBook()
    book.note(["read order"], 2, NOON + timedelta(seconds=1))
    for _ in range(19):
        book.count_alone("read order", 1, since=NOON)

    assert book.count_alone("read order", 1, since=None) == 0
    assert book.count_alone("read order", 1, since=NOON + timedelta(hours=1)) == 0
