"""The first page: is all well, what needs a person, what will be late."""

from starlette.responses import Response

from app.domain.reasons import reason_of
from app.flow.forecast import Pace
from app.store.order_lists import count_attention, list_oldest
from app.web.console.pictures import draw_days
from app.web.console.trends import TrendBook
from app.web.console.visits import Console, Visit
from app.web.health import read_status

OLDEST_SHOWN = 5


def add_overview(console: Console, pace: Pace, at_risk_seconds: float) -> None:
    """Add it to *console*."""
    trends = TrendBook(console.store)

    async def overview(visit: Visit) -> Response:
        status = await read_status(visit.store, pace, at_risk_seconds)
        groups = await count_attention(visit.store)
        return visit.page(
            "overview.html",
            shown=status,
            groups=[(group, reason_of(group.reason)) for group in groups],
            oldest=await list_oldest(visit.store, OLDEST_SHOWN),
            charts=draw_days(await trends.read()),
        )

    console.add_page("/", overview)
