"""The tables of the people who sign in to the console, and of their sessions."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


class Operator(Base):
    """A named person. Never deleted: the history of orders names them."""

    __tablename__ = "operators"
    __table_args__ = (UniqueConstraint("name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str]
    password_hash: Mapped[str | None]
    """Argon2id with its own salt and costs; empty for one who only comes through a proxy."""
    role: Mapped[str]
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]
    failure_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """Failed sign-ins since the last good one or the last lock."""
    locked_until_at: Mapped[datetime | None]


class OperatorSession(Base):
    """One sign-in. The token itself is in the browser's cookie alone."""

    __tablename__ = "operator_sessions"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        Index("ix_operator_sessions_operator_id", "operator_id"),
        Index("ix_operator_sessions_expires_at", "expires_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    operator_id: Mapped[int] = mapped_column(ForeignKey("operators.id"))
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
