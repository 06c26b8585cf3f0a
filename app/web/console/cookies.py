"""
The console's cookies, and the tokens that prove that a form came from a page of ours.

A cookie is `Secure` unless the browser talks plainly to this very machine: there is no network in
between then, and no certificate to be had for it.
"""

import base64
import hashlib
import hmac
import secrets

from starlette.requests import Request
from starlette.responses import Response

SESSION = "session"
FORM = "form"
"""Random, for forms of people who have no session: those who sign in, or come through a proxy."""
SAID = "said"
"""What a decision answered, for the one page that follows it."""
_MOST_SAID = 2000
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_FORWARDING = ("forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "via")


def new_token() -> str:
    """Return 256 random bits as text."""
    return secrets.token_urlsafe(32)


def form_token(token: str) -> str:
    """Return what every form must carry that belongs to the cookie with *token*."""
    return _mac(token, "form")


def is_form_token(given: str, right: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), right.encode())


def is_plain_loopback(request: Request) -> bool:
    """Tell whether the browser is on this machine and no proxy stands in between."""
    host = request.headers.get("host", "")
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return (
        request.scope["scheme"] == "http"
        and request.client is not None
        and request.client.host in _LOOPBACK
        and name.strip("[]").lower() in _LOOPBACK
        and not any(header in request.headers for header in _FORWARDING)
    )


def read_cookie(request: Request, kind: str) -> str:
    """Return a cookie's value, empty where there is none."""
    return request.cookies.get(_name(request, kind), "")


def set_cookie(
    response: Response, request: Request, kind: str, value: str, *, seconds: int | None = None
) -> None:
    """Have the browser keep a cookie, for *seconds* or until it is closed; empty drops it."""
    response.set_cookie(
        _name(request, kind),
        value,
        max_age=seconds if value else 0,
        path="/",
        secure=not is_plain_loopback(request),
        httponly=True,
        samesite="lax",
    )


def seal_said(text: str, key: str) -> str:
    """Return *text* as a cookie that only the holder of *key* can have made."""
    packed = base64.urlsafe_b64encode(text[:_MOST_SAID].encode()).decode()
    return f"{packed}.{_mac(key, packed)}"


def open_said(sealed: str, key: str) -> str | None:
    """Return the text of such a cookie, None where it is none."""
    packed, _, mac = sealed.partition(".")
    if not is_form_token(mac, _mac(key, packed)):
        return None
    return base64.urlsafe_b64decode(packed).decode()


def _name(request: Request, kind: str) -> str:
    """Return the cookie's full name; `__Host-` has browsers refuse one set by another host."""
    return f"antbridge_{kind}" if is_plain_loopback(request) else f"__Host-antbridge_{kind}"


def _mac(key: str, text: str) -> str:
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()
