"""What goes on beside orders: shipments of nobody, the settings."""

from collections.abc import Sequence

from starlette.responses import Response

from app.shown_settings import ShownSetting
from app.store.order_lists import list_stray_shipments
from app.web.console.order_list import link_to, number_of
from app.web.console.visits import Console, Visit

PAGE = 50


def add_service_pages(console: Console, settings: Sequence[ShownSetting]) -> None:
    """Add them to *console*."""

    async def shipments(visit: Visit) -> Response:
        before_id = number_of(visit.query, "before")
        page, next_id = await list_stray_shipments(visit.store, before_id=before_id, limit=PAGE)
        older = link_to("/shipments", before=next_id) if next_id else None
        newest = "/shipments" if before_id is not None else None
        return visit.page("shipments.html", shipments=page, older=older, newest=newest)

    async def settings_page(visit: Visit) -> Response:
        return visit.page("settings.html", settings=settings)

    console.add_page("/shipments", shipments)
    console.add_page("/settings", settings_page)
