"""What the service's OpenAPI says of pauses, schedules and events."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from app.domain.jobs import JobVerb
from app.store.events import MAX_REPLAYED_ORDERS
from app.web.published import PauseShown, ScheduleShown
from app.web.signed import ANONYMOUS, Name, Remark

LONGEST_TYPE = 200


def _in_utc(at: datetime) -> datetime:
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(
            "lies outside the calendar; write a time like 2026-12-01T08:00:00Z"
        ) from None


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]


class PauseList(BaseModel):
    """Every pause in force, the oldest first."""

    pauses: list[PauseShown]


class Paused(PauseShown):
    """The pause in force now, and what follows from it."""

    message: str


class Resumed(BaseModel):
    """The pause that was ended, null where none was in force, and how many orders woke."""

    ended: PauseShown | None
    woken: int = Field(ge=0)
    message: str


class JobDecided(BaseModel):
    """What a person did with a job, when, and why where that was said."""

    decision: str = Field(examples=[verb.value for verb in JobVerb])
    decided_at: datetime
    by: str
    reason: str | None


class JobShown(ScheduleShown):
    """A periodic job: how it went last, when it runs next, and what keeps it from running."""

    name: str
    is_running: bool
    paused_by: str | None
    pause_reason: str | None
    stopped_by: PauseShown | None
    """The pause of a company, or of everything, that it waits for."""
    decisions: list[JobDecided]
    """What people did with it lately, the newest first."""


class JobList(BaseModel):
    """Every periodic job."""

    schedules: list[JobShown]


class JobSteered(JobShown):
    """A job after a decision about it."""

    message: str


class EventInList(BaseModel):
    """What came in, without its body."""

    id: int
    event_id: str
    event_type: str
    disposition: str
    marketplace_order_id: str | None
    marketplace_reference: str | None
    occurred_at: datetime | None
    received_at: datetime
    processed_at: datetime | None
    pruned_at: datetime | None


class EventPage(BaseModel):
    """Events, newest first; `next` goes into `after` for those that follow."""

    events: list[EventInList]
    next: str | None


class EventWhole(EventInList):
    """An event with its body as it came in; null once it was emptied for its age."""

    body: str | None


class WindowShown(BaseModel):
    """How many events of how many orders a time window holds; a replay wakes each order once."""

    events: int = Field(ge=0)
    orders: int = Field(ge=0)


class WindowReplay(BaseModel):
    """Which window to replay, and how many orders are expected to be woken."""

    model_config = ConfigDict(extra="forbid")

    since: Moment
    until: Moment
    event_type: str | None = Field(None, max_length=LONGEST_TYPE)
    expected_orders: int = Field(ge=0, le=MAX_REPLAYED_ORDERS)
    by: Name = ANONYMOUS
    reason: Remark = ""


class Replayed(BaseModel):
    """What a replay led to."""

    message: str


class WindowReplayed(WindowShown):
    """What was replayed."""

    message: str
