"""Alarms: whether an order ever needed a person, what people were told, backlog by the hour"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("orders", sa.Column("person_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "alarms_told",
        sa.Column("condition", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_count", sa.Integer(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("condition", "channel", name=op.f("pk_alarms_told")),
    )
    op.create_table(
        "backlog_marks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("earlier_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("earlier_orders", sa.Integer(), nullable=True),
        sa.Column("later_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("later_orders", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_backlog_marks")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("backlog_marks")
    op.drop_table("alarms_told")
    op.drop_column("orders", "person_asked_at")
