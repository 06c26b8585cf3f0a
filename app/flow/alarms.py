"""What must wake somebody up: told in the log at the highest level, once."""

import structlog

from app.domain.record import OrderRecord

ALARMING = ("wrong_label_confirmed",)
"""Reasons that cost money by the hour: a label was bought, and two carriers may collect."""

log = structlog.get_logger(__name__)


def tell_alarm(before: OrderRecord, after: OrderRecord) -> None:
    """Log that an order has come to an alarming reason; silent while it stands there."""
    reason = after.attention_reason
    if reason not in ALARMING or reason == before.attention_reason:
        return
    log.critical(
        f"order.{reason}",
        correlation_id=after.marketplace_order_id,
        marketplace_reference=after.marketplace_reference,
        marketplace_status=after.marketplace_status,
        attention_since=after.attention_since.isoformat() if after.attention_since else None,
    )
