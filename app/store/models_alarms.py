"""The tables of what people were told of, so that restarts and replicas do not repeat it."""

from datetime import datetime

from sqlalchemy import Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base


class AlarmTold(Base):
    """What one channel was told of one condition (`app/alerts/telling.py` says what it means)."""

    __tablename__ = "alarms_told"

    condition: Mapped[str] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(primary_key=True)
    told_at: Mapped[datetime | None]
    told_count: Mapped[int | None] = mapped_column(Integer)
    failures: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    next_try_at: Mapped[datetime | None]


class BacklogMark(Base):
    """How big the backlog was at the beginning of this hour, and of the one before; one row."""

    __tablename__ = "backlog_marks"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    earlier_at: Mapped[datetime | None]
    earlier_orders: Mapped[int | None] = mapped_column(Integer)
    later_at: Mapped[datetime]
    later_orders: Mapped[int] = mapped_column(Integer)
