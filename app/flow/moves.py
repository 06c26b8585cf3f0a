"""What a step found out: the four ways it can end, as values."""

from dataclasses import dataclass
from datetime import datetime

from app.domain.lifecycle import State
from app.domain.reasons import reason_of
from app.errors import Finding


@dataclass(frozen=True, slots=True)
class Next:
    """A fact is proven; the order goes on at once from *state*."""

    state: State
    message: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do until *until*; `waits_for` says what for. `state` where one was proven."""

    until: datetime
    waits_for: str
    message: str
    state: State | None = None
    is_known: bool = False
    """Whether the last look found the same, so that the history need not tell it again."""


@dataclass(frozen=True, slots=True)
class Attention:
    """A person must act; the first finding gives the reason."""

    findings: tuple[Finding, ...]
    message: str
    state: State | None = None
    until: datetime | None = None
    """When the order is judged again by itself, None where only a person or news moves it."""
    since: datetime | None = None
    """Since when this is the case, where that is known better than `now`."""
    again_at: datetime | None = None
    """When it is looked at besides, for something that is owed whatever the person does."""

    @property
    def reason(self) -> str:
        """The code the order is listed under."""
        return self.findings[0].reason


@dataclass(frozen=True, slots=True)
class Close:
    """No step is owed any more."""

    outcome: str
    message: str


@dataclass(frozen=True, slots=True)
class Stands:
    """The order waits for a person as before; the news is noted."""

    message: str


Move = Next | Wait | Attention | Close | Stands


def ask_person(reason: str, *, field: str, detail: str = "", message: str = "") -> Attention:
    """Return the move that asks a person for one reason."""
    told = message or reason_of(reason).sentence.removesuffix(".")
    return Attention((Finding(reason, field, detail),), told)
