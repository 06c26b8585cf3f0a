"""The tables of shadow mode: what would have been done for an order, and in which mode we run."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


class ShadowOrder(Base):
    """One order that was followed in shadow mode (`app/domain/shadow.py` says what is in it)."""

    __tablename__ = "shadow_orders"

    order_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("orders.id"), primary_key=True, autoincrement=False
    )
    first_seen_at: Mapped[datetime] = mapped_column(index=True)
    judged_at: Mapped[datetime | None]
    was_answered: Mapped[bool] = mapped_column(server_default=text("false"))
    decision: Mapped[str | None]
    verdict: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    ordered: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    would_send: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    payload: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Personal data: emptied with what was sent to the warehouse, never logged."""
    fingerprint: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    observed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    observed_at: Mapped[datetime | None]
    troubles: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    ended_at: Mapped[datetime | None]


class ServiceState(Base):
    """What the service must remember of itself from one start to the next; one row."""

    __tablename__ = "service_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    mode: Mapped[str | None]
    """The mode of the last start that was not live as ever; empty is live."""
    mode_since: Mapped[datetime | None]
    left_shadow_at: Mapped[datetime | None]
    first_reconcile_accepted: Mapped[int | None] = mapped_column(Integer)
    shadow_summary: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    shadow_told: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
