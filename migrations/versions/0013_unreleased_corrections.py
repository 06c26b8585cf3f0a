"""Corrections made before they told themselves whether they were released say so, too"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_orders = sa.table(
    "orders",
    sa.column("id", sa.BigInteger),
    sa.column("state", sa.Text),
    sa.column("attention_reason", sa.Text),
    sa.column("corrections", sa.JSON(none_as_null=True)),
)
_attempts = sa.table(
    "attempts",
    sa.column("id", sa.BigInteger),
    sa.column("order_id", sa.BigInteger),
    sa.column("step", sa.Text),
    sa.column("outcome", sa.Text),
    sa.column("message", sa.Text),
)


def upgrade() -> None:
    """
    Bring the schema forward.

    Without the word an order that waited for its release would be sent by the next acceptance.
    """
    connection = op.get_bind()
    corrected = sa.select(_orders.c.id, _orders.c.attention_reason, _orders.c.corrections).where(
        _orders.c.corrections.is_not(None), _orders.c.state.in_(("received", "accepted"))
    )
    for row in connection.execute(corrected).all():
        if "is_unreleased" in row.corrections:
            continue
        waits = row.attention_reason == "corrected_not_released"
        if waits or _was_replaced_as_question(connection, row.id):
            connection.execute(
                sa.update(_orders)
                .where(_orders.c.id == row.id)
                .values(corrections={**row.corrections, "is_unreleased": True})
            )


def _was_replaced_as_question(connection: sa.Connection, order_id: int) -> bool:
    """Tell whether the last word about the correction was the correction, not its release."""
    last = connection.execute(
        sa.select(_attempts.c.step, _attempts.c.message)
        .where(
            _attempts.c.order_id == order_id,
            _attempts.c.outcome == "decided",
            _attempts.c.step.in_(("correct", "retry")),
        )
        .order_by(_attempts.c.id.desc())
        .limit(1)
    ).first()
    return last is not None and last.step == "correct" and ", and released by" not in last.message


def downgrade() -> None:
    """Take nothing back: the older version reads past the word."""
