"""The pages on which people sign in and out."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from app.store.operator_sessions import LOCKED_MINUTES, MOST_FAILURES
from app.web.console.cookies import FORM, SESSION, form_token, new_token, read_cookie, set_cookie
from app.web.console.forms import read_form
from app.web.console.refusals import Refused
from app.web.console.visits import SIGN_IN_PATH, Console, go_to, is_own_path, require_form_token

NOT_FITTING = (
    "That name and password do not fit, or there were too many tries. After "
    f"{MOST_FAILURES} failed tries in a row a name is locked for {LOCKED_MINUTES} minutes."
)


def add_sign_in(console: Console) -> None:
    """Add them to *console*."""
    access = console.access

    def show(request: Request, status: int = 200, **context: Any) -> Response:
        key = read_cookie(request, FORM) or new_token()
        shown = {"problem": None, "name": "", "next": "/", **context}
        response = console.templates.render(
            "sign_in.html", status, form_token=form_token(key), **shown
        )
        set_cookie(response, request, FORM, key)
        return response

    async def sign_in_page(request: Request) -> Response:
        wanted = request.query_params.get("next", "/")
        wanted = wanted if is_own_path(wanted) else "/"
        return show(request, next=wanted)

    async def sign_in(request: Request) -> Response:
        form = await read_form(request)
        key = read_cookie(request, FORM)
        if not key:
            require_form_token({}, "no cookie came back")
        require_form_token(form, form_token(key))
        name, wanted = form.get("name", "")[:200], form.get("next", "/")
        wanted = wanted if is_own_path(wanted) else "/"
        token = await access.sign_in(name, form.get("password", ""))
        if token is None:
            return show(request, 401, problem=NOT_FITTING, name=name, next=wanted)
        await access.sign_out(request)
        response = go_to(wanted)
        seconds = int(access.session_hours * 3600)
        set_cookie(response, request, SESSION, token, seconds=seconds)
        return response

    async def sign_out(request: Request) -> Response:
        person = await access.identify(request)
        if person is not None:
            require_form_token(await read_form(request), person.form_token)
            if person.is_by_proxy:
                raise Refused(409, "Sign out at the proxy", "It is the proxy that signed you in.")
            await access.sign_out(request)
        response = go_to(SIGN_IN_PATH)
        set_cookie(response, request, SESSION, "")
        return response

    console.add_open(SIGN_IN_PATH, sign_in_page)
    console.add_open(SIGN_IN_PATH, sign_in, method="POST")
    console.add_open("/sign-out", sign_out, method="POST")
