"""What operators say of single SKUs, and what they corrected for one order"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema forward."""
    op.create_table(
        "sku_rules",
        sa.Column("marketplace_sku", sa.Text(), nullable=False),
        sa.Column("warehouse_sku", sa.Text(), nullable=True),
        sa.Column("pack_mode", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("marketplace_sku", name=op.f("pk_sku_rules")),
    )
    op.create_table(
        "sku_rule_changes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("marketplace_sku", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("warehouse_sku_before", sa.Text(), nullable=True),
        sa.Column("pack_mode_before", sa.Text(), nullable=True),
        sa.Column("warehouse_sku", sa.Text(), nullable=True),
        sa.Column("pack_mode", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sku_rule_changes")),
    )
    op.create_index(
        "ix_sku_rule_changes_marketplace_sku", "sku_rule_changes", ["marketplace_sku", "id"]
    )
    state = op.create_table(
        "sku_table_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("change_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sku_table_state")),
    )
    op.bulk_insert(state, [{"id": 1, "change_count": 0}])
    op.add_column("orders", sa.Column("corrections", sa.JSON(), nullable=True))
    where = sa.text("corrections IS NOT NULL")
    op.create_index(
        "ix_orders_corrected", "orders", ["closed_at"], sqlite_where=where, postgresql_where=where
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_orders_corrected", table_name="orders")
    op.drop_column("orders", "corrections")
    op.drop_table("sku_table_state")
    op.drop_index("ix_sku_rule_changes_marketplace_sku", table_name="sku_rule_changes")
    op.drop_table("sku_rule_changes")
    op.drop_table("sku_rules")
