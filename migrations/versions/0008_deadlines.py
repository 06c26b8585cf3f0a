"""Deadlines: what was told of them, later dates that are owed, orders the warehouse forgot"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_NOT_LEFT = "coalesce(state, '') IN ('received', 'accepted', 'placed')"


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("orders", sa.Column("deadline_told", sa.Text(), nullable=True))
    op.add_column("orders", sa.Column("postpone_to", sa.Text(), nullable=True))
    op.add_column(
        "orders", sa.Column("shipment_asked_at", sa.DateTime(timezone=True), nullable=True)
    )
    where = sa.text(_NOT_LEFT)
    op.create_index(
        "ix_orders_not_left", "orders", ["ship_by_at"], sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_orders_not_left", table_name="orders")
    for column in ("shipment_asked_at", "postpone_to", "deadline_told"):
        op.drop_column("orders", column)
