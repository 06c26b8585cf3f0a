"""
What the service's OpenAPI says of its answers. Nothing is filtered or checked by these forms.

The answers are built where they belong; a test compares every one of them with what stands here.
"""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, field_validator

from app.domain.lifecycle import State
from app.domain.pauses import Pausable
from app.domain.policy import REJECT_TYPES
from app.domain.tasks import Answer
from app.store.inbox import Disposition
from app.web.signed import Why

Responses = dict[int | str, dict[str, Any]]


class Problem(BaseModel):
    """Why a call failed. Never quotes what was sent."""

    error: str


class Refusal(BaseModel):
    """Why an operator's call was refused."""

    detail: str


class QueryRefusal(BaseModel):
    """Which part of a query cannot be right."""

    detail: str | list[dict[str, Any]]


class DeliveryTaken(BaseModel):
    """What became of a delivery that was committed."""

    status: Disposition


class LoopbackAnswer(BaseModel):
    """The answer to a question of this installation's own."""

    answer: str


class Alive(BaseModel):
    """The process runs."""

    status: Literal["alive"]


class ReadinessCheck(BaseModel):
    """One thing the service depends on; only `required` ones decide."""

    ok: bool
    required: bool
    detail: str


class Readiness(BaseModel):
    """Whether the service can do its work."""

    ready: bool
    checks: dict[str, ReadinessCheck]


class InboxFigures(BaseModel):
    """Events ever stored, and those whose order was not looked at since."""

    stored: int = Field(ge=0)
    unprocessed: int = Field(ge=0)


class PeerShown(BaseModel):
    """How calls to a company went lately."""

    last_success_at: datetime | None
    last_error_at: datetime | None
    last_error: str | None
    away_since: datetime | None
    budget_left: int | None


class ScheduleShown(BaseModel):
    """How a periodic job went last."""

    last_run_at: datetime | None
    next_run_at: datetime | None
    last_error: str | None
    last_note: str | None
    paused_at: datetime | None


class PauseShown(BaseModel):
    """A pause in force."""

    what: str = Field(examples=[what.value for what in Pausable])
    since: datetime
    by: str
    reason: str


class WorkerShown(BaseModel):
    """A worker process that has not said goodbye."""

    worker_id: str
    version: str
    beat_at: datetime
    is_stale: bool


class BacklogShown(BaseModel):
    """The orders that have work waiting, and when the last of them could be through."""

    orders: int = Field(ge=0)
    ends_at: datetime | None


class DeadlinesShown(BaseModel):
    """Orders that have not left and must soon, or should have."""

    at_risk: int = Field(ge=0)
    late: int = Field(ge=0)


class WebhookShown(BaseModel):
    """
    Whether Ankorstore tells us of orders.

    `is_up` is null before the first look, and while none is missed: from `let_go_at` on, when
    somebody deleted ours on purpose.
    """

    is_managed: bool
    let_go_at: datetime | None
    is_up: bool | None
    problem: str | None
    checked_at: datetime | None
    lost_at: datetime | None


class FindingShown(BaseModel):
    """One thing that is wrong, and its cure."""

    check: str
    severity: Literal["error", "warning"]
    problem: str
    cure: str


class DoctorShown(BaseModel):
    """What `antbridge doctor` would say, as of the last time it was asked."""

    examined_at: datetime | None
    findings: list[FindingShown]


class ShadowFigures(BaseModel):
    """What shadow mode found in the last days, as it was last summed up."""

    at: datetime
    days: int
    orders: int
    counts: dict[str, int]
    parity_percent: float | None
    would_have_asked: int
    differences: dict[str, int]


class StatusShown(BaseModel):
    """How all is going, in numbers."""

    orders: dict[str, int]
    needs_attention: int = Field(ge=0)
    wrong_labels: int = Field(ge=0)
    oldest_unfinished_seconds: int
    inbox: InboxFigures
    found_by: dict[str, int]
    backlog: BacklogShown
    deadlines: DeadlinesShown
    shipments_not_matched: int = Field(ge=0)
    contract_unknown: dict[str, int] = Field(
        description="How many names each company sent that its documentation does not name."
    )
    peers: dict[str, PeerShown]
    schedules: dict[str, ScheduleShown]
    mode: str = Field(examples=["live", "shadow"])
    left_shadow_at: datetime | None
    shadow: ShadowFigures | None
    pauses: list[PauseShown]
    workers: list[WorkerShown]
    webhook: WebhookShown
    doctor: DoctorShown
    version: str


class OrderShown(BaseModel):
    """An order as a list shows it."""

    marketplace_order_id: str
    marketplace_reference: str | None
    marketplace_status: str | None
    external_order_number: str | None
    warehouse_order_id: str | None
    warehouse_order_number: str | None
    state: str = Field(examples=[state.value for state in State])
    outcome: str | None
    attention_reason: str | None
    attention_sentence: str | None
    attention_cure: str | None
    attention_since: datetime | None
    attention_findings: list[dict[str, Any]]
    hold_until_at: datetime | None
    attention_answers: list[str]
    waits_for: str | None
    next_attempt_at: datetime | None
    not_before_at: datetime | None
    attempt_count: int
    ship_by_at: datetime | None
    submitted_at: datetime | None
    created_at: datetime
    found_by: str


class OrderPage(BaseModel):
    """Orders, newest first; `next` goes into `after` for those that follow."""

    orders: list[OrderShown]
    next: str | None


class WhyAccepted(Why):
    """Who accepts and why; *partial*: what cannot be sent is left out or made smaller."""

    partial: bool = False


class WhyRejected(Why):
    """Who rejects and why. Ankorstore is told the type and the reason."""

    reject_type: str = Field(json_schema_extra={"enum": list(REJECT_TYPES)})

    @field_validator("reject_type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        if value not in REJECT_TYPES:
            raise ValueError(f"must be one of {', '.join(REJECT_TYPES)}")
        return value


class Settlement(Why):
    """What was done about an order's goods at the warehouse."""

    answer: Answer
    number: str | None = Field(None, max_length=100)
    """The warehouse order it was done to; due where several were placed one after another."""


class Closing(Why):
    """How an order ended that a person closes."""

    outcome: Literal["completed", "cancelled", "rejected"]


class OrderDecided(OrderShown):
    """An order after an operator's decision, and what follows from it."""

    message: str


class ParcelShown(BaseModel):
    """One box and how to follow it."""

    tracking_number: str | None
    tracking_link: str | None


class ShipmentShown(BaseModel):
    """Goods the warehouse handed to a carrier."""

    warehouse_shipment_id: str
    disposition: str
    shipped_at: datetime | None
    status_text: str | None
    acknowledged_at: datetime | None
    parcels: list[ParcelShown]


class AttemptShown(BaseModel):
    """One try at one step of an order."""

    step: str
    peer: str | None
    call: str | None
    status: int | None
    outcome: str
    attempt_number: int
    message: str
    detail: str | None
    duration_ms: int
    happened_at: datetime
    next_attempt_at: datetime | None


class CallShown(BaseModel):
    """One call to a company; long bodies are cut. Personal data."""

    peer: str
    operation: str
    method: str
    path: str
    status: int | None
    problem: str | None
    """The kind of error where no usable answer came."""
    sent: str | None
    answer: str | None


class AttemptCalls(BaseModel):
    """What one attempt asked both companies."""

    happened_at: datetime
    step: str
    outcome: str
    calls: list[CallShown]


class OrderCalls(BaseModel):
    """The newest recorded attempts of an order, oldest first."""

    attempts: list[AttemptCalls]


class OrderDetail(OrderShown):
    """An order whole."""

    verdict: dict[str, Any] | None
    verdict_at: datetime | None
    decision: dict[str, Any] | None
    tracking_sent: dict[str, Any] | None
    confirmed_at: datetime | None
    refund_text: str | None
    parcels_agreed: list[dict[str, Any]] | None
    delivered_at: datetime | None
    new_address: dict[str, Any] | None
    shipments: list[ShipmentShown]
    attempts: list[AttemptShown]


def answers(model: type[BaseModel], said: str) -> dict[str, Any]:
    """Return the entry of one answer: its form, and what it *said* in a sentence."""
    return {"model": model, "description": said}


BUG: Responses = {
    "default": {
        "description": "Something failed here; the log says where.",
        # Named by hand: a form would take on the content type of the call's other answers.
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
UNAUTHORIZED: Responses = {401: answers(Refusal, "The operators' token is missing or wrong.")}
UNKNOWN_ORDER: Responses = {
    404: answers(Refusal, "No order has this reference, id or number."),
    409: answers(Refusal, "Several orders have it, or the decision makes no sense now."),
}
