"""The names of an order's retailer, to be searched for, and why a pause was ended"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_NAMED = sa.text("retailer_text IS NOT NULL")


def upgrade() -> None:
    """Bring the schema forward."""
    op.add_column("orders", sa.Column("retailer_text", sa.Text(), nullable=True))
    op.create_index(
        "ix_orders_named", "orders", ["created_at"], sqlite_where=_NAMED, postgresql_where=_NAMED
    )
    op.add_column("pauses", sa.Column("resume_reason", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("pauses", "resume_reason")
    op.drop_index("ix_orders_named", table_name="orders")
    op.drop_column("orders", "retailer_text")
