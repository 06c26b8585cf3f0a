"""What needs a person, grouped by reason."""

from starlette.responses import Response

from app.domain.reasons import reason_of
from app.store.order_lists import count_attention, list_attention
from app.store.possible_moves import possible_moves
from app.web.console.visits import Console, Visit

SHOWN = 5


def add_attention(console: Console) -> None:
    """Add it to *console*."""

    async def attention(visit: Visit) -> Response:
        groups = []
        for group in await count_attention(visit.store):
            orders = await list_attention(visit.store, group.reason, SHOWN)
            can_retry = bool(orders) and "retry" in possible_moves(orders[0])
            groups.append((group, reason_of(group.reason), orders, can_retry))
        return visit.page("attention.html", groups=groups)

    console.add_page("/attention", attention)
