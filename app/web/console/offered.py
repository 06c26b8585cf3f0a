"""Which decisions an order's page offers first: those that make sense as it stands."""

from collections.abc import Mapping, Sequence

from app.domain.deadlines import UNDISPATCHED
from app.domain.record import OrderRecord
from app.domain.returns import RETURN_REASONS
from app.domain.tasks import answers_to
from app.store.possible_moves import (
    LABEL_REASONS,
    PARCEL_REASONS,
    PARTIAL_REASONS,
    possible_moves,
)
from app.web.console.actions import ACTIONS, Action

_SPELLED = {"accept --partial": "accept-partial"}
_ANSWERS = frozenset({"accept", "accept --partial", "hold", "reject", "release", "retry", "take"})
"""Of what is possible, what answers a question about the order itself; the rest stands below."""
_CORRECTABLE = (
    "sku_unknown",
    "sku_missing",
    "pack_mode_mismatch",
    "pack_mode_unconfirmed",
    "house_number_missing",
    "address_unsure",
    "correction_outdated",
)
"""What a correction of this one order cures."""
_BY_REASON: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(_CORRECTABLE, ("correct",)),
    **dict.fromkeys(LABEL_REASONS, ("reset-label",)),
    **dict.fromkeys(PARCEL_REASONS, ("parcels",)),
    **dict.fromkeys(PARTIAL_REASONS, ("confirm-partial",)),
    **dict.fromkeys(RETURN_REASONS, ("return", "return-label", "return-close")),
    "warehouse_order_cancelled": ("resend", "close"),
}


def offered_first(order: OrderRecord, *, is_near: bool) -> list[Action]:
    """
    Return the decisions that most likely help, the one that answers what is asked before others.

    *is_near*: its ship-by date is near, or past. Each decision still answers for itself whether it
    is possible.
    """
    names = ["settle"] if answers_to(order.attention_reason) else []
    names += _BY_REASON.get(order.attention_reason or "", ())
    moves = [_SPELLED.get(move, move) for move in possible_moves(order) if move in _ANSWERS]
    names += sorted(moves, key=lambda move: move not in ("release", "take", "retry"))
    is_waiting = order.state in UNDISPATCHED and order.attention_reason is None
    if is_near or (is_waiting and order.ship_by_at is not None):
        names.append("postpone")
    return [ACTIONS[name] for name in dict.fromkeys(names)]


def offered_else(first: Sequence[Action]) -> list[Action]:
    """Return all other decisions."""
    return [action for action in ACTIONS.values() if action not in first]
