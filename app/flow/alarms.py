"""What must wake somebody up: told in the log at the highest level, once for each event."""

import structlog

from app.domain.record import OrderRecord

ALARMING = ("wrong_label_confirmed",)
"""Reasons that cost money by the hour: a label was bought, and two carriers may collect."""

log = structlog.get_logger(__name__)


def tell_alarm(before: OrderRecord, after: OrderRecord) -> None:
    """Log that an order has come to an alarming reason; silent while it is the same event."""
    reason = after.attention_reason
    if reason not in ALARMING or reason == before.attention_reason or _is_asked_anew(before, after):
        return
    log.critical(
        f"order.{reason}",
        correlation_id=after.marketplace_order_id,
        marketplace_reference=after.marketplace_reference,
        marketplace_status=after.marketplace_status,
        attention_since=after.attention_since.isoformat() if after.attention_since else None,
    )


def _is_asked_anew(before: OrderRecord, after: OrderRecord) -> bool:
    """
    Tell whether a person knew of this and what they did about it has not settled it.

    Their command cleared the reason while it was followed; the confirm is still the same one.
    """
    is_answered = before.is_answer_owed and before.task_reason in ALARMING
    is_followed = is_answered or before.label_reset_asked_at is not None
    return is_followed and before.confirm_intent_at == after.confirm_intent_at
