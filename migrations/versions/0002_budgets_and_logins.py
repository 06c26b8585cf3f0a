"""Shared budgets, shared logins, companies that are away, and the order of claims"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_DUE_TO_PLACE = sa.text("next_attempt_at IS NOT NULL AND state IN ('received', 'accepted')")
_DUE_PLACED = sa.text(
    "next_attempt_at IS NOT NULL AND state IN ('placed', 'dispatched', 'shipped', 'closed')"
)


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "rate_budgets",
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("window_name", sa.Text(), nullable=False),
        sa.Column("arrival_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_priority", sa.Integer(), nullable=True),
        sa.Column("waiting_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("peer", "window_name", name=op.f("pk_rate_budgets")),
    )
    op.create_table(
        "call_slots",
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("slot_number", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fencing_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("peer", "slot_number", name=op.f("pk_call_slots")),
    )
    op.create_table(
        "peer_logins",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("token_encrypted", sa.Text(), nullable=True),
        sa.Column("renew_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetched", sa.JSON(), nullable=False),
        sa.Column("failure_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("failure_kind", sa.Text(), nullable=True),
        sa.Column("paused_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fencing_token", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_peer_logins")),
    )
    op.add_column("peers", sa.Column("away_since", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_orders_due_placed",
        "orders",
        ["next_attempt_at"],
        unique=False,
        sqlite_where=_DUE_PLACED,
        postgresql_where=_DUE_PLACED,
    )
    op.create_index(
        "ix_orders_due_to_place",
        "orders",
        ["ship_by_at", "next_attempt_at"],
        unique=False,
        sqlite_where=_DUE_TO_PLACE,
        postgresql_where=_DUE_TO_PLACE,
    )


def downgrade() -> None:
    """Take the schema back."""
    op.drop_index("ix_orders_due_to_place", table_name="orders")
    op.drop_index("ix_orders_due_placed", table_name="orders")
    op.drop_column("peers", "away_since")
    op.drop_table("peer_logins")
    op.drop_table("call_slots")
    op.drop_table("rate_budgets")
