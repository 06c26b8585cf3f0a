"""
One visit of one person to one page, and what stands around all pages.

Every page goes through `Console`: who is it, may they, does the form belong to them; and whatever
goes wrong becomes a page that says so, without a word of the inside.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Router

from app.domain.pauses import Pause, tell_pause
from app.store.pauses import load_pauses
from app.store.session import Store
from app.web.console.access import Access, Person
from app.web.console.cookies import (
    FORM,
    SAID,
    is_form_token,
    open_said,
    read_cookie,
    seal_said,
    set_cookie,
)
from app.web.console.forms import Form, read_form
from app.web.console.refusals import Refused
from app.web.console.rendering import SAFE_HEADERS, Templates

SIGN_IN_PATH = "/sign-in"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of somebody who is signed in, and what their form holds."""

    request: Request
    person: Person
    store: Store
    templates: Templates
    pauses: Mapping[str, Pause]
    """What is paused, for the banner of every page."""
    form: Form = field(default_factory=dict)

    @property
    def query(self) -> Mapping[str, str]:
        """The query as sent; a NUL, which no database takes as text, ends a value."""
        params = self.request.query_params
        return {name: value.partition("\x00")[0] for name, value in params.items()}

    def page(self, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page, with what the last decision answered, once."""
        sealed = read_cookie(self.request, SAID)
        said = open_said(sealed, self.person.key) if sealed else None
        response = self.templates.render(
            template,
            status,
            person=self.person,
            path=self.request.scope["path"],
            now=self.store.now(),
            said=said,
            banner=[(tell_pause(pause), pause.reason) for pause in self.pauses.values()],
            **context,
        )
        if sealed:
            set_cookie(response, self.request, SAID, "")
        return response

    async def look_again(self) -> "Visit":
        """Return the visit with what is paused now, after something else was decided of it."""
        return replace(self, pauses=await load_pauses(self.store))

    def say(self, text: str, at: str) -> Response:
        """Return the way to the page *at*, which says *text*."""
        response = go_to(at)
        set_cookie(response, self.request, SAID, seal_said(text, self.person.key), seconds=60)
        return response


Page = Callable[[Visit], Awaitable[Response]]
Open = Callable[[Request], Awaitable[Response]]


class Console:
    """All pages of the console, and the one way to each."""

    def __init__(self, store: Store, access: Access, templates: Templates) -> None:
        """Start without a page."""
        self.store = store
        self.access = access
        self.templates = templates
        self.router = Router()

    def add_page(self, path: str, page: Page) -> None:
        """Add a page to look at."""

        async def answer(request: Request) -> Response:
            person = await self.access.identify(request)
            if person is None:
                return go_to_sign_in(request)
            response = await _within(await self._visit(request, person, {}), page)
            self._keep_key(response, request, person)
            return response

        self.add_open(path, answer)

    def add_action(self, path: str, page: Page) -> None:
        """Add what a form does: for operators only, and only from a page of their own session."""

        async def answer(request: Request) -> Response:
            person = await self.access.identify(request)
            if person is None:
                return go_to(SIGN_IN_PATH)
            form = await read_form(request)
            require_form_token(form, person.form_token)
            require_operator(person)
            return await _within(await self._visit(request, person, form), page)

        self.add_open(path, answer, method="POST")

    def add_open(self, path: str, page: Open, *, method: str = "GET") -> None:
        """Add a page for everybody; what goes wrong in it is told by a page too."""

        async def answer(request: Request) -> Response:
            try:
                response = await page(request)
            except Refused as refused:
                response = self.refuse(refused)
            except (DBAPIError, PoolTimeout, OSError, TimeoutError) as error:
                log.error("console.no_database", error=type(error).__name__)
                response = self.refuse(NO_DATABASE)
            except Exception as error:
                log.exception("console.failed", error=type(error).__name__)
                response = self.refuse(BUG)
            response.headers.update(SAFE_HEADERS)
            return response

        self.router.add_route(path, answer, methods=[method])

    def refuse(self, refused: Refused) -> Response:
        """Return the page of a refusal."""
        return self.templates.render(
            "message.html", refused.status, title=refused.title, text=refused.text, back=None
        )

    async def _visit(self, request: Request, person: Person, form: Form) -> Visit:
        pauses = await load_pauses(self.store)
        return Visit(request, person, self.store, self.templates, pauses, form)

    def _keep_key(self, response: Response, request: Request, person: Person) -> None:
        if person.is_by_proxy and read_cookie(request, FORM) != person.key:
            set_cookie(response, request, FORM, person.key)


async def _within(visit: Visit, page: Page) -> Response:
    """Return a page, or its refusal with all that stands around pages, so that one can go on."""
    try:
        return await page(visit)
    except Refused as refused:
        return visit.page(
            "message.html",
            refused.status,
            title=refused.title,
            text=refused.text,
            back=refused.back,
        )


NO_DATABASE = Refused(
    503,
    "The database cannot be reached",
    "Nothing can be shown or decided until it is back. No order is lost: webhooks are answered 503 "
    "meanwhile, and Ankorstore sends them again. Try again in a minute; if it stays so, look at "
    "/health/ready and at the service's log.",
)
BUG = Refused(500, "Something failed here", "The log says where. Nothing was decided by this.")


def require_operator(person: Person) -> None:
    """
    Check that a person may decide.

    Raises:
        Refused: They may only look.
    """
    if not person.may_decide:
        raise Refused(403, "You may look only", "A viewer decides nothing. Ask an operator.")


def require_form_token(form: Form, right: str) -> None:
    """
    Check that a form came from a page made for the one who sends it.

    Raises:
        Refused: It did not, or that session is over.
    """
    if not is_form_token(form.get("form_token", ""), right):
        raise Refused(
            403,
            "This form is not valid any more",
            "It belongs to another sign-in, or did not come from this console. Nothing was done. "
            "Open the page again and send it from there. Your browser must keep cookies, and does "
            "so only over https, or on this very machine.",
        )


def go_to(path: str) -> Response:
    """Send the browser to a page of the console."""
    headers = {"Cache-Control": "no-store"}
    return RedirectResponse(path, status_code=303, headers=headers)


def go_to_sign_in(request: Request) -> Response:
    """Send a stranger to the sign-in, and from there back to what they wanted."""
    path, query = request.scope["path"], request.scope["query_string"].decode("ascii", "replace")
    wanted = f"{path}?{query}" if query else path
    return go_to(SIGN_IN_PATH if wanted == "/" else f"{SIGN_IN_PATH}?next={quote(wanted, safe='')}")


def is_own_path(path: str) -> bool:
    """Tell whether *path* surely leads to a page here and nowhere else."""
    is_printable = all(33 <= ord(character) <= 126 for character in path)
    return path.startswith("/") and not path.startswith("//") and "\\" not in path and is_printable
