"""What each step was told and decided, and the settings it was decided under"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("attempts", sa.Column("recorded", sa.LargeBinary(), nullable=True))
    where = sa.text("recorded IS NOT NULL")
    op.create_index(
        "ix_attempts_recorded",
        "attempts",
        ["happened_at"],
        sqlite_where=where,
        postgresql_where=where,
    )
    op.create_table(
        "recorded_settings",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_recorded_settings")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("recorded_settings")
    op.drop_index("ix_attempts_recorded", table_name="attempts")
    op.drop_column("attempts", "recorded")
