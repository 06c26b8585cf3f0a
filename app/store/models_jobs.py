"""The table of what people decided about the periodic jobs."""

from datetime import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


class JobDecisionRow(Base):
    """A job run out of turn, paused or resumed by a person; kept, to tell who did so and why."""

    __tablename__ = "job_decisions"
    __table_args__ = (Index("ix_job_decisions_job_id", "job", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    job: Mapped[str]
    decision: Mapped[str]
    decided_at: Mapped[datetime]
    decided_by: Mapped[str]
    reason: Mapped[str | None]
