"""The tables of the webhook subscriptions this service keeps, and of what looks after a set-up."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


def _one_in(state: str) -> Index:
    where = text(f"state = '{state}'")
    return Index(
        f"uq_webhook_subscriptions_{state}",
        "state",
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


class SubscriptionRow(Base):
    """
    A subscription this service made at the marketplace, or is about to make.

    `state` is `creating` (noted before it is asked for; `known_ids` are those that were there
    already), `active`, `retiring` (replaced; to be deleted from `delete_after_at` on) or `ended`.
    """

    __tablename__ = "webhook_subscriptions"
    __table_args__ = (_one_in("creating"), _one_in("active"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    subscription_id: Mapped[str | None] = mapped_column(unique=True)
    state: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[Any]]
    known_ids: Mapped[list[Any] | None]
    secret_encrypted: Mapped[str | None]
    secret_until_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    delete_after_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class WebhookWatchRow(Base):
    """Whether the marketplace tells us of orders, as it was seen last; one row."""

    __tablename__ = "webhook_watch"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    managed_since_at: Mapped[datetime | None]
    managed_by: Mapped[str | None]
    let_go_at: Mapped[datetime | None]
    let_go_by: Mapped[str | None]
    checked_at: Mapped[datetime | None]
    is_up: Mapped[bool | None] = mapped_column(Boolean)
    problem: Mapped[str | None]
    lost_at: Mapped[datetime | None]
    loss_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))


class DoctorReportRow(Base):
    """What the doctor found last; one row."""

    __tablename__ = "doctor_reports"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    examined_at: Mapped[datetime]
    findings: Mapped[list[Any]]


class LoopbackRow(Base):
    """A question whose answer only this installation knows, asked over the public address once."""

    __tablename__ = "loopback_challenges"

    challenge_hash: Mapped[str] = mapped_column(primary_key=True)
    answer: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(index=True)
