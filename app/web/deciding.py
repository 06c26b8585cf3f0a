"""How the operators' calls come to a decision, whatever it is about."""

from collections.abc import Awaitable, Callable
from typing import Any

from app.web.signed import Signed, Why

Decision = Callable[..., Awaitable[str]]
"""A decision of the store: `(store, order, *, by, reason)`, and what happens next."""
Decide = Callable[[str, Decision, Why | Signed | None], Awaitable[dict[str, Any]]]
"""Makes a decision about the order a path names, and returns the order as it stands then."""
