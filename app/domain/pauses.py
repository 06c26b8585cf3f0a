"""What can be paused, what a pause stops, and how an order says that it waits for one."""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from app.domain.waits import PAUSE_WORDS


class Pausable(StrEnum):
    """What a person can pause: everything, one of the flow's three kinds of writes, a company."""

    EVERYTHING = "everything"
    ACCEPTING = "accepting"
    """Answering orders at Ankorstore: accept and reject."""
    PLACING = "placing"
    """Placing orders at the warehouse and releasing those on hold there."""
    TRACKING = "tracking"
    """Confirming shipments at Ankorstore, telling parcels' tracking, taking labels back."""
    ANKORSTORE = "ankorstore"
    ACTIVE_ANTS = "active_ants"


_NAMES = {Pausable.ANKORSTORE: "Ankorstore", Pausable.ACTIVE_ANTS: "Active Ants"}
_STOPPED_BY: dict[Pausable, tuple[Pausable, ...]] = {
    Pausable.EVERYTHING: (Pausable.EVERYTHING,),
    Pausable.ANKORSTORE: (Pausable.EVERYTHING, Pausable.ANKORSTORE),
    Pausable.ACTIVE_ANTS: (Pausable.EVERYTHING, Pausable.ACTIVE_ANTS),
    Pausable.ACCEPTING: (Pausable.EVERYTHING, Pausable.ANKORSTORE, Pausable.ACCEPTING),
    Pausable.PLACING: (Pausable.EVERYTHING, Pausable.ACTIVE_ANTS, Pausable.PLACING),
    Pausable.TRACKING: (Pausable.EVERYTHING, Pausable.ANKORSTORE, Pausable.TRACKING),
}


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause in force: of what, since when, by whom, and why."""

    what: str
    """One of `Pausable`, or what a newer version paused."""
    since: datetime
    by: str
    reason: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class EndedPause:
    """A pause that was ended: when, by whom, and why where that was said."""

    pause: Pause
    ended_at: datetime
    ended_by: str | None
    reason: str | None = field(repr=False)


def name_of_pausable(what: str) -> str:
    """Return how sentences call what is paused."""
    return _NAMES.get(Pausable(what), what) if what in tuple(Pausable) else what


def find_stop(what: Pausable, in_force: Container[str]) -> Pausable | None:
    """Return which of the pauses *in_force* stops *what*, the widest first; None where none."""
    return next((one for one in _STOPPED_BY[what] if one in in_force), None)


def tell_pause(pause: Pause) -> str:
    """Return what an order says it waits for while this pause is in force."""
    return f"{_opening(pause.what)}{pause.since:%Y-%m-%d %H:%M} UTC by {pause.by}"


def tells_of_pause(waits_for: str | None, what: str) -> bool:
    """Tell whether an order says that it waits for a pause of *what*."""
    return waits_for is not None and waits_for.startswith(_opening(what))


def _opening(what: str) -> str:
    return f"{name_of_pausable(what)}{PAUSE_WORDS}"
