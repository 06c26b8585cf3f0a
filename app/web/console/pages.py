"""Puts the console together and adds it to the application."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.exception_handlers import http_exception_handler
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.domain.record import OrderRecord
from app.flow.forecast import Pace
from app.flow.preview import Preview
from app.shown_settings import ShownSetting
from app.store.session import Store
from app.web.console.access import Access, AccessRules
from app.web.console.assets import Assets
from app.web.console.attention_page import add_attention
from app.web.console.bulk_retry import add_bulk_retry
from app.web.console.decide_page import add_decide_page
from app.web.console.events_page import add_events
from app.web.console.order_list import add_order_list
from app.web.console.order_page import add_order_page
from app.web.console.overview import add_overview
from app.web.console.pauses_page import add_pauses
from app.web.console.refusals import Refused
from app.web.console.rendering import Templates
from app.web.console.replay_page import add_replay
from app.web.console.schedules_page import add_schedules
from app.web.console.service_pages import add_service_pages
from app.web.console.signing_in import add_sign_in
from app.web.console.visits import Console
from app.web.wrong_requests import answer_wrong_method

NO_SUCH_PAGE = Refused(404, "No such page", "The address may be misspelled, or out of date.")
FORM_ONLY = Refused(
    405,
    "No page by itself",
    "This address only takes what a form sends. Nothing was done. Open the page with the form "
    "again, and send it from there.",
)


@dataclass(frozen=True, slots=True)
class ConsoleParts:
    """What the console is made of; `preview` reads an order at the marketplace."""

    store: Store
    access: AccessRules
    settings: Sequence[ShownSetting]
    pace: Pace
    at_risk_seconds: float
    warehouse_country: str
    wake: Callable[[], None]
    preview: Callable[[OrderRecord], Awaitable[Preview]]
    is_shadow: bool = False


def add_console(app: FastAPI, parts: ConsoleParts) -> None:
    """Add every page to *app*, beside its other routes."""
    assets = Assets()
    templates = Templates(asset=assets.path_of, version=__version__, is_shadow=parts.is_shadow)
    console = Console(parts.store, Access(parts.store, parts.access), templates)
    console.add_open("/static/{mark}/{name}", assets.serve)
    add_sign_in(console)
    add_overview(console, parts.pace, parts.at_risk_seconds)
    add_attention(console)
    add_bulk_retry(console, parts.wake)
    add_order_list(console, parts.at_risk_seconds)
    add_order_page(console, parts.preview, parts.at_risk_seconds, parts.warehouse_country)
    add_decide_page(console, parts.wake)
    add_pauses(console, parts.wake)
    add_schedules(console)
    add_replay(console, parts.wake)
    add_events(console, parts.wake)
    add_service_pages(console, parts.settings)
    app.router.routes.extend(console.router.routes)

    async def answer_unknown(request: Request, error: Exception) -> Response:
        """Show people a page where there is none; programs get what they always did."""
        assert isinstance(error, HTTPException)
        if _is_person(request):
            return console.refuse(NO_SUCH_PAGE)
        return await http_exception_handler(request, error)

    async def answer_no_page(request: Request, error: Exception) -> Response:
        """Show people a page where only a form leads, as when one is reloaded by its address."""
        answer = await answer_wrong_method(request, error)
        if not _is_person(request):
            return answer
        page = console.refuse(FORM_ONLY)
        page.headers["Allow"] = answer.headers["Allow"]
        return page

    app.add_exception_handler(404, answer_unknown)
    app.add_exception_handler(405, answer_no_page)


def _is_person(request: Request) -> bool:
    """Tell whether a browser asks for a page."""
    is_page = not request.scope["path"].startswith("/api/")  # a URL that is no text has no `url`
    return is_page and "text/html" in request.headers.get("accept", "")
