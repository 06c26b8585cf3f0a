"""Templates, and how times and numbers read on a page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from app.domain.deadlines import Deadline, deadline_of
from app.domain.record import OrderRecord
from app.web.console.button_words import COMPARE, tell_words, without_commands

SAFE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
"""No script at all, nothing from anywhere else, no frame around a page."""


class Templates:
    """Makes pages; whatever is put into one is escaped."""

    def __init__(self, **shared: Any) -> None:
        """Have *shared* known to every template."""
        self._environment = Environment(
            loader=PackageLoader("app.web.console"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "when": tell_when,
            "second": tell_second,
            "ago": tell_ago,
            "day": tell_day,
            "span": tell_span,
            "words": tell_words,
            "without_commands": without_commands,
        }
        self._environment.tests["late"] = is_late
        self._environment.globals |= {"compare": COMPARE, **shared}

    def render(self, template: str, status: int = 200, **context: Any) -> Response:
        """Return a page that no cache keeps."""
        text = self._environment.get_template(template).render(context)
        return HTMLResponse(text, status, headers={**SAFE_HEADERS, "Cache-Control": "no-store"})


def tell_when(at: datetime | str | None) -> Markup:
    """Return a moment to the minute, in UTC, for people and programs; None is `never`."""
    return _tell(at, "%Y-%m-%d %H:%M UTC")


def tell_second(at: datetime | str | None) -> Markup:
    """Return a moment to the second."""
    return _tell(at, "%Y-%m-%d %H:%M:%S UTC")


def tell_ago(at: datetime | str | None, now: datetime) -> Markup:
    """Return how long ago a moment was; the moment itself stands behind it for programs."""
    if at is None:
        return _tell(at, "")
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    words = f"{tell_span((now - moment).total_seconds())} ago"
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), words)


def _tell(at: datetime | str | None, form: str) -> Markup:
    if at is None:
        return Markup('<span class="none">never</span>')
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    moment = moment.astimezone(UTC)
    shown = moment.strftime(form)
    return Markup('<time datetime="{}">{}</time>').format(moment.isoformat(), shown)


def is_late(order: OrderRecord, now: datetime) -> bool:
    """Tell whether an order should have left the warehouse and has not."""
    return deadline_of(order, now, 0) is Deadline.LATE


def tell_day(at: datetime | None) -> str:
    """Return a day."""
    return f"{at:%Y-%m-%d}" if at is not None else ""


def tell_span(seconds: float) -> str:
    """Return a length of time in its two largest units."""
    whole = max(0, round(seconds))
    for name, size, smaller, smaller_size in (
        ("d", 86_400, "h", 3600),
        ("h", 3600, "min", 60),
        ("min", 60, "s", 1),
    ):
        if whole >= size:
            rest = whole % size // smaller_size
            return f"{whole // size} {name}" + (f" {rest} {smaller}" if rest else "")
    return f"{whole} s"
