"""Whether somebody deleted the webhook subscription on purpose"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("webhook_watch", sa.Column("let_go_at", sa.DateTime(timezone=True)))
    op.add_column("webhook_watch", sa.Column("let_go_by", sa.Text()))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("webhook_watch", "let_go_by")
    op.drop_column("webhook_watch", "let_go_at")
