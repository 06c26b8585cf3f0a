"""Shadow mode: what would have been done for orders that today's connector carries"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("orders", sa.Column("shadowed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "shadow_orders",
        sa.Column("order_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("was_answered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("verdict", sa.JSON(), nullable=True),
        sa.Column("ordered", sa.JSON(), nullable=True),
        sa.Column("would_send", sa.JSON(), nullable=True),
        sa.Column("payload", sa.JSON(), nullable=True),
        sa.Column("fingerprint", sa.JSON(), nullable=True),
        sa.Column("observed", sa.JSON(), nullable=True),
        sa.Column("observed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("troubles", sa.JSON(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_shadow_orders_order_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_shadow_orders")),
    )
    op.create_index("ix_shadow_orders_first_seen_at", "shadow_orders", ["first_seen_at"])
    op.create_table(
        "service_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=True),
        sa.Column("mode_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_shadow_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_reconcile_accepted", sa.Integer(), nullable=True),
        sa.Column("shadow_summary", sa.JSON(), nullable=True),
        sa.Column("shadow_told", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_state")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("service_state")
    op.drop_table("shadow_orders")
    op.drop_column("orders", "shadowed_at")
