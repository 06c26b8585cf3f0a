"""Answers to tasks, fingerprints of what was sent, and orders that are held back"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_COLUMNS: dict[str, tuple[tuple[str, sa.types.TypeEngine], ...]] = {
    "orders": (
        ("task_reason", sa.Text()),
        ("task_answer", sa.Text()),
        ("task_answered_at", _TIME),
        ("task_followed_at", _TIME),
        ("new_address", sa.JSON()),
        ("next_external_number", sa.Text()),
        ("resend_at", _TIME),
    ),
    "warehouse_orders": (
        ("fingerprint", sa.JSON()),
        ("hold_release_at", _TIME),
        ("release_intent_at", _TIME),
        ("release_sent_before_at", _TIME),
        ("released_at", _TIME),
    ),
    "shipments": (("settled_at", _TIME),),
}


def upgrade() -> None:
    """Bring the schema forward."""
    for table, columns in _COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    op.add_column(
        "orders",
        sa.Column("replaced_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_column("orders", "replaced_count")
    for table, columns in _COLUMNS.items():
        for name, _ in columns:
            op.drop_column(table, name)
