"""Pauses of flows, companies and jobs; what came in can be listed"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "pauses",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("paused_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("resumed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resumed_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pauses")),
    )
    where = sa.text("resumed_at IS NULL")
    op.create_index(
        "uq_pauses_in_force",
        "pauses",
        ["what"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
    op.add_column("schedules", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("schedules", sa.Column("paused_by", sa.Text(), nullable=True))
    op.add_column("schedules", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.create_index("ix_events_received_at", "events", ["received_at", "id"])
    op.create_index("ix_events_event_type", "events", ["event_type", "received_at", "id"])
    where = sa.text("disposition = 'ignored'")
    op.create_index(
        "ix_events_ignored",
        "events",
        ["received_at", "id"],
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    """Take it back."""
    for name in ("ix_events_ignored", "ix_events_event_type", "ix_events_received_at"):
        op.drop_index(name, table_name="events")
    for column in ("pause_reason", "paused_by", "paused_at"):
        op.drop_column("schedules", column)
    op.drop_index("uq_pauses_in_force", table_name="pauses")
    op.drop_table("pauses")
