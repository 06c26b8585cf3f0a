"""
The sandbox's own page, made on the server: no script, and nothing from any other host.

Forms do what they say and lead to the page that shows it; what cannot be done is told on a page
that names the field and the cure.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from app.simulator.ankorstore import Order
from app.simulator.asgi import AsgiApp
from app.simulator.sandbox import breaking, views
from app.simulator.sandbox.forms import Refused, read_fields
from app.simulator.sandbox.order_actions import act_on_order
from app.simulator.sandbox.situations import SITUATIONS, place_situation
from app.simulator.sandbox.state import Sandbox

SAFE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
        "base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
LOOPBACK_NAMES = ["127.0.0.1", "localhost"]
STYLE = Path(__file__).with_name("templates") / "sandbox.css"
ORDERS_AT_ONCE_MAX = 50


class Pages:
    """Every page and form of a sandbox."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._templates = Environment(
            loader=PackageLoader("app.simulator.sandbox"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    async def overview(self, request: Request) -> Response:
        """Show the orders of both companies, and the form to place one."""
        keeps_looking = request.query_params.get("look") == "on"
        shown = views.overview(self._sandbox, SITUATIONS)
        return self._render("overview.html", keeps_looking=keeps_looking, **shown)

    async def order(self, request: Request) -> Response:
        """Show one order at both companies, and what can be done to it."""
        return self._render("order.html", **views.order(self._sandbox, self._find(request)))

    async def breaking(self, request: Request) -> Response:
        """Show what can be broken, and what is."""
        return self._render("breaking.html", **views.breaking(self._sandbox))

    async def place(self, request: Request) -> Response:
        """Place orders of one kind."""
        fields = await read_fields(request)
        code = fields.choice("kind", "Kind", SITUATIONS)
        for _ in range(fields.whole("count", "How many", 1, ORDERS_AT_ONCE_MAX)):
            place_situation(self._sandbox, code)
        return _lead_to("/")

    async def act(self, request: Request) -> Response:
        """Do something to one order."""
        order, fields = self._find(request), await read_fields(request)
        done = act_on_order(self._sandbox, order, request.path_params["action"], fields)
        self._sandbox.note(f"{order.reference}: {done}")
        return _lead_to(f"/orders/{order.id}")

    async def set_knob(self, request: Request) -> Response:
        """Set or break something."""
        knob, fields = request.path_params["knob"], await read_fields(request)
        self._sandbox.note(breaking.set_knob(self._sandbox, knob, fields))
        return _lead_to("/" if knob in ("clock", "stock", "connector") else "/breaking")

    async def style(self, request: Request) -> Response:
        """Return the sheet of all pages."""
        return Response(STYLE.read_bytes(), media_type="text/css", headers=dict(SAFE_HEADERS))

    async def tell_refusal(self, request: Request, error: Exception) -> Response:
        """Say what is wrong and the cure; nothing was done."""
        if isinstance(error, HTTPException):
            error = Refused(
                "there is no such page", "Go back to the orders.", status=error.status_code
            )
        assert isinstance(error, Refused)
        shown = {"problem": error.problem, "cure": error.cure}
        return self._render("refused.html", error.status, **shown)

    def _find(self, request: Request) -> Order:
        order = self._sandbox.ankorstore.orders.get(request.path_params["order"])
        if order is None:
            raise Refused("there is no such order", "Go back to the orders.", 404)
        return order

    def _render(self, template: str, status: int = 200, **shown: Any) -> Response:
        shared = views.shared(self._sandbox)
        page = self._templates.get_template(template).render(
            {"keeps_looking": False, **shared, **shown}
        )
        return HTMLResponse(page, status, headers=dict(SAFE_HEADERS))


def console_app(sandbox: Sandbox) -> AsgiApp:
    """Return the sandbox's page as an app for this machine's own names only."""
    pages = Pages(sandbox)
    return Starlette(
        routes=[
            Route("/", pages.overview),
            Route("/breaking", pages.breaking),
            Route("/orders", pages.place, methods=["POST"]),
            Route("/orders/{order}", pages.order),
            Route("/orders/{order}/{action}", pages.act, methods=["POST"]),
            Route("/set/{knob}", pages.set_knob, methods=["POST"]),
            Route("/sandbox.css", pages.style),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_NAMES)],
        exception_handlers={Refused: pages.tell_refusal, HTTPException: pages.tell_refusal},
    )


def _lead_to(path: str) -> Response:
    return RedirectResponse(path, 303, headers=dict(SAFE_HEADERS))
