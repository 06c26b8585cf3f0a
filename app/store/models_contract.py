"""The table of what companies sent that their documentation does not name."""

from datetime import datetime

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base


class ContractSighting(Base):
    """One name not known at one place; never a value that could be about a person."""

    __tablename__ = "contract_sightings"

    company: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    place: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    seen_count: Mapped[int] = mapped_column(BigInteger)
    example: Mapped[str]
