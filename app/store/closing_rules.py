"""When an order must not be ended by hand yet (docs/rules/attention.md, 'Tasks')."""

from app.domain.lifecycle import State
from app.domain.record import OrderRecord
from app.domain.tasks import STOP_TASKS, Answer
from app.store.session import Store


def is_answer_under_way(store: Store, order: OrderRecord) -> bool:
    """Tell whether nobody can know yet what an accept or a reject that was sent has done."""
    sent_before = (order.accept_sent_before_at, order.reject_sent_before_at)
    until = max((at for at in sent_before if at is not None), default=None)
    if order.state is not State.RECEIVED or until is None:
        return False
    is_read = order.attention_reason is not None or (order.read_at or until) > until
    return store.now() < until or not is_read


def was_told_sent(order: OrderRecord) -> bool:
    """Tell whether the last record says that the goods, which were to be stopped, were sent."""
    answered_at = order.task_answered_at
    is_present = (
        order.live is not None and answered_at is not None and answered_at >= order.live.intent_at
    )
    is_shipped = order.task_answer == Answer.SHIPPED
    return is_present and is_shipped and order.task_reason in STOP_TASKS
