"""Templates, and how times and numbers read on a page."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

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
        }
        self._environment.globals |= shared

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


def tell_words(text: str) -> Markup:
    """Return a sentence of ours; what stands in backticks becomes a command to read."""
    parts = [escape(part) for part in text.split("`")]
    marked = [Markup("<code>{}</code>").format(one) for one in parts[1::2]]
    told = [*(piece for pair in zip(parts[::2], marked, strict=False) for piece in pair)]
    return Markup("").join([*told, *parts[::2][len(marked) :]])


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
