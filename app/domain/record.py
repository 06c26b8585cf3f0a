"""What the service holds of an order: the rows behind it, as plain values."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.domain.lifecycle import State
from app.domain.policy import ASKED_TO_CANCEL


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
    fingerprint: Mapping[str, Any] | None = field(default=None, repr=False)
    """What was sent, to know a change by; None for one sent before fingerprints were kept."""
    hold_release_at: datetime | None = None
    """When the order, created on hold, is to be released; None where it was not."""
    release_intent_at: datetime | None = None
    release_sent_before_at: datetime | None = None
    released_at: datetime | None = None

    @property
    def is_on_hold(self) -> bool:
        """Whether the warehouse waits for our release before it works on it."""
        return self.hold_release_at is not None and self.released_at is None

    @property
    def is_surely_held(self) -> bool:
        """Whether it is on hold, and no release was sent that may have taken effect unheard."""
        return self.is_on_hold and self.release_sent_before_at is None

    @property
    def is_placed(self) -> bool:
        """Whether the warehouse surely has it."""
        return self.answer in ("created", "adopted")

    @property
    def is_unanswered(self) -> bool:
        """Whether the warehouse may have it."""
        return self.answer is None


@dataclass(frozen=True, slots=True)
class Waived:
    """
    A finding as a person saw it: *needed* pieces of the SKU it is about, else its own *detail*.

    Of a SKU the detail is left out: the stock's own figure in it moves all the time. Of a wish to
    cancel its digest is kept, for the retailer's words may hold anything.
    """

    reason: str
    field: str
    needed: int | None = None
    detail: str = ""


def waived_of(reason: str, field_name: str, detail: str, needed: Mapping[str, int]) -> Waived:
    """Return what waiving a finding waives, by the pieces *needed* per SKU at that time."""
    sku = field_name.removeprefix("SKU ")
    pieces = needed.get(sku) if sku != field_name else None
    if reason == ASKED_TO_CANCEL:
        detail = hashlib.sha256(detail.encode("utf-8", "surrogatepass")).hexdigest()
    return Waived(reason, field_name, pieces, detail if pieces is None else "")


@dataclass(frozen=True, slots=True)
class Decision:
    """
    A person's decision about an order that waits for an answer: accept, partial, reject or hold.

    *waives* names the findings the order is accepted in spite of, *waived* what exactly they were,
    and what a partial accept cuts; None in a decision from before that was kept, which holds for
    whatever has such a name. *pieces* is what the warehouse had of each SKU that was short then.
    """

    kind: str
    waives: frozenset[str] = frozenset()
    waived: frozenset[Waived] | None = None
    pieces: Mapping[str, int] = field(default_factory=dict)
    reject_type: str = ""
    reject_reason: str | None = field(default=None, repr=False)

    @property
    def is_partial(self) -> bool:
        """Whether what cannot be sent shall be left out."""
        return self.kind == "partial"


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
    verdict: Mapping[str, Any] | None = field(repr=False)
    """What the last review said, with its inputs (`flow/verdict.py` writes it)."""
    verdict_at: datetime | None
    decision: Mapping[str, Any] | None = field(repr=False)
    """What a person decided about the answer to this order; `decision_of` reads it."""
    hold_until_at: datetime | None
    """When a hold by policy ends by itself."""
    accept_quantities: Mapping[str, Any] | None
    """What a partial accept asked for: packs `sent` and `units` to be shown, both by line."""
    reject_intent_at: datetime | None
    reject_sent_before_at: datetime | None
    task_reason: str | None = None
    """The task a person answered last; empty for an answer nobody was asked for."""
    task_answer: str | None = None
    task_answered_at: datetime | None = None
    task_followed_at: datetime | None = None
    new_address: Mapping[str, Any] | None = field(default=None, repr=False)
    """Where the order goes by what Ankorstore shows, while a task about that is open."""
    replaced_count: int = 0
    next_external_number: str | None = None
    """The number of the next placing, where earlier ones were replaced."""
    resend_at: datetime | None = None
    """When a person decided that the order is placed once more, since it was last replaced."""
    live: WarehouseOrderRecord | None = None
    """The one warehouse order that counts; None before the first create intent."""
    partial_wait_from_at: datetime | None = None
    """Since when the rest of the order is waited for again, as a person asked."""
    partial_confirm_at: datetime | None = None
    """When a person said that what was sent is all there will be."""
    parcels_agreed_at: datetime | None = None
    """When a person agreed to the parcels to be quoted."""
    parcels_agreed: Sequence[Mapping[str, Any]] | None = None
    """Those parcels; None where they are as reckoned here."""
    label_reset_asked_at: datetime | None = None
    label_reset_sent_before_at: datetime | None = None
    delivery_look_at: datetime | None = None
    delivered_at: datetime | None = None
    parcels_told: Sequence[Sequence[Any]] | None = None
    """Number and status of each parcel as the marketplace was last told."""
    corrections: Mapping[str, Any] | None = field(default=None, repr=False)
    """What operators corrected for this order alone, as `read_corrections` takes it."""
    postpone_to: str | None = None
    """The later shipping date (YYYY-MM-DD) the marketplace is to be told, until it was."""
    shipment_asked_at: datetime | None = None
    """When a person was last asked why the warehouse sends nothing, or had it wait on."""
    person_asked_at: datetime | None = None
    """When a person was first needed; None for an order that went by itself so far."""
    shadowed_at: datetime | None = None
    """Since when the order is followed in shadow mode only; None for one that is carried."""
    sku_version: int | None = None
    """The state of the table of SKUs that this step relied on; what it writes down must find it."""

    @property
    def is_answer_owed(self) -> bool:
        """Whether a person's answer to a task has not been followed yet."""
        return self.task_answer is not None and self.task_followed_at is None

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


def decision_of(order: OrderRecord) -> Decision | None:
    """Return what a person decided about *order*, None where nobody did."""
    stored = order.decision
    if not stored:
        return None
    waived = stored.get("waived")
    return Decision(
        kind=stored["kind"],
        waives=frozenset(stored.get("waives", ())),
        waived=frozenset(Waived(**entry) for entry in waived) if waived is not None else None,
        pieces=stored.get("pieces") or {},
        reject_type=stored.get("reject_type", ""),
        reject_reason=stored.get("reject_reason"),
    )


def number_after(external_order_number: str, *, replaced_count: int) -> str:
    """
    Return the external number of the placing that replaces one with *external_order_number*.

    The first replacement of `AK1` is `AK1-2`, the next `AK1-3`: *replaced_count* is how many were
    replaced before this one, so that a number that ends so of itself is not misread.
    """
    first = external_order_number
    if replaced_count:
        first = first.removesuffix(f"-{replaced_count + 1}")
    return f"{first}-{replaced_count + 2}"
