"""
Very many deliveries against the whole application in this process, each compared with the oracle.

They come a hundred at a time, so that commits are shared as they are under load. After every few
thousand the new rows are read and compared with what was answered, and then forgotten: what this
holds does not grow, so that the memory that is measured is the service's.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any

import psutil
import structlog
from sqlalchemy import func, select
from starlette.types import ASGIApp

from app.store.models import Event, Order
from app.store.session import Store
from tests.fuzz.bodies import CANARY
from tests.fuzz.deliveries import SECRETS, Deliveries
from tests.fuzz.delivery import WEBHOOK, Answer, Delivery, send
from tests.fuzz.oracle import CAP_BYTES, Kept, is_signed, judge

AT_ONCE = 100
WINDOW = 2_000
WORDS = {
    200: {"stored", "ignored", "duplicate"},
    400: {
        "the body is not JSON",
        "the body is no object",
        "no object meta",
        "no object event",
        "no usable id",
        "no usable type",
        "the body ended early",
    },
    401: {"the signature is missing or wrong"},
    404: {"Not Found"},
    405: {"Method Not Allowed"},
    413: {f"the body exceeds {CAP_BYTES} bytes"},
}
"""Everything a sender is ever told. None of it depends on what was sent, beyond which one it is."""


@dataclass(slots=True)
class Figures:
    """What was sent and what came of it."""

    signed: int = 0
    unsigned: int = 0
    by_status: Counter[int] = field(default_factory=Counter)
    events_stored: int = 0
    duplicates: int = 0
    log_lines: int = 0
    memory_before_bytes: int = 0
    memory_after_bytes: int = 0
    seconds: float = 0.0

    @property
    def sent(self) -> int:
        """How many deliveries there were."""
        return self.signed + self.unsigned

    def lines(self) -> list[str]:
        """Tell it all."""
        mib = 1024 * 1024
        answers = ", ".join(f"{status}: {n:,}" for status, n in sorted(self.by_status.items()))
        return [
            f"{self.sent:,} deliveries: {self.signed:,} signed, {self.unsigned:,} unsigned",
            f"answers: {answers}",
            f"{self.events_stored:,} events stored, each once; {self.duplicates:,} duplicates",
            f"memory: {self.memory_before_bytes / mib:.0f} MiB before, "
            f"{self.memory_after_bytes / mib:.0f} MiB after",
            f"{self.log_lines:,} log lines, none with a word of a body in it",
            f"{self.seconds:.0f} s",
        ]


class Attack:
    """One sequence of deliveries against one application and its database."""

    def __init__(self, app: ASGIApp, store: Store, seed: int) -> None:
        self.figures = Figures()
        self._app = app
        self._store = store
        self._drawn = Deliveries(seed)
        self._last_row_id = 0

    async def run(self, count: int, *, until: float = float("inf")) -> Figures:
        """Send *count* deliveries, or as many as there is time for until *until*."""
        started = perf_counter()
        with _listening(self.figures):
            await self._window(min(WINDOW, count))
            self.figures.memory_before_bytes = _memory_bytes()
            while self.figures.sent < count and perf_counter() < until:
                await self._window(min(WINDOW, count - self.figures.sent))
        self.figures.memory_after_bytes = _memory_bytes()
        await self._compare_orders()
        self.figures.seconds = perf_counter() - started
        return self.figures

    async def _window(self, count: int) -> None:
        taken: dict[str, tuple[Kept, bytes, str]] = {}
        duplicates: set[str] = set()
        while count > 0:
            deliveries = [self._drawn.draw() for _ in range(min(AT_ONCE, count))]
            count -= len(deliveries)
            answers = await asyncio.gather(*(send(self._app, each) for each in deliveries))
            for delivery, answer in zip(deliveries, answers, strict=True):
                kept = self._compare_answer(delivery, answer)
                if kept is None:
                    continue
                if answer.word() == "duplicate":
                    duplicates.add(kept.event_id)
                    continue
                assert kept.event_id not in taken, f"stored twice: {kept}"
                taken[kept.event_id] = (kept, delivery.body, answer.word())
        await self._compare_rows(taken, duplicates)

    def _compare_answer(self, delivery: Delivery, answer: Answer) -> Kept | None:
        due = judge(delivery, SECRETS)
        said = f"{answer.status} {answer.body!r} for {delivery!r:.2000}"
        assert answer.status in due.statuses, f"{set(due.statuses)} was due, not {said}"
        is_whole = delivery.path == WEBHOOK and delivery.method == "POST"
        if is_whole and is_signed(delivery, SECRETS):
            self.figures.signed += 1
        else:
            self.figures.unsigned += 1
        self.figures.by_status[answer.status] += 1
        if answer.status == 307:
            assert answer.body == b"", said
        elif delivery.method != "HEAD":
            assert answer.word() in WORDS[answer.status], said
        if due.kept is not None and answer.word() == "duplicate":
            self.figures.duplicates += 1
        return due.kept

    async def _compare_rows(
        self, taken: dict[str, tuple[Kept, bytes, str]], duplicates: set[str]
    ) -> None:
        """The new rows are those of the deliveries answered so, byte for byte, and no others."""
        columns = (
            Event.id, Event.event_id, Event.event_type, Event.marketplace_order_id,
            Event.raw_body, Event.disposition, Event.order_id,
        )  # fmt: skip
        async with self._store.read() as connection:
            statement = select(*columns).where(Event.id > self._last_row_id).order_by(Event.id)
            rows: list[Any] = list(await connection.execute(statement))
            known = select(func.count()).where(Event.event_id.in_(duplicates))
            assert (await connection.execute(known)).scalar_one() == len(duplicates)
        found = {
            row.event_id: (
                Kept(row.event_id, row.event_type, row.marketplace_order_id),
                row.raw_body,
                row.disposition,
            )
            for row in rows
        }
        assert len(found) == len(rows)
        assert found == taken, f"kept {set(found) ^ set(taken)} without or against an answer"
        assert all((row.order_id is None) == (row.disposition == "ignored") for row in rows)
        self._last_row_id = rows[-1].id if rows else self._last_row_id
        self.figures.events_stored += len(rows)

    async def _compare_orders(self) -> None:
        """The orders are those the stored events tell of, and no others."""
        async with self._store.read() as connection:
            orders = await connection.execute(select(Order.marketplace_order_id))
            told = await connection.execute(select(Event.marketplace_order_id).distinct())
            assert set(orders.scalars()) == set(told.scalars()) - {None}
            stored = await connection.execute(select(func.count()).select_from(Event))
            assert stored.scalar_one() == self.figures.events_stored


@contextmanager
def _listening(figures: Figures) -> Iterator[None]:
    """Look at every line the service logs, and let none out."""

    def look(_: Any, __: str, line: Any) -> Any:
        figures.log_lines += 1
        ids = ("event_id", "event_type", "correlation_id")
        told = {name: value for name, value in line.items() if name not in ids}
        assert CANARY not in repr(told), told
        raise structlog.DropEvent

    before = structlog.get_config()
    structlog.configure(processors=[look], cache_logger_on_first_use=False)
    try:
        yield
    finally:
        structlog.configure(**before)


def _memory_bytes() -> int:
    return int(psutil.Process(os.getpid()).memory_info().rss)
