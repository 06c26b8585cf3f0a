"""The webhook subscriptions this service keeps, how they are, and the doctor's last findings"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TIME = sa.DateTime(timezone=True)
_TABLES = ("loopback_challenges", "doctor_reports", "webhook_watch", "webhook_subscriptions")


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "webhook_subscriptions",
        sa.Column("id", _ID, nullable=False),
        sa.Column("subscription_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("known_ids", sa.JSON(), nullable=True),
        sa.Column("secret_encrypted", sa.Text(), nullable=True),
        sa.Column("secret_until_at", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("delete_after_at", _TIME, nullable=True),
        sa.Column("ended_at", _TIME, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_subscriptions")),
        sa.UniqueConstraint(
            "subscription_id", name=op.f("uq_webhook_subscriptions_subscription_id")
        ),
    )
    for state in ("creating", "active"):
        where = sa.text(f"state = '{state}'")
        op.create_index(
            f"uq_webhook_subscriptions_{state}",
            "webhook_subscriptions",
            ["state"],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_table(
        "webhook_watch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("managed_since_at", _TIME, nullable=True),
        sa.Column("managed_by", sa.Text(), nullable=True),
        sa.Column("checked_at", _TIME, nullable=True),
        sa.Column("is_up", sa.Boolean(), nullable=True),
        sa.Column("problem", sa.Text(), nullable=True),
        sa.Column("lost_at", _TIME, nullable=True),
        sa.Column("loss_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_watch")),
    )
    op.create_table(
        "doctor_reports",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("examined_at", _TIME, nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_doctor_reports")),
    )
    op.create_table(
        "loopback_challenges",
        sa.Column("challenge_hash", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("challenge_hash", name=op.f("pk_loopback_challenges")),
    )
    op.create_index("ix_loopback_challenges_expires_at", "loopback_challenges", ["expires_at"])


def downgrade() -> None:
    """Take it back."""
    for table in _TABLES:
        op.drop_table(table)
