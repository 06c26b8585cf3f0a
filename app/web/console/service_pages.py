"""What goes on beside orders: events, shipments of nobody, periodic jobs, the settings."""

from collections.abc import Sequence

from starlette.responses import Response

from app.shown_settings import ShownSetting
from app.store.order_lists import list_events, list_stray_shipments
from app.store.schedules import load_schedules
from app.web.console.order_list import link_to, number_of
from app.web.console.visits import Console, Visit

PAGE = 50


def add_service_pages(console: Console, settings: Sequence[ShownSetting]) -> None:
    """Add them to *console*."""

    async def events(visit: Visit) -> Response:
        only = "yes" if visit.query.get("unprocessed") == "yes" else None
        before_id = number_of(visit.query, "before")
        page, next_id = await list_events(
            visit.store, before_id=before_id, only_unprocessed=only is not None, limit=PAGE
        )
        older = link_to("/events", unprocessed=only, before=next_id) if next_id else None
        newest = link_to("/events", unprocessed=only) if before_id is not None else None
        return visit.page("events.html", events=page, only=only, older=older, newest=newest)

    async def shipments(visit: Visit) -> Response:
        before_id = number_of(visit.query, "before")
        page, next_id = await list_stray_shipments(visit.store, before_id=before_id, limit=PAGE)
        older = link_to("/shipments", before=next_id) if next_id else None
        newest = "/shipments" if before_id is not None else None
        return visit.page("shipments.html", shipments=page, older=older, newest=newest)

    async def schedules(visit: Visit) -> Response:
        jobs = await load_schedules(visit.store)
        return visit.page("schedules.html", jobs=sorted(jobs.values(), key=lambda job: job.name))

    async def settings_page(visit: Visit) -> Response:
        return visit.page("settings.html", settings=settings)

    console.add_page("/events", events)
    console.add_page("/shipments", shipments)
    console.add_page("/schedules", schedules)
    console.add_page("/settings", settings_page)
