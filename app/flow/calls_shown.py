"""The recorded calls of an order's attempts, for operators' eyes only: they name people."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.step_record import CallRecord, UnreadableRecord, unpack
from app.store.recorded_steps import RecordedStep, load_recorded_steps
from app.store.session import Store

SHOWN_CHARACTERS = 4000
SHOWN_ATTEMPTS = 50
"""The newest; an order that is tried for weeks has thousands."""


@dataclass(frozen=True, slots=True)
class ShownCall:
    """One call in a line, and so much of its bodies as a person reads."""

    peer: str
    operation: str
    method: str
    path: str = field(repr=False)
    status: int | None
    problem: str | None
    sent: str | None = field(repr=False)
    answer: str | None = field(repr=False)

    def __str__(self) -> str:
        """Say what was asked and what came, without the bodies."""
        if self.status is not None:
            return f"{self.operation}: {self.method} {self.path}, answered {self.status}"
        return f"{self.operation}: {self.method} {self.path}, no answer ({self.problem})"


@dataclass(frozen=True, slots=True)
class ShownAttempt:
    """One attempt and the calls it made."""

    step: RecordedStep
    calls: tuple[ShownCall, ...]


async def load_calls(store: Store, order_id: int) -> list[ShownAttempt]:
    """Return the newest recorded attempts of an order with their calls, oldest first."""
    steps = await load_recorded_steps(store, order_id, newest=SHOWN_ATTEMPTS)
    return [ShownAttempt(step, tuple(_calls_of(step))) for step in steps]


def _calls_of(step: RecordedStep) -> Iterator[ShownCall]:
    try:
        calls = unpack(step.recorded).calls
    except UnreadableRecord:
        return
    for call in calls:
        if call.was_made:
            yield _show(call)


def _show(call: CallRecord) -> ShownCall:
    problem = call.error.kind if call.error is not None else None
    return ShownCall(
        call.peer,
        call.operation,
        call.method,
        call.path,
        call.status if call.error is None else call.error.status,
        problem,
        _shorten(call.sent),
        _shorten(call.answer),
    )


def _shorten(text: str | None) -> str | None:
    if text is None or len(text) <= SHOWN_CHARACTERS:
        return text
    return f"{text[:SHOWN_CHARACTERS]} … ({len(text)} characters in all)"
