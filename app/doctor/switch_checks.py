"""Whether it is said which orders are left to whoever handled them before."""

from collections.abc import Sequence

from app.doctor.diagnosis import Diagnosis, warning
from app.settings import Settings
from app.store.service_state import load_service_state
from app.store.session import Store


async def examine_switch(settings: Settings, store: Store) -> Sequence[Diagnosis]:
    """
    Judge whether orders that somebody else accepted, and may have placed, could be placed again.

    Shadow mode places nothing, and the first start after it says which orders are whose.
    """
    state = await load_service_state(store)
    is_said = settings.take_orders_submitted_after is not None or state.left_shadow_at is not None
    if is_said or settings.mode == "shadow" or not state.first_reconcile_accepted:
        return ()
    count = state.first_reconcile_accepted
    return (
        warning(
            "take_orders_submitted_after",
            f"TAKE_ORDERS_SUBMITTED_AFTER is not set, and the first reconciling found {count} "
            "orders that somebody else had accepted",
            "set TAKE_ORDERS_SUBMITTED_AFTER to when this service took over; orders submitted "
            "before are then left to whoever handled them",
        ),
    )
