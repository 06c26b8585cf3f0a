"""The settings of a service that plays with a sandbox."""

import base64
import os
import secrets
from pathlib import Path

from app.simulator.sandbox.state import Sandbox

CLOCK_PATH = "/_simulator/clock"
ORDER_TYPE = "ANKORSTORE"


def service_lines(sandbox: Sandbox) -> list[str]:
    """Return the lines of an `.env` for a service between the two served companies."""
    ankorstore, active_ants = sandbox.ankorstore, sandbox.active_ants
    return [
        "# For a service that plays with `antbridge simulate`; it opens nothing else.",
        "DATABASE_URL=sqlite:///data/sandbox.db",
        f"OPERATOR_TOKEN={secrets.token_urlsafe(24)}",
        f"ENCRYPTION_KEY={base64.b64encode(secrets.token_bytes(32)).decode()}",
        f"ANKORSTORE_BASE_URL={ankorstore.base_url}",
        f"ANKORSTORE_CLIENT_ID={ankorstore.client_id}",
        f"ANKORSTORE_CLIENT_SECRET={ankorstore.client_secret}",
        f"ANKORSTORE_WEBHOOK_SECRETS={ankorstore.webhook_secret}",
        f"ACTIVE_ANTS_BASE_URL={active_ants.base_url}",
        f"ACTIVE_ANTS_USERNAME={active_ants.username}",
        f"ACTIVE_ANTS_PASSWORD={active_ants.password}",
        f"ACTIVE_ANTS_ORDER_TYPE={ORDER_TYPE}",
        "PACK_MODE=unit",
        "# The sandbox's time, which its page moves ahead.",
        f"CLOCK_URL={ankorstore.base_url}{CLOCK_PATH}",
        "# You stay signed in to the console when the clock is moved by days.",
        "OPERATOR_SESSION_HOURS=720",
        "# Shorter than for real companies, so that there is something to see.",
        "SHIPMENT_POLL_SECONDS=10",
        "RECONCILE_SECONDS=30",
        "WAREHOUSE_FACTS_SECONDS=10",
        "WAREHOUSE_SETTLE_SECONDS=5",
        "ACTIVE_ANTS_PATH_STOCK_GET=/v2/stock/get/{sku}",
        "ACTIVE_ANTS_REQUESTS_PER_MINUTE=600",
    ]


def write_new_file(path: Path, lines: list[str]) -> None:
    """
    Write *lines* to a file that is not there yet, for its owner's eyes only.

    Raises:
        OSError: It is there, or cannot be written.
    """
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
