"""The verdict of the review, people's decisions, and the reject's intent"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TEXTS = ("verdict", "decision", "accept_quantities")
_TIMES = ("verdict_at", "hold_until_at", "reject_intent_at", "reject_sent_before_at")


def upgrade() -> None:
    """Bring the schema forward."""
    for name in _TEXTS:
        op.add_column("orders", sa.Column(name, sa.JSON(), nullable=True))
    for name in _TIMES:
        op.add_column("orders", sa.Column(name, sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Take it back."""
    for name in (*_TIMES, *_TEXTS):
        op.drop_column("orders", name)
