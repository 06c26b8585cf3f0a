"""Pruning of old events and attempts, and indexes for tables of a million rows"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_PARTIAL = (
    ("ix_events_unpruned", "events", "received_at", "pruned_at IS NULL"),
    ("ix_warehouse_orders_unpruned", "warehouse_orders", "intent_at", "pruned_at IS NULL"),
    ("ix_orders_open_id", "orders", "id", "state != 'closed'"),
    ("ix_shipments_not_matched", "shipments", "id", "disposition = 'not_matched'"),
)
_WHOLE = (
    ("ix_events_order_id", "events", ["order_id"]),
    ("ix_attempts_happened_at", "attempts", ["happened_at"]),
    ("ix_orders_submitted_at", "orders", ["submitted_at", "created_at"]),
    ("ix_warehouse_orders_order_id", "warehouse_orders", ["order_id"]),
    (
        "ix_warehouse_orders_warehouse_order_number",
        "warehouse_orders",
        ["warehouse_order_number"],
    ),
)
_PRUNED = ("events", "warehouse_orders")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "tallies",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("up_to_id", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_tallies")),
    )
    for table in _PRUNED:
        op.add_column(table, sa.Column("pruned_at", sa.DateTime(timezone=True), nullable=True))
    for name, table, column, condition in _PARTIAL:
        where = sa.text(condition)
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)
    for name, table, columns in _WHOLE:
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Take it back."""
    for name, table, *_ in (*_PARTIAL, *_WHOLE):
        op.drop_index(name, table_name=table)
    for table in _PRUNED:
        op.drop_column(table, "pruned_at")
    op.drop_table("tallies")
