"""Who decides, and why, as every call that decides something tells it."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from app.domain.signing import LONGEST_NAME, LONGEST_REASON, check_name, check_reason, one_line

ANONYMOUS = "API"

Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(check_name)]
Reason = Annotated[
    str,
    Field(
        min_length=1,
        max_length=LONGEST_REASON,
        description="Why, in words; it is kept.",
    ),
    AfterValidator(check_reason),
]
Remark = Annotated[str, Field(max_length=LONGEST_REASON), AfterValidator(one_line)]


class Signed(BaseModel):
    """Who does something that needs no reason, and why, where there is one to tell."""

    model_config = ConfigDict(extra="forbid")

    by: Name = ANONYMOUS
    reason: Remark = ""


class Why(BaseModel):
    """Who decides, and why; both are kept with what is decided."""

    model_config = ConfigDict(extra="forbid")

    by: Name = ANONYMOUS
    reason: Reason
