"""Decisions about parcels, watching of deliveries, and returns"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_TIMES = (
    "partial_wait_from_at",
    "partial_confirm_at",
    "parcels_agreed_at",
    "label_reset_asked_at",
    "label_reset_sent_before_at",
    "delivery_look_at",
    "delivered_at",
)
_LISTS = ("parcels_agreed", "parcels_told")
_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_RETURN_TEXTS = ("remark", "problem", "rma_id")
_LABEL_TEXTS = ("label_mime_type", "label_file_name", "label_package_number")
_RETURN_TIMES = (
    "announce_asked_at",
    "announce_intent_at",
    "announce_sent_before_at",
    "announced_at",
    "label_asked_at",
    "labelled_at",
    "looked_at",
    "booked_at",
    "closed_at",
)


def _time(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = True) -> sa.Column[object]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    """Bring the schema forward."""
    for name in _TIMES:
        op.add_column("orders", _time(name))
    for name in _LISTS:
        op.add_column("orders", sa.Column(name, sa.JSON(), nullable=True))
    watched = sa.text("delivery_look_at IS NOT NULL")
    op.create_index(
        "ix_orders_delivery_look_at",
        "orders",
        ["delivery_look_at"],
        sqlite_where=watched,
        postgresql_where=watched,
    )
    op.create_table(
        "returns",
        sa.Column("id", _ID, nullable=False),
        sa.Column("order_id", _ID, nullable=False),
        _text("warehouse_shipment_id", nullable=False),
        _text("state", nullable=False),
        _text("opened_by", nullable=False),
        _time("opened_at", nullable=False),
        *(_text(name) for name in (*_RETURN_TEXTS, *_LABEL_TEXTS)),
        *(_time(name) for name in _RETURN_TIMES),
        sa.Column("items", sa.JSON(), nullable=True),
        sa.Column("label_data", sa.LargeBinary(), nullable=True),
        sa.Column("booked_pieces", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.ForeignKeyConstraint(["order_id"], ["orders.id"], name="fk_returns_order_id"),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.UniqueConstraint(
            "order_id", "warehouse_shipment_id", name="uq_returns_order_id_warehouse_shipment_id"
        ),
    )
    unfinished = sa.text("closed_at IS NULL")
    op.create_index(
        "ix_returns_unfinished",
        "returns",
        ["id"],
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "carrier_reports",
        sa.Column("id", _ID, nullable=False),
        _text("warehouse_shipment_id", nullable=False),
        _text("package_number", nullable=False),
        *(_text(name) for name in ("external_order_number", "status_text", "exception_text")),
        _time("reported_at"),
        _time("read_at", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_carrier_reports"),
        sa.UniqueConstraint(
            "warehouse_shipment_id",
            "package_number",
            name="uq_carrier_reports_warehouse_shipment_id_package_number",
        ),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("carrier_reports")
    op.drop_table("returns")
    op.drop_index("ix_orders_delivery_look_at", table_name="orders")
    for name in (*_LISTS, *_TIMES):
        op.drop_column("orders", name)
