"""Logging in at Active Ants: a password grant, one token for every call of the shop's login."""

from app.clock import Clock
from app.login import BearerLogin
from app.ports import TokenShelf

PEER = "active_ants"
RENEW_EARLY_SECONDS = 600.0
"""The warehouse's tokens live about 16 hours and there is no refresh token."""
LOGINS_PER_HOUR = 60
"""Active Ants publishes no limit; more would be a storm."""
TOKEN_PATH = "/token"  # noqa: S105 - a path


def password_login(
    base_url: str,
    username: str,
    password: str,
    *,
    clock: Clock,
    token_path: str | None = None,
    shelf: TokenShelf | None = None,
) -> BearerLogin:
    """Return the login of one shop; a refused one is not repeated at once."""
    return BearerLogin(
        PEER,
        base_url.rstrip("/") + (token_path or TOKEN_PATH),
        {"grant_type": "password", "username": username, "password": password},
        clock=clock,
        renew_early_seconds=RENEW_EARLY_SECONDS,
        logins_per_hour=LOGINS_PER_HOUR,
        shelf=shelf,
    )
