"""The table of pauses."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


class PauseRow(Base):
    """A pause, in force until it is resumed; kept afterwards, to tell who paused what and why."""

    __tablename__ = "pauses"
    __table_args__ = (
        Index(
            "uq_pauses_in_force",
            "what",
            unique=True,
            sqlite_where=text("resumed_at IS NULL"),
            postgresql_where=text("resumed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    what: Mapped[str]
    paused_at: Mapped[datetime]
    paused_by: Mapped[str]
    reason: Mapped[str]
    resumed_at: Mapped[datetime | None]
    resumed_by: Mapped[str | None]
    resume_reason: Mapped[str | None]
