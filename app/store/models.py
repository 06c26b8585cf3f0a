"""
The tables.

Columns that hold a time end in `_at` and are aware UTC on both databases. Words written by a
peer are plain text, so that an unknown one is kept. The migrations in `migrations/versions`
build exactly this; `alembic check` keeps the two in step.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    TypeDecorator,
    UniqueConstraint,
    func,
    literal_column,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite keeps it naive, in one width, so that text order is time order."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times; strip the zone only where the database has none."""
        if value is None:
            return None
        assert value.tzinfo is not None, "times are aware"
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


SOURCE = "ankorstore"
"""Where orders come from. There is one marketplace; the columns are ready for another."""
BigId = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Names every constraint, so that migrations can refer to it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        str: Text,
    }


class Event(Base):
    """A verified delivery, raw; its (source, event_id) is unique for ever."""

    __tablename__ = "events"
    __table_args__ = (
        UniqueConstraint("source", "event_id"),
        Index(
            "ix_events_unprocessed",
            "order_id",
            sqlite_where=text("processed_at IS NULL"),
            postgresql_where=text("processed_at IS NULL"),
        ),
        Index("ix_events_order_id", "order_id"),
        # Operators list what came in, newest first.
        Index("ix_events_received_at", "received_at", "id"),
        Index("ix_events_event_type", "event_type", "received_at", "id"),
        Index(
            "ix_events_ignored",
            "received_at",
            "id",
            sqlite_where=text("disposition = 'ignored'"),
            postgresql_where=text("disposition = 'ignored'"),
        ),
        Index(
            "ix_events_unpruned",
            "received_at",
            sqlite_where=text("pruned_at IS NULL"),
            postgresql_where=text("pruned_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str]
    event_id: Mapped[str]
    event_type: Mapped[str]
    marketplace_order_id: Mapped[str | None]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    raw_body: Mapped[bytes] = mapped_column(LargeBinary)
    headers: Mapped[dict[str, Any]]
    disposition: Mapped[str]
    wake_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    occurred_at: Mapped[datetime | None]
    received_at: Mapped[datetime]
    processed_at: Mapped[datetime | None]
    pruned_at: Mapped[datetime | None]
    """When body and headers were emptied; the row itself knows the event for ever."""


_NOT_LEFT = "coalesce(state, '') IN ('received', 'accepted', 'placed')"
"""Said so that no query takes the index of states for it, which holds far more orders."""
_DUE_TO_PLACE = "next_attempt_at IS NOT NULL AND state IN ('received', 'accepted')"
_DUE_PLACED = (
    "next_attempt_at IS NOT NULL AND state IN ('placed', 'dispatched', 'shipped', 'closed')"
)


class Order(Base):
    """One marketplace order and how far it is."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("source", "marketplace_order_id"),
        Index(
            "ix_orders_due",
            "next_attempt_at",
            sqlite_where=text("next_attempt_at IS NOT NULL"),
            postgresql_where=text("next_attempt_at IS NOT NULL"),
        ),
        # A claim looks along these two: what was placed first, the rest by its ship-by date.
        Index(
            "ix_orders_due_placed",
            "next_attempt_at",
            sqlite_where=text(_DUE_PLACED),
            postgresql_where=text(_DUE_PLACED),
        ),
        Index(
            "ix_orders_due_to_place",
            "ship_by_at",
            "next_attempt_at",
            sqlite_where=text(_DUE_TO_PLACE),
            postgresql_where=text(_DUE_TO_PLACE),
        ),
        Index("ix_orders_state_id", "state", "id"),
        Index(
            "ix_orders_attention",
            "attention_reason",
            "attention_since",
            sqlite_where=text("attention_reason IS NOT NULL"),
            postgresql_where=text("attention_reason IS NOT NULL"),
        ),
        Index(
            "ix_orders_open",
            "created_at",
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
        Index("ix_orders_marketplace_reference", "marketplace_reference"),
        Index(
            "ix_orders_open_id",
            "id",
            sqlite_where=text("state != 'closed'"),
            postgresql_where=text("state != 'closed'"),
        ),
        Index("ix_orders_submitted_at", "submitted_at", "created_at"),
        Index(
            "ix_orders_delivery_look_at",
            "delivery_look_at",
            sqlite_where=text("delivery_look_at IS NOT NULL"),
            postgresql_where=text("delivery_look_at IS NOT NULL"),
        ),
        Index(
            "ix_orders_not_left",
            "ship_by_at",
            sqlite_where=text(_NOT_LEFT),
            postgresql_where=text(_NOT_LEFT),
        ),
        # What the pictures of the console count by day.
        Index(
            "ix_orders_closed_at",
            "closed_at",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        Index(
            "ix_orders_confirmed_at",
            "confirmed_at",
            sqlite_where=text("confirmed_at IS NOT NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        Index(
            "ix_orders_corrected",
            "closed_at",
            sqlite_where=text("corrections IS NOT NULL"),
            postgresql_where=text("corrections IS NOT NULL"),
        ),
        Index(
            "ix_orders_named",
            "created_at",
            sqlite_where=text("retailer_text IS NOT NULL"),
            postgresql_where=text("retailer_text IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    source: Mapped[str] = mapped_column(server_default=text("'ankorstore'"))
    marketplace_order_id: Mapped[str]
    marketplace_reference: Mapped[str | None]
    master_order_id: Mapped[str | None]
    state: Mapped[str]
    outcome: Mapped[str | None]
    found_by: Mapped[str]
    created_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]

    # What the marketplace showed when it was last read, and when that was.
    marketplace_status: Mapped[str | None]
    marketplace_updated_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    ship_from_at: Mapped[datetime | None]
    ship_by_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]

    # What a person must look at.
    attention_reason: Mapped[str | None]
    attention_detail: Mapped[list[Any] | None]
    attention_since: Mapped[datetime | None]
    person_asked_at: Mapped[datetime | None]
    """When a person was first needed; empty for an order that went by itself so far."""
    accept_blocked: Mapped[bool] = mapped_column(server_default=text("false"))
    taken_at: Mapped[datetime | None]

    # What a person answered to a task about goods at the warehouse, and what hangs on it.
    task_reason: Mapped[str | None]
    task_answer: Mapped[str | None]
    task_answered_at: Mapped[datetime | None]
    task_followed_at: Mapped[datetime | None]
    new_address: Mapped[dict[str, Any] | None]
    """Personal data: shown to operators, never logged."""
    replaced_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_external_number: Mapped[str | None]
    resend_at: Mapped[datetime | None]

    # When it is looked at again, and by whom.
    next_attempt_at: Mapped[datetime | None]
    not_before_at: Mapped[datetime | None]
    attempt_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    first_failed_at: Mapped[datetime | None]
    waits_for: Mapped[str | None]
    wake_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    processed_wake_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    fencing_token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))

    # The two writes at the marketplace that cannot be undone: intent before, answer after.
    accept_intent_at: Mapped[datetime | None]
    accept_sent_before_at: Mapped[datetime | None]
    confirm_intent_at: Mapped[datetime | None]
    confirm_sent_before_at: Mapped[datetime | None]
    confirm_quote_id: Mapped[str | None]
    confirmed_at: Mapped[datetime | None]
    refund_text: Mapped[str | None]
    tracking_sent: Mapped[dict[str, Any] | None]
    first_shipped_at: Mapped[datetime | None]

    # Parcel tracking after the confirm: its own due time, and it may fail as a warning.
    follow_up: Mapped[str | None]
    follow_up_done_at: Mapped[datetime | None]

    # What the last review said, what a person decided, and the answer that says less than yes.
    verdict: Mapped[dict[str, Any] | None]
    verdict_at: Mapped[datetime | None]
    decision: Mapped[dict[str, Any] | None]
    hold_until_at: Mapped[datetime | None]
    accept_quantities: Mapped[dict[str, Any] | None]
    reject_intent_at: Mapped[datetime | None]
    reject_sent_before_at: Mapped[datetime | None]
    # What a person decided about its shipments.
    partial_wait_from_at: Mapped[datetime | None]
    partial_confirm_at: Mapped[datetime | None]
    parcels_agreed_at: Mapped[datetime | None]
    parcels_agreed: Mapped[list[Any] | None]
    label_reset_asked_at: Mapped[datetime | None]
    label_reset_sent_before_at: Mapped[datetime | None]

    # How its parcels fare afterwards: when to ask again, what Ankorstore was told of each.
    delivery_look_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    parcels_told: Mapped[list[Any] | None]
    # The latest shipping date: what was told of it, a later one that is to be announced, and when
    # a person was last asked why the warehouse sends nothing.
    deadline_told: Mapped[str | None]
    postpone_to: Mapped[str | None]
    shipment_asked_at: Mapped[datetime | None]

    # Since when it is followed in shadow mode; empty for an order that is carried.
    shadowed_at: Mapped[datetime | None]

    # What operators corrected for this order alone.
    corrections: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    retailer_text: Mapped[str | None]
    """Personal data: the retailer's names, folded, for operators to search; emptied in time."""


def is_open() -> ColumnElement[bool]:
    """
    Return the condition of the indexes of open orders, word for word.

    A parameter in place of the word would keep both databases from using them.
    """
    return Order.state != literal_column("'closed'")


def is_of(source: str) -> ColumnElement[bool]:
    """
    Return the condition that an order is of *source*, where the rest of a query finds the few.

    Nearly all orders share it, so it is said in a way that offers no index.
    """
    return func.coalesce(Order.source, "") == source


class WarehouseOrder(Base):
    """What was placed, or was about to be placed, at the warehouse."""

    __tablename__ = "warehouse_orders"
    __table_args__ = (
        UniqueConstraint("external_order_number"),
        Index(
            "uq_warehouse_orders_live",
            "order_id",
            unique=True,
            sqlite_where=text("replaced_at IS NULL"),
            postgresql_where=text("replaced_at IS NULL"),
        ),
        Index("ix_warehouse_orders_warehouse_order_id", "warehouse_order_id"),
        Index("ix_warehouse_orders_warehouse_order_number", "warehouse_order_number"),
        Index("ix_warehouse_orders_order_id", "order_id"),
        Index(
            "ix_warehouse_orders_answered_at",
            "answered_at",
            sqlite_where=text("answered_at IS NOT NULL"),
            postgresql_where=text("answered_at IS NOT NULL"),
        ),
        Index(
            "ix_warehouse_orders_unpruned",
            "intent_at",
            sqlite_where=text("pruned_at IS NULL"),
            postgresql_where=text("pruned_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    external_order_number: Mapped[str]
    warehouse_order_id: Mapped[str | None]
    """What the create call answered."""
    warehouse_order_number: Mapped[str | None]
    """What order search gave: trusted over the former."""
    intent_at: Mapped[datetime]
    sent_before_at: Mapped[datetime]
    answer: Mapped[str | None]
    """created, adopted or refused; empty while the intent is unanswered."""
    answered_at: Mapped[datetime | None]
    payload: Mapped[dict[str, Any]]
    lines: Mapped[list[Any]]
    replaced_at: Mapped[datetime | None]
    pruned_at: Mapped[datetime | None]
    """When the payload, which names people, was emptied."""
    fingerprint: Mapped[dict[str, Any] | None]
    hold_release_at: Mapped[datetime | None]
    release_intent_at: Mapped[datetime | None]
    release_sent_before_at: Mapped[datetime | None]
    released_at: Mapped[datetime | None]


class StockReservation(Base):
    """Pieces an order of ours will take, counted against the warehouse's figure until it does."""

    __tablename__ = "stock_reservations"
    __table_args__ = (Index("ix_stock_reservations_sku", "sku"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    sku: Mapped[str] = mapped_column(primary_key=True)
    sent_quantity: Mapped[int] = mapped_column(Integer)
    placed_at: Mapped[datetime | None]


class WarehouseProduct(Base):
    """What the warehouse told of a SKU: whether it has it, and how many."""

    __tablename__ = "warehouse_products"

    sku: Mapped[str] = mapped_column(primary_key=True)
    is_known: Mapped[bool | None]
    checked_at: Mapped[datetime | None]
    stock_pieces: Mapped[int | None] = mapped_column(Integer)
    stock_read_at: Mapped[datetime | None]


class Attempt(Base):
    """
    One try at one step of an order; pruned long after the order is closed.

    Never changed, but that what was recorded, and what names a person, is emptied.
    """

    __tablename__ = "attempts"
    __table_args__ = (
        Index("ix_attempts_order_id_id", "order_id", "id"),
        Index("ix_attempts_call_outcome_happened_at", "call", "outcome", "happened_at"),
        Index("ix_attempts_happened_at", "happened_at"),
        Index(
            "ix_attempts_recorded",
            "happened_at",
            sqlite_where=text("recorded IS NOT NULL"),
            postgresql_where=text("recorded IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    happened_at: Mapped[datetime]
    step: Mapped[str]
    peer: Mapped[str | None]
    call: Mapped[str | None]
    status: Mapped[int | None] = mapped_column(Integer)
    outcome: Mapped[str]
    attempt_number: Mapped[int] = mapped_column(Integer)
    duration_ms: Mapped[int] = mapped_column(Integer)
    message: Mapped[str]
    """A sentence without personal data; it is logged too."""
    detail: Mapped[str | None]
    """The peer's own words, for operators' eyes only."""
    next_attempt_at: Mapped[datetime | None]
    recorded: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the step was told and decided, packed (`app/step_record.py`). Personal data."""


class RecordedSettings(Base):
    """The settings, without secrets, under which attempts were recorded; known by their digest."""

    __tablename__ = "recorded_settings"

    digest: Mapped[str] = mapped_column(primary_key=True)
    used_at: Mapped[datetime]
    content: Mapped[bytes] = mapped_column(LargeBinary)


class Shipment(Base):
    """A row of the warehouse's feed or search that concerns us."""

    __tablename__ = "shipments"
    __table_args__ = (
        UniqueConstraint("warehouse_shipment_id"),
        Index("ix_shipments_order_id", "order_id"),
        Index(
            "ix_shipments_not_matched",
            "id",
            sqlite_where=text("disposition = 'not_matched'"),
            postgresql_where=text("disposition = 'not_matched'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    warehouse_shipment_id: Mapped[str]
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id"))
    disposition: Mapped[str]
    reason: Mapped[str | None]
    """Why a person must look at it; a code of the reasons table."""
    source: Mapped[str]
    external_order_number: Mapped[str | None]
    warehouse_order_number: Mapped[str | None]
    order_mark: Mapped[str | None]
    shipped_at: Mapped[datetime | None]
    parcel_count: Mapped[int] = mapped_column(Integer)
    shipping_method_id: Mapped[str | None]
    main_shipping_method_id: Mapped[str | None]
    status_text: Mapped[str | None]
    problems: Mapped[list[Any]]
    lines: Mapped[list[Any]]
    stored_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    """When a person said that the matter of `reason` is dealt with."""


class Parcel(Base):
    """One box of a shipment."""

    __tablename__ = "parcels"
    __table_args__ = (
        UniqueConstraint("shipment_id", "parcel_number"),
        Index("ix_parcels_tracking_number", "tracking_number"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    shipment_id: Mapped[int] = mapped_column(ForeignKey("shipments.id"))
    parcel_number: Mapped[str]
    tracking_number: Mapped[str | None]
    tracking_link: Mapped[str | None]


class Schedule(Base):
    """Periodic work: run by whoever holds its lease, one at a time."""

    __tablename__ = "schedules"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_run_at: Mapped[datetime | None]
    next_run_at: Mapped[datetime]
    last_error: Mapped[str | None]
    last_note: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    fencing_token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    paused_at: Mapped[datetime | None]
    paused_by: Mapped[str | None]
    pause_reason: Mapped[str | None]


class SettingsSnapshot(Base):
    """The warehouse's lists of ids, as read; the newest is in use."""

    __tablename__ = "settings_snapshots"
    __table_args__ = (Index("ix_settings_snapshots_peer_taken_at", "peer", "taken_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    peer: Mapped[str]
    taken_at: Mapped[datetime]
    content: Mapped[dict[str, Any]]


class Tally(Base):
    """How many rows of a table there are up to an id, so that counting all is counting the rest."""

    __tablename__ = "tallies"

    name: Mapped[str] = mapped_column(primary_key=True)
    up_to_id: Mapped[int] = mapped_column(BigInteger)
    counts: Mapped[dict[str, Any]]


class PeerState(Base):
    """How the calls to a company went lately, as the workers saw it."""

    __tablename__ = "peers"

    name: Mapped[str] = mapped_column(primary_key=True)
    last_success_at: Mapped[datetime | None]
    last_error_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    budget_left: Mapped[int | None] = mapped_column(Integer)
    away_since: Mapped[datetime | None]
    """Since when no call is made to it, because the last ones all failed."""


class RateBudget(Base):
    """
    How far the calls to a company run ahead of one of its rates, for all processes together.

    What holds for the company as a whole stands in the row of its first window.
    """

    __tablename__ = "rate_budgets"

    peer: Mapped[str] = mapped_column(primary_key=True)
    window_name: Mapped[str] = mapped_column(primary_key=True)
    arrival_at: Mapped[datetime]
    """When the next call would come if all were evenly spaced."""
    paused_until_at: Mapped[datetime | None]
    waiting_priority: Mapped[int | None] = mapped_column(Integer)
    """How urgent the most urgent call is that waits in any process."""
    waiting_until_at: Mapped[datetime | None]


class CallSlot(Base):
    """One of the calls that may be under way at a company at the same time."""

    __tablename__ = "call_slots"

    peer: Mapped[str] = mapped_column(primary_key=True)
    slot_number: Mapped[int] = mapped_column(Integer, primary_key=True)
    lease_until: Mapped[datetime | None]
    fencing_token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class PeerLogin(Base):
    """The one token of an account, encrypted, and what is known of logging in to it."""

    __tablename__ = "peer_logins"

    account: Mapped[str] = mapped_column(primary_key=True)
    """A digest: neither the user's name nor the password can be told from it."""
    peer: Mapped[str]
    token_encrypted: Mapped[str | None]
    renew_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    fetched: Mapped[list[Any]]
    """When tokens were asked for in the last hour, as seconds of the epoch."""
    failure_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    failure_kind: Mapped[str | None]
    paused_until_at: Mapped[datetime | None]
    lease_until: Mapped[datetime | None]
    fencing_token: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class WorkerBeat(Base):
    """A worker process that runs, or ran."""

    __tablename__ = "workers"

    worker_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
