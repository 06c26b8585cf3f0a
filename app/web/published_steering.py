"""What the service's OpenAPI says of pauses, schedules and events."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.domain.signing import LONGEST_NAME, LONGEST_REASON, check_name, check_reason, one_line
from app.web.published import ANONYMOUS, PauseShown, ScheduleShown


def _checked(check: Callable[[str], str]) -> AfterValidator:
    return AfterValidator(check)


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), _checked(check_name)]
Reason = Annotated[str, Field(min_length=1, max_length=LONGEST_REASON), _checked(check_reason)]
Remark = Annotated[str, Field(max_length=LONGEST_REASON), _checked(one_line)]


class WhyPaused(BaseModel):
    """Who pauses, and why; both are shown for as long as the pause lasts."""

    model_config = ConfigDict(extra="forbid")

    by: Name = ANONYMOUS
    reason: Reason


class WhySteered(BaseModel):
    """Who decides, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Name = ANONYMOUS
    reason: Remark = ""


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


class JobShown(ScheduleShown):
    """A periodic job: how it went last, when it runs next, and what keeps it from running."""

    name: str
    is_running: bool
    paused_by: str | None
    pause_reason: str | None
    stopped_by: PauseShown | None
    """The pause of a company, or of everything, that it waits for."""


class JobList(BaseModel):
    """Every periodic job."""

    schedules: list[JobShown]


class JobSteered(JobShown):
    """A job after a decision about it."""

    message: str
