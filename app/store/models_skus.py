"""The tables of what operators say of single SKUs, and of what they said before."""

from datetime import datetime

from sqlalchemy import DDL, Index, Integer, event, text
from sqlalchemy.orm import Mapped, mapped_column

from app.store.models import Base, BigId


class SkuRule(Base):
    """What one marketplace SKU is at the warehouse; an empty member leaves it to the settings."""

    __tablename__ = "sku_rules"

    marketplace_sku: Mapped[str] = mapped_column(primary_key=True)
    warehouse_sku: Mapped[str | None]
    pack_mode: Mapped[str | None]
    note: Mapped[str]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str]


class SkuRuleChange(Base):
    """One change of an entry. Never changed, never pruned."""

    __tablename__ = "sku_rule_changes"
    __table_args__ = (Index("ix_sku_rule_changes_marketplace_sku", "marketplace_sku", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    marketplace_sku: Mapped[str]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str]
    warehouse_sku_before: Mapped[str | None]
    pack_mode_before: Mapped[str | None]
    warehouse_sku: Mapped[str | None]
    pack_mode: Mapped[str | None]
    note: Mapped[str]


class SkuTableState(Base):
    """One row that counts the changes: whoever relied on an older count judges again."""

    __tablename__ = "sku_table_state"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    change_count: Mapped[int] = mapped_column(Integer, server_default=text("0"))


# The one row comes with the table, whoever creates it; the migration says so for itself.
event.listen(
    SkuTableState.__table__,
    "after_create",
    DDL(  # type: ignore[no-untyped-call]
        "INSERT INTO sku_table_state (id, change_count) VALUES (1, 0)"
    ),
)
