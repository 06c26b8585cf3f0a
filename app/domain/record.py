"""What the service holds of an order: the rows behind it, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.lifecycle import State


@dataclass(frozen=True, slots=True)
class SentLine:
    """What is asked of the warehouse for one line, in warehouse SKU units."""

    marketplace_line_id: str
    sku: str
    sent_quantity: int
    units_per_sku: int
    """Single units in one warehouse SKU, to turn shipped goods back into units."""


@dataclass(frozen=True, slots=True)
class WarehouseOrderRecord:
    """
    A placing at the warehouse, intended or done.

    `answer` is `created` or `adopted` once the warehouse surely has it, `refused` or `absent`
    once it surely has not, and empty while the intent is unanswered.
    """

    warehouse_order_row_id: int
    external_order_number: str
    warehouse_order_id: str | None
    warehouse_order_number: str | None
    intent_at: datetime
    sent_before_at: datetime
    answer: str | None
    lines: tuple[SentLine, ...]
    payload: Mapping[str, Any] = field(repr=False)

    @property
    def is_placed(self) -> bool:
        """Whether the warehouse surely has it."""
        return self.answer in ("created", "adopted")

    @property
    def is_unanswered(self) -> bool:
        """Whether the warehouse may have it."""
        return self.answer is None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """One order as it stands in the store, and the lease under which it is held."""

    order_id: int
    marketplace_order_id: str
    marketplace_reference: str | None
    master_order_id: str | None
    state: State
    outcome: str | None
    found_by: str
    created_at: datetime
    marketplace_status: str | None
    marketplace_updated_at: datetime | None
    submitted_at: datetime | None
    ship_by_at: datetime | None
    read_at: datetime | None
    attention_reason: str | None
    attention_detail: tuple[Mapping[str, str], ...] = field(repr=False)
    attention_since: datetime | None
    accept_blocked: bool
    taken_at: datetime | None
    next_attempt_at: datetime | None
    not_before_at: datetime | None
    attempt_count: int
    first_failed_at: datetime | None
    waits_for: str | None
    wake_seq: int
    processed_wake_seq: int
    fencing_token: int
    accept_intent_at: datetime | None
    accept_sent_before_at: datetime | None
    confirm_intent_at: datetime | None
    confirm_sent_before_at: datetime | None
    confirm_quote_id: str | None
    confirmed_at: datetime | None
    refund_text: str | None
    tracking_sent: Mapping[str, Any] | None = field(repr=False)
    first_shipped_at: datetime | None
    follow_up: str | None
    follow_up_done_at: datetime | None
    live: WarehouseOrderRecord | None = None
    """The one warehouse order that counts; None before the first create intent."""
    corrections: Mapping[str, Any] | None = field(default=None, repr=False)
    """What operators corrected for this order alone, as `read_corrections` takes it."""
    postpone_to: str | None = None
    """The later shipping date (YYYY-MM-DD) the marketplace is to be told, until it was."""
    shipment_asked_at: datetime | None = None
    """When a person was last asked why the warehouse sends nothing."""
    sku_version: int | None = None
    """The state of the table of SKUs that this step relied on; what it writes down must find it."""

    @property
    def is_waiting_named(self) -> bool:
        """Whether it is closed, asks a person for a reason, or has a time and what it waits for."""
        if self.state is State.CLOSED or self.attention_reason is not None:
            return True
        return self.next_attempt_at is not None and self.waits_for is not None

    @property
    def may_be_at_warehouse(self) -> bool:
        """Whether the warehouse has, or may have, goods to send for this order."""
        return self.live is not None and (self.live.is_placed or self.live.is_unanswered)
