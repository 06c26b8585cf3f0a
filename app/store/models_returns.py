"""The tables of returns, and of what carriers say of parcels under way."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


class Return(Base):
    """
    Goods of one shipment on their way back, from the refusal or the retailer's wish on.

    Columns of the announcement: intent before the call, answer after; `rma_id` is the
    warehouse's. `problem` says what a person must settle first.
    """

    __tablename__ = "returns"
    __table_args__ = (
        UniqueConstraint("order_id", "warehouse_shipment_id"),
        Index(
            "ix_returns_unfinished",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    warehouse_shipment_id: Mapped[str]
    state: Mapped[str]
    opened_by: Mapped[str]
    opened_at: Mapped[datetime]
    remark: Mapped[str | None]
    items: Mapped[list[Any] | None]
    problem: Mapped[str | None]

    announce_asked_at: Mapped[datetime | None]
    announce_intent_at: Mapped[datetime | None]
    announce_sent_before_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    rma_id: Mapped[str | None]

    label_asked_at: Mapped[datetime | None]
    labelled_at: Mapped[datetime | None]
    label_mime_type: Mapped[str | None]
    label_file_name: Mapped[str | None]
    label_package_number: Mapped[str | None]
    label_data: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The label itself, which names people: emptied when the case is closed."""

    looked_at: Mapped[datetime | None]
    booked_pieces: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    booked_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class CarrierReport(Base):
    """What a carrier reports of a parcel, as the warehouse passes it on: numbers without a key."""

    __tablename__ = "carrier_reports"
    __table_args__ = (UniqueConstraint("warehouse_shipment_id", "package_number"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    warehouse_shipment_id: Mapped[str]
    package_number: Mapped[str]
    external_order_number: Mapped[str | None]
    status_text: Mapped[str | None]
    exception_text: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    read_at: Mapped[datetime]
