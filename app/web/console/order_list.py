"""Lists of orders: filtered, page by page, and what a search finds."""

from collections.abc import Mapping
from urllib.parse import urlencode

from starlette.responses import Response

from app.domain.deadlines import Deadline
from app.domain.lifecycle import State
from app.domain.reasons import REASONS
from app.store.order_search import WINDOW, search_orders
from app.store.queries import ANY_ATTENTION, MAX_PAGE, OrderFilter, list_orders
from app.web.console.refusals import Refused
from app.web.console.visits import Console, Visit, go_to

PAGE = 50
MOST_FOUND = MAX_PAGE
MAX_SEARCH = 200


def add_order_list(console: Console, at_risk_seconds: float) -> None:
    """Add them to *console*."""

    async def orders(visit: Visit) -> Response:
        query = visit.query
        wanted = {
            "state": _one_of(query, "state", tuple(State)),
            "attention": _one_of(query, "attention", (ANY_ATTENTION, *REASONS)),
            "deadline": _one_of(query, "deadline", tuple(Deadline)),
        }
        page, next_id = await list_orders(
            visit.store,
            OrderFilter(
                **wanted,
                at_risk_seconds=at_risk_seconds,
                after_id=number_of(query, "after"),
                limit=PAGE,
            ),
        )
        return visit.page(
            "orders.html",
            orders=page,
            wanted=wanted,
            choices={
                "state": tuple(State),
                "attention": (ANY_ATTENTION, *sorted(REASONS)),
                "deadline": tuple(Deadline),
            },
            newest=link_to("/orders", **wanted) if query.get("after") else None,
            older=link_to("/orders", **wanted, after=next_id) if next_id is not None else None,
        )

    async def search(visit: Visit) -> Response:
        text = visit.query.get("q", "").strip()[:MAX_SEARCH]
        before_id = number_of(visit.query, "before")
        wanted = OrderFilter(q=text, after_id=before_id, limit=MOST_FOUND)
        found, older = await search_orders(visit.store, wanted)
        if len(found) == 1 and older is None and before_id is None:
            return go_to(f"/orders/{found[0].marketplace_order_id}")
        return visit.page(
            "search.html",
            q=text,
            orders=found,
            is_first=before_id is None,
            window=WINDOW,
            older=link_to("/search", q=text, before=older) if older is not None else None,
        )

    console.add_page("/orders", orders)
    console.add_page("/search", search)


def link_to(path: str, **query: object) -> str:
    """Return a link with the parts of a query that say something."""
    said = {name: str(value) for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(said)}" if said else path


def number_of(query: Mapping[str, str], name: str) -> int | None:
    """
    Return a number of a query, None where it is not there.

    Raises:
        Refused: It is no number.
    """
    text = query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):
        raise Refused(422, "No such page", f"{name} is a number that a link of the list holds.")
    return int(text)


def _one_of(query: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str | None:
    value = query.get(name, "")
    if value and value not in allowed:
        raise Refused(422, "No such filter", f"{name} is one of: {', '.join(sorted(allowed))}.")
    return value or None
