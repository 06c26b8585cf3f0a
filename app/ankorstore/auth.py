"""How the bridge logs in at Ankorstore: client credentials, one token for everybody."""

from app.ankorstore.wire import TOKEN_PATH
from app.clock import Clock
from app.login import BearerLogin
from app.ports import TokenShelf

RENEW_EARLY_SECONDS = 600.0
"""A token lives an hour; it is renewed ten minutes before it ends."""

LOGINS_PER_HOUR = 50
"""The token endpoint allows 60 an hour; some are left to other programs of the same brand."""


def build_login(
    base_url: str,
    client_id: str,
    client_secret: str,
    *,
    clock: Clock,
    peer: str = "ankorstore",
    shelf: TokenShelf | None = None,
) -> BearerLogin:
    """Return the login for calls to *base_url*."""
    return BearerLogin(
        peer,
        base_url.rstrip("/") + TOKEN_PATH,
        {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": "*",
        },
        clock=clock,
        renew_early_seconds=RENEW_EARLY_SECONDS,
        logins_per_hour=LOGINS_PER_HOUR,
        shelf=shelf,
    )
